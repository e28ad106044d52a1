// The page with a supervisor that is not there (web/dev/mock_server.mjs): states of a database that no
// test can bring about in a real one within seconds.
const { spawn } = require("node:child_process");
const path = require("node:path");

const program = path.join(__dirname, "..", "..", "..", "web", "dev", "mock_server.mjs");
const running = new Set();

process.on("exit", () => {
  for (const server of running) server.kill("SIGKILL");
});

// Resolves, when it serves, to its address and stop(). `options`: those of the program, by name.
async function startMock(options) {
  const words = Object.entries({ port: "0", ...options }).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const server = spawn(process.execPath, [program, ...words], { stdio: ["ignore", "pipe", "inherit"] });
  running.add(server);
  const ended = new Promise((resolve) => server.once("close", resolve));
  const said = await Promise.race([new Promise((resolve) => server.stdout.once("data", resolve)), ended.then((code) => Promise.reject(new Error(`the mock supervisor ended with ${code}`)))]);
  const url = String(said).split(" ")[0].replace(/\/$/, "");
  return {
    url,
    port: new URL(url).port,
    stop() {
      server.kill("SIGKILL");
      running.delete(server);
      return ended;
    },
  };
}

module.exports = { startMock };
