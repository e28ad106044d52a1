// Settings changed on the page of a real supervisor, and obeyed by real workers.
const fs = require("node:fs");
const path = require("node:path");
const { ask } = require("./support/http");
const { expect, sharedApp, test } = require("./support/test");
const { keep, live, nameless, rows, sideways, table } = require("./support/view");

const name = "memory_warning_threshold";
const refused = /the server responded with a status of 400/; // a change, and the page says why
const guessed = /the server responded with a status of 401/; // a wrong token, and the form says so
const shared = sharedApp({ module: "settings_app:app", cwd: path.join(__dirname, "support"), workers: 4 });

const tokenOf = (file) => fs.readFileSync(path.join(shared.app.folder, "stirbar", file), "utf8").trim();

async function logIn(page, token) {
  await page.goto(`${shared.app.page}/login`);
  await page.getByLabel("Access token").fill(token);
  await page.getByRole("button", { name: "Log in" }).click();
  await expect(live(page)).toBeAttached();
}

async function open(page, setting = name) {
  await page.goto(`${shared.app.page}/settings`);
  await expect(live(page)).toBeAttached();
  await page.getByRole("button", { name: new RegExp(`(Change|Details of) ${setting}$`) }).click();
}

const form = (page, setting = name) => page.getByRole("form", { name: `Change ${setting}` });
const line = (page, setting = name) => rows(page, "Settings").filter({ has: page.locator("td[data-mono]", { hasText: new RegExp(`^${setting}$`) }) });
const changes = (page) => rows(page, "Changes, newest first");

// Until each of the four workers has answered with `value`; how late the last other answer came.
async function obeyed(value) {
  const began = Date.now();
  const pids = new Set();
  let late = 0;
  while (pids.size < 4 && Date.now() - began < 20_000) {
    const asked = Date.now() - began;
    const answer = JSON.parse((await ask(`${shared.app.url}/setting/${name}`)).text);
    if (answer.value === value) pids.add(answer.pid);
    else late = asked;
  }
  return { workers: pids.size, late };
}

test.describe.configure({ mode: "serial" });

test("who is not logged in reads, and is told where to log in", async ({ page, complaints }) => {
  complaints.allow(guessed);
  await open(page);
  await expect(page.locator(".who-role")).toHaveText("Not logged in");
  await expect(page.locator(".who").getByRole("link", { name: "Log in" })).toBeVisible();
  await expect(page.locator(".may-not")).toContainText("log in with the operator’s token");
  await expect(form(page)).toBeHidden();
  await expect(page.locator(".layers [data-holds]")).toHaveText(/default.*0\.8.*holds/);
  await page.locator(".may-not").getByRole("link", { name: "Log in" }).click();
  await expect(page).toHaveURL(`${shared.app.page}/login?next=/settings`);
  await page.getByLabel("Access token").fill("guess");
  await page.getByRole("button", { name: "Log in" }).click();
  await expect(page.getByRole("alert")).toHaveText("That is not the token.");
});

test("the reader sees why nothing can be changed", async ({ page }) => {
  await logIn(page, tokenOf("reader-token"));
  await open(page);
  await expect(page.locator(".who-role")).toHaveText("Reader");
  await expect(page.locator(".may-not")).toContainText("reader’s token, which changes nothing");
  await expect(form(page)).toBeHidden();
  await page.getByRole("button", { name: "Log out" }).click();
  await expect(page.locator(".who-role")).toHaveText("Not logged in");
});

