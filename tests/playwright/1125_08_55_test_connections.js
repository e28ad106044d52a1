// The page of connections in each state of pools and database, with a mock supervisor.
const { connectionLost, expect, test } = require("./support/test");
const { column, keep, live, nameless, rows, sideways, table, tile } = require("./support/view");

const leaks = "Leaks, newest first";
const queries = "Slow queries, newest first";

const pool = (page, name) => page.getByRole("article", { name: `Pool ${name}` });
const server = (page, name) => page.getByRole("article", { name: `Server ${name}` });
const lanes = (page) => page.getByRole("list", { name: "Connections in use, longest first" }).locator("> li");
const shop = "mysql://db.example.org:3306/shop";

test.describe("a full pool", () => {
  test("who waits, who holds, what was turned away and what to change", async ({ page, mock }) => {
    const { url } = await mock({ scenario: "pool-full" });
    await page.goto(`${url}/connections`);
    await expect(live(page)).toBeAttached();
    const full = pool(page, shop);
    await expect(full.getByRole("img")).toHaveAttribute("aria-label", `${shop}: 30 in use, 0 connecting, 0 idle, 0 free, 21 waiting`);
    await expect(full.locator(".pool-marks")).toHaveText(/throttled in 2 of 2 workers.*21 wait/);
    await expect(full.locator(".fact[data-tone=critical]")).toHaveText(/^Wait p952\.3.s$/);
    await expect(full.locator(".pool-setup")).toHaveText(/^Size 5 \+ 10 overflow, in each of 2 workers: 30 in all · time-out 30.s · lifetime 30.min$/);
    await expect(full.locator(".counters [data-bad]")).toHaveText(["41 gave up: waited until their deadline", "3 turned away: too many waited already", "1,204 of low priority turned away: the pool was nearly full"]);
    await expect(tile(page, "Fullest pool")).toHaveAttribute("data-tone", "warning");
    await expect(tile(page, "Fullest pool")).toContainText("100");
    await expect(tile(page, "Waiting")).toHaveText(/21.*the first for 2\.4.s/);
    await expect(tile(page, "Turned away")).toContainText("41 of them timed out");
    await expect(page.getByRole("region", { name: "Advice" })).toContainText("pool_size 15 instead of 5");
    await expect(page.locator(".chart canvas")).toHaveCount(4);
    await expect(page.locator(".chart").first().locator(".legend-figure")).toHaveText(/^100\s%$/);
    await expect(server(page, "db.example.org:3306").locator(".statements li")).toHaveText([/^41\.2.s · thread 8812 · Waiting for table metadata lock.*ALTER TABLE lines/, /^12\.1.s/]);

    await test.step("the longest holds first, the rest when asked", async () => {
      await expect(lanes(page)).toHaveCount(12);
      const since = await lanes(page).locator(".held[data-now]").evaluateAll((bars) => bars.map((bar) => parseFloat(bar.style.left)));
      expect(since).toEqual([...since].sort((a, b) => a - b));
      await page.getByRole("button", { name: /more, held for shorter$/ }).press("Enter");
      await expect.poll(() => lanes(page).count()).toBeGreaterThan(25);
    });
    await keep(page, "connections-full");
  });
});

test.describe("leaks", () => {
  test("are marked by word where they are held, and open to the line that took them", async ({ page, mock }) => {
    const { url } = await mock({ scenario: "leaks" });
    await page.goto(`${url}/connections`);
    const first = lanes(page).first();
    await expect(first.locator(".pill-word")).toHaveText("leaked");
    await expect(first.locator(".lane-route")).toHaveText("POST /checkout");
    await expect(first.locator(".held")).toHaveAttribute("data-leak", "confirmed");
    await expect(lanes(page).filter({ hasText: "held too long" })).toContainText("a task");

    const row = first.getByRole("button");
    await row.focus();
    await page.keyboard.press("Enter");
    await expect(row).toHaveAttribute("aria-expanded", "true");
    const detail = first.locator(".lane-detail");
    await expect(detail.locator(".frames li").first()).toHaveText("Shop.audit …/shop/audit.py:27");
    await expect(detail).toContainText(/Held since\d\d:\d\d:\d\d, for 5.min/);
    await expect(detail).toContainText("Asan engine connection");
    await expect(detail).toContainText(/Transactionopen since/);
    await expect(detail).toContainText(/Serverdb\.example\.org:3306/);
    // Still open, and with the focus, after the next look.
    const said = page.getByRole("region", { name: "Who holds a connection" }).locator(".panel-more");
    const before = await said.textContent();
    await expect(said).not.toHaveText(before);
    await expect(detail).toBeVisible();
    await expect(row).toBeFocused();

    await expect.poll(() => column(page, leaks, "Kind")).toEqual(["held too long", "leaked", "not closed"]);
    expect(await column(page, leaks, "Taken at")).toEqual(["…/shop/export.py:58", "…/shop/audit.py:27", "no stack kept"]);
    expect(await column(page, leaks, "As")).toEqual(["an ORM session", "an engine connection", "a raw connection"]);
    expect(await column(page, leaks, "What became of them")).toEqual(["1 still held · 1 came back", "3 still held · 5 came back · 1 reclaimed", "4 collected"]);
    await rows(page, leaks).filter({ hasText: "POST /checkout" }).locator(".opener").press("Enter");
    await expect(table(page, leaks).locator(".detail")).toContainText("with engine.connect() as connection");
    await expect(table(page, leaks).locator(".detail .frames li").first()).toContainText("audit.py:27");
    await expect(tile(page, "Leaks")).toHaveText(/15.*4 still held/);
    await keep(page, "connections-leaks");
  });
});

