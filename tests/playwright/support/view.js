// Reading Stirbar's page as a person does.
const path = require("node:path");

const shots = path.join(__dirname, "..", "..", "..", "test-results", "screenshots");
const titles = {
  "/": "Overview",
  "/components": "Health",
  "/recommendations": "Recommendations",
  "/in-flight": "In flight",
  "/stacks": "Stacks",
  "/workers": "Workers",
  "/load": "Load",
  "/connections": "Connections",
  "/requests": "Requests",
  "/routes": "Routes",
  "/history": "History",
  "/alerts": "Alerts",
  "/actions": "Actions",
  "/events": "Events",
  "/settings": "Settings",
};
const paths = Object.keys(titles);

const live = (page) => page.locator('body[data-connection="live"]');
const table = (page, label) => page.getByRole("group", { name: label, exact: true });
const rows = (page, label) => table(page, label).locator("tbody tr");

// The texts of some columns, each top to bottom, all read at one moment.
async function columns(page, label, titles) {
  return table(page, label).evaluate((region, wanted) => {
    const heads = [...region.querySelectorAll("th")].map((th) => th.textContent.trim());
    const lines = [...region.querySelectorAll("tbody tr")];
    return wanted.map((title) => {
      const at = heads.indexOf(title);
      if (at < 0) throw new Error(`no column ${title} among ${heads}`);
      return lines.map((tr) => tr.children[at].textContent.trim());
    });
  }, titles);
}

const column = async (page, label, title) => (await columns(page, label, [title]))[0];

// "1.2 k" -> 1200, "3.5 s" -> 3.5, "12 ms" -> 0.012, "1 min 05 s" -> 65, "–" -> NaN
function figure(text) {
  const minutes = /^(\d+)\s*min\s*(\d+)\s*s/.exec(text);
  if (minutes) return Number(minutes[1]) * 60 + Number(minutes[2]);
  const [, number, unit] = /^([\d.,]+)\s*(\S*)/.exec(text) ?? [];
  const factor = { k: 1e3, M: 1e6, ms: 1e-3, "µs": 1e-6 }[unit] ?? 1;
  return number === undefined ? NaN : Number(number.replace(/,/g, "")) * factor;
}

const tile = (page, label) => page.locator(".tile").filter({ has: page.locator("dt", { hasText: new RegExp(`^${label}`) }) });

// Figures keep coming: the time in the head of the page moves on.
async function expectNewFigures(expect, page) {
  const time = page.locator(".link");
  const before = await time.textContent();
  await expect(time).not.toHaveText(before);
  await expect(live(page)).toBeAttached();
}

// How far the page can be scrolled sideways, in pixels.
const sideways = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

// What can be used or carries a picture, but has no name for screen readers; and ids that stand for two.
const nameless = (page) =>
  page.evaluate(() => {
    const used = [...document.querySelectorAll("a[href], button, input, select, [tabindex='0'], [role=img], img, canvas")];
    const name = (element) => element.getAttribute("aria-label") ?? element.getAttribute("alt") ?? (element.textContent.trim() || element.title);
    const inside = (element) => element.closest("[aria-hidden=true], [role=img]:not(canvas), [hidden]");
    const without = used.filter((element) => name(element) === "" && !(element.localName === "img" && element.alt === "") && !inside(element));
    const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
    return [...without.map((element) => element.outerHTML.slice(0, 120)), ...ids.filter((id, i) => ids.indexOf(id) !== i)];
  });

// A picture of the whole page, for people: test-results/screenshots/NAME.png.
const keep = (page, name) => page.screenshot({ path: path.join(shots, `${name}.png`), fullPage: true });

module.exports = { column, columns, expectNewFigures, figure, keep, live, nameless, paths, rows, sideways, table, tile, titles };
