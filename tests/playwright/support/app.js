// An app under `stirbar run -- gunicorn`, on free ports, with a folder of its own for all it writes.
const { execFile, spawn } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { promisify } = require("node:util");
const { ask } = require("./http");
const { freePorts, isRunning, marked, pause, signal } = require("./processes");

const root = path.join(__dirname, "..", "..", "..");
const bin = path.join(root, ".venv", "bin");
const running = new Set();

// A test run that is broken off leaves nothing behind.
process.on("exit", () => {
  for (const app of running) app.kill();
});

class App {
  constructor(folder, ports, { module, cwd, workers, host }) {
    this.folder = folder;
    this.mark = `STIRBAR_RUNTIME_DIR=${folder}`;
    this.url = `http://127.0.0.1:${ports[0]}`; // the app
    this.page = `http://127.0.0.1:${ports[1]}`; // Stirbar's page
    this.log = path.join(folder, "server.log");
    const server = [path.join(bin, "gunicorn"), "-w", String(workers), "-b", `127.0.0.1:${ports[0]}`, module];
    this.command = ["run", "--listen", `${host}:${ports[1]}`, "--", ...server];
    this.cwd = cwd;
  }

  start(env) {
    const out = fs.openSync(this.log, "a");
    const shop = `sqlite:///${this.folder}/shop.db`;
    const own = { STIRBAR_RUNTIME_DIR: this.folder, XDG_STATE_HOME: this.folder, DATABASE_URL: shop, HOME: this.folder };
    this.env = { ...process.env, ...own, ...env };
    this.process = spawn(path.join(bin, "stirbar"), this.command, {
      cwd: this.cwd,
      env: this.env,
      stdio: ["ignore", out, out],
    });
    fs.closeSync(out);
    this.ended = new Promise((resolve) => this.process.once("close", (code) => resolve(code)));
    running.add(this);
  }

  // Until both answer. `live` is an address of the app.
  async ready(live, limitMs = 40_000) {
    const until = Date.now() + limitMs;
    for (const url of [this.url + live, `${this.page}/health/live`]) {
      while (!(await ask(url, { limitMs: 2000 }).then(() => true, () => false))) {
        const why = this.process.exitCode !== null ? "it ended" : Date.now() > until ? `no answer within ${limitMs} ms` : "";
        if (why) throw new Error(`${url}: ${why}\n${this.output()}`);
        await pause(50);
      }
    }
  }

  output() {
    return fs.readFileSync(this.log, "utf8").split("\n").slice(-30).join("\n");
  }

  async snapshot() {
    const { status, text } = await ask(`${this.page}/api/v1/snapshot`, { limitMs: 5000 });
    if (status !== 200) throw new Error(`snapshot: ${status} ${text}`);
    return JSON.parse(text);
  }

  // One of the shop's troubles. It is not waited for: some never end.
  trouble(kind, parameters = {}) {
    const body = new URLSearchParams(parameters).toString();
    const headers = { "Content-Type": "application/x-www-form-urlencoded" };
    return ask(`${this.url}/trouble/${kind}`, { method: "POST", headers, body, limitMs: 60_000 }).catch((error) => error);
  }

  // What `stirbar` prints in a terminal beside it; rejects when it fails.
  async cli(...words) {
    return (await promisify(execFile)(path.join(bin, "stirbar"), words, { env: this.env, timeout: 10_000 })).stdout;
  }

  pids() {
    return marked(this.mark);
  }

  kill() {
    for (const pid of this.pids()) signal(pid, "SIGKILL");
  }

  // Asks it to end, and sees to it.
  async stop() {
    for (const pid of this.pids()) signal(pid, "SIGCONT");
    signal(this.process.pid, "SIGTERM");
    for (let i = 0; i < 30 && this.pids().length > 0; i++) await pause(100);
    for (let i = 0; i < 50 && this.pids().length > 0; i++) {
      this.kill();
      await pause(100);
    }
    running.delete(this);
    const left = this.pids().filter(isRunning);
    if (left.length > 0) throw new Error(`could not end ${left}`);
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

async function startApp({
  module = "misbehaving_app:app",
  cwd = path.join(root, "examples"),
  workers = 2,
  host = "127.0.0.1",
  live = "/ping",
  env = {},
} = {}) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "stirbar-browser-"));
  const app = new App(folder, await freePorts(2), { module, cwd, workers, host });
  app.start(env);
  try {
    await app.ready(live);
  } catch (error) {
    await app.stop();
    throw error;
  }
  return app;
}

module.exports = { startApp };
