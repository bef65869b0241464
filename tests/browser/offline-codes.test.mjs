// Does a phone without network become a soft token, and later a device, in a real browser, with script and without?
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Profile, inspect, launch, other, password, register, screenshot } from "./browser.mjs";
import { read } from "./reader.mjs";
import { PASSWORD, Terminal, Town } from "./town.mjs";

describe("a phone without network", { concurrency: false }, () => {
  let town, browser;
  const phones = [];

  before(async () => {
    const settings = { SYMBOLON_ENGINE_ENROL_TRANSPORTS: "qr,offline" };
    const people = ["alice", "bob"].map((login) => ({ login, name: `${login} Example` }));
    [town, browser, phones[0], phones[1]] = await Promise.all([
      Town.open({ people, settings }),
      launch(),
      Terminal.open(),
      Terminal.open(),
    ]);
  });
  after(async () => {
    await browser?.close();
    await Promise.all([town, ...phones].map((one) => one?.close()));
  });

  test("shows ten digits for the code on the page, and is a device when it has a network", async () => {
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    await page.goto(`${town.issuer}/account`);
    await password(page, "alice", PASSWORD);
    await page.getByRole("link", { name: "My phone has no network" }).click();
    await inspect(page, "codes-start");
    await page.getByRole("button", { name: "Begin" }).click();
    assert.match(await read(page.locator(".qr")), /^HTTP:\/\/LOCALHOST:\d+\/C#[A-Z2-7]+$/);
    await page.locator("#code:focus").waitFor();
    await inspect(page, "codes-scan");

    const { digits } = await scanned(page, phones[0]);
    const typed = page.getByLabel("digits that it shows");
    await typed.fill(digits === "0000000000" ? "0000000001" : digits.replace(/.$/, (last) => (Number(last) + 1) % 10));
    await page.keyboard.press("Enter");
    await page.getByText("These are not the digits that your phone shows for this code.").waitFor();
    await page.getByText("Tries left: 4").waitFor();
    await inspect(page, "codes-wrong");
    await typed.fill(digits);
    await page.getByRole("button", { name: "Complete" }).click();
    await page.getByText("Last step: type the code that your phone shows now.").waitFor();
    assert.equal(await page.locator(".qr").count(), 0, "the share is gone");
    assert.ok(!page.url().includes("#"), page.url());
    await inspect(page, "codes-prove");
    const otp = phones[0].run("otp");
    const { code } = await otp.event("code");
    await page.getByLabel("digits that the app shows").fill(code);
    await page.getByRole("button", { name: "Add this phone" }).click();
    await page.locator("[data-step=done]").getByText("Your phone signs you in with its codes.").waitFor();
    await otp.event("upgrade");
    assert.equal(await otp.exit(), 0);
    await page.getByRole("link", { name: "To your account" }).click();
    await page.getByText("Codes only").waitFor();
    await inspect(page, "account-codes");

    await page.getByRole("link", { name: "Upgrade" }).click();
    await inspect(page, "codes-upgrade");
    await page.getByRole("button", { name: "Begin" }).click();
    await register(page, phones[0]);
    await page.getByRole("link", { name: "To your account" }).click();
    await page.locator("li.device").getByText("Active", { exact: true }).waitFor();
    assert.equal(await page.getByText("Codes only").count(), 0);
    await profile.close();
  });

  test("signs in with its codes, and needs no script", async () => {
    const portal = await Profile.fresh(browser, { javaScriptEnabled: false });
    await portal.page.goto(`${town.issuer}/account`);
    await password(portal.page, "bob", PASSWORD);
    await portal.page.getByRole("link", { name: "My phone has no network" }).click();
    await portal.page.getByRole("button", { name: "Begin" }).click();
    const { digits, code, next } = await scanned(portal.page, phones[1]);
    await portal.page.getByLabel("digits that it shows").fill(digits);
    await portal.page.getByRole("button", { name: "Complete" }).click();
    await portal.page.getByLabel("digits that the app shows").fill(code);
    await portal.page.getByRole("button", { name: "Add this phone" }).click();
    await portal.page.getByText("Your phone signs you in with its codes.").waitFor();
    await portal.close();

    const profile = await Profile.fresh(browser, { javaScriptEnabled: false });
    const { page } = profile;
    await page.goto(`${town.shop}/sign-in`);
    await other(page, "Code of your phone, app or token", { login: "bob", code: next });
    await page.waitForURL(`${town.shop}/`);
    assert.match(await page.textContent("body"), /bob Example/);
    await profile.close();
  });

  /** What the phone shows that has read the page: the digits to type, and the codes of now and of the next half minute. */
  async function scanned(page, phone) {
    const picture = await screenshot(page, phone.file("codes.png"));
    const enrolling = phone.run("enrol", picture);
    const { code: digits } = await enrolling.event("registration_code");
    const { code } = await enrolling.event("code");
    const { code: next } = await enrolling.event("code");
    assert.equal(await enrolling.exit(), 0);
    return { digits, code, next };
  }
});
