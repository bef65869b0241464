// Does Apache with the SP of Shibboleth let in whom the server knows, in a real browser?
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Profile, launch, password } from "../browser/browser.mjs";
import { PASSWORD, Terminal, Town } from "../browser/town.mjs";
import { prove, register, signIn } from "./person.mjs";
import { Shibboleth } from "./shibboleth.mjs";
import { ALICE } from "./saml.mjs";

describe("Apache with the SP of Shibboleth", { concurrency: false }, () => {
  let town, browser, terminal, apache;

  before(async () => {
    // Apache is on this computer, without TLS.
    const settings = { SYMBOLON_OUTBOUND_DANGER_LOOPBACK_HTTP: "true" };
    const opened = Town.open({ people: [ALICE], settings });
    [town, browser, terminal] = await Promise.all([opened, launch(), Terminal.open()]);
    apache = await Shibboleth.open(town);
    await register(browser, town, terminal);
  });
  after(async () => {
    const log = (await apache?.log()) ?? "";
    await browser?.close();
    await Promise.all([apache?.close(), town?.close(), terminal?.close()]);
    // It says so where the server ended a session.
    const meant = "Your session is not available in the session store";
    const errors = log.split("\n").filter((line) => / (ERROR|CRIT) /.test(line) && !line.includes(meant));
    assert.deepEqual(errors, []);
  });

  test("a person opens a page, signs in by QR code, and the page knows who it is", async () => {
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    await page.goto(`${apache.origin}/index.html`);
    await page.getByText("to continue to pages").waitFor();
    await signIn(page, terminal);
    await page.getByRole("heading", { name: "Hello, Alice Example" }).waitFor();
    const known = await page.locator("dl").textContent();
    for (const part of ["alice@example.org", "MobileTwoFactorContract", "@localhost"]) assert.ok(known.includes(part), known);
    await profile.close();
  });

  test("a person who signed in with a password is asked for more by a page that wants more", async () => {
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    await page.goto(`${apache.origin}/index.html`);
    await password(page, "alice", PASSWORD);
    await page.getByRole("heading", { name: "Hello, Alice Example" }).waitFor();
    assert.notEqual((await page.request.get(`${apache.origin}/strong.html`)).status(), 200);
    await page.getByRole("link", { name: "More" }).click();
    await prove(page, terminal);
    await page.getByRole("heading", { name: "Surely Alice Example" }).waitFor();
    await page.getByText("https://refeds.org/profile/mfa").waitFor();
    await profile.close();
  });

  test("the SP fetches the answer itself where the browser brings an artifact", async () => {
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    // Among its consumers the third one takes artifacts.
    await page.goto(`${apache.origin}/Shibboleth.sso/Login?acsIndex=3&target=${encodeURIComponent("/index.html")}`);
    const brought = page.waitForRequest((request) => request.url().includes("/SAML2/Artifact?"));
    await password(page, "alice", PASSWORD);
    assert.ok(new URL((await brought).url()).searchParams.get("SAMLart"));
    await page.getByRole("heading", { name: "Hello, Alice Example" }).waitFor();
    await profile.close();
  });

  test("a person signs out of the page and of the server", async () => {
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    await page.goto(`${apache.origin}/index.html`);
    await password(page, "alice", PASSWORD);
    await page.getByRole("link", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Goodbye" }).waitFor();
    await page.goto(`${apache.origin}/index.html`);
    await page.getByText("to continue to pages").waitFor();
    await profile.close();
  });

  test("a session that ends at the server ends at the page, told by the server alone", async () => {
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    await page.goto(`${apache.origin}/index.html`);
    await password(page, "alice", PASSWORD);
    await page.getByRole("heading", { name: "Hello, Alice Example" }).waitFor();
    const elsewhere = await profile.context.newPage();
    const visited = [];
    elsewhere.on("request", (request) => visited.push(new URL(request.url()).origin));
    await elsewhere.goto(`${town.issuer}/account`);
    await elsewhere.getByRole("button", { name: "Sign out", exact: true }).click();
    await elsewhere.getByRole("heading", { name: "You are signed out" }).waitFor();
    while (!(await town.admin(["audit", "list"], "")).includes("saml.logout_told")) await pause(50);
    assert.ok(!visited.includes(apache.origin), "the browser was not sent there");
    await page.reload();
    await page.getByText("to continue to pages").waitFor();
    await profile.close();
  });
});
