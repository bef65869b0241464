// Can a person approve on a phone with a number, use one without network, and give it a new PIN, in a real browser?
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { Profile, confirmed, enrol, inspect, launch, password, scan, screenshot } from "./browser.mjs";
import { PASSWORD, Terminal, Town } from "./town.mjs";

const NEW_PIN = "280461";

describe("a person with a phone", { concurrency: false }, () => {
  let town, browser;
  /** By name: the phone, and a browser that has signed in with it. */
  const phones = {};
  const known = {};

  before(async () => {
    const people = ["alice", "bob"].map((login) => ({ login, name: `${login} Example` }));
    [town, browser, phones.alice, phones.bob] = await Promise.all([
      Town.open({ people }),
      launch(),
      Terminal.open(),
      Terminal.open(),
    ]);
    for (const login of ["alice", "bob"]) {
      const profile = await Profile.fresh(browser);
      await profile.page.goto(`${town.issuer}/account`);
      await password(profile.page, login, PASSWORD);
      await enrol(profile.page, town, phones[login]);
      known[login] = profile;
      await signOut(profile);
      await make(login);
    }
  });
  after(async () => {
    await browser?.close();
    await Promise.all([town?.close(), phones.alice?.close(), phones.bob?.close()]);
  });

  test("approves with the number of the screen, and the page goes on by itself", async () => {
    const { page } = known.alice;
    await second(page, "alice");
    await inspect(page, "sign-in-second");
    const phone = phones.alice.run("push", "alice", "--decision", "approve");
    await phone.event("waiting");
    await page.getByRole("button", { name: "Approve on your phone" }).click();
    const { context } = await phone.event("context");
    assert.equal(context.purpose.client, "The Shop");
    await inspect(page, "sign-in-number");
    phone.type(await page.locator(".number [aria-hidden]").textContent());
    await page.waitForURL(`${town.shop}/`);
    assert.match(await page.textContent("body"), /alice Example/);
    assert.equal(await phone.exit(), 0);
  });

  test("approves where no script runs, on a page that renews itself", async () => {
    await withoutScript(known.alice, async (page) => {
      await second(page, "alice");
      await page.getByRole("button", { name: "Approve on your phone" }).click();
      await page.getByRole("link", { name: "Wait on a page that renews itself" }).click();
      const number = await page.locator(".number [aria-hidden]").textContent();
      const phone = phones.alice.run("push", "alice", "--decision", "approve", "--number", number);
      assert.equal(await phone.exit(), 0);
      const go = page.getByRole("button", { name: "Continue" });
      while ((await go.count()) === 0) await page.waitForEvent("load");
      await go.click();
      await page.waitForURL(`${town.shop}/`);
    });
  });

  test("declines, which stands in the browser at once and is said aloud", async () => {
    const { page } = known.alice;
    await signOut(known.alice);
    await second(page, "alice");
    await page.getByRole("button", { name: "Approve on your phone" }).click();
    await page.locator(".number").waitFor();
    const before = page.url();
    const phone = phones.alice.run("push", "alice", "--decision", "deny");
    await page.locator("[data-step=over]").getByText("The sign-in was denied on the device.").waitFor();
    assert.equal(await phone.exit(), 1);
    assert.match(await page.getByRole("status").textContent(), /was denied on the device/);
    assert.equal(page.url(), before, "nothing was loaded anew");
    await inspect(page, "sign-in-denied");
    // Whoever says no does not trust this browser any more.
    await page.reload();
    await page.getByRole("button", { name: "Show a QR code" }).waitFor();
    assert.equal(await page.getByRole("button", { name: "Approve on your phone" }).count(), 0);
  });

  test("types a wrong number, which ends the request", async () => {
    const { page } = known.bob;
    await signOut(known.bob);
    await second(page, "bob");
    await page.getByRole("button", { name: "Approve on your phone" }).click();
    const right = await page.locator(".number [aria-hidden]").textContent();
    const wrong = right === "000000" ? "000001" : "000000";
    const phone = phones.bob.run("push", "bob", "--decision", "approve", "--number", wrong);
    await page.locator("[data-step=over]").getByText("A wrong number was typed on the device").waitFor();
    assert.notEqual(await phone.exit(), 0);
    await inspect(page, "sign-in-wrong-number");
  });

  test("signs in with a phone without network, and is told of digits that are wrong", async () => {
    const { page } = known.bob;
    await ticket(page, "bob");
    await page.locator("#code:focus").waitFor();
    await inspect(page, "sign-in-offline");
    const field = page.getByLabel("The 8 digits that your phone shows");
    assert.equal(await field.getAttribute("inputmode"), "numeric");
    await field.fill("0000 0000");
    await page.keyboard.press("Enter");
    await page.getByText("These are not the digits that your phone shows.").waitFor();
    await page.getByText("Tries left: 2").waitFor();
    await page.locator("#code:focus").waitFor();
    await inspect(page, "sign-in-offline-wrong");
    await field.fill(await offline(page, "bob"));
    await page.keyboard.press("Enter");
    await page.waitForURL(`${town.shop}/`);
    assert.match(await page.textContent("body"), /bob Example/);
  });

  test("signs in with a phone without network where no script runs", async () => {
    await withoutScript(known.bob, async (page) => {
      await ticket(page, "bob");
      assert.equal(await page.getByRole("link", { name: "renews itself" }).count(), 0, "what is typed is typed here");
      await page.getByLabel("The 8 digits that your phone shows").fill(await offline(page, "bob"));
      await page.getByRole("button", { name: "Sign in", exact: true }).click();
      await page.waitForURL(`${town.shop}/`);
    });
  });

  test("is told in a strange browser that a phone without network does not help there", async () => {
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    await page.goto(`${town.shop}/sign-in`);
    for (const login of ["bob", "nobody"]) {
      await ask(page, login);
      await page.getByText("This works only in a browser in which you have signed in").waitFor();
    }
    await inspect(page, "sign-in-offline-refused");
    await profile.close();
  });

  test("gives the phone a new PIN with digits of the account page", async () => {
    const { page } = known.bob;
    await signOut(known.bob);
    await page.goto(`${town.issuer}/account`);
    await tap(page, "bob");
    await page.getByRole("link", { name: "Set a new PIN" }).click();
    await inspect(page, "pin-reset");
    await page.getByRole("button", { name: "Set a new PIN" }).click();
    const digits = await page.locator(".number [aria-hidden]").textContent();
    assert.match(digits, /^\d{8}$/);
    await inspect(page, "pin-reset-digits");
    const phone = phones.bob;
    await writeFile(phone.file("proof"), `${digits}\n`);
    await writeFile(phone.file("pin"), `${NEW_PIN}\n`);
    const files = ["--proof-file", phone.file("proof"), "--new-pin-file", phone.file("pin")];
    const reset = phone.bare("pin", "reset", "bob", ...files);
    await reset.event("pin_changed");
    await page.getByRole("link", { name: "To your account" }).click();
    await page.getByText("The PIN was changed: Laptop").waitFor();
    // A device that changed makes strangers of its browsers, so the digits of the screen are asked for again.
    await signOut(known.bob);
    await make("bob");
  });

  test("reports a request, and the browser cannot ask again", async () => {
    await signOut(known.bob);
    const { page } = known.bob;
    await second(page, "bob");
    await page.getByRole("button", { name: "Approve on your phone" }).click();
    await page.locator(".number").waitFor();
    const phone = phones.bob.run("push", "bob", "--decision", "report");
    await page.locator("[data-step=over]").getByText("was denied on the device").waitFor();
    assert.equal(await phone.exit(), 1);
    // A new sign-in of this browser after the password, as an attacker would try it.
    await second(page, "bob");
    await page.getByRole("img", { name: "QR code" }).waitFor();
    assert.equal(await page.getByRole("button", { name: "Approve on your phone" }).count(), 0);
  });

  test("leaves a console without a complaint", async () => {
    await Promise.all([known.alice.close(), known.bob.close()]);
  });

  /** Signs in by the QR code and its digits, which makes the browser one that the account knows. */
  async function make(login) {
    const { page } = known[login];
    await page.goto(`${town.shop}/sign-in`);
    const digits = await scan(page, phones[login]);
    await page.getByLabel("Type the code that your device shows").fill(digits);
    await page.keyboard.press("Enter");
    await confirmed(page);
    await page.waitForURL(`${town.shop}/`);
    await signOut(known[login]);
  }

  /** Signs in by the QR code in a browser that the account knows: a tap is enough. */
  async function tap(page, login) {
    await page.getByRole("img", { name: "QR code" }).waitFor();
    await scan(page, phones[login], { digits: false });
  }

  /** Ends the session here and at the shop; what makes the browser a known one stays. */
  async function signOut({ context }) {
    await context.clearCookies({ name: "session" });
    await context.clearCookies({ domain: "127.0.0.1" });
  }

  /** Begins a sign-in that wants two proofs, and brings the first. */
  async function second(page, login) {
    await page.goto(`${town.shop}/sign-in?wish=two-factors`);
    await password(page, login, PASSWORD);
    await page.getByText("One more proof is needed.").waitFor();
  }

  async function ask(page, login) {
    const form = page.locator("form", { has: page.locator("input[value=offline]") });
    if (!(await form.isVisible())) await page.locator("summary", { hasText: "Use a phone without network" }).click();
    await form.getByLabel("User name").fill(login);
    await form.getByRole("button").click();
  }

  async function ticket(page, login) {
    await page.goto(`${town.shop}/sign-in`);
    await ask(page, login);
    await page.locator("[data-step=ticket]").waitFor();
  }

  /** The digits of the phone for the picture on the page. */
  async function offline(page, login) {
    const picture = await screenshot(page, phones[login].file("ticket.png"));
    const answer = phones[login].run("offline", picture, "--decision", "approve");
    return (await answer.event("offline")).code;
  }

  /** The same browser while its scripts are switched off: what makes it a known one changes with each sign-in. */
  async function withoutScript(known, act) {
    const profile = await Profile.fresh(browser, { javaScriptEnabled: false });
    await handOver(known, profile);
    await act(profile.page);
    await handOver(profile, known);
    await profile.close();
  }

  async function handOver(from, to) {
    const cookies = await from.context.cookies(town.issuer);
    await to.context.addCookies(cookies.filter(({ name }) => name === "kb"));
  }

});
