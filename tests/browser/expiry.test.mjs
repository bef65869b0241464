// Does a page say that its time is over, and how to go on?
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Profile, inspect, launch } from "./browser.mjs";
import { Town } from "./town.mjs";

/** The shortest life that a code may have, in seconds. That the usual one ends after 120 is shown with a clock. */
const SHORT = { SYMBOLON_ENGINE_QR_LIFE: "5", SYMBOLON_ENGINE_TICKET_ROTATION: "5" };

describe("a page that waited too long", { concurrency: false }, () => {
  let town, hasty, browser;

  before(async () => {
    const hastier = { ...SHORT, SYMBOLON_ENGINE_SIGN_IN_LIFE: "5" };
    [town, hasty, browser] = await Promise.all([
      Town.open({ settings: SHORT }),
      Town.open({ settings: hastier }),
      launch(),
    ]);
  });
  after(async () => {
    await browser?.close();
    await Promise.all([town?.close(), hasty?.close()]);
  });

  test("says by itself that the code is over, and a press brings a new one", async () => {
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    await page.goto(`${town.shop}/sign-in`);
    await page.getByRole("img", { name: "QR code" }).waitFor();
    const first = await ceremony(page);
    await page.getByText("The code is over.").first().waitFor();
    assert.equal(await page.getByRole("img", { name: "QR code" }).count(), 0, "the dead code is gone");
    assert.match(await page.getByRole("status").textContent(), /The code is over/, "who does not see it hears it");
    await inspect(page, "sign-in-over");
    await page.getByRole("button", { name: "New code" }).click();
    await page.getByRole("img", { name: "QR code" }).waitFor();
    assert.notEqual(await ceremony(page), first);
    await profile.close();
  });

  test("says so without script too", async () => {
    const profile = await Profile.fresh(browser, { javaScriptEnabled: false });
    const { page } = profile;
    await page.goto(`${town.shop}/sign-in`);
    await page.getByRole("link", { name: "Show the code on a page that renews itself" }).click();
    await page.getByRole("img", { name: "QR code" }).waitFor();
    const over = page.getByText("The code is over.");
    while ((await over.count()) === 0) await page.waitForEvent("load");
    assert.equal(await page.locator("meta[http-equiv=refresh]").count(), 0, "nothing more comes by itself");
    await page.getByRole("button", { name: "New code" }).click();
    await page.getByRole("img", { name: "QR code" }).waitFor();
    await profile.close();
  });

  test("says so when the whole sign-in is over", async () => {
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    await page.goto(`${hasty.shop}/sign-in`);
    await page.getByText("The code is over.").first().waitFor();
    await page.getByRole("button", { name: "New code" }).click();
    await page.getByRole("heading", { name: "That did not work" }).waitFor();
    await inspect(page, "sign-in-expired");
    await profile.close();
  });

  /** The ceremony that the page waits for. */
  async function ceremony(page) {
    const events = await page.locator("[data-events]").getAttribute("data-events");
    return new URL(events, page.url()).searchParams.get("ceremony");
  }
});
