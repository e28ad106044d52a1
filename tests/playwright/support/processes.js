// Processes that a test started, found by what stands in their environment: a server's workers, and
// a supervisor in a process group of its own, are no children that could be asked for.
const fs = require("node:fs");
const net = require("node:net");

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// The ids of all processes whose environment holds `mark` ("NAME=value"), but not of zombies.
function marked(mark) {
  const found = [];
  for (const name of fs.readdirSync("/proc")) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    try {
      const environment = fs.readFileSync(`/proc/${name}/environ`, "latin1");
      if (environment.split("\0").includes(mark)) found.push(Number(name));
    } catch {
      // ended meanwhile, or not ours
    }
  }
  return found;
}

function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch {
    // ended meanwhile
  }
}

function isRunning(pid) {
  try {
    return !/^\d+ \(.*\) Z/.test(fs.readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}

// Ports that were free a moment ago, all different.
async function freePorts(count) {
  const servers = [];
  for (let i = 0; i < count; i++) {
    const server = net.createServer();
    await new Promise((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
    servers.push(server);
  }
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

module.exports = { freePorts, isRunning, marked, pause, signal };
