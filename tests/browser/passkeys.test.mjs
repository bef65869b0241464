// Can a person register a passkey, sign in with it, and remove it, in a real browser with a virtual authenticator?
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { Profile, confirmed, inspect, launch, password } from "./browser.mjs";
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

  /** Its one passkey moves to another one. A copy would count its uses on its own, and the server would notice two. */
  async hands(other) {
    const [credential] = await this.keys();
    const { credentialId } = credential;
    await this.client.send("WebAuthn.removeCredential", { authenticatorId: this.id, credentialId });
    await other.client.send("WebAuthn.addCredential", { authenticatorId: other.id, credential });
  }

  /** Whether its person touches it when it is asked from now on. What it was asked before waits for ever. */
  async touched(enabled) {
    const authenticatorId = this.id;
    await this.client.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId, enabled });
  }

  async verifies(isUserVerified) {
    await this.client.send("WebAuthn.setUserVerified", { authenticatorId: this.id, isUserVerified });
  }
}

/** Browsers that offer nothing in the field for the name: there, only the button asks for a passkey. */
function withoutOffers() {
  PublicKeyCredential.isConditionalMediationAvailable = async () => false;
}

/** Says when the page has asked the browser for the first time. */
function withNews() {
  const get = navigator.credentials.get.bind(navigator.credentials);
  window.offered = new Promise((done) => {
    navigator.credentials.get = (options) => {
      const answer = get(options);
      done(options.mediation);
      return answer;
    };
  });
}

