// What the page shows when a part of the system dies, and that it finds back by itself; and what must
// hold on every page: direct addresses, themes, phones, keyboard, no markup from the app, the token.
const fs = require("node:fs");
const path = require("node:path");
const { ask } = require("./support/http");
const { startLoad } = require("./support/load");
const { isRunning, signal } = require("./support/processes");
const { connectionLost, expect, sharedApp, test } = require("./support/test");
const { column, expectNewFigures, figure, keep, live, paths, rows, sideways, table, tile, titles } = require("./support/view");

const events = "Events, newest first";
const inFlight = "Requests in flight, oldest first";

test.describe("a part dies", () => {
  const shared = sharedApp();

  test("supervisor killed under load: no request fails, figures go on, totals are kept", async ({ page, complaints }) => {
    complaints.allow(connectionLost);
    const { app } = shared;
    await page.goto(app.page);
    const load = startLoad(app.url, { visitors: 2 });
    await expect.poll(() => load.result.answered).toBeGreaterThan(50);
    await expect.poll(async () => (await app.snapshot()).totals.requests).toBeGreaterThan(50);
    const before = await app.snapshot();
    const points = async () => JSON.parse((await ask(`${app.page}/api/v1/history`)).text).series.time.length;
    const pointsBefore = await points();

    signal(before.supervisor.pid, "SIGKILL");
    const after = () => app.snapshot().catch(() => before);
    await expect.poll(async () => (await after()).supervisor.generation, { timeout: 5000 }).toBe(before.supervisor.generation + 1);
    const next = await after();
    expect(next.supervisor.pid).not.toBe(before.supervisor.pid);
    expect(next.totals.requests).toBeGreaterThanOrEqual(before.totals.requests);
    expect(await points()).toBeGreaterThanOrEqual(pointsBefore);

    await expectNewFigures(expect, page);
    await expect(page.locator(".notice")).toBeHidden();
    const counted = figure(await tile(page, "Requests").locator(".tile-note").textContent());
    expect(counted).toBeGreaterThanOrEqual(before.totals.requests);
    const { failed } = await load.stop();
    expect(failed).toEqual([]);
    await page.getByRole("navigation").getByRole("link", { name: "Events" }).click();
    await expect(rows(page, events).filter({ hasText: `supervisor ${next.supervisor.generation} ` })).toHaveCount(1);
  });

  test("supervisor frozen: the page says that its figures are old, and goes on by itself", async ({ page, complaints }) => {
    complaints.allow(connectionLost);
    const { app } = shared;
    await page.goto(app.page);
    await expect(live(page)).toBeAttached();
    const { supervisor } = await app.snapshot();
    signal(supervisor.pid, "SIGSTOP");
    await expect(page.locator(".notice")).toContainText(/No connection to the supervisor for .*the figures below are from/, { timeout: 8000 });
    await expect(page.locator(".head-status")).toContainText("was healthy");
    await expect(page.locator(".link")).toContainText("not live");
    await expect(page).toHaveTitle(/^\? /);
    await keep(page, "connection-lost");
    expect((await ask(`${app.url}/ping`)).text).toBe("pong");
    signal(supervisor.pid, "SIGCONT");
    await expect(page.locator(".notice")).toBeHidden();
    await expectNewFigures(expect, page);
    await expect(page).not.toHaveTitle(/^\? /);
  });

  test("worker killed: its request is shown as lost, a new worker takes the slot", async ({ page }) => {
    const { app } = shared;
    await page.goto(app.page);
    const lost = tile(page, "Lost").locator("dd").first();
    await expect(lost).toHaveText(/\d/);
    const lostBefore = figure(await lost.textContent());
    const hang = app.trouble("hang", { seconds: 60 });
    await expect.poll(() => column(page, inFlight, "Route").catch(() => [])).toEqual(["POST /trouble/<kind>"]);
    const { in_flight: [request], totals } = await app.snapshot();
    signal(request.pid, "SIGKILL");
    expect(await hang).toBeInstanceOf(Error);

    await expect(lost).toHaveText(String(lostBefore + 1));
    await expect(page.getByText("No request in flight at this moment.")).toBeVisible();
    await expect.poll(() => column(page, "Workers", "PID")).not.toContain(String(request.pid));
    await expect(rows(page, "Workers")).toHaveCount(2);
    expect((await app.snapshot()).totals.requests).toBeGreaterThanOrEqual(totals.requests);
    await page.getByRole("navigation").getByRole("link", { name: "Events" }).click();
    const line = rows(page, events).filter({ hasText: `(pid ${request.pid}) died` }).filter({ hasText: "was lost after" });
    await expect(line).toHaveCount(1);
    await expect(line).toContainText("POST /trouble/<kind>");
  });
});

