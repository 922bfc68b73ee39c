// What the tests of the pages share: the browser, a page that is watched, and what is counted.
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import Axe from "@axe-core/playwright";
import { chromium } from "playwright-core";

const AxeBuilder = Axe.default ?? Axe;
const build = process.env.EXRAY_BUILD ?? "../../build/dev";
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

export const folder = path.resolve(process.argv[2] ?? path.join(build, "pages"));
export const address = (name) => pathToFileURL(path.join(folder, `${name}.html`)).href;

let passed = 0;
let failed = 0;

export function check(name, problems) {
  const list = Array.isArray(problems) ? problems : problems ? [] : ["is false"];
  if (list.length === 0) {
    passed++;
    return;
  }
  failed++;
  console.log(`FAILED ${name}\n  ${list.join("\n  ")}`);
}

export function same(name, got, expected) {
  const [a, b] = [JSON.stringify(got), JSON.stringify(expected)];
  check(name, a === b ? [] : [`got ${a}`, `not ${b}`]);
}

// A page that tells what it should not do: speak on the console, ask for anything, run anything.
// What it may ask for besides itself: addresses that begin with one of "allowed".
export async function open(browser, name, options, allowed = []) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
  const page = await context.newPage();
  const noise = [];
  const silent = ["data:image/svg+xml,", ...allowed];
  page.on("console", (message) => noise.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => noise.push(`error: ${error}`));
  page.on("dialog", (dialog) => { noise.push("a dialog: a script ran"); dialog.dismiss(); });
  page.on("request", (request) => {
    const url = request.url().split("#")[0];
    if (url !== address(name) && !silent.some((start) => url.startsWith(start))) noise.push(`request: ${url}`);
  });
  await page.goto(address(name));
  return { context, page, noise };
}

export async function violations(page) {
  const found = (await new AxeBuilder({ page }).withTags(tags).analyze()).violations;
  return found.map((v) => `${v.id}: ${v.nodes.slice(0, 4).map((n) => n.target.join(" ")).join(" | ")} ${
    v.nodes[0]?.any[0]?.message ?? ""}`);
}

// What a page with hostile text has become: "foreign" selects the elements that only such text
// could have made.
export const made = (page, foreign) => page.evaluate((selector) => ({
  scripts: document.scripts.length,
  foreign: document.querySelectorAll(selector).length,
  handlers: [...document.querySelectorAll("*")].filter((e) =>
    [...e.attributes].some((a) => a.name.startsWith("on"))).length,
  outside: [...document.links].filter((a) => !a.getAttribute("href").startsWith("#")).length,
  titles: document.querySelectorAll("h1").length,
  text: document.body.textContent,
}), foreign);

export const turned = (text) => /[\u202a-\u202e\u2066-\u2069]/.test(text);

// Runs the tests in a browser and ends the process with what they counted.
export async function run(needed, maker, tests) {
  if (!fs.existsSync(path.join(folder, needed))) {
    console.log(`no pages in ${folder}: run ${maker} first`);
    process.exit(1);
  }
  const browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  try {
    await tests(browser);
  } finally {
    await browser.close();
  }
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed ? 1 : 0);
}
