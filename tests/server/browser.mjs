// Walks through the page by keyboard alone, in a real browser, and lets axe look at what it meets.
//
//     node browser.mjs MODULES CHROMIUM ENDPOINT TOKEN DATASET
//
// Prints one JSON object: what was seen on the way, and what axe found on which page.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const [modules, chromium, endpoint, token, dataset] = process.argv.slice(2);
const require = createRequire(`${modules}/x.js`);
const puppeteer = require("puppeteer-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf-8");

const browser = await (puppeteer.launch ?? puppeteer.default.launch)({
  executablePath: chromium,
  args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
});
const page = await browser.newPage();
page.setDefaultTimeout(0); // what hangs is ended by pytest's own limit
const findings = [];
const complaints = [];
page.on("console", (message) => {
  if (message.type() === "error") complaints.push(message.text());
});
page.on("pageerror", (error) => complaints.push(String(error)));

async function look() {
  for (const value of ["light", "dark"]) {
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value }]);
    await page.evaluate(axe);
    const found = await page.evaluate(() => axe.run());
    for (const one of found.violations)
      findings.push(`${await page.title()} (${value}): ${one.id}: ${one.nodes[0].html}`);
  }
}

// Tab until what has the focus is called that.
async function to(name) {
  for (let presses = 0; presses < 300; presses++) {
    const called = await page.evaluate(() => {
      const here = document.activeElement;
      return here.getAttribute("aria-label") ?? here.labels?.[0]?.innerText ?? here.innerText;
    });
    if (called === name) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`${await page.title()}: no way to ${name} by the keyboard`);
}

async function enter() {
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
}

const text = (selector) => page.$eval(selector, (element) => element.innerText);
const seen = {};
try {
  await page.goto(endpoint);
  await look();
  await page.keyboard.type("wrong");
  await enter();
  seen.refused = await text(".problem");
  await page.keyboard.type(token);
  await enter();
  await look();
  await to("Part of a name");
  await page.keyboard.type(dataset);
  await enter();
  await to(dataset);
  await enter();
  await look();
  seen.firstCell = await text("td");
  await to("Generate Data Access Code");
  await enter();
  await look();
  seen.code = await text("pre");
  await to("Settings");
  await enter();
  await look();
  await to("Name");
  await page.keyboard.type("by keyboard");
  await to("Role");
  await page.keyboard.type("writer");
  await to("Make the token");
  await enter();
  await look();
  seen.made = await text("#secret");
  await to("Regenerate by keyboard");
  await enter();
  await look();
  await to("Regenerate");
  await enter();
  seen.regenerated = await text("#secret");
  for (const name of ["Users", "Usage"]) {
    await to(name);
    await enter();
    await look();
  }
  await to("Sign out");
  await enter();
  seen.last = await page.title();
} catch (error) {
  complaints.push(String(error));
} finally {
  await browser.close();
}
console.log(JSON.stringify({ seen, findings, complaints }));
