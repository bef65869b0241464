// Does a page that waits at one node go on by itself when the device answers at another?
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Profile, confirmed, enrol, launch, password, scan } from "./browser.mjs";
import { PASSWORD, Terminal, Town } from "./town.mjs";

const BROWSER = "Mozilla/";
const DEVICE = " /device/";

describe("two nodes of one provider", { concurrency: false }, () => {
  let town, browser, terminal;

  before(async () => {
    const devicesAtTheSecond = (head) => (head.includes(BROWSER) ? 0 : 1);
    [town, browser, terminal] = await Promise.all([Town.ofTwoNodes(devicesAtTheSecond), launch(), Terminal.open()]);
  });
  after(async () => {
    await browser?.close();
    await Promise.all([town?.close(), terminal?.close()]);
  });

  test("let a page that waits at the first go on by itself when the device talks to the second", async () => {
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    await page.goto(`${town.issuer}/account`);
    await password(page, "alice", PASSWORD);
    await enrol(page, town, terminal);
    await leave(page);
    await page.goto(`${town.shop}/sign-in`);
    const digits = await scan(page, terminal);
    await page.getByLabel("Type the code that your device shows").fill(digits);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await confirmed(page);
    await page.waitForURL(`${town.shop}/`);

    // The browser is known now: a tap at the second node ends the sign-in at the first, and nobody touches the page.
    await leave(page);
    await page.goto(`${town.shop}/sign-in`);
    const arrived = page.waitForURL(`${town.shop}/`);
    await scan(page, terminal, { digits: false });
    await arrived;
    assert.match(await page.locator("body").textContent(), /Hello, Alice Example/);
    assert.deepEqual(town.balancer.placesOf(BROWSER), [0]);
    assert.deepEqual(town.balancer.placesOf(DEVICE), [1]);
    await profile.close();
  });

  async function leave(page) {
    await page.goto(`${town.issuer}/account`);
    await page.getByRole("button", { name: "Sign out", exact: true }).click();
    await page.getByRole("heading", { name: "You are signed out" }).waitFor();
    await page.context().clearCookies({ domain: "127.0.0.1" });
  }
});
