// Does SimpleSAMLphp let in whom the server knows, in a real browser?
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Profile, launch, password } from "../browser/browser.mjs";
import { PASSWORD, Terminal, Town } from "../browser/town.mjs";
import { prove, register, signIn } from "./person.mjs";
import { ALICE, AUTHN } from "./saml.mjs";
import { SimpleSaml } from "./simplesamlphp.mjs";

describe("SimpleSAMLphp", { concurrency: false }, () => {
  let town, browser, terminal, php;

  before(async () => {
    [town, browser, terminal] = await Promise.all([Town.open({ people: [ALICE] }), launch(), Terminal.open()]);
    php = await SimpleSaml.open(town);
    await register(browser, town, terminal);
  });
  after(async () => {
    const log = (await php?.log()) ?? "";
    await browser?.close();
    await Promise.all([php?.close(), town?.close(), terminal?.close()]);
    assert.doesNotMatch(log, /(SimpleSAML\\Error|PHP Fatal)/);
  });

  test("a person opens a page, signs in by QR code, and the page knows who it is", async () => {
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    await page.goto(`${php.origin}/index.php`);
    await page.getByText("to continue to The Pages").waitFor();
    await signIn(page, terminal);
    await page.getByRole("heading", { name: "Hello, Alice Example" }).waitFor();
    const known = await page.locator("dl").textContent();
    for (const part of ["alice@example.org", AUTHN.device]) assert.ok(known.includes(part), known);
    await profile.close();
  });

  test("a person who signed in with a password is asked for more by a page that wants more", async () => {
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    await page.goto(`${php.origin}/index.php`);
    await password(page, "alice", PASSWORD);
    await page.getByRole("heading", { name: "Hello, Alice Example" }).waitFor();
    await page.getByRole("link", { name: "More" }).click();
    await prove(page, terminal);
    await page.getByRole("heading", { name: "Surely Alice Example" }).waitFor();
    await page.getByText(AUTHN.mfa).waitFor();
    await profile.close();
  });

  test("a person signs out of the page and of the server, from either side", async () => {
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    const enters = async () => {
      await page.goto(`${php.origin}/index.php`);
      await page.getByText("to continue to The Pages").waitFor();
      await password(page, "alice", PASSWORD);
      await page.getByRole("heading", { name: "Hello, Alice Example" }).waitFor();
    };
    await enters();
    await page.getByRole("link", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Goodbye" }).waitFor();
    await enters();
    await page.goto(`${town.issuer}/account`);
    await page.getByRole("button", { name: "Sign out", exact: true }).click();
    await page.getByRole("heading", { name: "You are signed out" }).waitFor();
    await enters();
    await profile.close();
  });
});
