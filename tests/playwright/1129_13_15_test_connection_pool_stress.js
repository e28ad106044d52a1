// A pool under stress, seen in the browser: the first leak is named by route and line, a full pool says
// who holds it, and a killed worker's connections are gone. A real app, pool and supervisor.
const fs = require("node:fs");
const path = require("node:path");
const { ask } = require("./support/http");
const { startLoad } = require("./support/load");
const { expect, sharedApp, test } = require("./support/test");
const { column, figure, keep, live, nameless, rows, sideways, tile } = require("./support/view");

const source = path.join(__dirname, "..", "..", "examples", "misbehaving_app.py");
const line = fs.readFileSync(source, "utf8").split("\n").findIndex((text) => text.includes("self.held.append")) + 1;
const route = "POST /trouble/<kind>";
const leaks = "Leaks, newest first";
const lanes = (page) => page.getByRole("list", { name: "Connections in use, longest first" }).locator("> li");
const pool = (page) => page.getByRole("article", { name: /^Pool sqlite/ });
const active = (snapshot) => snapshot.pools.reduce((sum, { active }) => sum + active, 0);

test.describe("one worker, 5 + 10 connections", () => {
  const shared = sharedApp({ workers: 1, env: { STIRBAR_POOL_LEAK_THRESHOLD: "60" } });

  test("the first leak is named by route and line", async ({ page }, info) => {
    const { app } = shared;
    await page.goto(`${app.page}/connections`);
    await expect(live(page)).toBeAttached();
    const paints = await page.evaluate(() => performance.getEntriesByType("paint").map(({ name, startTime }) => [name, startTime]));
    info.annotations.push({ type: "first paint in ms", description: JSON.stringify(paints) });
    await expect(page.getByRole("region", { name: "Leaks" })).toContainText("No leak found");
    expect((await app.trouble("hold-connection", { count: 1 })).status).toBe(200);
    await expect.poll(() => column(page, leaks, "Taken at").catch(() => [])).toEqual([expect.stringMatching(new RegExp(`misbehaving_app\\.py:${line}$`))]);
    expect(await column(page, leaks, "Kind")).toEqual(["leaked"]);
    expect(await column(page, leaks, "Route")).toEqual([route]);
    await expect(lanes(page).first()).toContainText(route);
    await rows(page, leaks).first().locator(".opener").press("Enter");
    await expect(page.locator(".detail .frames li").filter({ hasText: `misbehaving_app.py:${line}` }).first()).toBeVisible();
    await keep(page, "connections-first-leak");
    await app.trouble("release");
    await expect(rows(page, leaks).first()).toContainText("came back");
    await expect.poll(async () => active(await app.snapshot())).toBe(0);
  });

  test("a full pool says who holds it, and goes on when they give back", async ({ page }) => {
    const { app } = shared;
    await page.goto(`${app.page}/connections`);
    expect((await app.trouble("hold-connection", { count: 15 })).status).toBe(200);
    await expect(pool(page).getByRole("img")).toHaveAttribute("aria-label", /15 in use.* 0 free/);
    await expect(tile(page, "Fullest pool")).toHaveAttribute("data-tone", "warning");
    const load = startLoad(app.url, { visitors: 2 });
    await expect.poll(async () => figure(await tile(page, "Waiting").locator("dd").first().textContent())).toBeGreaterThan(0);
    await expect(page.locator(".counters [data-bad]").first()).toBeVisible(); // waited in vain, or was turned away
    expect(await sideways(page)).toBe(0);
    expect(await nameless(page)).toEqual([]);
    await keep(page, "connections-full-pool");
    // While the only worker waits for a connection itself, its turn comes at the pool's time-out.
    expect((await app.trouble("release")).status).toBe(200);
    await expect(tile(page, "Waiting")).toHaveText(/^Waiting0/);
    await expect.poll(async () => active(await app.snapshot())).toBeLessThan(3);
    const before = load.result.byStatus[200] ?? 0;
    await expect.poll(() => load.result.byStatus[200] ?? 0).toBeGreaterThan(before + 10);
    const { failed } = await load.stop();
    expect(failed).toEqual([]);
  });
});

test.describe("two workers", () => {
  const shared = sharedApp({ workers: 2 });

  test("a killed worker's connections are gone within 2 s", async ({ page }) => {
    const { app } = shared;
    await page.goto(`${app.page}/connections`);
    await app.trouble("hold-connection", { count: 7 });
    await expect(pool(page).getByRole("img")).toHaveAttribute("aria-label", /7 in use/);
    const { connections } = JSON.parse((await ask(`${app.page}/api/v1/connections`)).text);
    process.kill(connections.find(({ state }) => state === "active").pid, "SIGKILL");
    await expect(pool(page).getByRole("img")).toHaveAttribute("aria-label", /: 0 in use/, { timeout: 2000 });
  });
});
