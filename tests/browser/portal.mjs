// Every page in a real browser: two widths, two languages, with and without JavaScript; axe must
// find nothing, nothing may stick out at 390 pixels or at 200 %, and the keyboard alone must lead
// from the login to a case. Prints TAP.
//
//   node portal.mjs BUILD-DIRECTORY [PICTURES-DIRECTORY]
//
// A state directory of its own is filled by portal-fixture; the portal runs on it on loopback, and
// where it was built, a store of events.
import { execFileSync, spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync,
  writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const require = createRequire(process.env.MIMAMORI_NODE_MODULES
  ? join(process.env.MIMAMORI_NODE_MODULES, "..", "x.js") : import.meta.url);
const CHROMIUM = "/usr/bin/chromium";
function skip(why) {
  console.log(`1..0 # SKIP ${why}`);
  process.exit(0);
}
if (!existsSync(CHROMIUM)) skip("no Chromium");
let chromium, axe;
try {
  ({ chromium } = require("playwright-core"));
  axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
} catch {
  skip("no playwright-core and axe-core: ./dev installs them");
}

const [build, pictures] = process.argv.slice(2);
const place = mkdtempSync(join(tmpdir(), "mimamori-browser-"));
const state = join(place, "state");
const storeProgram = `${build}/src/app/mimamori-eventd`;
const storeSocket = join(state, "run/eventd.sock");
const store = existsSync(storeProgram)
  ? spawn(storeProgram, ["--state", state], { stdio: "ignore" }) : undefined;
for (let i = 0; store && i < 300 && !existsSync(storeSocket); i++)
  await new Promise((done) => { setTimeout(done, 100); });
const fixture = JSON.parse(execFileSync(`${build}/src/app/portal-fixture`,
  [state, "100", ...(store ? [`unix:${storeSocket}`] : [])]));
mkdirSync(join(state, "rules"), { recursive: true });
copyFileSync(new URL("../portal/rules/found.yml", import.meta.url), join(state, "rules/found.yml"));
// A set of rules in its second state: what its page tells of an update.
const set = join(place, "set");
mkdirSync(set);
for (const name of ["first", "second"]) {
  rmSync(join(set, "first.yml"), { force: true });
  writeFileSync(join(set, `${name}.yml`), `title: ${name}\nid: ${name}\nlogsource:\n` +
    "  category: proxy\ndetection:\n  s:\n    host.name: nobody\n  condition: s\n");
  writeFileSync(join(set, "bad.yml"), "title: bad\n");
  execFileSync(`${build}/src/app/mimamori-rules`, ["update", "--yes", "--state", state,
    "--name", "sample", set]);
}
const port = await new Promise((done) => {
  const probe = createServer().listen(0, "127.0.0.1", () => {
    const { port: free } = probe.address();
    probe.close(() => done(free));
  });
});
const base = `https://127.0.0.1:${port}`;
writeFileSync(join(place, "mimamori.conf"), `portal.listen = 127.0.0.1:${port}
portal.service_name = 見本お助け隊
portal.desk_tel = 000-0000-0100
portal.desk_hours = 平日 9:00〜17:00
intake.tcp = 0.0.0.0:6514
intake.private = on
intake.address = 192.168.1.5
`);
const portal = spawn(`${build}/src/app/mimamori-portal`,
  ["--state", state, "--config", join(place, "mimamori.conf")],
  { stdio: ["ignore", "ignore", "pipe"] });
await new Promise((up, down) => {
  portal.on("exit", () => down(new Error("the portal did not start")));
  portal.stderr.on("data", (text) => { if (String(text).includes("listens on")) up(); });
});
const ARGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];
// Standards that a public page in Japan has to meet (JIS X 8341-3 is WCAG 2), and what is good.
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

// What an exception is made from: the event that the fixture's case 1 has kept.
const NEW = "/companies/1/exceptions/new?rule=5f0e7d1c-2a3b-4c5d-8e6f-0123456789ab&queue=0&seq=1";

