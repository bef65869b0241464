// Can a person change the password, keep recovery codes, see the sessions, and choose a language, in a real browser?
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Profile, inspect, launch, other, password } from "./browser.mjs";
import { PASSWORD, Town } from "./town.mjs";

const NEW_PASSWORD = "a sentence that nobody else would type";

describe("a person with an account", { concurrency: false }, () => {
  let town, browser, codes;

  before(async () => {
    [town, browser] = await Promise.all([Town.open(), launch()]);
  });
  after(async () => {
    await browser?.close();
    await town?.close();
  });

  test("draws recovery codes, which are shown once", async () => {
    const profile = await signedIn(PASSWORD);
    const { page } = profile;
    await page.getByRole("link", { name: "Make new codes" }).click();
    await inspect(page, "recovery-ask");
    await page.getByRole("button", { name: "Make new codes" }).click();
    await page.getByText("They are shown this once.").waitFor();
    codes = await page.locator("ol.codes .code").allTextContents();
    assert.equal(codes.length, 10);
    assert.ok(codes.every((code) => /^([A-Z2-7]{4}-){3}[A-Z2-7]{4}$/.test(code)), codes.join());
    assert.ok(await page.getByRole("button", { name: "Print" }).isVisible());
    await inspect(page, "recovery-codes");
    await page.getByRole("link", { name: "To your account" }).click();
    await page.getByText("New recovery codes were made").waitFor();
    assert.ok(!(await page.content()).includes(codes[0]), "nowhere else");
    await profile.close();
  });

  test("signs in with a recovery code, once", async () => {
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    await page.goto(`${town.shop}/sign-in`);
    await page.locator("summary", { hasText: "Recovery code" }).click();
    await inspect(page, "sign-in-others");
    const form = page.locator("form").filter({ has: page.getByLabel("Recovery code", { exact: true }) });
    await other(page, "Recovery code", { login: "alice", code: "AAAA-AAAA-AAAA-AAAA" });
    await form.getByRole("alert").waitFor();
    await inspect(page, "sign-in-others-wrong");
    assert.equal(await form.getByLabel("User name").inputValue(), "alice", "the name need not be typed again");
    await other(page, "Recovery code", { code: codes[0].toLowerCase() });
    await page.waitForURL(`${town.shop}/`);

    await profile.context.clearCookies();
    await page.goto(`${town.shop}/sign-in`);
    await other(page, "Recovery code", { login: "alice", code: codes[0] });
    await form.getByRole("alert").waitFor();
    await profile.close();
  });

  test("is told what is still missing when one proof is not enough", async () => {
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    await page.goto(`${town.shop}/sign-in?wish=two-factors`);
    await page.getByText("to continue to The Shop").waitFor();
    await password(page, "alice", PASSWORD);
    await page.getByText("That was right. One more proof is needed.").waitFor();
    assert.equal(await page.getByLabel("Password", { exact: true }).count(), 0, "what was shown is not asked again");
    await page.getByText("If you have no device yet").waitFor();
    assert.equal(await page.getByRole("img", { name: "QR code" }).count(), 0, "nothing of hers could scan it");
    assert.equal(await page.getByText("Other ways to sign in").count(), 0, "a code on paper is no second factor");
    await inspect(page, "sign-in-missing");
    await profile.close();
  });

  test("sees what she allowed an application, and takes it back", async () => {
    const callback = `${town.shop}/callback`;
    const registered = ["client", "add", "mill", "--name", "The Mill", "--redirect-uri", callback, "--public"];
    await town.admin([...registered, "--consent", "ask"], "");
    const profile = await signedIn(PASSWORD);
    const { page } = profile;
    await page.getByRole("link", { name: "Show applications" }).click();
    await page.getByText("No application may learn anything about you in this way.").waitFor();
    await inspect(page, "applications-none");
    const asked = { client_id: "mill", redirect_uri: callback, response_type: "code", scope: "openid profile" };
    const proof = { code_challenge: "A".repeat(43), code_challenge_method: "S256" };
    await page.goto(`${town.issuer}/oauth2/authorize?${new URLSearchParams({ ...asked, ...proof })}`);
    await inspect(page, "consent");
    await page.getByRole("button", { name: "Allow", exact: true }).click();
    await page.waitForURL(`${callback}?*`);
    await page.goto(`${town.issuer}/account/applications`);
    await page.getByText("your name, your user name and your language").waitFor();
    await inspect(page, "applications");
    await page.getByRole("button", { name: "Take back" }).click();
    await page.getByText("No application may learn anything about you in this way.").waitFor();
    await page.getByRole("link", { name: "To your account" }).click();
    await page.getByText("You took back what you had allowed an application: The Mill").waitFor();
    await profile.close();
  });

  test("ends the session of another browser from afar", async () => {
    const [here, there] = [await signedIn(PASSWORD), await signedIn(PASSWORD)];
    await here.page.reload();
    await inspect(here.page, "account-sessions");
    await here.page.getByRole("button", { name: "Sign out everywhere else" }).click();
    await here.page.getByText("This browser").waitFor();
    assert.equal(await here.page.getByRole("button", { name: "Sign out there" }).count(), 0);
    await there.page.reload();
    await there.page.getByRole("heading", { name: "Sign in", exact: true }).waitFor();
    await Promise.all([here.close(), there.close()]);
  });

  test("changes the password, which ends the other sessions", async () => {
    const [here, there] = [await signedIn(PASSWORD), await signedIn(PASSWORD)];
    const { page } = here;
    await page.getByRole("link", { name: "Change password" }).click();
    await page.locator("form[action='/account/password']").evaluate((form) => (form.noValidate = true));
    await page.getByLabel("New password").fill("short");
    await page.getByRole("button", { name: "Change password" }).click();
    await page.getByRole("alert").waitFor();
    await inspect(page, "password");
    await page.getByLabel("New password").fill(NEW_PASSWORD);
    await page.getByRole("button", { name: "Change password" }).click();
    await page.getByText("Your password was changed.").waitFor();
    await there.page.reload();
    await there.page.getByRole("heading", { name: "Sign in", exact: true }).waitFor();
    await Promise.all([here.close(), there.close()]);
    await (await signedIn(NEW_PASSWORD)).close();
  });

  test("chooses a language, and stays on the page", async () => {
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    await page.goto(`${town.shop}/sign-in`);
    const before = page.url();
    await page.getByRole("button", { name: "Deutsch" }).click();
    await page.getByRole("heading", { name: "Anmelden" }).waitFor();
    assert.equal(page.url(), before);
    assert.equal(await page.locator("html").getAttribute("lang"), "de");
    await inspect(page, "sign-in-german");
    await profile.close();
  });

  async function signedIn(secret) {
    const profile = await Profile.fresh(browser);
    await profile.page.goto(`${town.issuer}/account`);
    await password(profile.page, "alice", secret);
    await profile.page.getByRole("heading", { name: "Hello, Alice Example" }).waitFor();
    return profile;
  }
});
