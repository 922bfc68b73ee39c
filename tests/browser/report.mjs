// The report pages in a browser: accessible in every colour scheme and width, complete without
// script, silent on the console, no request of any kind, and nothing that a server said is run.
//
//   node report.mjs [FOLDER]     the folder with broken.html, healthy.html and hostile.html, as
//                                tests/reports/test_html.c writes them (default: EXRAY_BUILD/pages);
//                                every other report there is looked at as well
//   SHOTS=FOLDER                 also keeps pictures there
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import Axe from "@axe-core/playwright";
import { chromium } from "playwright-core";

const AxeBuilder = Axe.default ?? Axe;
const build = process.env.EXRAY_BUILD ?? "../../build/dev";
const folder = path.resolve(process.argv[2] ?? path.join(build, "pages"));
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const views = [
  { name: "light", width: 1200, colorScheme: "light" },
  { name: "dark", width: 1200, colorScheme: "dark" },
  { name: "tablet", width: 768, colorScheme: "light" },
  { name: "narrow", width: 320, colorScheme: "light" },
  { name: "narrow-dark", width: 320, colorScheme: "dark" },
];

let passed = 0;
let failed = 0;

function check(name, problems) {
  const list = Array.isArray(problems) ? problems : problems ? [] : ["is false"];
  if (list.length === 0) {
    passed++;
    return;
  }
  failed++;
  console.log(`FAILED ${name}\n  ${list.join("\n  ")}`);
}

const address = (name) => pathToFileURL(path.join(folder, `${name}.html`)).href;

// A page that tells what it should not do: speak on the console, ask for anything, run anything.
async function open(browser, name, options) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
  const page = await context.newPage();
  const noise = [];
  page.on("console", (message) => noise.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => noise.push(`error: ${error}`));
  page.on("dialog", (dialog) => { noise.push("a dialog: a script ran"); dialog.dismiss(); });
  page.on("request", (request) => {
    const url = request.url().split("#")[0];
    if (url !== address(name) && !url.startsWith("data:image/svg+xml,")) noise.push(`request: ${url}`);
  });
  await page.goto(address(name));
  return { context, page, noise };
}

async function violations(page) {
  const found = (await new AxeBuilder({ page }).withTags(tags).analyze()).violations;
  return found.map((v) => `${v.id}: ${v.nodes.slice(0, 4).map((n) => n.target.join(" ")).join(" | ")} ${
    v.nodes[0]?.any[0]?.message ?? ""}`);
}

const overflow = (page, width) => page.evaluate((most) => {
  const root = document.documentElement;
  if (root.scrollWidth <= most) return [];
  const wide = [...document.querySelectorAll("main *, header *")]
    .filter((e) => e.getBoundingClientRect().right > most + 1 && !e.closest("svg"));
  return [`${root.scrollWidth} px wide`, ...wide.slice(0, 5).map((e) => e.outerHTML.slice(0, 120))];
}, width);

const openAll = (page) => page.evaluate(() => {
  document.querySelectorAll("details").forEach((d) => { d.open = true; });
});

async function looks(browser, name, view) {
  const { width, colorScheme } = view;
  const { context, page, noise } =
    await open(browser, name, { colorScheme, viewport: { width, height: 900 } });
  const label = `${name} ${view.name}`;
  check(`${label}: accessible`, await violations(page));
  check(`${label}: no horizontal scrolling`, await overflow(page, width));
  if (process.env.SHOTS)
    await page.screenshot({ path: path.join(process.env.SHOTS, `${name}-${view.name}.png`), fullPage: true });
  await openAll(page);
  check(`${label}: accessible with every step open`, await violations(page));
  check(`${label}: no horizontal scrolling with every step open`, await overflow(page, width));
  check(`${label}: silent`, noise);
  await context.close();
}