test("server ended: the page says that nobody is there any more", async ({ page, start, complaints }) => {
  complaints.allow(connectionLost);
  const app = await start({ workers: 1 });
  await page.goto(app.page);
  await expect(live(page)).toBeAttached();
  signal(app.process.pid, "SIGTERM");
  expect(await app.ended).toBe(0);
  await expect(page.locator(".notice")).toContainText("No connection to the supervisor");
  await expect(page.locator(".tile").first()).toBeVisible(); // the last figures stay
  expect(app.pids().filter(isRunning)).toEqual([]);
});

test("server ended before the supervisor: the page tells the end of the app from a lost connection", async ({ page, start, complaints }) => {
  complaints.allow(connectionLost);
  const app = await start({ workers: 1 });
  await page.goto(app.page);
  await expect(live(page)).toBeAttached();
  const { app: { server_pid: server } } = await app.snapshot();
  signal(app.process.pid, "SIGKILL"); // nobody is left to end the supervisor
  await app.ended;
  signal(server, "SIGTERM");
  await expect(page.locator(".notice")).toContainText(/has ended: its server .*\(pid \d+\) runs no more/);
  await expect(page.locator(".status-sentence")).toHaveText("Ended: the app runs no more");
  await expect(page.locator(".head-status")).toContainText("ended");
});

test.describe("every page", () => {
  const shared = sharedApp({ module: "hostile_app:app", cwd: path.join(__dirname, "support") });
  const rule = "GET /<any('<img src=x onerror=document.title=1>','<b>bold'):what>";
  const address = `/${encodeURIComponent("<b>bold")}`;

  test("can be opened directly, and by back and forward", async ({ page }) => {
    const { app } = shared;
    for (const one of paths) {
      await page.goto(app.page + one);
      await expect(page.getByRole("heading", { level: 1 })).toHaveText(titles[one]);
      await expect(live(page)).toBeAttached();
      await expect(page.locator(".panel:visible").first()).toBeVisible();
      await expect(page.locator(".loading")).toHaveCount(0);
      await expect(page.locator(".nav-link[aria-current=page]")).toHaveText(titles[one]);
      await expect(page).toHaveTitle(new RegExp(`${titles[one]} · support · Stirbar`));
    }
    await page.getByRole("link", { name: "Workers" }).click();
    await page.getByRole("link", { name: "Overview" }).click();
    await page.goBack();
    await expect(page).toHaveURL(`${app.page}/workers`);
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Workers");
    await page.goForward();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Overview");
  });

  test("keeps the theme that was chosen", async ({ page }) => {
    const { app } = shared;
    await page.emulateMedia({ colorScheme: "light" });
    await page.goto(app.page);
    const theme = page.locator("html");
    await expect(theme).toHaveAttribute("data-theme", "light");
    await page.emulateMedia({ colorScheme: "dark" });
    await expect(theme).toHaveAttribute("data-theme", "dark");
    const button = page.getByRole("button", { name: /^Theme/ });
    await button.click();
    await expect(button).toHaveText("Theme: light");
    await expect(theme).toHaveAttribute("data-theme", "light");
    await page.goto(`${app.page}/routes`);
    await expect(theme).toHaveAttribute("data-theme", "light");
    await page.getByRole("button", { name: /^Theme/ }).click();
    await page.reload();
    await expect(theme).toHaveAttribute("data-theme", "dark");
    const ground = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    await keep(page, "routes-dark");
    expect(Math.max(...ground.match(/\d+/g).slice(0, 3).map(Number))).toBeLessThan(80);
  });

  test("shows what the app sends as text, and is not wider than a phone", async ({ page }) => {
    const { app } = shared;
    await page.setViewportSize({ width: 360, height: 740 });
    const slow = ask(`${app.url}${address}?seconds=60`).catch((error) => error);
    await expect.poll(async () => (await app.snapshot()).in_flight.map((request) => request.route)).toEqual([rule]);
    await page.goto(app.page);
    await expect.poll(() => column(page, inFlight, "Route").catch(() => [])).toEqual([rule]);
    const { in_flight: [request] } = await app.snapshot();
    signal(request.pid, "SIGKILL");
    await slow;
    await ask(app.url + address);

    for (const one of paths) {
      await page.goto(app.page + one);
      await expect(live(page)).toBeAttached();
      await expect(page.locator(".panel:visible").first()).toBeVisible();
      await expect.poll(() => sideways(page), { message: `sideways scroll of ${one}` }).toBe(0);
      if (one === "/routes") await expect.poll(() => column(page, "Routes", "Route")).toContain(rule);
      if (one === "/events") await expect(rows(page, events).filter({ hasText: "was lost" })).toContainText("<b>bold");
      await keep(page, `phone-${titles[one].toLowerCase().replace(" ", "-")}`);
      expect(await page.locator("main :is(b, img)").count(), `markup on ${one}`).toBe(0);
      // The menu opens below the title, and lists all pages.
      await page.getByRole("button", { name: "Menu" }).click();
      await expect(page.getByRole("link", { name: "Settings" })).toBeInViewport();
      expect(await sideways(page)).toBe(0);
      await page.keyboard.press("Escape");
      await expect(page.getByRole("link", { name: "Settings" })).toBeHidden();
    }
  });

  test("is worked by keyboard alone", async ({ page }) => {
    const { app } = shared;
    await ask(app.url + "/ping");
    await ask(app.url + "/nowhere");
    await page.goto(app.page);
    await expect(live(page)).toBeAttached();
    await page.keyboard.press("Tab");
    const skip = page.getByRole("link", { name: "Skip to the figures" });
    await expect(skip).toBeFocused();
    await expect(skip).toBeInViewport();
    await page.keyboard.press("Enter");
    await expect(page.locator("#main")).toBeFocused();
    await expect(page).toHaveURL(`${app.page}/`);

    await page.getByRole("link", { name: "Routes" }).focus();
    await page.keyboard.press("Enter");
    await expect(page).toHaveURL(`${app.page}/routes`);
    await expect(page.getByRole("heading", { level: 1, name: "Routes" })).toBeFocused();

    const head = table(page, "Routes").getByRole("columnheader", { name: /^Route/ });
    await page.keyboard.press("Tab"); // the log in
    await expect(page.getByRole("link", { name: "Log in" })).toBeFocused();
    await page.keyboard.press("Tab"); // the filter
    await expect(page.getByRole("searchbox")).toBeFocused();
    for (let i = 0; i < 3 && !(await head.getByRole("button").evaluate((button) => button === document.activeElement)); i++) {
      await page.keyboard.press("Tab"); // a table that scrolls is a stop of its own
    }
    await page.keyboard.press("Enter");
    await expect(head).toHaveAttribute("aria-sort", "ascending");
    const names = await column(page, "Routes", "Route");
    expect(names).toEqual([...names].sort((a, b) => a.localeCompare(b, "en", { numeric: true })));
    await page.keyboard.press("Enter");
    await expect(head).toHaveAttribute("aria-sort", "descending");
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    expect(outline).toBe("solid");
  });
});

