// How do the tests drive a real browser, and how do they notice what a page did wrong?
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { mkdir, readFile } from "node:fs/promises";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium } from "playwright-core";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** Where pictures of the pages are kept for people to look at; nowhere unless this is set. */
const PICTURES = process.env.SYMBOLON_PICTURES;
const QUIET = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const WIDTHS = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 900 } };
const SCHEMES = ["light", "dark"];

function installed() {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const paths = ["chromium", "chromium-browser", "google-chrome"].flatMap((name) => folders.map((f) => join(f, name)));
  const found = paths.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  assert.ok(found, "there is no chromium: `make test` installs it");
  return found;
}

/** The browser, with an empty profile. */
export function launch() {
  return chromium.launch({ executablePath: installed(), args: QUIET, chromiumSandbox: process.getuid() !== 0 });
}

/** A profile of its own in the browser: no cookie, no history, a window of the width of a desk. */
export class Profile {
  static async fresh(browser, options = {}) {
    const profile = new Profile();
    profile.context = await browser.newContext({ viewport: WIDTHS.desktop, locale: "en-GB", ...options });
    profile.complaints = [];
    profile.context.on("weberror", (error) => profile.complaints.push(String(error.error())));
    profile.context.on("console", (message) => profile.listen(message));
    profile.page = await profile.context.newPage();
    return profile;
  }

  /** Anything that the browser complains about. That a page has the status of an error is no complaint. */
  listen(message) {
    const expected = message.text().startsWith("Failed to load resource: the server responded with a status of 4");
    if (["error", "warning"].includes(message.type()) && !expected) this.complaints.push(message.text());
  }

  /** Closes the profile; fails if a script failed or a page broke its own policy. */
  async close() {
    await this.context.close();
    assert.deepEqual(this.complaints, [], "the console is empty");
  }
}

/** Writes a picture of the whole page at one pixel a CSS pixel, as a person's screenshot would be. */
export async function screenshot(page, path) {
  await page.screenshot({ path, fullPage: true, animations: "disabled" });
  return path;
}

/** Signs in with the password on the page that asks for it. */
export async function password(page, login, secret) {
  const form = page.locator("form[action='/login/password']");
  await form.getByLabel("User name").fill(login);
  await form.getByLabel("Password", { exact: true }).fill(secret);
  await form.getByRole("button", { name: "Continue" }).click();
}

/** Says that it is one's own name. By its value: on the page before, a button of the same name waits for the password. */
export async function confirmed(page) {
  await page.locator("button[value=continue]").click();
}

/** Signs in by one of the other ways of the page; the name is typed where the page asks for it. */
export async function other(page, way, { login, code }) {
  const form = page.locator("form", { has: page.getByLabel(way, { exact: true }) });
  const line = page.locator("summary", { hasText: way });
  if (!(await form.getByLabel(way, { exact: true }).isVisible())) await line.click();
  if (login) await form.getByLabel("User name").fill(login);
  await form.getByLabel(way, { exact: true }).fill(code);
  await form.getByRole("button").click();
}

/** Registers a terminal as a device of whoever is signed in, from pictures of the wizard, which stays open. */
export async function enrol(page, town, terminal, { look = async () => {}, before = async () => {} } = {}) {
  await page.goto(`${town.issuer}/account/devices/new`);
  await look("wizard-start");
  await page.getByRole("button", { name: "Begin" }).click();
  await before();
  await register(page, terminal, look);
}

/** The same from the wizard on. */
export async function register(page, terminal, look = async () => {}) {
  await page.getByRole("img", { name: "QR code" }).waitFor();
  await look("wizard-scan");
  const picture = await screenshot(page, terminal.file("enrol.png"));
  const enrolling = terminal.run("enrol", picture, "--name", "Laptop", "--decision", "approve");
  const { code } = await enrolling.event("code");
  // The step comes by itself: nothing is reloaded here.
  await page.getByLabel("digits that it shows").waitFor();
  await look("wizard-code");
  await page.getByLabel("digits that it shows").fill(code);
  await page.getByRole("button", { name: "This is my device" }).click();
  await enrolling.event("number_needed");
  const number = page.locator(".number [aria-hidden]");
  await number.waitFor();
  await look("wizard-first");
  enrolling.type(await number.textContent());
  await enrolling.event("enrolled");
  assert.equal(await enrolling.exit(), 0);
  await page.locator("[data-step=done]").getByText("The device is active.").waitFor();
  await look("wizard-done");
}

/** Has the terminal answer the code on the page, and returns the digits that it shows, if it shows any. */
export async function scan(page, terminal, { decision = "approve", digits = true } = {}) {
  await page.getByRole("img", { name: "QR code" }).waitFor();
  const picture = await screenshot(page, terminal.file("scan.png"));
  const scanning = terminal.run("scan", picture, "--decision", decision);
  const shown = digits ? (await scanning.event("show")).code : null;
  const exit = await scanning.exit();
  assert.equal(exit, decision === "approve" ? 0 : 1, scanning.words);
  return shown;
}

/** Looks at a page as people meet it, wide and narrow, light and dark, and with the eyes of an accessibility checker. */
export async function inspect(page, name) {
  const before = page.viewportSize();
  for (const [width, size] of Object.entries(WIDTHS)) {
    await page.setViewportSize(size);
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme });
      const where = `${name}-${width}-${colorScheme}`;
      if (PICTURES) {
        await mkdir(PICTURES, { recursive: true });
        await screenshot(page, join(PICTURES, `${where}.png`));
      }
      assert.deepEqual(await violations(page), [], where);
      const overflow = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
      assert.ok(overflow <= 0, `${where} is ${overflow} pixels wider than the screen`);
    }
  }
  const { silent, proposed } = await page.evaluate(manners);
  assert.deepEqual(silent, [], `${name}: password managers are told what each field is`);
  assert.ok(proposed.length <= 1, `${name} proposes more than one thing: ${proposed}`);
  await page.setViewportSize(before);
  await page.emulateMedia({ colorScheme: null });
}

/** Fields that do not say what is filled into them, and the buttons that stand out. */
function manners() {
  const seen = (element) => element.checkVisibility();
  const fields = [...document.querySelectorAll("input:not([type=hidden], [type=radio])")].filter(seen);
  const silent = fields.filter((field) => !field.autocomplete).map((field) => field.outerHTML);
  const isFilled = (button) => getComputedStyle(button).backgroundColor !== "rgba(0, 0, 0, 0)";
  const proposed = [...document.querySelectorAll("main .button")].filter(seen).filter(isFilled);
  return { silent, proposed: proposed.map((button) => button.textContent) };
}

/** What axe finds, each with the elements. */
async function violations(page) {
  const loaded = await page.evaluate("typeof axe");
  if (loaded === "undefined") await page.evaluate(AXE);
  const found = await page.evaluate("axe.run({ resultTypes: ['violations'] }).then((result) => result.violations)");
  return found.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`);
}
