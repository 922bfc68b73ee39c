// The report pages in a browser: accessible in every colour scheme and width, complete without
// script, silent on the console, no request of any kind, and nothing that a server said is run.
//
//   node report.mjs [FOLDER]     the folder with broken.html, healthy.html and hostile.html, as
//                                tests/reports/test_html.c writes them (default: EXRAY_BUILD/pages);
//                                every other report there is looked at as well, and those in its
//                                folder "once" from one side only
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
    await page.screenshot({ path: path.join(process.env.SHOTS, `${path.basename(name)}-${view.name}.png`), fullPage: true });
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

async function hostile(browser, name) {
  const { context, page, noise } = await open(browser, name, {});
  await page.waitForTimeout(300);
  const found = await made(page, "img, iframe, object, embed, form, input, base, [style]");
  check(`${name}: one script, ours`, found.scripts === 1);
  check(`${name}: no element of theirs`, found.foreign === 0 && found.titles === 1);
  check(`${name}: no handler`, found.handlers === 0);
  check(`${name}: no link that leaves the page`, found.outside === 0);
  check(`${name}: shown as what it is`, found.text.includes('"><script>alert(1)</script>'));
  check(`${name}: direction cannot be turned`, !turned(found.text));
  await page.setViewportSize({ width: 320, height: 900 });
  await openAll(page);
  check(`${name}: no horizontal scrolling`, await overflow(page, 320));
  check(`${name}: silent`, noise);
  await context.close();
}

// The picture of a chain that lacks a certificate: its order, the gap seen and said, the same in
// words, and a fingerprint that can be copied whole.
async function chain(browser) {
  const { context, page, noise } =
    await open(browser, "trust-missing", { permissions: ["clipboard-read", "clipboard-write"] });
  const boxes = page.locator("#chain .cert");
  check("chain: from the server's certificate to the root",
    (await boxes.locator("h3").allTextContents()).join() === "mail.contoso.example,Contoso Issuing CA 2,Contoso Root CA");
  const border = (i) => boxes.nth(i).evaluate((e) => getComputedStyle(e).borderBottomStyle);
  check("chain: the missing one alone is dashed",
    (await Promise.all([0, 1, 2].map(border))).join() === "solid,dashed,solid");
  check("chain: what is missing is said", (await boxes.nth(1).textContent()).includes("Missing"));
  check("chain: the picture names its text",
    await page.locator("#chain ol").evaluate((e) => document.getElementById(e.getAttribute("aria-describedby"))
      .textContent.includes("It is signed by Contoso Issuing CA 2 (Missing: ")));
  await page.locator("#chain-table summary").click();
  const shown = await page.locator("code.fp").first().textContent();
  await page.getByRole("button", { name: "Copy fingerprint 1" }).click();
  check("chain: a fingerprint is copied whole",
    shown.length === 64 && (await page.evaluate(() => navigator.clipboard.readText())) === shown);
  await page.emulateMedia({ media: "print" });
  check("chain: the table is printed", await page.locator("code.fp").first().isVisible());
  check("chain: silent", noise);
  await context.close();
}

// What the answers of Autodiscover say: side by side on a wide page, as cards on a narrow one, what
// differs and what is used said in words, and each answer leads to the step that got it.
async function answers(browser) {
  const { context, page, noise } = await open(browser, "discovery-moved", {});
  const rows = page.locator("#answers tbody tr");
  const words = async (i) => (await rows.nth(i).textContent()).replace(/\s+/g, " ");
  const tops = () => rows.first().locator("td").evaluateAll((cells) =>
    new Set(cells.map((cell) => Math.round(cell.getBoundingClientRect().top))).size);
  check("answers: one row each", (await rows.count()) === 2);
  check("answers: the used one is named", (await words(0)).includes("Used") && !(await words(1)).includes("Used"));
  check("answers: what differs is said", (await words(0)).includes("differs from SOAP") && (await words(1)).includes("differs from POX"));
  check("answers: a table on a wide page", (await tops()) === 1);
  await rows.first().locator("a").click();
  check("answers: an answer leads to its step", await page.locator('[id="autodiscover.hop-1.host.request"]').isVisible());
  await page.setViewportSize({ width: 360, height: 900 });
  check("answers: cards on a narrow page", (await tops()) === (await rows.first().locator("td").count()));
  check("answers: no horizontal scrolling", await overflow(page, 360));
  check("answers: each value keeps its column's name",
    await rows.first().locator("td").first().evaluate((td) => getComputedStyle(td, "::before").content.includes("External EWS")));
  check("answers: silent", noise);
  await context.close();
}

await run("broken.html", "test_html", async (browser) => {
  const reports = (of) => fs.readdirSync(of).filter((f) => f.endsWith(".html")).map((f) => f.slice(0, -5)).sort();
  const once = path.join(folder, "once");
  const last = views[views.length - 1];
  const jobs = reports(folder).flatMap((name) => views.map((view) => [name, view]));
  jobs.push(...(fs.existsSync(once) ? reports(once) : []).map((name) => [`once/${name}`, last]));
  const work = async () => { for (let job; (job = jobs.shift());) await looks(browser, ...job); };
  await Promise.all([work(), work()]); // two cores; a page's time is that of its own renderer
  await withoutScript(browser, "broken");
  await withoutScript(browser, "healthy");
  await comfort(browser);
  await keyboard(browser);
  await print(browser);
  await hostile(browser, "hostile");
  await hostile(browser, "crowd/trust-crowded");
  await hostile(browser, "crowd/discovery-hostile");
  await chain(browser);
  await answers(browser);
});
