// The same pages inside the Flask app, which answers them from shared memory, without a stream.
const path = require("node:path");
const { ask } = require("./support/http");
const { expect, sharedApp, test } = require("./support/test");
const { column, expectNewFigures, live, paths, rows, titles } = require("./support/view");

// Stacks and latencies are not in shared memory: the app answers where they are.
const onlyThere = /the server responded with a status of 404/;
const shared = sharedApp({ module: "admin_app:mounted", cwd: path.join(__dirname, "support") });

for (const prefix of ["", "/shop"]) {
  test.describe(`mounted at ${prefix || "/"}`, () => {
    const admin = `${prefix}/admin`;

    test("three addresses, one page", async ({ page }) => {
      const { app } = shared;
      for (const [address, title] of [["responsiveness", "Overview"], ["responsiveness/", "Overview"], ["monitoring", "Workers"], ["health", "Health"]]) {
        const answer = await page.goto(`${app.url}${admin}/${address}`);
        expect(answer.status()).toBe(200);
        await expect(page.getByRole("heading", { level: 1 })).toHaveText(title);
        await expect(live(page)).toBeAttached();
        await expect(page.locator(".nav-link[aria-current=page]")).toHaveText(title);
        const { workers } = await app.snapshot();
        if (title === "Health") {
          await expect(page.locator(".health-matrix thead th")).toHaveText(["Component", "App", ...workers.map(({ slot }) => `Worker ${slot}`)]);
          continue;
        }
        await expect.poll(() => column(page, title === "Workers" ? "Workers, all figures" : "Workers", "PID")).toEqual(workers.map((worker) => String(worker.pid)));
      }
    });

    test("polls, and never leaves its prefix", async ({ page }) => {
      const { app } = shared;
      const asked = [];
      page.on("request", (request) => asked.push(new URL(request.url())));
      await page.goto(`${app.url}${admin}/responsiveness`);
      await expect(page.locator(".chart canvas")).toHaveCount(6);
      await expectNewFigures(expect, page);
      const outside = asked.filter(({ origin, pathname }) => origin !== app.url || !pathname.startsWith(`${admin}/responsiveness`));
      expect(outside.map(String).filter((url) => !url.startsWith("data:"))).toEqual([]);
      const below = new Set(asked.map(({ pathname }) => pathname.slice(`${admin}/responsiveness`.length)));
      expect(below).toContain("/api/v1/snapshot");
      expect(below).toContain("/api/v1/history");
      expect(below).not.toContain("/api/v1/stream");
    });

    test("each page below it has an address", async ({ page, complaints }) => {
      complaints.allow(onlyThere);
      const { app } = shared;
      for (const one of paths.slice(1)) {
        await page.goto(`${app.url}${admin}/responsiveness${one}`);
        await expect(page.getByRole("heading", { level: 1 })).toHaveText(titles[one]);
        await expect(live(page)).toBeAttached();
        await expect(page.locator(".loading")).toHaveCount(0);
      }
      await page.getByRole("link", { name: "Routes" }).click();
      await expect(page).toHaveURL(`${app.url}${admin}/responsiveness/routes`);
      await expect(rows(page, "Routes").filter({ hasText: "GET /ping" })).toHaveCount(1);
      await page.getByRole("link", { name: "Overview" }).click();
      await expect(page).toHaveURL(`${app.url}${admin}/responsiveness/`);
    });
  });
}

test("what only the supervisor can tell is said in words, with its address", async ({ page, complaints }) => {
  complaints.allow(onlyThere);
  const { app } = shared;
  for (const one of ["/stacks", "/history", "/requests"]) {
    await page.goto(`${app.url}/admin/responsiveness${one}`);
    await expect(page.locator(".trouble")).toContainText("supervisor's own pages");
    await expect(page.locator(".trouble a")).toHaveAttribute("href", app.page + one);
  }
  await expect(page.getByRole("group", { name: "Where the time goes, by route" })).toBeVisible(); // the rest is here
});

test("nobody from elsewhere sees them", async () => {
  const { app } = shared;
  const addresses = ["responsiveness", "monitoring", "health", "responsiveness/routes", "responsiveness/api/v1/snapshot", "responsiveness/api/v1/history"];
  for (const address of addresses) {
    const url = `${app.url}/admin/${address}`;
    expect((await ask(url)).status, address).toBe(200);
    // Through a proxy on this machine, for somebody elsewhere.
    for (const headers of [{ "X-Forwarded-For": "203.0.113.7" }, { "X-Real-IP": "203.0.113.7" }, { Forwarded: "for=203.0.113.7" }, { "X-Forwarded-For": "127.0.0.1, 203.0.113.7" }]) {
      const { status, text } = await ask(url, { headers });
      expect(status, `${address} ${JSON.stringify(headers)}`).toBe(403);
      expect(text).not.toContain("stirbar");
    }
    // By another site's name, rebound to 127.0.0.1 in the reader's own browser.
    expect((await ask(url, { headers: { Host: "elsewhere.example" } })).status, address).toBe(403);
  }
});

test("health for programs, the page for people", async ({ request }) => {
  const { app } = shared;
  const answer = await request.get(`${app.url}/admin/health`, { headers: { Accept: "*/*" } });
  expect(answer.status()).toBe(200);
  expect(answer.headers()["content-type"]).toBe("application/health+json");
  const report = await answer.json();
  expect(report.status, JSON.stringify(report)).toBe("pass");
});
