// HTTP as a program speaks it: a connection for each request, and a limit in time.
const http = require("node:http");

// Resolves to {status, headers, text}; rejects when there is no answer in time.
function ask(url, { method = "GET", headers = {}, body = "", limitMs = 10_000 } = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, headers, agent: false, timeout: limitMs }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("error", reject);
      answer.on("end", () => {
        clearTimeout(timer);
        resolve({ status: answer.statusCode, headers: answer.headers, text: Buffer.concat(parts).toString() });
      });
    });
    const timer = setTimeout(() => request.destroy(new Error(`no answer within ${limitMs} ms from ${url}`)), limitMs);
    request.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    request.end(body);
  });
}

module.exports = { ask };
