// Does a person get from a password to a device, and with it into the shop, in a real browser?
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Profile, confirmed, enrol, launch, password, scan, screenshot } from "./browser.mjs";
import { PASSWORD, Terminal, Town } from "./town.mjs";

describe("a person with a device", { concurrency: false }, () => {
  let town, browser, terminal, known;

  before(async () => {
    [town, browser, terminal] = await Promise.all([Town.open(), launch(), Terminal.open()]);
  });
  after(async () => {
    await browser?.close();
    await Promise.all([town?.close(), terminal?.close()]);
  });

  test("registers it from a screenshot of the portal, and the page follows without a reload", async () => {
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    await page.goto(`${town.issuer}/account`);
    await password(page, "alice", PASSWORD);
    await page.getByRole("heading", { name: "Hello, Alice Example" }).waitFor();
    await page.getByText("No device yet").waitFor();
    await enrol(page, town, terminal);
    await page.getByRole("link", { name: "To your account" }).click();
    const card = page.locator("li.device").filter({ hasText: "Laptop" });
    await card.getByText("Active", { exact: true }).waitFor();
    await profile.close();
  });

  test("signs in to the shop in a fresh profile: scan, six digits, is this you", async () => {
    known = await Profile.fresh(browser);
    const { page } = known;
    await page.goto(`${town.shop}/sign-in`);
    await page.getByText("to continue to The Shop").waitFor();
    const digits = await scan(page, terminal);
    assert.match(digits, /^\d{6}$/);
    await page.getByLabel("Type the code that your device shows").fill(digits);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByRole("heading", { name: "Is this you?" }).waitFor();
    await page.getByText("You are Alice Example").waitFor();
    await confirmed(page);
    await claims(page, ["Alice Example", "urn:symbolon:acr:mfa", "swk", "pin", "mca"]);
  });

  test("signs in again in the same profile with a tap, and the page goes on by itself", async () => {
    const { page } = known;
    await leave(page);
    await page.goto(`${town.shop}/sign-in`);
    const arrived = page.waitForURL(`${town.shop}/`);
    await scan(page, terminal, { digits: false });
    await arrived;
    await claims(page, ["Alice Example", "urn:symbolon:acr:mfa"]);
    await known.close();
  });

  test("scans from a screen with dark colours", async () => {
    const profile = await Profile.fresh(browser, { colorScheme: "dark" });
    const { page } = profile;
    await page.goto(`${town.shop}/sign-in`);
    const ground = await page.evaluate("getComputedStyle(document.body).backgroundColor");
    assert.ok(ground.match(/\d+/g).slice(0, 3).every((part) => Number(part) < 64), `${ground} is dark`);
    const digits = await scan(page, terminal);
    await page.getByLabel("Type the code that your device shows").fill(digits);
    await page.keyboard.press("Enter");
    await confirmed(page);
    await claims(page, ["Alice Example"]);
    await profile.close();
  });

  test("signs in with the authenticator of the same device, which leads back by itself", async () => {
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    await page.goto(`${town.shop}/sign-in`);
    const link = await page.getByRole("link", { name: "The authenticator is on this device" }).getAttribute("href");
    const opening = terminal.run("open", link, "--decision", "approve");
    const { url } = await opening.event("show");
    assert.equal(await opening.exit(), 0);
    await page.getByText("Go on in the app").first().waitFor();
    assert.ok(!(await page.getByLabel("Type the code that your device shows").count()), "there is nothing to type");
    const back = await profile.context.newPage();
    await back.goto(url);
    await back.getByRole("heading", { name: "Is this you?" }).waitFor();
    assert.ok(!back.url().includes("#"), "the code has left the address line");
    await confirmed(back);
    await claims(back, ["Alice Example"]);
    await profile.close();
  });

  test("denies, and the page says so and offers a new code", async () => {
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    await page.goto(`${town.shop}/sign-in`);
    await scan(page, terminal, { decision: "deny", digits: false });
    await page.getByText("The sign-in was denied on the device.").first().waitFor();
    await page.getByRole("button", { name: "New code" }).click();
    await page.getByRole("img", { name: "QR code" }).waitFor();
    await profile.close();
  });

  async function leave(page) {
    await page.goto(`${town.issuer}/account`);
    await page.getByRole("button", { name: "Sign out", exact: true }).click();
    await page.getByRole("heading", { name: "You are signed out" }).waitFor();
    await page.context().clearCookies({ domain: "127.0.0.1" });
  }

  async function claims(page, wanted) {
    await page.waitForURL(`${town.shop}/`);
    const text = await page.locator("body").textContent();
    for (const claim of wanted) assert.ok(text.includes(claim), `${claim} is missing: ${text}`);
  }
});

describe("a person without script", { concurrency: false }, () => {
  let town, browser, terminal;

  before(async () => {
    [town, browser, terminal] = await Promise.all([Town.open(), launch(), Terminal.open()]);
  });
  after(async () => {
    await browser?.close();
    await Promise.all([town?.close(), terminal?.close()]);
  });

  test("registers a device", async () => {
    const profile = await Profile.fresh(browser, { javaScriptEnabled: false });
    const { page } = profile;
    await page.goto(`${town.issuer}/account`);
    await password(page, "alice", PASSWORD);
    await page.getByRole("button", { name: "Add a device" }).click();
    const picture = await screenshot(page, terminal.file("enrol.png"));
    const enrolling = terminal.run("enrol", picture, "--name", "Laptop", "--decision", "approve");
    const { code } = await enrolling.event("code");
    await renewed(page, page.getByLabel("digits that it shows"));
    assert.equal(await page.locator("meta[http-equiv=refresh]").count(), 0, "what is typed is not lost");
    await page.getByLabel("digits that it shows").fill(code);
    await page.getByRole("button", { name: "This is my device" }).click();
    enrolling.type(await page.locator(".number [aria-hidden]").textContent());
    await enrolling.event("enrolled");
    await renewed(page, page.getByText("The device is active."));
    await profile.close();
  });

  test("signs in to the shop with the code on a page that renews itself", async () => {
    const profile = await Profile.fresh(browser, { javaScriptEnabled: false });
    const { page } = profile;
    await page.goto(`${town.shop}/sign-in`);
    await page.getByRole("link", { name: "Show the code on a page that renews itself" }).click();
    const digits = await scan(page, terminal);
    await renewed(page, page.getByLabel("Type the code that your device shows"));
    assert.equal(await page.locator("meta[http-equiv=refresh]").count(), 0, "what is typed is not lost");
    await page.getByLabel("Type the code that your device shows").fill(digits);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await confirmed(page);
    await page.waitForURL(`${town.shop}/`);
    assert.match(await page.locator("body").textContent(), /Hello, Alice Example/);
    await profile.close();
  });

  /** Waits until the page, which loads itself again and again, has the element. */
  async function renewed(page, element) {
    while ((await element.count()) === 0) await page.waitForEvent("load");
  }
});
