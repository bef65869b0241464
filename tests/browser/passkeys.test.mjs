// Can a person register a passkey, sign in with it, and remove it, in a real browser with a virtual authenticator?
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Profile, inspect, launch, password } from "./browser.mjs";
import { PASSWORD, Town } from "./town.mjs";

/** An authenticator in the browser, such as the one of a laptop (WebAuthn, 11). */
class Authenticator {
  static async in(profile) {
    const authenticator = new Authenticator();
    authenticator.client = await profile.context.newCDPSession(profile.page);
    await authenticator.client.send("WebAuthn.enable", { enableUI: false });
    const options = {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    };
    const { authenticatorId } = await authenticator.client.send("WebAuthn.addVirtualAuthenticator", { options });
    authenticator.id = authenticatorId;
    return authenticator;
  }

  async keys() {
    const { credentials } = await this.client.send("WebAuthn.getCredentials", { authenticatorId: this.id });
    return credentials;
  }

  async takes(credential) {
    await this.client.send("WebAuthn.addCredential", { authenticatorId: this.id, credential });
  }

  /** Whether its person touches it when it blinks. Who does not lets the page wait. */
  async touched(enabled) {
    const authenticatorId = this.id;
    await this.client.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId, enabled });
  }

  async verifies(isUserVerified) {
    await this.client.send("WebAuthn.setUserVerified", { authenticatorId: this.id, isUserVerified });
  }
}

describe("a person with a passkey", { concurrency: false }, () => {
  let town, browser, profile, authenticator;

  before(async () => {
    const people = ["alice", "bob"].map((login) => ({ login, name: `${login} Example` }));
    [town, browser] = await Promise.all([Town.open({ people }), launch()]);
    profile = await Profile.fresh(browser);
    authenticator = await Authenticator.in(profile);
  });
  after(async () => {
    await browser?.close();
    await town?.close();
  });

  test("registers it in the account pages", async () => {
    const { page } = profile;
    await page.goto(`${town.issuer}/account`);
    await password(page, "alice", PASSWORD);
    await page.getByRole("link", { name: "Add a passkey" }).click();
    await inspect(page, "passkey-start");
    await page.getByRole("button", { name: "Begin" }).click();
    await inspect(page, "passkey-make");
    await page.getByLabel("Name of the passkey").fill("Laptop");
    await page.getByRole("button", { name: "Make the passkey" }).click();
    await page.getByText("The passkey is ready.").waitFor();
    await inspect(page, "passkey-done");
    const [key] = await authenticator.keys();
    assert.equal(key.isResidentCredential, true, "it is found without a name");
    assert.equal(key.rpId, "localhost");
    await page.getByRole("link", { name: "To your account" }).click();
    await page.getByRole("heading", { name: "Laptop" }).waitFor();
    await inspect(page, "account-passkeys");
  });

  test("signs in with it without a name", async () => {
    const { page } = profile;
    await profile.context.clearCookies();
    // The browser offers it in the field for the name: nobody touches anything there.
    await authenticator.touched(false);
    await page.goto(`${town.shop}/sign-in`);
    await page.getByRole("button", { name: "Sign in with a passkey" }).waitFor();
    await inspect(page, "sign-in-passkey");
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    await authenticator.touched(true);
    await page.getByText("alice Example").waitFor();
    await page.getByRole("button", { name: "Continue" }).click();
    await page.waitForURL(`${town.shop}/`);
    assert.match(await page.textContent("body"), /alice/);
  });

  test("is told in words when nothing was signed", async () => {
    const { page } = profile;
    await profile.context.clearCookies();
    await authenticator.touched(false);
    await page.goto(`${town.shop}/sign-in`);
    await authenticator.verifies(false);
    await authenticator.touched(true);
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    await page.getByText("Nothing was signed").waitFor();
    await inspect(page, "sign-in-passkey-cancelled");
    await authenticator.verifies(true);
  });

  test("finds no use for a key that was removed here, and is told so", async () => {
    const { page } = profile;
    const [key] = await authenticator.keys();
    await profile.context.clearCookies();
    await authenticator.touched(false);
    await page.goto(`${town.issuer}/account`);
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    await authenticator.touched(true);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByRole("link", { name: "Remove: Laptop" }).click();
    await inspect(page, "passkey-remove");
    await page.getByRole("button", { name: "Remove" }).click();
    await page.getByText("Something to sign in with was removed: Laptop").waitFor();
    assert.equal(await page.getByRole("heading", { name: "Laptop" }).count(), 0);

    await profile.context.clearCookies();
    await authenticator.touched(false);
    await page.goto(`${town.shop}/sign-in`);
    assert.equal((await authenticator.keys())[0].credentialId, key.credentialId, "the browser has it still");
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    await authenticator.touched(true);
    await page.getByText("This passkey does not fit").waitFor();
    await inspect(page, "sign-in-passkey-wrong");
  });

  test("is not offered one where the browser knows none and no script runs", async () => {
    const without = await Profile.fresh(browser, { javaScriptEnabled: false });
    await without.page.goto(`${town.shop}/sign-in`);
    await without.page.getByLabel("Password", { exact: true }).waitFor();
    assert.equal(await without.page.getByRole("button", { name: "Sign in with a passkey" }).isVisible(), false);
    await without.close();
  });

  test("leaves a console without a complaint", async () => {
    await profile.close();
  });
});
