// Do applications hear in a real browser that a person signed out: in a frame before the page goes on, and by watching?
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Profile, launch, password } from "./browser.mjs";
import { PASSWORD, Town } from "./town.mjs";

const VERIFIER = "a-verifier-that-is-long-enough-for-rfc-7636";

/** A page that asks the provider's frame whether the session is the same, and shows the answer. */
const watching = (frame) => `<!doctype html><title>Watching</title><iframe src="${frame}"></iframe><p id="answer"></p>
<script>
  const frame = document.querySelector("iframe");
  const question = decodeURIComponent(location.hash.slice(1));
  addEventListener("message", (event) => {
    if (event.source === frame.contentWindow) document.getElementById("answer").textContent = event.data;
  });
  frame.addEventListener("load", () => frame.contentWindow.postMessage(question, new URL(frame.src).origin));
</script>`;

describe("an application hears that a person signed out", { concurrency: false }, () => {
  let town, browser, site, news;
  const heard = [];

  before(async () => {
    const settings = { SYMBOLON_OIDC_SESSION_MANAGEMENT: "true" };
    [town, browser] = await Promise.all([Town.open({ settings }), launch()]);
    site = createServer((request, response) => {
      heard.push(new URL(request.url, "http://news"));
      response.setHeader("content-type", "text/html");
      const frame = `${town.issuer}/oauth2/check-session`;
      response.end(request.url.startsWith("/watch") ? watching(frame) : `<!doctype html><title>News</title><h1>News</h1>`);
    }).listen(0, "localhost");
    await once(site, "listening");
    // Another origin of the same site: this browser keeps cookies out of frames on other sites, so watching ends there.
    news = `http://localhost:${site.address().port}`;
    const metadata = join(town.folder, "news.json");
    await writeFile(
      metadata,
      JSON.stringify({
        client_name: "The News",
        token_endpoint_auth_method: "none",
        redirect_uris: [`${news}/callback`],
        post_logout_redirect_uris: [`${news}/bye`],
        frontchannel_logout_uri: `${news}/frame`,
        frontchannel_logout_session_required: true,
      }),
    );
    await town.admin(["client", "add", "news", "--metadata", metadata], "");
  });
  after(async () => {
    await browser?.close();
    site?.close();
    await town?.close();
  });

  /** Signs in to the news; the ID token and the state of the session. */
  async function signIn(page) {
    const challenge = createHash("sha256").update(VERIFIER).digest("base64url");
    const asked = new URLSearchParams({
      client_id: "news",
      redirect_uri: `${news}/callback`,
      response_type: "code",
      scope: "openid",
      nonce: "n",
      code_challenge: challenge,
      code_challenge_method: "S256",
    });
    await page.goto(`${town.issuer}/oauth2/authorize?${asked}`);
    await password(page, "alice", PASSWORD);
    await page.getByRole("heading", { name: "News" }).waitFor();
    const came = new URL(page.url()).searchParams;
    const form = new URLSearchParams({
      grant_type: "authorization_code",
      client_id: "news",
      code: came.get("code"),
      redirect_uri: `${news}/callback`,
      code_verifier: VERIFIER,
    });
    const answer = await fetch(`${town.issuer}/oauth2/token`, { method: "POST", body: form });
    const tokens = await answer.json();
    assert.ok(tokens.id_token, JSON.stringify(tokens));
    const { sid } = JSON.parse(Buffer.from(tokens.id_token.split(".")[1], "base64url"));
    return { hint: tokens.id_token, sid, state: came.get("session_state") };
  }

  const leave = (hint) =>
    `${town.issuer}/oauth2/end-session?${new URLSearchParams({ id_token_hint: hint, post_logout_redirect_uri: `${news}/bye`, state: "s" })}`;
  const frames = () => heard.filter((url) => url.pathname === "/frame");

  test("in a frame, before the page goes on by itself", async () => {
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    const { hint, sid } = await signIn(page);
    heard.length = 0;
    await page.goto(leave(hint));
    await page.waitForURL(`${news}/bye?state=s`);
    const told = frames();
    assert.deepEqual(told.map((url) => Object.fromEntries(url.searchParams)), [{ iss: town.issuer, sid }]);
    assert.ok(heard.indexOf(told[0]) < heard.findIndex((url) => url.pathname === "/bye"), "first the frame");
    await profile.close();
  });

  test("without script the frame is there too, and a button leads on", async () => {
    const profile = await Profile.fresh(browser, { javaScriptEnabled: false });
    const { page } = profile;
    const { hint } = await signIn(page);
    heard.length = 0;
    await page.goto(leave(hint));
    await page.getByRole("heading", { name: "You are signed out" }).waitFor();
    await page.getByText("are being told").waitFor();
    assert.equal(frames().length, 1);
    await page.getByRole("link", { name: "Back to The News" }).click();
    await page.waitForURL(`${news}/bye?state=s`);
    await profile.close();
  });

  test("by a page that watches the session in a frame of the provider", async () => {
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    const { state } = await signIn(page);
    const answer = async (question) => {
      await page.goto("about:blank");
      await page.goto(`${news}/watch#${encodeURIComponent(question)}`);
      const said = page.locator("#answer:not(:empty)");
      await said.waitFor();
      return said.textContent();
    };
    assert.equal(await answer(`news ${state}`), "unchanged");
    assert.equal(await answer(`shop ${state}`), "changed", "for another application it is another state");
    assert.equal(await answer("news"), "error");
    await page.goto(`${town.issuer}/account`);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "You are signed out" }).waitFor();
    assert.equal(await answer(`news ${state}`), "changed");
    await profile.close();
  });
});
