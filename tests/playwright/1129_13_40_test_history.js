// The page of what was recorded, of a real supervisor: charts, records, routes, and what can be saved.
const fs = require("node:fs");

const { ask } = require("./support/http");
const { expect, sharedApp, test } = require("./support/test");
const { column, figure, keep, live, rows, sideways } = require("./support/view");

const shared = sharedApp();
const records = "Records, newest first";
const routes = "Routes of this span of time";

const chart = (page, name) => page.locator(".chart").filter({ has: page.getByRole("heading", { name, exact: true }) });
const range = (page, name) => page.getByRole("group", { name: "Time shown" }).getByRole("button", { name, exact: true });

async function recordedSeconds(app) {
  const { text } = await ask(`${app.page}/api/v1/history/info`);
  return JSON.parse(text).resolutions?.[0].rows ?? 0;
}

// Whether some pixels of the chart have another colour than most.
const isDrawn = (canvas) =>
  canvas.evaluate((element) => {
    const { data } = element.getContext("2d").getImageData(0, 0, element.width, element.height);
    const colours = new Set();
    for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 200) colours.add(`${data[i]},${data[i + 1]},${data[i + 2]}`);
    return colours.size > 4;
  });

test("figures, records and routes of the app", async ({ page }) => {
  const { app } = shared;
  for (let i = 0; i < 40; i++) await ask(`${app.url}/ping`);
  await expect.poll(() => recordedSeconds(app), { timeout: 40_000 }).toBeGreaterThan(15);
  await page.goto(`${app.page}/history`);
  await expect(live(page)).toBeAttached();
  await range(page, "15 min").click();
  await expect(range(page, "15 min")).toHaveAttribute("aria-pressed", "true");
  await expect(page).toHaveURL(/\?range=900$/);
  for (const name of ["Throughput", "Memory", "Workers"]) await expect(chart(page, name).locator(".legend-figure").first()).toHaveText(/\d/);
  await expect(chart(page, "Workers").locator(".legend-figure")).toHaveText("2");
  await chart(page, "Workers").scrollIntoViewIfNeeded();
  await expect.poll(() => isDrawn(chart(page, "Workers").locator("canvas"))).toBe(true);
  await expect(chart(page, "Latency").locator(".legend-item")).toHaveCount(3);

  await test.step("what happened", async () => {
    expect(await column(page, records, "What")).toContain("worker started");
    await page.getByRole("combobox", { name: "Kind of records" }).selectOption("setting");
    await expect(rows(page, records).filter({ hasText: "worker started" })).toHaveCount(0);
    await page.getByRole("combobox", { name: "Kind of records" }).selectOption("event");
    await expect(rows(page, records).filter({ hasText: "worker started" })).toHaveCount(2);
    await page.getByRole("searchbox", { name: "Filter records" }).fill("no such text");
    await expect(rows(page, records).filter({ hasText: "worker started" })).toHaveCount(0);
    await page.getByRole("searchbox", { name: "Filter records" }).fill("");
  });
  await keep(page, "history");
});

test("the routes of a span of time, when its first minute is over", async ({ page }) => {
  const { app } = shared;
  await page.goto(`${app.page}/history?range=3600`);
  await expect
    .poll(
      async () => {
        await ask(`${app.url}/ping`);
        const { text } = await ask(`${app.page}/api/v1/history/routes`);
        return JSON.parse(text).routes?.map((route) => route.route) ?? [];
      },
      { timeout: 80_000, intervals: [1000] },
    )
    .toContain("GET /ping");
  await page.reload();
  const ping = rows(page, routes).filter({ hasText: "GET /ping" });
  await expect(ping).toHaveCount(1);
  expect(figure(await ping.locator("td").nth(1).textContent())).toBeGreaterThan(0);
});

test("any span of time, by keyboard, and back by its address", async ({ page }) => {
  const { app } = shared;
  await page.goto(`${app.page}/history`);
  await expect(live(page)).toBeAttached();
  await range(page, "6 h").press("Enter");
  await expect(page).toHaveURL(/\?range=21600$/);
  await range(page, "Own range").press("Enter");
  const from = page.getByLabel("From");
  await expect(from).toBeFocused();
  await from.fill("2026-01-02T10:00");
  await page.getByLabel("until").fill("2026-01-02T09:00");
  await page.getByRole("button", { name: "Show", exact: true }).press("Enter");
  await expect(page.getByRole("alert")).toHaveText("The first time must lie before the second.");
  await page.getByLabel("until").fill("2026-01-02T11:00");
  await page.getByRole("button", { name: "Show", exact: true }).press("Enter");
  await expect(page).toHaveURL(/\?from=\d+&until=\d+$/);
  await expect(page.locator(".range-head .hint")).toContainText("2 Jan");
  await expect(chart(page, "Workers").locator(".legend-figure")).toHaveText("–"); // nothing was recorded then
  await expect(rows(page, records).filter({ hasText: "worker started" })).toHaveCount(0);
  await page.reload();
  await expect(page.locator(".range-head .hint")).toContainText("2 Jan");
  await expect(range(page, "Own range")).toHaveAttribute("aria-pressed", "true");
});

test("what is shown can be saved", async ({ page }) => {
  const { app } = shared;
  await page.goto(`${app.page}/history?range=900`);
  await expect(chart(page, "Workers").locator(".legend-figure")).toHaveText("2");
  for (const [name, first] of [["CSV", /^time,memory_ratio_mean/], ["JSON", /^\{"from":\d+/]]) {
    const download = page.waitForEvent("download");
    await page.getByRole("group", { name: "Export" }).getByRole("link", { name }).click();
    const file = await (await download).path();
    expect(fs.readFileSync(file, "utf8")).toMatch(first);
  }
});

test("fits a phone", async ({ page }) => {
  const { app } = shared;
  await page.setViewportSize({ width: 360, height: 740 });
  await page.goto(`${app.page}/history`);
  await expect(chart(page, "Workers").locator(".legend-figure")).toHaveText("2");
  await expect.poll(() => sideways(page)).toBe(0);
});
