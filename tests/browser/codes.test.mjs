// Can a person add an app of somebody else, use a hardware token, and sign in with their codes, without script, too?
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Profile, inspect, launch, other, password } from "./browser.mjs";
import { fromBase32, hotp, totp } from "./otp.mjs";
import { read } from "./reader.mjs";
import { PASSWORD, Town } from "./town.mjs";

/** The token of RFC 6030, figure 3: it counts, with the secret of RFC 4226, appendix D. */
const BOX = fileURLToPath(new URL("../../adapters/pskc/vectors/figure3.xml", import.meta.url));
const SERIAL = "987654321";
const TOKEN = Buffer.from("12345678901234567890");
const TOKEN_PIN = "407192";

describe("a person with codes", { concurrency: false }, () => {
  let town, browser, secret;

  before(async () => {
    const settings = { SYMBOLON_ENGINE_AUTHENTICATOR_APPS: "allowed" };
    const people = ["alice", "bob"].map((login) => ({ login, name: `${login} Example` }));
    [town, browser] = await Promise.all([Town.open({ people, settings }), launch()]);
  });
  after(async () => {
    await browser?.close();
    await town?.close();
  });

  test("adds an app that reads the code on the screen", async () => {
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    await page.goto(`${town.issuer}/account`);
    await password(page, "alice", PASSWORD);
    await page.getByRole("link", { name: "Add an app" }).click();
    await inspect(page, "app-start");
    await page.getByRole("button", { name: "Begin" }).click();
    const link = new URL(await read(page.locator(".qr")));
    assert.equal(link.href, await page.getByRole("link", { name: "Open an app" }).getAttribute("href"));
    assert.equal(link.protocol + link.host, "otpauth:totp");
    assert.match(link.searchParams.get("secret"), /^[A-Z2-7]{32}$/);
    secret = fromBase32(link.searchParams.get("secret"));
    await inspect(page, "app-scan");

    const code = page.getByLabel("digits that the app shows");
    await page.locator("#code:focus").waitFor();
    await code.fill(totp(secret, 40));
    await page.keyboard.press("Enter");
    await page.getByText("These are not digits that the app shows now.").waitFor();
    await page.getByText("Tries left: 4").waitFor();
    await inspect(page, "app-wrong");
    assert.equal(await code.getAttribute("autocomplete"), "one-time-code");
    await code.fill(totp(secret));
    await page.keyboard.press("Enter");
    await page.locator("[data-step=done]").getByText("The app is added.").waitFor();
    await inspect(page, "app-done");
    await page.getByRole("link", { name: "To your account" }).click();
    await page.getByText("Something to sign in with was added: One-time codes").waitFor();
    await profile.close();
  });

  test("signs in with a code of the app, without script", async () => {
    const profile = await withoutScript();
    const { page } = profile;
    await other(page, "Code of your phone, app or token", { login: "alice", code: totp(secret, 40) });
    await page.getByText("That is not right for this user name").waitFor();
    await page.locator("#totp:focus").waitFor();
    assert.equal(await page.getByLabel("Password", { exact: true }).inputValue(), "");
    // The code of the first proof is used up.
    await other(page, "Code of your phone, app or token", { login: "alice", code: totp(secret, 1) });
    await page.waitForURL(`${town.shop}/`);
    assert.match(await page.textContent("body"), /alice Example/);
    await profile.close();
  });

  test("signs in with a hardware token that was handed out, once a code, without script", async () => {
    assert.match(await town.admin(["token", "import", BOX], ""), /1 tokens? /);
    await town.admin(["token", "assign", SERIAL, "bob"], "");
    const profile = await withoutScript();
    const { page } = profile;
    await other(page, "Code of your hardware token", { login: "bob", code: hotp(TOKEN, 0, 8) });
    await page.waitForURL(`${town.shop}/`);
    assert.match(await page.textContent("body"), /bob Example/);
    await profile.context.clearCookies();
    await page.goto(`${town.shop}/sign-in`);
    await other(page, "Code of your hardware token", { login: "bob", code: hotp(TOKEN, 0, 8) });
    await page.getByText("That is not right for this user name").waitFor();
    await profile.close();
  });

  test("sets a token right that ran ahead, gives it a PIN, and needs both then", async () => {
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    await page.goto(`${town.issuer}/account`);
    await password(page, "bob", PASSWORD);
    await inspect(page, "account-token");
    // The pair is the second factor; it may be all that bob has beside the password.
    await page.getByRole("link", { name: "Set right" }).click();
    await page.getByLabel("The next code").waitFor();
    await inspect(page, "token-resync");
    const both = async (counter) => {
      await page.getByLabel("The code that it shows now").fill(hotp(TOKEN, counter, 8));
      await page.getByLabel("The next code").fill(hotp(TOKEN, counter + 1, 8));
      await page.getByRole("button", { name: "Set right" }).click();
    };
    await both(300);
    await page.getByText("These are not two codes in a row").waitFor();
    await inspect(page, "token-resync-wrong");
    await both(60);
    await page.getByRole("heading", { name: "Hello" }).waitFor();

    // Who has a token shows it for other changes: a phished password is not enough.
    await page.getByRole("link", { name: "Set a PIN" }).click();
    await page.getByRole("heading", { name: "Sign in", exact: true }).waitFor();
    await inspect(page, "token-step-up");
    await prove(page, 62);
    await inspect(page, "token-pin");
    await page.getByLabel("New PIN").fill("111111");
    await page.getByRole("button", { name: "Set a PIN" }).click();
    await page.getByText("too easy to guess").waitFor();
    await inspect(page, "token-pin-wrong");
    await page.getByLabel("New PIN").fill(TOKEN_PIN);
    await page.getByLabel("behind the code").check();
    await page.getByRole("button", { name: "Set a PIN" }).click();
    await page.getByRole("heading", { name: "Hello" }).waitFor();
    await page.getByRole("link", { name: "Use no PIN" }).click();
    await page.getByText("The code alone is enough then").waitFor();
    await inspect(page, "token-pin-off");
    await profile.close();

    const again = await withoutScript();
    const asked = "Code of your hardware token";
    await other(again.page, asked, { login: "bob", code: hotp(TOKEN, 63, 8) });
    await again.page.getByText("That is not right for this user name").waitFor();
    await other(again.page, asked, { login: "bob", code: hotp(TOKEN, 63, 8) + TOKEN_PIN });
    await again.page.waitForURL(`${town.shop}/`);
    await again.close();
  });

  test("takes a token off the account, and its codes sign nobody in", async () => {
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    await page.goto(`${town.issuer}/account`);
    await password(page, "bob", PASSWORD);
    const token = page.locator("li", { hasText: `Hardware token ${SERIAL}` });
    await token.getByRole("link", { name: "Remove" }).click();
    await prove(page, 64, TOKEN_PIN);
    await inspect(page, "token-remove");
    await page.getByRole("button", { name: "Remove" }).click();
    await page.getByText(`Something to sign in with was removed: ${SERIAL}`).waitFor();
    await profile.context.clearCookies();
    await page.goto(`${town.shop}/sign-in`);
    await other(page, "Code of your hardware token", { login: "bob", code: hotp(TOKEN, 65, 8) + TOKEN_PIN });
    await page.getByText("That is not right for this user name").waitFor();
    await profile.close();
  });

  /** Shows the password and the token again, in the order in which the page asks for them. */
  async function prove(page, counter, pin = "") {
    const field = page.getByLabel("Password", { exact: true });
    await other(page, "Code of your hardware token", { code: hotp(TOKEN, counter, 8) + pin });
    await page.waitForLoadState();
    if (await field.count()) {
      await field.fill(PASSWORD);
      await field.press("Enter");
    }
  }

  async function withoutScript() {
    const profile = await Profile.fresh(browser, { javaScriptEnabled: false });
    await profile.page.goto(`${town.shop}/sign-in`);
    return profile;
  }
});