describe("a person with a passkey", { concurrency: false }, () => {
  let town, browser, profile, authenticator, bobs, evil;

  before(async () => {
    const people = ["alice", "bob"].map((login) => ({ login, name: `${login} Example` }));
    [town, browser] = await Promise.all([Town.open({ people }), launch()]);
    profile = await Profile.fresh(browser);
    await profile.context.addInitScript(withoutOffers);
    authenticator = await Authenticator.in(profile);
    evil = createServer((_, response) => {
      response.setHeader("content-type", "text/html");
      response.end("<!doctype html><title>Sign in</title>");
    }).listen(0);
    await once(evil, "listening");
  });
  after(async () => {
    await browser?.close();
    evil?.close();
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
    await page.goto(`${town.shop}/sign-in`);
    const first = page.locator(".ways > :first-child");
    await first.getByRole("button", { name: "Sign in with a passkey" }).waitFor();
    await inspect(page, "sign-in-passkey");
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    await page.getByText("alice Example").waitFor();
    await confirmed(page);
    await page.waitForURL(`${town.shop}/`);
    assert.match(await page.textContent("body"), /alice/);
  });

  test("signs in where the browser offers it in the field for the name, with nothing to press", async () => {
    const offered = await Profile.fresh(browser);
    const own = await Authenticator.in(offered);
    await authenticator.hands(own);
    await offered.page.goto(`${town.shop}/sign-in`);
    await offered.page.getByText("alice Example").waitFor();
    await own.hands(authenticator);
    await offered.close();
  });

  test("presses the button while the browser still offers one", async () => {
    const offered = await Profile.fresh(browser);
    await offered.context.addInitScript(withNews);
    const own = await Authenticator.in(offered);
    await authenticator.hands(own);
    await own.touched(false);
    await offered.page.goto(`${town.shop}/sign-in`);
    assert.equal(await offered.page.evaluate("offered"), "conditional");
    await own.touched(true);
    await offered.page.getByRole("button", { name: "Sign in with a passkey" }).click();
    await offered.page.getByText("alice Example").waitFor();
    await own.hands(authenticator);
    await offered.close();
  });

  test("is told in words when nothing was signed", async () => {
    const { page } = profile;
    await profile.context.clearCookies();
    await page.goto(`${town.shop}/sign-in`);
    await authenticator.verifies(false);
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    await page.getByText("Nothing was signed").waitFor();
    await inspect(page, "sign-in-passkey-cancelled");
    await authenticator.verifies(true);
  });

  test("steps up with it, for an application and for a change of the account", async () => {
    const { page } = profile;
    await profile.context.clearCookies();
    await page.goto(`${town.shop}/sign-in`);
    await password(page, "alice", PASSWORD);
    await page.waitForURL(`${town.shop}/`);
    assert.ok(!(await page.textContent("body")).includes("a passkey"), "a password is what was shown");
    await page.goto(`${town.issuer}/account`);
    await page.getByRole("link", { name: "Change password" }).click();
    await page.getByRole("heading", { name: "Sign in", exact: true }).waitFor();
    await inspect(page, "passkey-step-up");
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    await page.getByLabel("New password").waitFor();

    await profile.context.clearCookies();
    await page.goto(`${town.shop}/sign-in`);
    await password(page, "alice", PASSWORD);
    await page.waitForURL(`${town.shop}/`);
    await page.goto(`${town.shop}/sign-in?wish=two-factors`);
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    await page.waitForURL(`${town.shop}/`);
    const claims = await page.textContent("body");
    assert.ok(claims.includes("a passkey, which cannot be phished") && claims.includes("a password was typed"), claims);
  });

  test("approves what is about to be added, each with a signature of its own", async () => {
    const { page } = profile;
    await profile.context.clearCookies();
    await page.goto(`${town.issuer}/account`);
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    await confirmed(page);
    const approval = page.getByRole("button", { name: "Approve with a passkey" });
    await page.getByRole("button", { name: "Add a device" }).click();
    await page.locator("main").getByText("A device is about to be added to your account.").waitFor();
    await inspect(page, "passkey-approve");
    await authenticator.verifies(false);
    await approval.click();
    await page.getByText("Nothing was signed").waitFor();
    await authenticator.verifies(true);
    const before = (await authenticator.keys())[0].signCount;
    await approval.click();
    await page.getByRole("img", { name: "QR code for registering a device" }).waitFor();
    assert.equal((await authenticator.keys())[0].signCount, before + 1, "the sign-in's signature was not enough");
    await page.getByRole("button", { name: "Cancel" }).click();

    await page.getByRole("link", { name: "Add a passkey" }).click();
    await page.getByRole("button", { name: "Begin" }).click();
    await page.locator("main").getByText("A passkey is about to be added to your account.").waitFor();
    await page.getByRole("button", { name: "I did not ask for this" }).click();
    await page.getByRole("heading", { name: "Laptop" }).waitFor();
    assert.equal(await page.getByRole("heading", { level: 3, name: "Laptop" }).count(), 1, "nothing was added");
  });

  test("reads what to do where an approval needs a script and none runs", async () => {
    const without = await Profile.fresh(browser, { javaScriptEnabled: false });
    await without.context.addCookies(await profile.context.cookies());
    await without.page.goto(`${town.issuer}/account`);
    await without.page.getByRole("button", { name: "Add a device" }).click();
    const missing = without.page.locator("noscript .alert");
    await missing.waitFor();
    assert.match(await missing.textContent(), /Approving with a passkey needs JavaScript, which is switched off/);
    await without.page.getByRole("button", { name: "Approve with a passkey" }).click();
    await without.page.getByText("Your browser signed nothing.").waitFor();
    await without.page.getByRole("button", { name: "I did not ask for this" }).click();
    await without.page.getByRole("heading", { name: "Laptop" }).waitFor();
    await without.close();
  });

  test("another person's passkey: it neither completes her sign-in nor becomes hers", async () => {
    bobs = await Profile.fresh(browser);
    await bobs.context.addInitScript(withoutOffers);
    const own = await Authenticator.in(bobs);
    const { page } = bobs;
    await page.goto(`${town.issuer}/account/passkeys/new`);
    await password(page, "bob", PASSWORD);
    await page.getByRole("button", { name: "Begin" }).click();
    await page.getByLabel("Name of the passkey").fill("Phone");
    await page.getByRole("button", { name: "Make the passkey" }).click();
    await page.getByText("The passkey is ready.").waitFor();

    await bobs.context.clearCookies();
    await page.goto(`${town.shop}/sign-in?wish=two-factors`);
    await password(page, "alice", PASSWORD);
    await page.getByText("One more proof is needed.").waitFor();
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    await page.locator("[data-passkey-error]:visible").waitFor();
    assert.match(page.url(), new RegExp(`^${town.issuer}/`), "nobody is signed in");
    assert.ok(!(await page.content()).includes("bob"), "and nobody else is named");
    // Without a name it is bob's, whoever typed a name before.
    assert.equal((await own.keys()).length, 1);
    await bobs.context.clearCookies();
    await page.goto(`${town.shop}/sign-in`);
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    await page.getByText("bob Example").waitFor();
    await bobs.close();
  });

  test("phishing: a page of another origin gets no answer that signs in", async () => {
    const attacker = await Profile.fresh(browser);
    await attacker.context.addInitScript(withoutOffers);
    const { port } = evil.address();
    const relayed = async (origin) => {
      await attacker.page.goto(`${town.shop}/sign-in`);
      const { id, options } = await attacker.page.evaluate(begun);
      await profile.page.goto(origin);
      const answer = await profile.page.evaluate(lured, options);
      if (typeof answer === "string") return answer;
      await attacker.page.evaluate(passed, { id, answer });
      await attacker.page.waitForLoadState();
      return attacker.page.locator("h1").textContent();
    };
    // The browser itself keeps the passkey from another host; a page on another port of this one it cannot tell apart,
    // so the server looks at the origin that was signed.
    assert.equal(await relayed(`http://127.0.0.1:${port}/`), "SecurityError");
    assert.equal(await relayed(`http://localhost:${port}/`), "Sign in");
    await attacker.page.getByText("This passkey does not fit").waitFor();
    const cookies = await attacker.context.cookies(town.issuer);
    assert.ok(!cookies.some(({ name }) => name === "session"));
    // The same by hand on the true origin is taken: nothing but the origin was wrong.
    assert.equal(await relayed(`${town.issuer}/nowhere`), "Is this you?");
    await attacker.close();
  });

  test("finds no use for a key that was removed here, and is told so", async () => {
    const { page } = profile;
    const [key] = await authenticator.keys();
    await profile.context.clearCookies();
    await page.goto(`${town.issuer}/account`);
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    await confirmed(page);
    const laptop = page.locator("li", { has: page.getByRole("heading", { name: "Laptop" }) });
    await laptop.getByRole("link", { name: "Remove" }).click();
    await inspect(page, "passkey-remove");
    await page.getByRole("button", { name: "Remove" }).click();
    await page.getByText("Something to sign in with was removed: Laptop").waitFor();
    assert.equal(await page.getByRole("heading", { name: "Laptop" }).count(), 0);

    await profile.context.clearCookies();
    await page.goto(`${town.shop}/sign-in`);
    assert.equal((await authenticator.keys())[0].credentialId, key.credentialId, "the browser has it still");
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
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

  /** The attacker's own sign-in: what the server asks a passkey to sign. */
  async function begun() {
    const sign_in = document.querySelector("[data-passkey] form").elements.id.value;
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ sign_in, kind: "passkey" });
    const answer = await fetch("/ceremony/begin", { method: "POST", headers, body });
    const { id, prompt } = await answer.json();
    return { id, options: prompt.options.publicKey };
  }

  /** What the victim's browser signs on the page where it is; the name of its refusal, if it does not. */
  async function lured(options) {
    const bytes = (text) =>
      Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
    const text = (buffer) =>
      btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
    const publicKey = { ...options, challenge: bytes(options.challenge) };
    try {
      const { rawId, response } = await navigator.credentials.get({ publicKey });
      const { clientDataJSON, authenticatorData, signature, userHandle } = response;
      const parts = Object.entries({ id: rawId, clientDataJSON, authenticatorData, signature, userHandle });
      return Object.fromEntries(parts.map(([name, part]) => [name, text(part)]));
    } catch (error) {
      return error.name;
    }
  }

  function passed({ id, answer }) {
    const form = document.querySelector("[data-passkey] form");
    form.elements.ceremony.value = id;
    form.elements.answer.value = JSON.stringify(answer);
    form.submit();
  }
});
