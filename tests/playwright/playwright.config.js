// Browser tests in the system's Chromium. Specs start what they need (a server on a free port) and
// stop it; they are named MMdd_HH_mm_test_<what>.js.
const path = require("node:path");
const { defineConfig } = require("@playwright/test");

const artifacts = path.join(__dirname, "..", "..", "test-results");

module.exports = defineConfig({
  testDir: __dirname,
  testMatch: "**/*test_*.js",
  outputDir: path.join(artifacts, "playwright"),
  workers: 1, // the tests measure how quickly a page reacts: no two at once on two cores
  timeout: 90_000,
  expect: { timeout: 15_000 },
  forbidOnly: Boolean(process.env.CI),
  reporter: [["list"]],
  use: {
    viewport: { width: 1280, height: 800 },
    screenshot: "only-on-failure",
    trace: "retain-on-failure",
    launchOptions: {
      executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
      args: [
        "--no-sandbox", // CI runs as root
        "--disable-gpu",
        "--disable-quic",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
      ],
    },
  },
});