const VISITOR = [["login", "/login"], ["error", "/no-such-page"]];
const OPERATOR = [["today", "/today"], ["today-silent", "/today?kind=silent"],
  ["companies", "/companies"], ["cases", "/cases"], ["quarantine", "/quarantine"],
  ["users", "/users"], ["programmes", "/programmes"], ["programme", "/programmes/shien"],
  ["report-whose", "/report"],
  ["rules", "/rules"], ["noise", "/rules/noise"], ["noise-company", "/companies/1/noise"],
  ["rule-try", "/rules/try"], ["rule-sets", "/rules/sets"], ["status", "/status"],
  ["cost", "/cost"],
  ["attack-operator", "/companies/1/attack"],
  ["guides-operator", "/companies/1/guides"], ["guide-operator", "/companies/1/guides/linux"],
  ["audit", "/companies/0/audit"], ["privacy-operator", "/companies/1/privacy"],
  ["home-operator", "/companies/1"], ["home-silent", "/companies/4"], ["home-new", "/companies/7"],
  ["sources-operator", "/companies/1/sources"], ["source", "/companies/1/sources/1"],
  ["readable", "/companies/1/sources/1/unread/2"], ["formats", "/formats"],
  ["coverage", "/coverage"], ["coverage-company", "/companies/1/coverage"],
  ["case-operator", "/companies/1/cases/1"],
  ["case-closed", "/companies/2/cases/3"], ["case-hostile", "/companies/6/cases/4"],
  ["cases-of-company", "/companies/1/cases?show=all"], ["report-operator", "/companies/1/report"],
  ["rules-here", "/companies/1/rules"],
  ["rule-adjust", "/rules/adjust?rule=5f0e7d1c-2a3b-4c5d-8e6f-0123456789ab"],
  ["exceptions", "/companies/1/exceptions"], ["exception-new", NEW],
  ...(store ? [["event", "/companies/1/events/0/101"]] : []),
  ["events", "/companies/1/events"], ["bad-query", "/companies/1/events?q=%28a"],
  ["second-factor", "/second-factor"], ["users", "/companies/1/users"],
  ["user", "/companies/1/users/4"]];
const PRESIDENT = [["president-home", "/companies/1"], ["president-cases", "/companies/1/cases"],
  ["president-case", "/companies/1/cases/1"], ["president-sources", "/companies/1/sources"]];
const OWNER = [["owner-programmes", "/programmes"], ["owner-programme", "/programmes/shien"]];
const FEW = [["few-programmes", "/programmes"], ["denied", "/programmes/few"]];
const COMPANY = [["home", "/companies/1"], ["company-cases", "/companies/1/cases"],
  ["case", "/companies/1/cases/1"], ["sources", "/companies/1/sources"],
  ["report", "/companies/1/report"], ["attack", "/companies/1/attack"],
  ["guides", "/companies/1/guides"], ["guide", "/companies/1/guides/linux"],
  ["guide-without", "/companies/1/guides/yamaha-rtx"],
  ["assessments", "/companies/1/assessments"], ["assessment", "/companies/1/assessments/1"],
  ["assessment-section", "/companies/1/assessments/1/sections/entrance"],
  ["privacy", "/companies/1/privacy"], ["notice", "/companies/1/notice"],
  ["password", "/password"], ["account", "/account"], ["denied", "/companies/2"]];

const TOTP = { bunseki: fixture.analyst_totp, jigyo: fixture.owner_totp,
  shokibo: fixture.few_totp };

// How keys of the catalogues begin.
const KEYS = new RegExp("^(state|page|case|home|source|field|role|err|none|time|login|report|" +
  "assess|guides?|rules_here|adjust|tailor|rule|noise|attack|event|search|formats|readable|" +
  "meaning|coverage|status|exceptions?|privacy|notice|audit|today)\\.");