test("a change on the page holds in all workers within a second, and can be taken back", async ({ page, complaints }) => {
  complaints.allow(refused);
  await logIn(page, tokenOf("token"));
  await open(page);
  await expect(page.locator(".who-role")).toHaveText("Operator");
  await expect(page.locator(".may-not")).toBeHidden();
  const field = form(page).getByRole("textbox");
  const save = form(page).getByRole("button", { name: "Save" });
  const said = page.locator(".detail .setting-said");

  await test.step("a wrong value is refused with field, value and range, before it is sent", async () => {
    await field.fill("1.5");
    await expect(said).toHaveText(`${name}: '1.5' is not allowed; it takes a ratio from 0.05 to 1`);
    await save.click();
    await expect(said).toHaveText(`${name}: '1.5' is not allowed; it takes a ratio from 0.05 to 1`);
    await keep(page, "settings-refused");
  });
  await test.step("what only the supervisor can tell is refused as well", async () => {
    await field.fill("0.95");
    await expect(said).toBeHidden();
    await save.click();
    await expect(said).toHaveText(`${name}: '0.95' is not allowed; it takes at most memory_critical_threshold (0.9)`);
    expect((await obeyed(0.8)).workers).toBe(4);
  });
  await test.step("a right one is obeyed", async () => {
    await field.fill("0.61");
    await save.click();
    await expect(said).toHaveText("Changed.");
    const { workers, late } = await obeyed(0.61);
    expect(workers).toBe(4);
    expect(late).toBeLessThan(1000);
    await expect(line(page)).toContainText("runtime");
    await expect(page.locator(".layers [data-holds]")).toHaveText(/runtime.*0\.61.*holds/);
    await expect(changes(page).first()).toContainText(/memory_warning_threshold.*0\.8 \(default\).*0\.61 \(runtime\).*operator from 127\.0\.0\.1/);
  });
  await test.step("what is typed stays while figures come", async () => {
    await field.fill("0.5");
    await page.waitForFunction((before) => document.querySelector(".link").textContent !== before, await page.locator(".link").textContent());
    await expect(field).toHaveValue("0.5");
  });
  await keep(page, "settings-changed");
  expect(await nameless(page)).toEqual([]);
  expect(await sideways(page)).toBe(0);

  await test.step("a reset falls back, a revert takes a change back", async () => {
    await form(page).getByRole("button", { name: "Reset" }).click();
    await expect(line(page)).toContainText("default");
    await expect(changes(page)).toHaveCount(2);
    await page.getByRole("button", { name: /^Revert change 2 / }).click();
    await expect(changes(page)).toHaveCount(3);
    await expect(line(page)).toContainText("0.61");
    expect((await obeyed(0.61)).workers).toBe(4);
    await page.getByRole("button", { name: /^Revert change 1 / }).click();
    await expect(line(page)).toContainText("default");
    await expect(page.locator(".changes-said")).toHaveText("Change 1 was taken back.");
  });
});

test("switches and modes are chosen, not typed; others see it at once", async ({ page, browser }) => {
  await logIn(page, tokenOf("token"));
  await open(page, "admission");
  const other = await browser.newPage();
  await other.goto(`${shared.app.page}/settings`);
  await expect(line(other, "admission")).toContainText("on");
  await form(page, "admission").getByRole("combobox").selectOption("observe");
  await form(page, "admission").getByRole("button", { name: "Save" }).click();
  await expect(page.locator(".detail .setting-said")).toHaveText("Changed.");
  await expect(line(other, "admission")).toContainText("observe");
  await other.close();
  await form(page, "admission").getByRole("button", { name: "Reset" }).click();
  await expect(line(page, "admission")).toContainText("default");
});

test("the filter leaves what is open, and finds by meaning", async ({ page }) => {
  await open(page);
  await page.getByRole("searchbox", { name: "Filter settings" }).fill("memory warning");
  await expect(line(page)).toHaveCount(1);
  await expect(page.locator(".layers")).toBeVisible();
});

test("inside the Flask app the page is read-only, and leads to the supervisor's own", async ({ page }) => {
  await page.goto(`${shared.app.url}/admin/responsiveness/settings`);
  await expect(live(page)).toBeAttached();
  await expect(page.locator(".may-not a")).toHaveAttribute("href", `${shared.app.page}/settings`);
  await expect(page.locator(".who")).toBeHidden();
  await expect(table(page, "Settings").getByRole("button", { name: /Change|Details/ })).toHaveCount(0);
  await expect(line(page)).toContainText("0.8");
  await page.locator(".may-not a").click();
  await expect(page).toHaveURL(`${shared.app.page}/settings`);
});

test("a narrow page scrolls in one direction only", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 800 });
  await logIn(page, tokenOf("token"));
  await open(page);
  expect(await sideways(page)).toBe(0);
  await keep(page, "settings-narrow");
});
