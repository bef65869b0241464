// Does Apache with mod_auth_mellon let in whom the server knows, in a real browser?
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Profile, launch, password } from "../browser/browser.mjs";
import { PASSWORD, Terminal, Town } from "../browser/town.mjs";
import { Mellon } from "./mellon.mjs";
import { prove, register, signIn } from "./person.mjs";
import { ALICE } from "./saml.mjs";

describe("Apache with mod_auth_mellon", { concurrency: false }, () => {
  let town, browser, terminal, mellon;

  before(async () => {
    [town, browser, terminal] = await Promise.all([Town.open({ people: [ALICE] }), launch(), Terminal.open()]);
    mellon = await Mellon.open(town);
    await register(browser, town, terminal);
  });
  after(async () => {
    const log = (await mellon?.log()) ?? "";
    await browser?.close();
    await Promise.all([mellon?.close(), town?.close(), terminal?.close()]);
    assert.doesNotMatch(log, /\[auth_mellon:error\]/);
  });

  test("a person opens a page, signs in by QR code, and the page knows who it is", async () => {
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    await page.goto(`${mellon.origin}/index.html`);
    await page.getByText("to continue to pages").waitFor();
    await signIn(page, terminal);
    await page.getByRole("heading", { name: "Hello, Alice Example" }).waitFor();
    assert.equal(page.url(), `${mellon.origin}/index.html`);
    assert.match(await page.locator("dl").textContent(), /alice@example\.org/);
    await page.getByRole("link", { name: "More" }).click();
    await page.getByRole("heading", { name: "Surely Alice Example" }).waitFor();
    await profile.close();
  });

  test("a person who signed in with a password is asked for more by a page that wants more", async () => {
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    await page.goto(`${mellon.origin}/index.html`);
    await password(page, "alice", PASSWORD);
    await page.getByRole("heading", { name: "Hello, Alice Example" }).waitFor();
    await page.getByRole("link", { name: "More" }).click();
    await prove(page, terminal);
    await page.getByRole("heading", { name: "Surely Alice Example" }).waitFor();
    assert.equal(page.url(), `${mellon.origin}/strong/index.html`);
    await profile.close();
  });

  test("a person signs out of a page, of the other service provider, and of the server", async () => {
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    await page.goto(`${mellon.origin}/strong/index.html`);
    await page.getByText("to continue to strong").waitFor();
    await signIn(page, terminal);
    await page.getByRole("heading", { name: "Surely Alice Example" }).waitFor();
    await page.getByRole("link", { name: "Less" }).click();
    await page.getByRole("heading", { name: "Hello, Alice Example" }).waitFor();
    await page.getByRole("link", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Goodbye" }).waitFor();
    for (const [path, name] of Object.entries({ "/index.html": "pages", "/strong/index.html": "strong" })) {
      await page.goto(`${mellon.origin}${path}`);
      await page.getByText(`to continue to ${name}`).waitFor();
    }
    await page.goto(`${town.issuer}/account`);
    await page.getByRole("heading", { name: "Sign in", exact: true }).waitFor();
    await profile.close();
  });

  test("a session that ends at the server ends at both service providers, and the browser comes back", async () => {
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    await page.goto(`${mellon.origin}/strong/index.html`);
    await signIn(page, terminal);
    await page.getByRole("link", { name: "Less" }).click();
    await page.getByRole("heading", { name: "Hello, Alice Example" }).waitFor();
    await page.goto(`${town.issuer}/account`);
    await page.getByRole("button", { name: "Sign out", exact: true }).click();
    await page.getByRole("heading", { name: "You are signed out" }).waitFor();
    for (const path of ["/index.html", "/strong/index.html"]) {
      await page.goto(`${mellon.origin}${path}`);
      await page.getByRole("heading", { name: "Sign in", exact: true }).waitFor();
    }
    await profile.close();
  });
});
