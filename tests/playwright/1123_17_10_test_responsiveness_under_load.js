// The shop under load, in the browser: figures follow, the page stays usable, and workers that hold
// the interpreter lock are seen at once, with their route and age.
const { isDeepStrictEqual } = require("node:util");

const { ask } = require("./support/http");
const { startLoad } = require("./support/load");
const { expect, sharedApp, test } = require("./support/test");
const { column, columns, expectNewFigures, figure, keep, live, rows, table, tile } = require("./support/view");

const shared = sharedApp();

test("the figures follow the load", async ({ page }) => {
  const { app } = shared;
  let before = 0;
  // The request that found the app ready counts as well.
  await expect.poll(async () => (before = (await app.snapshot()).totals.requests)).toBeGreaterThan(0);
  await page.goto(app.page);
  await expect(live(page)).toBeAttached();
  const load = startLoad(app.url);
  await test.step("while it lasts", async () => {
    const note = tile(page, "Requests").locator(".tile-note");
    await expect.poll(async () => figure(await note.textContent())).toBeGreaterThan(before + 100);
    await expect.poll(async () => figure(await tile(page, "p50").locator("dd").first().textContent())).toBeGreaterThan(0);
    await expectNewFigures(expect, page);
    await expect(rows(page, "Workers")).toHaveCount(2);
    for (const requests of await column(page, "Workers", "Requests")) expect(figure(requests)).toBeGreaterThan(0);
    for (const memory of await column(page, "Workers", "Memory")) expect(figure(memory)).toBeGreaterThan(1);
    const { workers } = await app.snapshot();
    expect(await column(page, "Workers", "PID")).toEqual(workers.map((worker) => String(worker.pid)));
    await keep(page, "overview");
  });
  const { answered, byStatus, failed } = await load.stop();
  expect(failed).toEqual([]);
  expect(byStatus[404]).toBeGreaterThan(0); // one of the visits asks for what is not there

  await test.step("afterwards each request is counted once", async () => {
    await expect.poll(async () => (await app.snapshot()).totals.requests - before).toBe(answered);
    const { totals, routes } = await app.snapshot();
    const note = tile(page, "Requests").locator(".tile-note");
    await expect(note).toHaveText(`${totals.requests.toLocaleString("en-US")} in all`);
    expect(totals.errors).toBe(0);
    const item = routes.find((route) => route.route === "GET /item/<int:item_id>");
    expect(item.status["4xx"]).toBe(byStatus[404]);
  });
});

test("the charts draw what was measured", async ({ page }) => {
  const { app } = shared;
  const load = startLoad(app.url, { visitors: 2 });
  await page.goto(app.page);
  const charts = page.locator(".chart");
  await expect(charts).toHaveCount(6);
  // The newest value of each chart stands in its legend.
  for (const name of ["Memory", "CPU", "Throughput", "Latency"]) {
    const chart = charts.filter({ has: page.getByRole("heading", { name, exact: true }) });
    await expect(chart.locator(".legend-figure").first()).toHaveText(/\d/);
    await expect(chart.locator("canvas")).toBeVisible();
    await expect(chart.getByRole("img")).toHaveAttribute("aria-label", /now: .*\d/);
  }
  // A line, not an empty frame: more than one colour among the pixels.
  const colours = (name) =>
    charts
      .filter({ has: page.getByRole("heading", { name, exact: true }) })
      .locator("canvas")
      .evaluate((canvas) => {
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        const line = getComputedStyle(document.documentElement).getPropertyValue("--series-1").trim();
        const [r, g, b] = [1, 3, 5].map((at) => parseInt(line.slice(at, at + 2), 16));
        let hits = 0;
        for (let i = 0; i < data.length; i += 4) {
          const near = Math.abs(data[i] - r) + Math.abs(data[i + 1] - g) + Math.abs(data[i + 2] - b) < 40;
          if (near && data[i + 3] > 200) hits++;
        }
        return hits;
      });
  await expect.poll(() => colours("Memory")).toBeGreaterThan(20);
  await expect.poll(() => colours("Throughput")).toBeGreaterThan(20);
  await page.getByRole("button", { name: "15 min" }).click();
  await expect(page.getByRole("button", { name: "15 min" })).toHaveAttribute("aria-pressed", "true");
  await load.stop();
});

test("routes are sorted and filtered by keyboard", async ({ page }) => {
  const { app } = shared;
  const { answered } = await startLoad(app.url, { visitors: 8, pauseMs: 1 }).stop(); // each visitor asks once
  expect(answered).toBe(8);
  await page.goto(`${app.page}/routes`);
  // From here on nobody asks for anything: what the page shows once it has the last figures, it keeps.
  const shown = async () => {
    const [routes, counts] = await columns(page, "Routes", ["Route", "Requests"]);
    return Object.fromEntries(routes.map((route, i) => [route, figure(counts[i])]));
  };
  const counted = async () => Object.fromEntries((await app.snapshot()).routes.map(({ route, requests }) => [route, requests]));
  let last = {};
  await expect
    .poll(async () => {
      const [before, now] = [last, await counted()];
      last = now;
      return Object.keys(now).length > 4 && isDeepStrictEqual(before, now) && isDeepStrictEqual(await shown(), now);
    }, { intervals: [1500] }) // further apart than two samples of the supervisor
    .toBe(true);

  const head = table(page, "Routes").getByRole("columnheader", { name: /^Requests/ });
  await head.getByRole("button").focus();
  await page.keyboard.press("Enter");
  await expect(head).toHaveAttribute("aria-sort", "descending");
  const descending = (await column(page, "Routes", "Requests")).map(figure);
  expect(descending).toEqual([...descending].sort((a, b) => b - a));
  await page.keyboard.press("Enter"); // the focus is still there, after new figures have come
  await expect(head).toHaveAttribute("aria-sort", "ascending");

  const all = await rows(page, "Routes").count();
  await page.getByRole("searchbox", { name: "Filter routes" }).focus();
  await page.keyboard.type("get item");
  await expect.poll(async () => (await column(page, "Routes", "Route")).sort()).toEqual(["GET /api/items", "GET /item/<int:item_id>"]);
  await expect(page.locator(".filter-said")).toHaveText(`2 of ${all}`);
  await page.keyboard.type("nothing like it");
  await expect(page.getByText("No route has this text.")).toBeVisible();
  await page.keyboard.press("Escape"); // what browsers do in a search field
  await expect(rows(page, "Routes")).toHaveCount(all);

  expect(await shown()).toEqual(last);
});

