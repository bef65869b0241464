// Does an invited person come from a link to a first device, in a real browser, with script and without?
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Profile, inspect, launch, other, password, register } from "./browser.mjs";
import { PASSWORD, Terminal, Town } from "./town.mjs";

describe("an invited person", { concurrency: false }, () => {
  let town, browser;
  const phones = [];

  before(async () => {
    const people = ["carol", "dora"].map((login) => ({ login, name: `${login} Example` }));
    [town, browser, phones[0], phones[1]] = await Promise.all([
      Town.open({ people }),
      launch(),
      Terminal.open(),
      Terminal.open(),
    ]);
  });
  after(async () => {
    await browser?.close();
    await Promise.all([town, ...phones].map((one) => one?.close()));
  });

  test("comes from the link to a device, and the digits of the letter are asked for on the way", async () => {
    const { link, digits } = await invited("carol");
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    await page.goto(link);
    await page.getByText("Go on at another computer").click();
    await inspect(page, "activate");
    await page.getByRole("button", { name: "Begin" }).click();
    await page.getByText("Type the eight digits that you were given with your invitation.").waitFor();
    assert.equal(await page.getByLabel("User name").count(), 0, "the link says who it is for, and the page does not");
    assert.ok(!(await page.content()).toLowerCase().includes("carol"));
    await inspect(page, "activate-digits");
    await other(page, "Activation password", { code: digits === "00000000" ? "00000001" : "00000000" });
    await page.getByText("That is not right, or there were too many wrong tries.").waitFor();
    await page.locator("#activation:focus").waitFor();
    await inspect(page, "activate-wrong");
    await other(page, "Activation password", { code: digits });
    // The password comes before the wizard, not in the middle of it.
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Add a device" }).waitFor();
    await page.getByRole("button", { name: "Begin" }).click();
    await register(page, phones[0]);
    await profile.close();

    const later = await Profile.fresh(browser);
    await later.page.goto(`${town.issuer}/account`);
    await password(later.page, "carol", PASSWORD);
    await later.page.getByText("You were invited to add a device.").waitFor();
    await later.page.locator("li.device").getByText("Active", { exact: true }).waitFor();
    await later.close();
  });

  test("comes by the short address, types name and digits, and needs no script", async () => {
    const { digits } = await invited("dora");
    const profile = await Profile.fresh(browser, { javaScriptEnabled: false });
    const { page } = profile;
    await page.goto(`${town.issuer}/go`);
    await page.getByRole("button", { name: "Begin" }).click();
    await other(page, "Activation password", { login: "dora", code: digits });
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByRole("button", { name: "Begin" }).click();
    await page.locator("[data-step=scan]").waitFor();
    assert.equal(await page.locator("meta[http-equiv=refresh]").count(), 1, "it looks again by itself");
    await profile.close();
  });

  test("gets nowhere else with the digits", async () => {
    const { link, digits } = await invited("dora");
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    await page.goto(link);
    await page.getByRole("button", { name: "Begin" }).click();
    await other(page, "Activation password", { code: digits });
    await page.getByLabel("Password", { exact: true }).waitFor();
    await page.goto(`${town.issuer}/account`);
    await page.getByRole("heading", { name: "Sign in", exact: true }).waitFor();
    await page.goto(`${town.shop}/sign-in`);
    await page.getByText("to continue to The Shop").waitFor();
    await profile.close();
  });

  /** What an administrator sends, in two letters. */
  async function invited(login) {
    const said = await town.admin(["user", "invite", login], "");
    return { link: /\S+\/activate\/\S+/.exec(said)[0], digits: /in the same mail: (\d{8})/.exec(said)[1] };
  }
});
