// Alerts in the browser, with a real supervisor and a receiver of webhooks on this machine: what fires and
// who was told, silences, acknowledgements, a sink that is down, and what a reader may not do.
const fs = require("node:fs");
const http = require("node:http");
const os = require("node:os");
const path = require("node:path");
const { expect, sharedApp, test } = require("./support/test");
const { keep, nameless, rows, sideways } = require("./support/view");

// Takes webhooks; `status` is what it answers.
class Receiver {
  constructor() {
    this.status = 200;
    this.bodies = [];
    this.server = http.createServer((request, response) => {
      const parts = [];
      request.on("data", (part) => parts.push(part));
      request.on("end", () => {
        if (this.status < 300) this.bodies.push(JSON.parse(Buffer.concat(parts).toString()));
        response.writeHead(this.status).end();
      });
    });
  }

  start() {
    return new Promise((resolve) => this.server.listen(0, "127.0.0.1", resolve));
  }

  get url() {
    return `http://127.0.0.1:${this.server.address().port}`;
  }

  told(rule) {
    return this.bodies.flatMap((body) => body.alerts).filter((alert) => alert.rule === rule);
  }
}

const receiver = new Receiver();
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "stirbar-alerts-"));
const config = path.join(folder, "stirbar.toml");
const env = { STIRBAR_CONFIG: config, STIRBAR_ALERT_GROUP_WAIT: "1", STIRBAR_ALERT_GROUP_INTERVAL: "1", STIRBAR_ALERT_FLAP_CHANGES: "100" };

test.beforeAll(async () => {
  await receiver.start();
  fs.writeFileSync(config, `[[sinks]]\nname = "ops"\nkind = "webhook"\nurl = "${receiver.url}/T0KEN"\nretry_max_seconds = 1\n`);
});
test.afterAll(() => {
  receiver.server.close();
  receiver.server.closeAllConnections();
  fs.rmSync(folder, { recursive: true, force: true });
});
const shared = sharedApp({ env });

const alert = (page, text) => page.getByRole("region", { name: "Firing" }).locator(".alert").filter({ hasText: text });
const panel = (page, name) => page.getByRole("region", { name, exact: true });
const said = (page) => page.locator(".said");

async function logIn(page, app) {
  await page.goto(`${app.page}/login`);
  await page.getByLabel("Access token").fill(fs.readFileSync(path.join(app.folder, "stirbar", "token"), "utf8").trim());
  await page.getByRole("button", { name: "Log in" }).click();
  await page.goto(`${app.page}/alerts`);
  await expect(page.getByRole("button", { name: "Send a test to ops" })).not.toHaveAttribute("aria-disabled", "true");
}

async function stopWorker(app) {
  const { workers } = await app.snapshot();
  process.kill(workers[0].pid, "SIGSTOP");
  return workers[0].pid;
}

test("a reader sees everything and may change nothing", async ({ page }) => {
  const { app } = shared;
  await page.goto(`${app.page}/alerts`);
  await expect(rows(page, "Sinks")).toContainText(["ops"]);
  await expect(rows(page, "Sinks").first()).toContainText(receiver.url);
  await expect(page.locator("body")).not.toContainText("T0KEN");
  const button = page.getByRole("button", { name: "Send a test to ops" });
  await expect(button).toHaveAttribute("aria-disabled", "true");
  await expect(button).toHaveAttribute("title", /operator.s token/);
  await button.focus();
  await page.keyboard.press("Enter");
  await expect(said(page)).toBeHidden(); // nothing was asked for
  await expect(page.getByLabel("What")).toBeDisabled();
  await expect(page.getByRole("region", { name: "Firing" }).getByRole("link", { name: "Log in" })).toBeVisible();
  expect(await nameless(page)).toEqual([]);
  expect(receiver.told("test")).toEqual([]);
});

test("fires, is told, acknowledged, and over", async ({ page }) => {
  const { app } = shared;
  await logIn(page, app);
  const pid = await stopWorker(app);
  const row = alert(page, `pid ${pid}`);
  await expect(row).toBeVisible();
  await expect(row).toContainText("told ops");
  expect(receiver.told("worker_stopped")[0].event).toBe("firing");
  await keep(page, "alerts-firing");

  await row.getByRole("button", { name: /^Acknowledge/ }).click();
  await expect(said(page)).toContainText("is acknowledged");
  await expect(row).toContainText(/Acknowledged by the operator from 127\.0\.0\.1/);
  process.kill(pid, "SIGCONT");
  await expect(row).toHaveCount(0);
  await expect(rows(page, "Alerts that are over, newest first").first()).toContainText("worker stopped");
  await expect.poll(() => receiver.told("worker_stopped").at(-1).event).toBe("resolved");
});

test("a silence by the form, and its end", async ({ page }) => {
  const { app } = shared;
  await logIn(page, app);
  await page.getByLabel("What").fill("severity=critical");
  await page.getByRole("button", { name: "Silence", exact: true }).click();
  await expect(said(page)).toContainText("is not understood");
  const before = receiver.told("worker_stopped").length;
  await page.getByLabel("What").fill("rule=worker_*");
  await page.getByLabel("Comment").fill("maintenance");
  await page.getByLabel("For").selectOption({ label: "2 hours" });
  await page.getByRole("button", { name: "Silence", exact: true }).click();
  await expect(said(page)).toHaveText("rule=worker_* is silenced.");
  await expect(rows(page, "Silences, newest first").first()).toContainText("maintenance");

  const pid = await stopWorker(app);
  await expect(alert(page, `pid ${pid}`)).toContainText("silenced");
  await page.getByRole("button", { name: "End the silence of rule=worker_*" }).click();
  await expect(said(page)).toHaveText("The silence has ended.");
  await expect.poll(() => receiver.told("worker_stopped").length).toBeGreaterThan(before);
  process.kill(pid, "SIGCONT");
  await expect(alert(page, `pid ${pid}`)).toHaveCount(0);
});

test("a sink that is down says why, and gets its message later", async ({ page }) => {
  const { app } = shared;
  await logIn(page, app);
  receiver.status = 503;
  const sink = rows(page, "Sinks").first();
  await page.getByRole("button", { name: "Send a test to ops" }).click();
  await expect(sink).toContainText("fails for");
  await expect(sink).toContainText("it answers 503");
  await expect(panel(page, "Sinks")).toContainText("1 message waits");
  await keep(page, "alerts-sink-down");
  receiver.status = 200;
  await expect(sink).toContainText("works");
  await expect.poll(() => receiver.told("test").length).toBe(1);

  await page.setViewportSize({ width: 390, height: 800 });
  expect(await sideways(page)).toBe(0);
  await keep(page, "alerts-phone");
});