let count = 0, failed = 0;
function promise(what, faults) {
  count++;
  for (const fault of faults) console.log(`# ${fault}`);
  if (faults.length > 0) failed++;
  console.log(`${faults.length > 0 ? "not ok" : "ok"} ${count} - ${what}`);
}

function totp(secret, seconds) {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  let bits = "";
  for (const c of secret) bits += letters.indexOf(c).toString(2).padStart(5, "0");
  const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(seconds / 30)));
  const mac = createHmac("sha1", key).update(step).digest();
  const at = mac[19] & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1000000).padStart(6, "0");
}

async function login(page, name) {
  await page.goto(`${base}/login`);
  await page.fill("#login", name);
  await page.fill("#secret", fixture.password);
  await page.click("main button");
  if (await page.locator("#digits").count() > 0) {
    await page.fill("#digits", totp(TOTP[name] ?? fixture.totp, Date.now() / 1000));
    await page.click("main button");
  }
}

async function axeFaults(page) {
  await page.evaluate(axe);
  const result = await page.evaluate(async (tags) => {
    const r = await window.axe.run(document, { runOnly: { type: "tag", values: tags } });
    return r.violations.map((v) => `${v.id}: ${v.nodes.length} x ${v.nodes[0].target} ` +
      v.nodes[0].failureSummary.replaceAll("\n", " "));
  }, RULES);
  return result;
}

function sticksOut(page) {
  return page.evaluate(() => {
    const wide = document.documentElement.scrollWidth - window.innerWidth;
    return wide > 1 ? [`sticks out by ${wide} pixels`] : [];
  });
}

async function lookAt(context, list, who, width, script) {
  const page = await context.newPage();
  await page.setViewportSize({ width, height: 900 });
  for (const [name, path] of list) {
    const faults = [];
    page.removeAllListeners("pageerror");
    page.on("pageerror", (e) => faults.push(`script: ${e}`));
    page.on("console", (m) => {
      if (m.text().includes("Content Security")) faults.push(m.text());
    });
    const answer = await page.goto(base + path);
    const want = { error: 404, denied: 404, "bad-query": 422 }[name] ?? 200;
    if (answer.status() !== want) faults.push(`status ${answer.status()}`);
    if (new URL(page.url()).pathname !== path.split("?")[0]) faults.push(`sent to ${page.url()}`);
    if (await page.locator("main h1").count() !== 1) faults.push("not one main heading");
    const text = await page.locator("body").innerText();
    for (const m of text.match(/\b(?:[a-z_]+\.){1,4}[a-z_]+\b/g) ?? [])
      if (KEYS.test(m) && !text.includes(`(${m})`) && !text.includes(`（${m}）`)) // a field's name
        faults.push(`a key instead of words: ${m}`);
    if (script) faults.push(...await sticksOut(page));
    if (script) faults.push(...await axeFaults(page));
    const lang = await page.locator("html").getAttribute("lang");
    if (pictures && script)
      await page.screenshot({ path: `${pictures}/${name}-${lang}-${width}.png`, fullPage: true });
    promise(`${who} ${name} ${lang} ${width}px ${script ? "script" : "no script"}`, faults);
  }
  await page.close();
}

async function speak(context, lang) {
  const page = await context.newPage();
  await page.goto(`${base}/login`);
  if (await page.locator("html").getAttribute("lang") !== lang)
    await page.click("form[action='/language'] button");
  await page.close();
}

async function everyPage(browser, state, list, who) {
  for (const script of [true, false]) {
    const context = await browser.newContext({ ignoreHTTPSErrors: true, javaScriptEnabled: script,
      storageState: state, locale: "ja-JP" });
    for (const lang of ["ja", "en"]) {
      await speak(context, lang);
      for (const width of script ? [1280, 390, 640] : [1280])
        await lookAt(context, list, who, width, script); // 640: 1280 at 200 %
    }
    await context.close();
  }
}