test("an address that others can reach asks for the token", async ({ page, start, complaints }) => {
  complaints.allow(/the server responded with a status of 401/);
  const app = await start({ workers: 1, host: "0.0.0.0" });
  const file = path.join(app.folder, "stirbar", "token");
  expect(app.output()).toContain(file);
  const token = fs.readFileSync(file, "utf8").trim();
  expect(fs.statSync(file).mode & 0o777).toBe(0o600);
  for (const address of ["/api/v1/snapshot", "/metrics", "/health/ready", "/api/v1/stream"]) {
    const answer = await ask(app.page + address);
    expect(answer.status, address).toBe(401);
    expect(answer.text).not.toContain(token);
  }

  await page.goto(`${app.page}/routes`);
  await expect(page).toHaveURL(`${app.page}/login?next=/routes`);
  const field = page.getByLabel("Access token");
  await expect(field).toBeFocused();
  await field.fill("0".repeat(64));
  await page.getByRole("button", { name: "Log in" }).click();
  await expect(page.getByRole("alert")).toHaveText("That is not the token.");
  await field.fill(token);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(`${app.page}/routes`); // where one wanted to go
  await page.goto(`${app.page}/`);
  await expectNewFigures(expect, page); // the stream is let in as well
  await page.goto(`${app.page}/workers`);
  await expect(rows(page, "Workers, all figures")).toHaveCount(1);

  const [cookie] = await page.context().cookies();
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: "Strict" });
  expect(cookie.value).not.toContain(token);
  const bearer = await ask(`${app.page}/api/v1/snapshot`, { headers: { Authorization: `Bearer ${token}` } });
  expect(bearer.status).toBe(200);
  expect(app.output()).not.toContain(token);
});
