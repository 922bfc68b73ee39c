// The report pages in a browser: accessible in every colour scheme and width, complete without
// script, silent on the console, no request of any kind, and nothing that a server said is run.
//
//   node report.mjs [FOLDER]     the folder with broken.html, healthy.html and hostile.html, as
//                                tests/reports/test_html.c writes them (default: EXRAY_BUILD/pages);
//                                every other report there is looked at as well
//   SHOTS=FOLDER                 also keeps pictures there
import fs from "node:fs";
import path from "node:path";
import { address, check, folder, made, open, run, turned, violations } from "./common.mjs";

const views = [
  { name: "light", width: 1200, colorScheme: "light" },
  { name: "dark", width: 1200, colorScheme: "dark" },
  { name: "tablet", width: 768, colorScheme: "light" },
  { name: "narrow", width: 320, colorScheme: "light" },
  { name: "narrow-dark", width: 320, colorScheme: "dark" },
];

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
  const found = await made(page, "img, iframe, object, embed, form, input, base, [style]");
  check("hostile: one script, ours", found.scripts === 1);
  check("hostile: no element of theirs", found.foreign === 0 && found.titles === 1);
  check("hostile: no handler", found.handlers === 0);
  check("hostile: no link that leaves the page", found.outside === 0);
  check("hostile: shown as what it is", found.text.includes('"><script>alert(1)</script>'));
  check("hostile: direction cannot be turned", !turned(found.text));
  check("hostile: silent", noise);
  await context.close();
}

await run("broken.html", "test_html", async (browser) => {
  const pages = fs.readdirSync(folder).filter((f) => f.endsWith(".html")).map((f) => f.slice(0, -5)).sort();
  for (const name of pages) for (const view of views) await looks(browser, name, view);
  await withoutScript(browser, "broken");
  await withoutScript(browser, "healthy");
  await comfort(browser);
  await keyboard(browser);
  await print(browser);
  await hostile(browser);
});
