// Playwright's `test`, with a `page` on which nothing may go wrong unseen: an error in the console, an
// exception or a refusal by the content security policy fails the test.
const base = require("@playwright/test");
const { startApp } = require("./app");
const { startMock } = require("./mock");

const violations = () => {
  document.addEventListener("securitypolicyviolation", (event) => {
    console.error(`content security policy: ${event.violatedDirective} refused ${event.blockedURI}`);
  });
};

// What the page complained of. allow(): for what a test breaks on purpose.
class Complaints {
  constructor() {
    this.all = [];
    this.allowed = [];
  }

  allow(...patterns) {
    this.allowed.push(...patterns);
  }

  listen(page) {
    page.on("console", (message) => {
      const { url } = message.location();
      if (["error", "warning"].includes(message.type())) this.all.push(`${message.text()} (${url})`);
    });
    page.on("pageerror", (error) => this.all.push(`uncaught: ${error.stack ?? error.message}`));
    return page.addInitScript(violations);
  }

  unexpected() {
    return this.all.filter((text) => !this.allowed.some((pattern) => pattern.test(text)));
  }
}

const test = base.test.extend({
  complaints: async ({}, use) => {
    const complaints = new Complaints();
    await use(complaints);
    base.expect(complaints.unexpected(), "complaints in the browser's console").toEqual([]);
  },
  page: async ({ page, complaints }, use) => {
    await complaints.listen(page);
    await use(page);
  },
  // Starts an app for this test only.
  start: async ({}, use, info) => {
    const apps = [];
    await use(async (options) => {
      apps.push(await startApp(options));
      return apps.at(-1);
    });
    await stopAll(apps, info);
  },
  // mock(options): a mock supervisor for this test only.
  mock: async ({ page }, use) => {
    const started = [];
    await use(async (options) => {
      started.push(await startMock(options));
      return started.at(-1);
    });
    await page.goto("about:blank"); // so that the page does not complain of its end
    for (const server of started) await server.stop();
  },
});

async function stopAll(apps, info) {
  for (const app of apps) {
    if (info.status !== info.expectedStatus) await info.attach("server.log", { body: app.output() });
    await app.stop();
  }
}

// One app for all tests of a file or group: shared.app, from the first test on.
function sharedApp(options) {
  const shared = {};
  test.beforeAll(async () => {
    shared.app = await startApp(options);
  });
  test.afterEach(async ({}, info) => {
    if (info.status !== info.expectedStatus) await info.attach("server.log", { body: shared.app.output() });
  });
  test.afterAll(() => shared.app?.stop());
  return shared;
}

// The connection was lost because the test took it away.
const connectionLost = /Failed to load resource: net::ERR_|net::ERR_(CONNECTION|INCOMPLETE|EMPTY)/;

module.exports = { connectionLost, expect: base.expect, sharedApp, test };