async function stateOf(browser, name) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, locale: "ja-JP" });
  const page = await context.newPage();
  await login(page, name);
  promise(`${name} logs in`, new URL(page.url()).pathname.match(/^\/(companies|programmes)/)
    ? [] : [`stands at ${page.url()}: ${await page.locator("main").innerText()}`]);
  const state = await context.storageState();
  await context.close();
  return state;
}

// Tab until the focus is where `reached` says; what stands under the focus must be visible.
async function tabTo(page, reached, faults) {
  for (let i = 0; i < 80; i++) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(() => {
      const e = document.activeElement, r = e.getBoundingClientRect(), s = getComputedStyle(e);
      return { id: e.id, tag: e.tagName, text: e.innerText ?? "",
        href: e.getAttribute("href") ?? "", shown: r.width > 0 && r.height > 0,
        ring: s.outlineStyle !== "none" };
    });
    if (at.tag === "BODY") continue;
    if (!at.shown || !at.ring) faults.push(`focus cannot be seen on ${at.tag} ${at.text}`);
    if (reached(at)) return true;
  }
  return false;
}

async function keyboardOnly(browser) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, locale: "ja-JP" });
  const page = await context.newPage();
  const faults = [];
  await page.goto(`${base}/login`);
  if (!await tabTo(page, (at) => at.id === "login", faults)) faults.push("no login field");
  await page.keyboard.type("hanako");
  await page.keyboard.press("Tab");
  await page.keyboard.type(fixture.code); // the printed one-time code
  await page.keyboard.press("Enter");
  await page.waitForURL("**/companies/1");
  if (!await tabTo(page, (at) => at.href.endsWith("#requests"), faults)) faults.push("no case");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/cases/*");
  if (!await tabTo(page, (at) => at.tag === "INPUT", faults)) faults.push("no answer");
  await page.keyboard.press("Space");
  if (!await tabTo(page, (at) => at.tag === "BUTTON", faults)) faults.push("no button");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".request-done", { timeout: 10000 })
    .catch(() => faults.push("the answer is not shown"));
  promise("the keyboard alone leads from the login to a case and answers a request", faults);
  await context.close();
}

// A helper without JavaScript makes a kind of line readable: refused, tried, put to use.
// The first look, begun and answered on a telephone's width by who knows neither the program nor
// the words, without JavaScript: section by section, each answered and saved.
async function answerFirstLook(browser, state) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, javaScriptEnabled: false,
    storageState: state, locale: "ja-JP", viewport: { width: 390, height: 844 } });
  const page = await context.newPage();
  const faults = [];
  let sections = 0, clicks = 0;
  await page.goto(`${base}/companies/1/assessments`);
  await page.click('form:has(input[value="first-look"]) button');
  await page.click("main ol a >> nth=0");
  while (page.url().includes("/sections/") && sections < 9) {
    const asked = await page.locator("fieldset:has(input[type=radio])").all();
    for (const [at, set] of asked.entries()) {
      await set.locator("input[type=radio]").nth((at + sections) % 4).check();
      clicks++;
    }
    if (pictures) await page.screenshot({ fullPage: true,
      path: `${pictures}/first-look-${sections}-390.png` });
    await page.click('button[value="next"]');
    sections++;
  }
  if (sections !== 4 || clicks !== 12) faults.push(`${sections} sections, ${clicks} answers`);
  const text = await page.locator("main").innerText();
  for (const words of ["12問のうち12問", "まずこの三つ", "100点のうち", "すべて答えました"])
    if (!text.includes(words)) faults.push(`not on the page: ${words}`);
  if (pictures) await page.screenshot({ fullPage: true,
    path: `${pictures}/first-look-result-390.png` });
  promise("the first look is answered at 390 pixels without JavaScript", faults);
  await context.close();
}

async function makeReadable(browser, state) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, storageState: state,
    locale: "ja-JP", javaScriptEnabled: false, viewport: { width: 390, height: 844 } });
  const page = await context.newPage();
  const faults = [];
  await speak(context, "ja");
  await page.goto(`${base}/companies/1/sources/1`);
  await page.click("a.button[href$='/unread/2']");
  await page.click("button[value='save']");
  if (!(await page.locator(".errors").innerText()).includes("題")) faults.push("no title, no word");
  await page.selectOption("select:below(:text('192.0.2.7'))", "source.ip");
  await page.fill("#title", "ファイルサーバー");
  await page.fill("#name", "nas");
  await page.click("button[value='try']");
  const tried = await page.locator("#draft").innerText();
  if (!tried.includes("すべて読めました")) faults.push(`not read: ${tried}`);
  if (pictures) await page.screenshot({ path: `${pictures}/readable-tried.png`, fullPage: true });
  await page.click("button[value='save']");
  if (new URL(page.url()).pathname !== "/formats") faults.push(`stands at ${page.url()}`);
  if (!(await page.locator("main").innerText()).includes("nas")) faults.push("not listed");
  promise("without JavaScript, at 390 pixels, a kind of line is made readable", faults);
  await context.close();
}

// A file of rules: refused as too large and as another type, looked at, taken.
async function uploadRules(browser, state) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, storageState: state,
    locale: "ja-JP", viewport: { width: 390, height: 844 } });
  const page = await context.newPage();
  const faults = [];
  const large = join(place, "large.zip");
  const send = async (file) => {
    await page.goto(`${base}/rules/sets`);
    await page.setInputFiles("#file", file);
    await page.click("form[enctype] button");
    return page.locator("main").innerText();
  };
  const look = async (name) => {
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 844 });
      faults.push(...await sticksOut(page), ...await axeFaults(page));
      if (pictures)
        await page.screenshot({ path: `${pictures}/${name}-${width}.png`, fullPage: true });
    }
  };
  await speak(context, "ja");
  writeFileSync(large, "");
  truncateSync(large, 100 * 1000 * 1000);
  if (!(await send(large)).includes("32MBまで")) faults.push("too large: no word");
  await look("upload-large");
  if (!(await send({ name: "setup.exe", mimeType: "application/octet-stream",
    buffer: Buffer.from("MZ") })).includes("この種類のファイルは")) faults.push("a type: no word");
  await look("upload-type");
  const rule = (id) => `title: Rule ${id}\nid: ${id}\nlogsource:\n  category: proxy\n` +
    "detection:\n  s:\n    c-uri|contains: evil\n  condition: s\n";
  const looked = await send({ name: "win rules.yml", mimeType: "text/yaml",
    buffer: Buffer.from(`${rule("up-1")}---\n${rule("up-2")}---\ntitle: Bad\n`) });
  if (!looked.includes("追加2、変更0、削除0")) faults.push(`looked at: ${looked}`);
  await look("upload-looked");
  await page.click("form[action$='/take'] button");
  const sets = await page.locator("#wishes").innerText();
  if (!sets.includes("win_rules: 入れ替え")) faults.push(`taken: ${sets}`);
  await look("upload-taken");
  promise("a file of rules is refused, looked at and taken", faults);
  await context.close();
}

// An exception without JavaScript: refused, tried, proposed, agreed to by somebody else, ended.
async function makeException(browser, proposer, second) {
  const at390 = { ignoreHTTPSErrors: true, locale: "ja-JP", javaScriptEnabled: false,
    viewport: { width: 390, height: 844 } };
  const context = await browser.newContext({ ...at390, storageState: proposer });
  const other = await browser.newContext({ ...at390, storageState: second });
  const page = await context.newPage();
  const faults = [];
  const shot = async (p, name) => {
    faults.push(...await sticksOut(p));
    if (pictures) await p.screenshot({ path: `${pictures}/${name}.png`, fullPage: true });
  };
  await speak(context, "ja");
  await speak(other, "ja");
  await page.goto(`${base}/companies/1/cases/1`);
  await page.locator("details", { hasText: "この検知を例外にする" }).locator("summary").click();
  await page.click("a[href*='/exceptions/new']");
  await page.click("button[value='save']");
  if (await page.locator("#terms-error, #reason-error").count() !== 2) faults.push("not refused");
  await shot(page, "exception-refused");
  await page.check("input[value='source.ip']");
  await page.fill("input[name='value.source.ip']", "192.0.2.0/24");
  await page.selectOption("select[name='how.source.ip']", "cidr");
  await page.click("button[value='try']");
  const tried = await page.locator("#trial").innerText();
  if (!tried.includes("10件（うち最も重い「最高」: 1件）")) faults.push(`tried: ${tried}`);
  await shot(page, "exception-tried");
  await page.fill("#reason", "点検の機器と確認済み");
  await page.click("button[value='save']");
  if (!(await page.locator("main").innerText()).includes("あなたが提案したものです"))
    faults.push(`not proposed: ${page.url()}`);
  await shot(page, "exception-proposed");
  const reader = await other.newPage();
  await reader.goto(`${base}/companies/1/exceptions`);
  await reader.click("form[action$='/agree'] button");
  if (!(await reader.locator("main").innerText()).includes("あと90日")) faults.push("not in force");
  await shot(reader, "exception-in-force");
  await reader.click("form[action$='/end'] button");
  await reader.click("summary");
  const ended = await reader.locator("details").innerText();
  if (!ended.includes("点検の機器") || !ended.includes("取りやめた")) faults.push(`end: ${ended}`);
  await shot(reader, "exception-ended");
  promise("without JavaScript, at 390 pixels, an exception is made, agreed to and ended", faults);
  await context.close();
  await other.close();
}

// What may be printed: no controls, nothing cut, at its head whose it is, as of when, by whom.
async function onPaper(browser, state, list, who, head) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, storageState: state,
    locale: "ja-JP", viewport: { width: 688, height: 1009 } }); // A4 without its margins
  const page = await context.newPage();
  await speak(context, "ja");
  await page.emulateMedia({ media: "print" });
  for (const [name, path] of list) {
    await page.goto(base + path);
    const faults = await sticksOut(page);
    faults.push(...await page.evaluate((words) => {
      const shown = (e) => e.getClientRects().length > 0, found = [];
      for (const e of document.querySelectorAll("nav, button, .button, .skip, .noprint"))
        if (shown(e)) found.push(`on paper: ${e.tagName} ${e.innerText}`);
      for (const e of document.querySelectorAll("main details:not(.noprint) > *, main table"))
        if (!shown(e) || e.getBoundingClientRect().right > window.innerWidth + 1)
          found.push(`cut or folded: ${e.tagName} ${e.innerText.slice(0, 40)}`);
      for (const e of document.querySelectorAll("main a:not(.button), .papers"))
        if (getComputedStyle(e).color !== "rgb(0, 0, 0)") found.push(`pale: ${e.innerText}`);
      const top = document.querySelector(".papers").innerText;
      for (const word of [...words, String(new Date().getFullYear())])
        if (!top.includes(word)) found.push(`the head does not say ${word}: ${top}`);
      return found;
    }, head));
    const pdf = (await page.pdf({ preferCSSPageSize: true })).toString("latin1");
    if (!/MediaBox \[0 0 59[45]\.\d+ 84[12]\.\d+\]/.test(pdf)) faults.push("not A4");
    const sheets = (pdf.match(/\/Type\s*\/Page\b/g) ?? []).length;
    if (sheets < 1 || sheets > 4) faults.push(`${sheets} sheets`);
    if (pictures) writeFileSync(`${pictures}/${who}-${name}.pdf`, pdf, "latin1");
    promise(`${who} prints ${name}`, faults);
  }
  await context.close();
}

// In a text browser the same page must read from top to bottom.
function textOf(path, cookies, columns) {
  return execFileSync("w3m", ["-dump", "-cols", String(columns),
    "-o", `ssl_ca_file=${join(place, "state/tls/cert.pem")}`,
    "-o", "accept_language=ja", "-header", `Cookie: ${cookies}`,
    `https://localhost:${port}${path}`],
  { env: { ...process.env, HOME: place, LC_ALL: "C.UTF-8" }, encoding: "utf8" });
}

function inText(path, cookies, wanted) {
  const text = textOf(path, cookies, 80);
  const faults = wanted.filter((w) => !text.includes(w)).map((w) => `w3m does not show ${w}`);
  promise(`w3m reads ${path}`, faults);
}

// What stands on the page in Chromium without folding anything stands there in w3m, too.
async function readsAlike(browser, who, state, name, path) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, storageState: state,
    locale: "ja-JP", javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(base + path);
  const wanted = await page.locator("main h1, main h2, main th, main dt, main label")
    .evaluateAll((list) => list.map((e) => e.innerText.split("\n")[0].trim()));
  await context.close();
  const text = textOf(path, state.cookies.map((c) => `${c.name}=${c.value}`).join("; "), 400)
    .replaceAll(/\s/g, ""); // as wide as no cell of a table is broken
  promise(`w3m reads what Chromium shows: ${who} ${name}`, wanted
    .filter((w) => !text.includes(w.replaceAll(/\s/g, ""))).slice(0, 5)
    .map((w) => `w3m does not show ${w}`));
}

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGS,
  env: { ...process.env, HOME: place } });
try {
  await everyPage(browser, undefined, VISITOR, "visitor");
  const company = await stateOf(browser, "hanako");
  await answerFirstLook(browser, company);
  await everyPage(browser, company, COMPANY, "company");
  const operator = await stateOf(browser, "soc");
  const president = await stateOf(browser, "shacho");
  await everyPage(browser, president, PRESIDENT, "president");
  await everyPage(browser, operator, OPERATOR, "operator");
  await everyPage(browser, await stateOf(browser, "jigyo"), OWNER, "owner");
  await everyPage(browser, await stateOf(browser, "shokibo"), FEW, "owner of few");
  await onPaper(browser, company, COMPANY.filter(([, path]) => path.startsWith("/companies/1")),
    "company",
    ["見本製作所1", "総務 花子"]);
  await onPaper(browser, president, PRESIDENT, "president", ["見本製作所1", "社長 太郎"]);
  await onPaper(browser, operator, OPERATOR.filter(([name]) => /^(home|case)-op/.test(name)),
    "operator", ["見本製作所1", "見守 花"]);
  await onPaper(browser, operator, [["programme", "/programmes/shien"]], "operator", ["見守 花"]);
  await makeReadable(browser, operator);
  await uploadRules(browser, operator);
  if (store) await makeException(browser, operator, await stateOf(browser, "bunseki"));
  await keyboardOnly(browser);
  const cookies = company.cookies.map((c) => `${c.name}=${c.value}`).join("; ");
  if (existsSync("/usr/bin/w3m")) {
    inText("/login", "", ["ログインID", "パスワード", "000-0000-0100"]);
    inText("/companies/1", cookies, ["すぐに対応が必要なことがあります", "いまやること",
      "ウイルスが外の指示を待つ通信の疑い", "1階のルーター", "000-0000-0100"]);
    inText("/companies/1/cases/1", cookies, ["まずやること", "お願いしていること",
      "これまでの経過"]);
    inText("/companies/1/report", cookies, ["アイコンやマウスが勝手に動いた", "知らせる"]);
    for (const [who, state, list] of [["company", company, COMPANY],
      ["president", president, PRESIDENT], ["operator", operator, OPERATOR]])
      for (const [name, path] of list)
        await readsAlike(browser, who, state, name, path);
  }
} finally {
  await browser.close();
  portal.removeAllListeners("exit");
  portal.kill();
  store?.kill();
  rmSync(place, { recursive: true, force: true });
}
console.log(`1..${count}`);
process.exit(failed === 0 && count > 0 ? 0 : 1);
