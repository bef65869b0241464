// Can everybody use the pages: by keyboard, with a screen reader, on a phone, at night?
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Profile, confirmed, enrol, inspect, launch, password, scan } from "./browser.mjs";
import { PASSWORD, Terminal, Town } from "./town.mjs";

describe("every page", { concurrency: false }, () => {
  let town, browser, terminal;

  before(async () => {
    const asking = { client: ["--consent", "ask"] };
    [town, browser, terminal] = await Promise.all([Town.open(asking), launch(), Terminal.open()]);
  });
  after(async () => {
    await browser?.close();
    await Promise.all([town?.close(), terminal?.close()]);
  });

  test("of the account has nothing that shuts people out", async () => {
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    await page.goto(`${town.issuer}/account`);
    await password(page, "alice", "wrong");
    await page.getByText("is wrong").waitFor();
    await inspect(page, "sign-in-wrong");
    await password(page, "alice", PASSWORD);
    await page.getByText("No device yet").waitFor();
    await inspect(page, "account-empty");
    await enrol(page, town, terminal, { look: (name) => inspect(page, name) });
    await page.goto(`${town.issuer}/account`);
    await page.getByText("Laptop").first().waitFor();
    await inspect(page, "account");
    await page.getByRole("link", { name: "Remove" }).click();
    await inspect(page, "account-device");
    await profile.close();
  });

  test("of a further device has nothing that shuts people out", async () => {
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    await page.goto(`${town.issuer}/account`);
    const digits = await scan(page, terminal);
    await page.getByLabel("Type the code that your device shows").fill(digits);
    await page.keyboard.press("Enter");
    await confirmed(page);
    await page.goto(`${town.issuer}/account/devices/new`);
    await page.getByRole("button", { name: "Begin" }).click();
    await page.getByText("Approve on a device that you have already.").first().waitFor();
    await inspect(page, "wizard-approve");
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.waitForURL(`${town.issuer}/account`);
    await page.goBack();
    await page.getByRole("button", { name: "Begin again" }).waitFor();
    await inspect(page, "wizard-over");
    await profile.close();
  });

  test("of a sign-in has nothing that shuts people out", async () => {
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    await page.goto(`${town.shop}/sign-in`);
    await page.getByRole("img", { name: "QR code" }).waitFor();
    await inspect(page, "sign-in");
    await page.goto(page.url().replace("/login?", "/login/qr?"));
    await inspect(page, "sign-in-without-script");
    await page.getByRole("link", { name: "Back to the sign-in page" }).click();
    const digits = await scan(page, terminal);
    await page.getByLabel("Type the code that your device shows").waitFor();
    await inspect(page, "sign-in-code");
    await page.getByLabel("Type the code that your device shows").fill(digits);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByRole("heading", { name: "Is this you?" }).waitFor();
    await inspect(page, "confirm");
    await profile.close();
  });

  test("of an application that asks, and of leaving it, has nothing that shuts people out", async () => {
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    await page.goto(`${town.shop}/sign-in`);
    await password(page, "alice", PASSWORD);
    await page.getByRole("heading", { name: "Do you agree?" }).waitFor();
    await page.getByText("your e-mail address").waitFor();
    await inspect(page, "consent");
    await page.getByRole("button", { name: "Allow", exact: true }).click();
    await page.waitForURL(`${town.shop}/`);
    // Without an ID token the provider cannot know who asks.
    await page.goto(`${town.issuer}/oauth2/end-session?client_id=shop`);
    await page.getByRole("heading", { name: "Do you want to sign out?" }).waitFor();
    await inspect(page, "logout");
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "You are signed out" }).waitFor();
    await inspect(page, "signed-out");
    await profile.close();
  });

  test("of applications that are opened from here has nothing that shuts people out", async () => {
    const begins = { redirect_uris: ["https://news.example/callback"], initiate_login_uri: "https://news.example/begin" };
    const registration = join(terminal.folder, "news.json");
    await writeFile(registration, JSON.stringify({ client_name: "The Daily News", ...begins }));
    await town.admin(["client", "add", "news", "--metadata", registration], "");
    const mail = ["--name", "Mail and Calendar of the Whole Organisation", "--consent", "ask", "--name-id", "unspecified"];
    await town.provider("https://mail.example/metadata", "https://mail.example/acs", [...mail, "--attribute", "displayName"]);
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    await page.goto(`${town.issuer}/account`);
    await password(page, "alice", PASSWORD);
    await page.getByRole("link", { name: "Open an application" }).click();
    await page.getByRole("link", { name: "The Daily News" }).waitFor();
    await inspect(page, "launch");
    // By keyboard alone.
    await tabTo(page, "button.tile");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Do you agree?" }).waitFor();
    await page.getByText("Alice Example").first().waitFor();
    await inspect(page, "saml-consent");
    await page.getByRole("button", { name: "Do not allow" }).click();
    await page.getByRole("heading", { name: "The application was not opened" }).waitFor();
    await inspect(page, "launch-refused");
    await page.getByRole("link", { name: "Back to the applications" }).click();
    await page.getByRole("button", { name: "Mail and Calendar" }).click();
    await page.route("https://mail.example/acs", (route) => route.fulfill({ body: "signed in" }));
    const posted = page.waitForRequest("https://mail.example/acs");
    await page.getByRole("button", { name: "Allow", exact: true }).click();
    assert.match((await posted).postData(), /^SAMLResponse=/);
    await page.getByText("signed in").waitFor();
    await page.goto(`${town.issuer}/account/applications`);
    await page.getByText("your user name · your name").waitFor();
    await inspect(page, "applications-saml");
    await profile.close();
  });

  test("of a device without a keyboard has nothing that shuts people out", async () => {
    const grant = "urn:ietf:params:oauth:grant-type:device_code";
    await town.client("films", ["--public", "--grant-type", grant]);
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const body = "client_id=films&scope=openid%20profile%20email";
    const begun = await fetch(`${town.issuer}/oauth2/device_authorization`, { method: "POST", headers, body });
    const { user_code } = await begun.json();
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    await page.goto(`${town.issuer}/device`);
    await inspect(page, "device");
    const type = async (code) => {
      await page.getByLabel("Code on the device").fill(code);
      await page.getByRole("button", { name: "Continue" }).click();
    };
    await type("BCDF-GHJK");
    await page.getByText("No device is waiting with this code").waitFor();
    await inspect(page, "device-wrong");
    await type(user_code);
    await password(page, "alice", PASSWORD);
    await page.getByRole("heading", { name: "Let this device in?" }).waitFor();
    await page.getByText(user_code).waitFor();
    await inspect(page, "device-decision");
    await page.getByRole("button", { name: "Do not allow" }).click();
    await page.getByRole("heading", { name: "The device was refused" }).waitFor();
    await inspect(page, "device-refused");
    await profile.close();
  });

  for (const [name, path] of [
    ["error", "/nowhere"],
    ["scan", "/Q"],
    ["scan-device", "/D"],
    ["return", "/login/return"],
  ]) {
    test(`at ${path} has nothing that shuts people out`, async () => {
      const profile = await Profile.fresh(browser);
      await profile.page.goto(town.issuer + path);
      await inspect(profile.page, name);
      await profile.close();
    });
  }

  test("of a sign-in can be used by keyboard alone, and shows where the focus is", async () => {
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    await page.goto(`${town.issuer}/account`);
    await tabTo(page, "#login");
    await page.keyboard.type("alice");
    await tabTo(page, "#password");
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Hello, Alice Example" }).waitFor();
    await tabTo(page, "form.who button");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "You are signed out" }).waitFor();
    await profile.close();
  });

  test("of another way can be used by keyboard alone, and Esc takes nothing away", async () => {
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    await page.goto(`${town.shop}/sign-in`);
    await page.getByRole("img", { name: "QR code" }).waitFor();
    await tabTo(page, "details:has(#hotp) > summary");
    await page.keyboard.press("Enter");
    await tabTo(page, "#hotp-login");
    await page.keyboard.type("alice");
    await tabTo(page, "#hotp");
    await page.keyboard.type("00000000");
    await page.keyboard.press("Escape");
    assert.equal(await page.locator("#hotp").inputValue(), "00000000");
    // Enter sends the form that the field stands in, and none of the others.
    await page.keyboard.press("Enter");
    await page.locator("#hotp-error").waitFor();
    await page.locator("#hotp:focus").waitFor();
    assert.equal(await page.locator("#hotp-login").inputValue(), "alice");
    assert.equal(await page.locator("details[open]").count(), 1, "what was typed into stays open, and nothing else");
    await profile.close();
  });

  test("of a code can be used by keyboard alone", async () => {
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    await page.goto(`${town.shop}/sign-in`);
    const digits = await scan(page, terminal);
    await page.locator("#code:focus").waitFor();
    await page.keyboard.type(digits);
    await tabTo(page, "form[action='/login/finish'] button");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Is this you?" }).waitFor();
    await tabTo(page, "button[value=continue]");
    await page.keyboard.press("Enter");
    await page.waitForURL(`${town.shop}/`);
    await profile.close();
  });

  /** Presses Tab until the element has the focus; wherever the focus is on the way, it can be seen. */
  async function tabTo(page, selector) {
    for (let stops = 0; stops < 40; stops += 1) {
      await page.keyboard.press("Tab");
      const focus = await page.evaluate(focused, selector);
      if (focus.here) {
        assert.ok(focus.visible, `the focus on ${focus.element} cannot be seen`);
        return;
      }
      assert.ok(focus.nowhere || focus.visible, `the focus on ${focus.element} cannot be seen`);
    }
    assert.fail(`Tab never reaches ${selector}`);
  }

  function focused(selector) {
    const element = document.activeElement;
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    return {
      element: element.outerHTML.slice(0, 80),
      nowhere: element === document.body,
      here: element.matches(selector),
      visible: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2 && box.width > 0 && box.right > 0,
    };
  }
});
