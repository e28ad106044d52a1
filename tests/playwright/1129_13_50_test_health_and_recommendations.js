// Health by component and worker, and what to do about it: in a real app whose worker hangs, and with
// figures that no test can bring about within seconds.
const { ask } = require("./support/http");
const { startMock } = require("./support/mock");
const { expect, sharedApp, test } = require("./support/test");
const { keep, live, nameless, sideways } = require("./support/view");

const matrix = (page) => page.getByRole("group", { name: "Components and workers" });
const line = (page, component) => matrix(page).locator("tbody tr").filter({ has: page.locator("th", { hasText: new RegExp(`^${component}$`) }) });
const advice = (page) => page.getByRole("list", { name: "Recommendations, worst first" }).locator(":scope > li");

test.describe("in a real app", () => {
  const shared = sharedApp({ env: { STIRBAR_SLOW_REQUEST_THRESHOLD: "0.5" } });

  test("a held lock shows at its worker, with reason, and what to do about it", async ({ page }) => {
    const { app } = shared;
    await page.goto(`${app.page}/components`);
    await expect(live(page)).toBeAttached();
    for (const name of ["cpu", "disk", "memory", "queue", "requests", "workers"]) await expect(line(page, name)).toHaveCount(1);
    await expect(line(page, "memory").locator(".health-figure").first()).toHaveText(/\d\sMB$/);
    const probes = page.getByRole("list", { name: "Probes" }).locator("li");
    await expect(probes).toHaveCount(3);
    await expect(probes.locator(".pill-word")).toHaveText(["pass", "pass", "pass"]);

    const hold = app.trouble("lock", { seconds: 12 });
    const workers = line(page, "workers");
    await expect(workers.locator(".health-app .pill-word")).toHaveText("critical");
    await expect(workers.locator('.health-cell[data-tone="critical"]')).toHaveCount(1);
    await expect(workers.locator('.health-cell[data-tone="critical"]')).toHaveAttribute("title", /interpreter lock held/);
    await expect(workers.locator(".health-since")).toContainText("since");
    await expect(matrix(page).locator("tbody tr").first()).toContainText("workers"); // worst first
    expect((await ask(`${app.page}/health/live`)).status).toBe(200);
    await keep(page, "health-lock-held");

    await page.getByRole("link", { name: "Recommendations", exact: true }).click();
    const first = advice(page).first();
    await expect(first.locator(".advice-text")).toContainText("keeps the interpreter lock");
    await expect(first.locator("code")).toHaveText(/^stirbar stacks \d+$/);
    await first.getByRole("button", { name: "Copy" }).click();
    await expect(first.locator(".copy")).toHaveText(/Copied|Selected/);
    await keep(page, "recommendations-lock-held");
    await first.getByRole("link", { name: "Stacks" }).click();
    await expect(page).toHaveURL(/\/stacks$/);
    await hold;
    await page.goto(`${app.page}/components`);
    await expect(line(page, "workers").locator(".health-app .pill-word")).toHaveText("healthy", { timeout: 20_000 });
  });
});

test.describe("with made-up figures", () => {
  let mock;
  test.beforeAll(async () => (mock = await startMock({ scenario: "hang" })));
  test.afterAll(() => mock.stop());

  test("dependencies, groups and trends", async ({ page }) => {
    await page.goto(`${mock.url}/components`);
    await expect(page.getByRole("list", { name: "Dependencies" }).locator("li").first()).toContainText("standby.example.org:3306");
    await expect(page.getByRole("list", { name: "Groups" }).locator("li")).toContainText("/health/group/checkout");
    expect(await nameless(page)).toEqual([]);
    await page.setViewportSize({ width: 390, height: 800 });
    expect(await sideways(page)).toBe(0);
    await keep(page, "health-phone");
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.goto(`${mock.url}/recommendations`);
    await expect(advice(page)).toHaveCount(2);
    await expect(advice(page).locator(".pill-word")).toHaveText(["critical", "warning"]);
    await expect(page.getByText("+12 MB an hour")).toBeVisible();
    await expect(page.getByText("critical in 1 d 0 h at this pace")).toBeVisible();
    await expect(page.getByText("too short: 7 of at least 8 half minutes")).toBeVisible();
    expect(await nameless(page)).toEqual([]);
    await page.setViewportSize({ width: 390, height: 800 });
    expect(await sideways(page)).toBe(0);
    await keep(page, "recommendations-phone");
  });

  test("nothing to recommend is said", async ({ page }) => {
    const quiet = await startMock({ scenario: "empty" });
    await page.goto(`${quiet.url}/recommendations`);
    await expect(page.getByText("Nothing to recommend")).toBeVisible();
    await page.goto("about:blank"); // so that the page does not complain of its end
    await quiet.stop();
  });
});