test.describe("a database that is down", () => {
  test("since when, where it is refused, and what stands by", async ({ page, mock }) => {
    const { url } = await mock({ scenario: "database-down" });
    await page.goto(`${url}/connections`);
    const targets = pool(page, shop).locator(".target");
    await expect(targets.nth(0)).toHaveText(/^db\.example\.org:3306refused at once in all workers since \d\d:\d\d:\d\d \(for 1\smin\s\d\d\ss\); tried again.*41 failures, the last OperationalError 2003$/);
    await expect(targets.nth(1)).toContainText("refused at once in 1 of 2 workers");
    await expect(targets.nth(2)).toHaveText(/in use.*replica, for read-only work/);
    await expect(server(page, "db.example.org:3306").locator(".pill-word")).toHaveText(/^unavailable since \d\d:\d\d:\d\d$/);
    await expect(server(page, "db.example.org:3306")).toContainText("It does not answer: connect: refused (2002).");
    await expect(server(page, "replica.example.org:3306").locator(".pill-word")).toHaveText("answers");
    await expect(tile(page, "Database")).toHaveText(/unavailable.*since/);
    await expect(tile(page, "Database")).toHaveAttribute("data-tone", "critical");
    await keep(page, "connections-database-down");
  });
});

test("before anything is seen: what to do about it", async ({ page, mock }) => {
  const { url } = await mock({ scenario: "empty" });
  await page.goto(`${url}/connections`);
  await expect(page.getByRole("region", { name: "Pools" })).toContainText("create_engine(url, **stirbar.pool_options())");
  await expect(page.getByRole("region", { name: "Who holds a connection" })).toContainText("No connection was held");
  await expect(page.getByRole("region", { name: "Leaks" })).toContainText("No leak found");
  await expect(page.getByRole("region", { name: "Slow queries" })).toContainText(/longer than slow_query_threshold \(2.s\) yet/);
  await expect(page.getByRole("region", { name: "Database servers" })).toContainText("STIRBAR_DATABASE_URLS");
  await expect(page.getByRole("region", { name: "Advice" })).toBeHidden();
  await expect(tile(page, "Fullest pool")).toContainText("no pool yet");
});

test("slow queries are told with their route, without values", async ({ page, mock }) => {
  const { url } = await mock({ scenario: "healthy" });
  await page.goto(`${url}/connections`);
  await expect.poll(() => column(page, queries, "Route")).toEqual(["GET /report/<int:year>", "outside any request"]);
  expect((await column(page, queries, "Statement"))[1]).toBe("DELETE FROM carts WHERE touched < %s");
  await expect(pool(page, "mysql://reports.example.org:3306/reports").locator(".pool-marks")).toHaveText("not Stirbar’s pool");
  await expect(pool(page, "mysql://reports.example.org:3306/reports")).not.toContainText("Wait p95");
});

test("inside the Flask app the pools are shown, and where the rest is", async ({ page, mock, complaints }) => {
  complaints.allow(/the server responded with a status of 404/);
  const { url } = await mock({ scenario: "pool-full", embedded: "yes", live: "poll", prefix: "/admin/responsiveness/" });
  await page.goto(`${url}/connections`);
  await expect(pool(page, shop).getByRole("img")).toHaveAttribute("aria-label", /30 in use/);
  await expect(pool(page, shop).locator(".counters")).toBeHidden();
  await expect(page.locator(".trouble")).toHaveText(/supervisor's own pages/);
  await expect(page.locator(".trouble a")).toHaveAttribute("href", "http://127.0.0.1:8800/connections");
  await expect(lanes(page)).toHaveCount(0);
  await expect(page.getByRole("region", { name: "Leaks" })).toBeHidden();
  await expect(page.locator(".chart canvas")).toHaveCount(4);
  await expect(server(page, "db.example.org:3306")).toContainText(/139 of 151/);
});

test("without the supervisor: said, the last figures stay; with it they go on", async ({ page, mock, complaints }) => {
  complaints.allow(connectionLost);
  const first = await mock({ scenario: "leaks" });
  await page.goto(`${first.url}/connections`);
  await expect(lanes(page).first()).toContainText("leaked");
  await first.stop();
  await expect(page.locator(".trouble")).toHaveText(/^Who holds which connection cannot be shown: the supervisor does not answer\./);
  await expect(page.locator("#notice")).toContainText("No connection to the supervisor");
  await expect(lanes(page).first()).toContainText("leaked");
  await mock({ scenario: "leaks", port: first.port });
  await expect(page.locator(".trouble")).toBeHidden();
  await expect(live(page)).toBeAttached();
});

test("named for screen readers, fits a phone in either theme, and is light", async ({ page, mock }) => {
  for (const scenario of ["leaks", "pool-full", "empty"]) {
    const { url } = await mock({ scenario });
    await page.setViewportSize({ width: 390, height: 844 });
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      await page.goto(`${url}/connections`);
      await expect(page.getByRole("region", { name: "Slow queries" }).locator(".empty, tbody tr").filter({ visible: true }).first()).toBeVisible();
      if (scenario === "leaks") await lanes(page).first().getByRole("button").click();
      await expect.poll(() => sideways(page), { message: `sideways scroll with ${scenario}` }).toBe(0);
      expect(await nameless(page), `without a name with ${scenario}`).toEqual([]);
      await keep(page, `connections-${scenario}-${colorScheme}-narrow`);
    }
  }
  const bytes = await page.evaluate(() => {
    const files = performance.getEntriesByType("resource").filter(({ name }) => !name.includes("/api/"));
    return [...files, ...performance.getEntriesByType("navigation")].reduce((sum, entry) => sum + entry.encodedBodySize, 0);
  });
  expect(bytes).toBeGreaterThan(10_000);
  expect(bytes, "bytes of the page with all its files, compressed").toBeLessThan(150_000);
});
