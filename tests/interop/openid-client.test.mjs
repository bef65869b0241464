// Does openid-client, which knows nothing but the issuer, get along with the server?
import "./webcrypto.mjs";
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import * as client from "openid-client";
import { Profile, launch } from "../browser/browser.mjs";
import { Terminal, Town } from "../browser/town.mjs";
import { Party } from "./party.mjs";
import { register, signIn } from "./person.mjs";

const SCOPE = "openid profile email";

describe("openid-client", { concurrency: false }, () => {
  let town, browser, terminal, party, profile, page;

  before(async () => {
    const people = [{ login: "alice", name: "Alice Example", email: "alice@example.org" }];
    const settings = { SYMBOLON_OIDC_REGISTRATION_WHO: "invited" };
    [town, browser, terminal, party] = await Promise.all([
      Town.open({ people, settings }),
      launch(),
      Terminal.open(),
      Party.open(),
    ]);
    await register(browser, town, terminal);
    profile = await Profile.fresh(browser);
    page = profile.page;
  });
  after(async () => {
    await browser?.close();
    party?.close();
    await Promise.all([town?.close(), terminal?.close()]);
  });

  test("signs a person in by QR code: discovery, code with PKCE, nonce and state, ID token, userinfo", async () => {
    const web = await registered("web");
    assert.ok(web.serverMetadata().supportsPKCE());
    const asked = await ask(web, { scope: SCOPE, max_age: "600", acr_values: "urn:symbolon:acr:mfa" });
    await signIn(page, terminal);
    const tokens = await client.authorizationCodeGrant(web, await party.answer(page), { ...asked, maxAge: 600 });
    const claims = tokens.claims();
    assert.equal(claims.acr, "urn:symbolon:acr:mfa");
    assert.ok(claims.amr.includes("swk"), `${claims.amr}`);
    const told = await client.fetchUserInfo(web, tokens.access_token, claims.sub);
    assert.deepEqual([told.name, told.email], ["Alice Example", "alice@example.org"]);
  });

  test("refreshes: each refresh token is for once, and the ID token stays about the same person", async () => {
    const web = await registered("refresher", ["--grant-type", "authorization_code", "--grant-type", "refresh_token"]);
    const first = await signedIn(web);
    const second = await client.refreshTokenGrant(web, first.refresh_token);
    const third = await client.refreshTokenGrant(web, second.refresh_token);
    assert.equal(new Set([first, second, third].map((tokens) => tokens.refresh_token)).size, 3);
    assert.equal(third.claims().sub, first.claims().sub);
    await client.fetchUserInfo(web, third.access_token, first.claims().sub);
    await assert.rejects(client.refreshTokenGrant(web, first.refresh_token), { error: "invalid_grant" });
    await assert.rejects(
      client.refreshTokenGrant(web, third.refresh_token),
      { error: "invalid_grant" },
      "a theft ends all",
    );
  });

  test("revokes a token, and a protected resource learns by introspection that it is over", async () => {
    const web = await registered("revoker", ["--grant-type", "authorization_code", "--grant-type", "refresh_token"]);
    const api = await registered("api", ["--introspects", "--grant-type", "client_credentials", "--scope", "api:use"]);
    const tokens = await signedIn(web);
    const active = await client.tokenIntrospection(api, tokens.access_token);
    assert.deepEqual([active.active, active.client_id, active.username], [true, "revoker", "alice"]);
    assert.equal(active.sub, tokens.claims().sub);
    await client.tokenRevocation(web, tokens.refresh_token, { token_type_hint: "refresh_token" });
    assert.deepEqual(await client.tokenIntrospection(api, tokens.access_token), { active: false });
    await assert.rejects(client.fetchUserInfo(web, tokens.access_token, tokens.claims().sub), { status: 401 });
  });

  test("gets a token for itself, with the secret in the header and in the form", async () => {
    const own = ["--grant-type", "client_credentials", "--scope", "stock:read stock:write"];
    const secret = await town.client("machine", own);
    for (const way of [client.ClientSecretBasic(secret), client.ClientSecretPost(secret)]) {
      const machine = await discovered("machine", undefined, way);
      const tokens = await client.clientCredentialsGrant(machine, { scope: "stock:read" });
      assert.deepEqual([tokens.token_type, tokens.scope], ["bearer", "stock:read"]);
      await assert.rejects(client.clientCredentialsGrant(machine, { scope: "openid" }), { error: "invalid_scope" });
    }
    const stranger = await discovered("machine", undefined, client.ClientSecretBasic("guessed"));
    await assert.rejects(client.clientCredentialsGrant(stranger), {
      status: 401,
      code: "OAUTH_WWW_AUTHENTICATE_CHALLENGE",
    });
  });

  test("takes the answer from a form that posts itself", async () => {
    const web = await registered("poster");
    const asked = await ask(web, { response_mode: "form_post" });
    const answer = await party.answer(page);
    assert.equal(answer.method, "POST");
    const tokens = await client.authorizationCodeGrant(web, answer, asked);
    assert.deepEqual(tokens.claims().aud, ["poster"]);
  });

  test("takes a signed answer (JARM)", async () => {
    const web = await registered("jarm", [], client.useJwtResponseMode);
    const tokens = await signedIn(web);
    assert.match(page.url(), /\?response=[^&]+$/, "nothing beside what is signed");
    assert.ok(tokens.claims().sub);
  });

  test("takes an ID token beside the code, as a signature over code and state", async () => {
    const grants = ["--grant-type", "authorization_code", "--grant-type", "implicit"];
    const types = ["--response-type", "code id_token", "--response-type", "id_token"];
    const hybrid = await registered("hybrid", [...grants, ...types], client.useCodeIdTokenResponseType);
    await signedIn(hybrid);
    client.enableDetachedSignatureResponseChecks(hybrid);
    await signedIn(hybrid);
    const implicit = await discovered("hybrid", undefined, client.None(), client.useIdTokenResponseType);
    const asked = await ask(implicit, {}, { challenge: false });
    const claims = await client.implicitAuthentication(implicit, await party.answer(page), asked.expectedNonce, asked);
    assert.deepEqual(claims.aud, ["hybrid"]);
  });

  for (const alg of ["RS256", "ES256", "EdDSA"]) {
    test(`checks the signature of an ID token with ${alg} by our keys`, async () => {
      const id = alg.toLowerCase();
      const secret = await town.client(id, ["--redirect-uri", party.callback, "--id-token-alg", alg]);
      const metadata = { client_secret: secret, id_token_signed_response_alg: alg };
      const web = await discovered(id, metadata, undefined, client.enableNonRepudiationChecks);
      const tokens = await signedIn(web);
      assert.equal(JSON.parse(Buffer.from(tokens.id_token.split(".")[0], "base64url")).alg, alg);
    });
  }

  test("signs in to an app on the device, which has no secret and listens at any port", async () => {
    await town.client("native", ["--public", "--native", "--redirect-uri", "http://127.0.0.1/callback"]);
    const native = await discovered("native", undefined, client.None());
    assert.ok((await signedIn(native)).claims().sub);
  });

  test("registers itself with a key of its own, which it signs its requests with, and gets userinfo signed", async () => {
    const key = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
    const jwk = await crypto.subtle.exportKey("jwk", key.publicKey);
    const metadata = {
      token_endpoint_auth_method: "private_key_jwt",
      jwks: { keys: [{ kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y, kid: "own" }] },
      userinfo_signed_response_alg: "ES256",
      subject_type: "pairwise",
    };
    const own = client.PrivateKeyJwt({ key: key.privateKey, kid: "own" });
    const web = await newcomer(metadata, own, client.enableNonRepudiationChecks);
    const tokens = await agreed(web);
    const told = await client.fetchUserInfo(web, tokens.access_token, tokens.claims().sub);
    assert.deepEqual(
      [told.aud, told.name],
      [web.clientMetadata().client_id, "Alice Example"],
      "signed for this client",
    );
    const stranger = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
    const { client_id } = web.clientMetadata();
    const forger = await discovered(
      client_id,
      metadata,
      client.PrivateKeyJwt({ key: stranger.privateKey, kid: "own" }),
    );
    await assert.rejects(client.tokenRevocation(forger, tokens.access_token), { status: 401 });
  });

  test("registers itself, and proves that it knows its secret without sending it", async () => {
    const web = await newcomer({ token_endpoint_auth_method: "client_secret_jwt" }, client.ClientSecretJwt());
    const told = await client.tokenIntrospection(web, (await agreed(web)).access_token);
    assert.equal(told.active, true);
    const metadata = { redirect_uris: [party.callback] };
    const uninvited = { execute: [client.allowInsecureRequests] };
    const refused = client.dynamicClientRegistration(new URL(town.issuer), metadata, undefined, uninvited);
    await assert.rejects(refused, { status: 401 });
  });

  test("mix-up: an answer of another issuer, or of nobody, is refused", async () => {
    const web = await registered("careful");
    const { asked, url } = await answerOf(web);
    const refused = (error) => /"iss" \(issuer\)/.test(error.cause?.message);
    url.searchParams.set("iss", "https://evil.example");
    await assert.rejects(client.authorizationCodeGrant(web, url, asked), refused);
    url.searchParams.delete("iss");
    await assert.rejects(client.authorizationCodeGrant(web, url, asked), refused);
  });

  test("code injection: a code is nothing without the verifier of whoever began", async () => {
    const web = await registered("injected");
    const { url, asked } = await answerOf(web);
    const pkceCodeVerifier = client.randomPKCECodeVerifier();
    await assert.rejects(client.authorizationCodeGrant(web, url, { ...asked, pkceCodeVerifier }), {
      error: "invalid_grant",
    });
  });

  test("knows a person by a name that no other site shares, in the ID token and in userinfo", async () => {
    const pairwise = await registered("pairwise", ["--pairwise"]);
    const open = await registered("open");
    const [one, other] = [await signedIn(pairwise), await signedIn(open)];
    const { sub } = one.claims();
    assert.notEqual(sub, other.claims().sub);
    assert.equal((await client.fetchUserInfo(pairwise, one.access_token, sub)).sub, sub);
  });

  test("is told why nothing came: an error of the provider with the state", async () => {
    const web = await registered("strict", ["--min-acr", "urn:symbolon:acr:mfa"]);
    const asked = await ask(web, { prompt: "none", acr_values: "urn:symbolon:acr:mfa", max_age: "0" });
    const answer = client.authorizationCodeGrant(web, await party.answer(page), asked);
    await assert.rejects(answer, { code: "OAUTH_AUTHORIZATION_RESPONSE_ERROR", error: "login_required" });
  });

  test("signs the person out at the provider, who comes back with the state", async () => {
    const web = await registered("leaver", ["--post-logout-redirect-uri", party.goodbye]);
    const tokens = await signedIn(web);
    const goodbye = {
      post_logout_redirect_uri: party.goodbye,
      id_token_hint: tokens.id_token,
      state: "a state & more",
    };
    await page.goto(client.buildEndSessionUrl(web, goodbye).href);
    const url = new URL(page.url());
    assert.deepEqual([url.origin + url.pathname, url.searchParams.get("state")], [party.goodbye, "a state & more"]);
    const asked = await ask(web, { prompt: "none" });
    const answer = client.authorizationCodeGrant(web, await party.answer(page), asked);
    await assert.rejects(answer, { error: "login_required" });
    await assert.rejects(client.fetchUserInfo(web, tokens.access_token, tokens.claims().sub), { status: 401 });
    await profile.close();
  });

  /** The client with what the server says about itself, and nothing else. */
  async function discovered(id, metadata, authentication, ...execute) {
    const insecure = { execute: [client.allowInsecureRequests, ...execute] };
    return client.discovery(new URL(town.issuer), id, metadata, authentication, insecure);
  }

  /** A new application with a secret. */
  async function registered(id, args = [], ...execute) {
    const secret = await town.client(id, ["--redirect-uri", party.callback, ...args]);
    return discovered(id, secret, undefined, ...execute);
  }

  /** An application that has registered itself, with a token of the administrator. */
  async function newcomer(metadata, authentication, ...execute) {
    const said = await town.admin(["client", "invite", "--once"], "");
    const initialAccessToken = /^initial_access_token +(\S+)$/m.exec(said)[1];
    const options = { initialAccessToken, execute: [client.allowInsecureRequests, ...execute] };
    const all = { client_name: "Newcomer", redirect_uris: [party.callback], ...metadata };
    return client.dynamicClientRegistration(new URL(town.issuer), all, authentication, options);
  }

  /** The tokens of somebody who is signed in already, and is asked whether the application may have them. */
  async function agreed(config) {
    const asked = await ask(config, {});
    await page.getByText("Newcomer").first().waitFor();
    await page.getByRole("button", { name: "Allow", exact: true }).click();
    return client.authorizationCodeGrant(config, await party.answer(page), asked);
  }

  /** Sends the browser to the provider, and returns what its answer must fit to. */
  async function ask(config, parameters, { challenge = true } = {}) {
    const [pkceCodeVerifier, expectedNonce, expectedState] = [
      client.randomPKCECodeVerifier(),
      client.randomNonce(),
      client.randomState(),
    ];
    const asked = {
      redirect_uri: party.callback,
      scope: SCOPE,
      nonce: expectedNonce,
      state: expectedState,
      ...parameters,
    };
    if (challenge) {
      asked.code_challenge = await client.calculatePKCECodeChallenge(pkceCodeVerifier);
      asked.code_challenge_method = "S256";
    }
    await page.goto(client.buildAuthorizationUrl(config, asked).href, { waitUntil: "commit" });
    return { pkceCodeVerifier, expectedNonce, expectedState };
  }

  async function answerOf(config) {
    const asked = await ask(config, {});
    return { asked, url: await party.answer(page) };
  }

  /** The tokens of somebody who is signed in already. */
  async function signedIn(config) {
    const { asked, url } = await answerOf(config);
    return client.authorizationCodeGrant(config, url, asked);
  }
});