test("the page stays usable when the app is asked for more than it can do", async ({ page }) => {
  const { app } = shared;
  await page.goto(app.page);
  await expect(live(page)).toBeAttached();
  const load = startLoad(app.url, { visitors: 12, pauseMs: 0 });
  for (const name of ["Routes", "Workers", "In flight", "Overview"]) {
    const began = Date.now();
    await page.getByRole("navigation").getByRole("link", { name }).click();
    await expect(page.getByRole("heading", { level: 1, name })).toBeVisible();
    expect(Date.now() - began, `milliseconds to ${name}`).toBeLessThan(3000);
    await expectNewFigures(expect, page);
  }
  const { failed } = await load.stop();
  expect(failed).toEqual([]);
});

test("both workers hold the interpreter lock: shown with route and age, and gone again", async ({ page }, info) => {
  const { app } = shared;
  const seconds = 12; // long enough for all that is looked at meanwhile, on a busy machine, too
  await page.goto(app.page);
  await expect(rows(page, "Workers")).toHaveCount(2);
  // When the page shows it, to the millisecond: asking again and again would be slower.
  await page.evaluate(() => {
    window.shown = {};
    new MutationObserver(() => {
      const held = [...document.querySelectorAll('[aria-label="Workers"] tbody .pill-word')].filter((word) => word.textContent === "lock held");
      if (held.length) window.shown[held.length] ??= Date.now();
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
  const began = Date.now();
  const holds = [1, 2].map(() => app.trouble("lock", { seconds }));

  await test.step("seen at once", async () => {
    await expect.poll(() => page.evaluate(() => window.shown[2] ?? 0), { intervals: [50] }).toBeGreaterThan(0);
    const took = ((await page.evaluate(() => window.shown[2])) - began) / 1000;
    info.annotations.push({ type: "seconds from the hang to its display", description: took.toFixed(2) });
    expect(took).toBeLessThan(3); // 1 s on a quiet machine
  });

  await test.step("with its route and its age, which ticks", async () => {
    const label = "Requests in flight, oldest first";
    await expect.poll(() => column(page, label, "Route")).toEqual(["POST /trouble/<kind>", "POST /trouble/<kind>"]);
    await expect.poll(() => column(page, label, "Worker state")).toEqual(["lock held", "lock held"]);
    const look = async () => ({ age: figure((await column(page, label, "Age"))[0]), at: Date.now() });
    const first = await look();
    expect(Math.abs(first.age - (first.at - began) / 1000), `age ${first.age} s`).toBeLessThan(1.5);
    let second = first;
    await expect.poll(async () => (second = await look()).age - first.age).toBeGreaterThan(1);
    expect(Math.abs(second.age - first.age - (second.at - first.at) / 1000)).toBeLessThan(1);
    await expect(page.locator(".status-sentence")).toHaveText(/^Critical/);
    await expect(page.locator(".status-reasons")).toContainText("POST /trouble/<kind>");
    await expect(rows(page, "Workers").first()).toHaveAttribute("data-tone", "critical");
    await expect(tile(page, "In flight").locator(".tile-note")).toHaveText("2 workers hung");
    await expect(page).toHaveTitle(/^✕ /);
    // The charts show this second, not the last minute: nothing is answered.
    const throughput = page.locator(".chart").filter({ has: page.getByRole("heading", { name: "Throughput" }) });
    await expect(throughput.locator(".legend-figure")).toHaveText("0/s");
    await keep(page, "both-workers-hung");
  });

  await test.step("the app itself does not answer, the page and the health check do", async () => {
    await expect(ask(`${app.url}/ping`, { limitMs: 300 })).rejects.toThrow("no answer");
    const asked = Date.now();
    const ready = await ask(`${app.page}/health/ready`);
    expect(Date.now() - asked).toBeLessThan(500);
    expect(ready.status).toBe(503);
    expect(ready.text).toContain("lock");
    await page.reload();
    await expect(rows(page, "Workers").filter({ hasText: "lock held" })).toHaveCount(2);
    await expect(rows(page, "Workers").first()).toContainText("POST /trouble/<kind>");
  });

  await test.step("recovery", async () => {
    await Promise.all(holds);
    expect(Date.now() - began).toBeGreaterThan(seconds * 1000 - 100);
    await expect(rows(page, "Workers").filter({ hasText: "lock held" })).toHaveCount(0);
    await expect(page.getByText("No request in flight at this moment.")).toBeVisible();
    await expect.poll(async () => (await ask(`${app.page}/health/ready`)).status).toBe(200);
    expect((await ask(`${app.url}/ping`)).text).toBe("pong");
    await page.getByRole("navigation").getByRole("link", { name: "Events" }).click();
    await expect(rows(page, "Events, newest first").filter({ hasText: "POST /trouble/<kind>" }).first()).toBeVisible();
  });
});