async function withoutScript(browser, name) {
  const { context, page, noise } = await open(browser, name, { javaScriptEnabled: false });
  check(`${name} without script: the verdict is there`, await page.locator("h1").isVisible());
  check(`${name} without script: no dead buttons`, (await page.locator("button").count()) === 0);
  await page.goto(`${address(name)}#autodiscover.host.request`);
  check(`${name} without script: a link into a closed step opens it`,
    await page.locator('[id="autodiscover.host.request"]').isVisible());
  check(`${name} without script: silent`, noise);
  await context.close();
}

async function comfort(browser) {
  const { context, page, noise } =
    await open(browser, "broken", { permissions: ["clipboard-read", "clipboard-write"] });
  await page.getByRole("button", { name: "Copy command 2" }).click();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  check("copying a command", copied.startsWith("New-ManagementRoleAssignment -Name 'Impersonation' `\n"));
  await page.getByRole("button", { name: "Open every step" }).click();
  check("opening every step", (await page.locator(".steps details:not([open])").count()) === 0);
  await page.getByRole("button", { name: "Close every step" }).click();
  check("closing every step", (await page.locator(".steps details[open]").count()) === 0);
  await page.locator(".track a", { hasText: "Inbox" }).click();
  check("a stop of the track opens its step", await page.locator("#inbox").isVisible());
  check("comfort: silent", noise);
  await context.close();
}

async function keyboard(browser) {
  const { context, page } = await open(browser, "broken", {});
  await page.keyboard.press("Tab");
  check("the first tab stop skips to the report",
    (await page.evaluate(() => document.activeElement.getAttribute("href"))) === "#main");
  await page.keyboard.press("Enter");
  check("the skip link moves the focus", (await page.evaluate(() => document.activeElement.id)) === "main");
  await page.locator(".steps summary").first().focus();
  await page.keyboard.press("Enter");
  check("Enter opens a step", await page.locator(".steps details").first().evaluate((d) => d.open));
  await context.close();
}

async function print(browser) {
  const { context, page } = await open(browser, "broken", {});
  await page.emulateMedia({ media: "print" });
  const shown = await page.locator('[id="autodiscover.host.request"] pre').first().isVisible();
  check("print: what is closed is printed as well", shown);
  check("print: a PDF", (await page.pdf({ format: "A4", printBackground: true })).length > 10000);
  await context.close();
}

async function hostile(browser) {
  const { context, page, noise } = await open(browser, "hostile", {});
  await page.waitForTimeout(300);
  const made = await page.evaluate(() => ({
    scripts: document.scripts.length,
    foreign: document.querySelectorAll("img, iframe, object, embed, form, input, base, [style]").length,
    handlers: [...document.querySelectorAll("*")].filter((e) =>
      [...e.attributes].some((a) => a.name.startsWith("on"))).length,
    outside: [...document.links].filter((a) => !a.getAttribute("href").startsWith("#")).length,
    titles: document.querySelectorAll("h1").length,
    text: document.body.textContent,
  }));
  check("hostile: one script, ours", made.scripts === 1);
  check("hostile: no element of theirs", made.foreign === 0 && made.titles === 1);
  check("hostile: no handler", made.handlers === 0);
  check("hostile: no link that leaves the page", made.outside === 0);
  check("hostile: shown as what it is", made.text.includes('"><script>alert(1)</script>'));
  check("hostile: direction cannot be turned", !/[\u202a-\u202e\u2066-\u2069]/.test(made.text));
  check("hostile: silent", noise);
  await context.close();
}

if (!fs.existsSync(path.join(folder, "broken.html"))) {
  console.log(`no pages in ${folder}: run test_html first`);
  process.exit(1);
}
const pages = fs.readdirSync(folder).filter((f) => f.endsWith(".html")).map((f) => f.slice(0, -5)).sort();
const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
try {
  for (const name of pages) for (const view of views) await looks(browser, name, view);
  await withoutScript(browser, "broken");
  await withoutScript(browser, "healthy");
  await comfort(browser);
  await keyboard(browser);
  await print(browser);
  await hostile(browser);
} finally {
  await browser.close();
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
