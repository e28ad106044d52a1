// The page of actions: the story of an app that runs out of memory, and what an operator may do about it.
const { expect, test } = require("./support/test");
const { column, keep, live, rows, sideways, table } = require("./support/view");

const actions = "Actions, newest first";

const button = (page, name) => page.getByRole("button", { name, exact: true });

test.describe("an app that runs out of memory", () => {
  test("tells the story: what was done, why, and what it brought", async ({ page, mock }) => {
    const { url } = await mock({ scenario: "short-of-memory" });
    await page.goto(`${url}/actions`);
    await expect(live(page)).toBeAttached();
    await expect(page.locator(".emergency-steps [aria-current=step]")).toHaveText("recycling");
    await expect(page.locator(".emergency-sentence")).toHaveText("Memory is critical: the largest worker is recycled");
    await expect(page.locator(".emergency .hint")).toContainText("memory 91.8 % (493 of 537 MB)");
    await expect(rows(page, actions)).toHaveCount(8);
    expect(await column(page, actions, "Outcome")).toEqual(["under way", "helped", "did not help", "did not help", "helped", "under way", "not done", "failed"]);
    expect((await column(page, actions, "Change"))[1]).toBe("−185\u00a0MB");
    const recycled = rows(page, actions).nth(1);
    await expect(recycled).toContainText("195 MB more than a fresh one");
    await expect(recycled).toContainText("left by itself within 0.4 s");
    const widths = await recycled.locator(".change-bar").evaluateAll((bars) => bars.map((bar) => bar.style.width));
    expect(widths).toEqual(["100%", "60%"]);
    await expect(rows(page, actions).nth(6)).toContainText("asked for by operator from 127.0.0.1");
    await expect(table(page, "Caches")).toContainText("93");
    expect(await sideways(page)).toBe(0);
    await keep(page, "actions");

    await test.step("and can be filtered", async () => {
      await page.getByRole("searchbox", { name: "Filter actions" }).fill("recycle");
      await expect(rows(page, actions)).toHaveCount(2);
    });
  });
});

test.describe("an operator", () => {
  test("asks for a dry run and for a cleanup, and is told why a worker stays", async ({ page, mock, complaints }) => {
    complaints.allow(/409 \(Conflict\)/); // the refusal at the end
    const { url } = await mock({ scenario: "healthy" });
    await page.goto(`${url}/actions`);
    await expect(page.locator(".emergency-sentence")).toHaveText("No memory emergency");
    await expect(button(page, "Recycle")).toBeDisabled();
    await expect(page.locator("#action-reason")).toHaveText("Recycling takes one worker: choose it.");
    await button(page, "Dry run").click();
    await expect(page.locator(".asked")).toHaveText("Accepted: dry run of a cleanup of 2 workers. What comes of it appears below.");
    await expect(rows(page, actions)).toHaveCount(1);
    await expect(rows(page, actions).first()).toContainText("not done");
    await button(page, "Clean now").click();
    await expect(rows(page, actions)).toHaveCount(2);
    await page.getByRole("combobox", { name: "Worker" }).selectOption({ label: "worker 0 (pid 4711)" });
    await button(page, "Recycle").click();
    await expect(page.locator(".asked")).toHaveText("Not done: worker 0 (pid 4711) is not recycled: it is the last worker that can answer.");
  });
});

test.describe("a reader", () => {
  test("sees all of it, and why the buttons are off", async ({ page, mock }) => {
    const { url } = await mock({ scenario: "short-of-memory", role: "reader" });
    await page.goto(`${url}/actions`);
    await expect(rows(page, actions)).toHaveCount(8);
    for (const name of ["Clean now", "Dry run", "Recycle"]) await expect(button(page, name)).toBeDisabled();
    await expect(page.locator("#action-reason")).toHaveText("Only an operator may do this: log in with the operator’s token.");
  });
});
