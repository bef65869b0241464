// Does Apache with mod_auth_openidc let in whom the server knows, in a real browser?
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Profile, launch, password } from "../browser/browser.mjs";
import { PASSWORD, Terminal, Town } from "../browser/town.mjs";
import { Apache } from "./apache.mjs";
import { prove, register, signIn } from "./person.mjs";

describe("Apache with mod_auth_openidc", { concurrency: false }, () => {
  let town, browser, terminal, apache;

  before(async () => {
    const people = [{ login: "alice", name: "Alice Example", email: "alice@example.org" }];
    // Apache is on this computer, without TLS.
    const settings = {
      SYMBOLON_OUTBOUND_DANGER_LOOPBACK_HTTP: "true",
      SYMBOLON_OIDC_REGISTRATION_WHO: "invited",
    };
    [town, browser, terminal] = await Promise.all([Town.open({ people, settings }), launch(), Terminal.open()]);
    apache = await Apache.open(town);
    await register(browser, town, terminal);
  });
  after(async () => {
    const log = (await apache?.log()) ?? "";
    await browser?.close();
    await Promise.all([apache?.close(), town?.close(), terminal?.close()]);
    assert.doesNotMatch(log, /\[auth_openidc:error\]/);
  });

  test("a person opens a page, signs in by QR code, sees the claims, and signs out of both", async () => {
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    await page.goto(`${apache.origin}/index.html`);
    await page.getByText("to continue to pages").waitFor();
    await signIn(page, terminal);
    await page.getByRole("heading", { name: "Hello, Alice Example" }).waitFor();
    assert.equal(page.url(), `${apache.origin}/index.html`);
    const claims = await page.locator("dl").textContent();
    for (const claim of ["alice@example.org", "urn:symbolon:acr:mfa", "swk"]) assert.ok(claims.includes(claim), claims);
    await page.getByRole("link", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Goodbye" }).waitFor();
    await page.goto(`${town.issuer}/account`);
    await page.getByRole("heading", { name: "Sign in", exact: true }).waitFor();
    await page.goto(`${apache.origin}/index.html`);
    await page.getByText("to continue to pages").waitFor();
    await profile.close();
  });

  test("a person who signed in with a password is asked for more by a page that wants more", async () => {
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    await page.goto(`${apache.origin}/index.html`);
    await password(page, "alice", PASSWORD);
    await page.getByText("urn:symbolon:acr:single").waitFor();
    await page.getByRole("link", { name: "More" }).click();
    await prove(page, terminal);
    await page.getByRole("heading", { name: "Surely Alice Example" }).waitFor();
    await page.getByText("urn:symbolon:acr:mfa").waitFor();
    await profile.close();
  });

  test("a session that ends at the provider ends at Apache, told by the server alone", async () => {
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    await page.goto(`${apache.origin}/index.html`);
    await password(page, "alice", PASSWORD);
    await page.getByText("urn:symbolon:acr:single").waitFor();
    await page.reload();
    await page.getByText("urn:symbolon:acr:single").waitFor();
    const elsewhere = await profile.context.newPage();
    await elsewhere.goto(`${town.issuer}/account`);
    await elsewhere.getByRole("button", { name: "Sign out", exact: true }).click();
    await elsewhere.getByRole("heading", { name: "You are signed out" }).waitFor();
    while (!(await town.admin(["audit", "list"], "")).includes("oidc.logout_told")) await pause(50);
    await page.reload();
    await page.getByText("to continue to pages").waitFor();
    await profile.close();
  });

  test("an Apache that nobody registered does so itself, and a person who agrees signs in", async (t) => {
    const other = await Apache.unregistered(town);
    t.after(() => other.close());
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    const begin = new URLSearchParams({ iss: town.issuer, target_link_uri: `${other.origin}/index.html` });
    await page.goto(`${other.origin}/redirect_uri?${begin}`);
    await password(page, "alice", PASSWORD);
    await page.getByRole("button", { name: "Allow", exact: true }).click();
    await page.getByText("urn:symbolon:acr:single").waitFor();
    assert.equal(page.url(), `${other.origin}/index.html`);
    assert.match(await town.admin(["client", "list"], ""), /The Pages/);
    assert.doesNotMatch(await other.log(), /\[auth_openidc:error\]/);
    await profile.close();
  });

  test("a program gets in with a token with the scope of the page, and with nothing else", async () => {
    const grant = ["--grant-type", "client_credentials"];
    const [reader, writer] = [
      await town.client("reader", [...grant, "--scope", "stock:read"]),
      await town.client("writer", [...grant, "--scope", "stock:write"]),
    ];
    const read = await fetchStock(await token("reader", reader));
    assert.deepEqual([read.status, await read.text()], [200, "in stock: 7, says reader\n"]);
    assert.equal((await fetchStock(await token("writer", writer))).status, 401, "another scope");
    assert.equal((await fetchStock("made-up")).status, 401);
  });

  async function token(id, secret) {
    const body = new URLSearchParams({ grant_type: "client_credentials", client_id: id, client_secret: secret });
    const answer = await fetch(`${town.issuer}/oauth2/token`, { method: "POST", body });
    return (await answer.json()).access_token;
  }

  function fetchStock(bearer) {
    return fetch(`${apache.origin}/api/stock.html`, { headers: { authorization: `Bearer ${bearer}` } });
  }
});
