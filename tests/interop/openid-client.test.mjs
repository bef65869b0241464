// Does openid-client, which knows nothing but the issuer, get along with the server?
import "./webcrypto.mjs";
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import * as client from "openid-client";
import { Profile, launch } from "../browser/browser.mjs";
import { Terminal, Town } from "../browser/town.mjs";
import { Party } from "./party.mjs";
import { Peer } from "./peer.mjs";
import { register, signIn } from "./person.mjs";

describe("openid-client", { concurrency: false }, () => {
  let town, browser, terminal, party, profile, page, peer;

  before(async () => {
    const people = [{ login: "alice", name: "Alice Example", email: "alice@example.org" }];
    const settings = {
      SYMBOLON_OIDC_REGISTRATION_WHO: "invited",
      SYMBOLON_OUTBOUND_DANGER_LOOPBACK_HTTP: "true",
    };
    [town, browser, terminal, party] = await Promise.all([
      Town.open({ people, settings }),
      launch(),
      Terminal.open(),
      Party.open(),
    ]);
    await register(browser, town, terminal);
    profile = await Profile.fresh(browser);
    page = profile.page;
    peer = new Peer(town, party, page);
  });
  after(async () => {
    await browser?.close();
    party?.close();
    await Promise.all([town?.close(), terminal?.close()]);
  });

  test("signs a person in by QR code: discovery, code with PKCE, nonce and state, ID token, userinfo", async () => {
    const web = await peer.registered("web");
    assert.ok(web.serverMetadata().supportsPKCE());
    const asked = await peer.ask(web, { max_age: "600", acr_values: "urn:symbolon:acr:mfa" });
    await signIn(page, terminal);
    const tokens = await client.authorizationCodeGrant(web, await party.answer(page), { ...asked, maxAge: 600 });
    const claims = tokens.claims();
    assert.equal(claims.acr, "urn:symbolon:acr:mfa");
    assert.ok(claims.amr.includes("swk"), `${claims.amr}`);
    const told = await client.fetchUserInfo(web, tokens.access_token, claims.sub);
    assert.deepEqual([told.name, told.email], ["Alice Example", "alice@example.org"]);
  });

  test("refreshes: each refresh token is for once, and the ID token stays about the same person", async () => {
    const web = await peer.registered("refresher", [
      "--grant-type",
      "authorization_code",
      "--grant-type",
      "refresh_token",
    ]);
    const first = await peer.signedIn(web);
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
    const web = await peer.registered("revoker", [
      "--grant-type",
      "authorization_code",
      "--grant-type",
      "refresh_token",
    ]);
    const api = await peer.registered("api", [
      "--introspects",
      "--grant-type",
      "client_credentials",
      "--scope",
      "api:use",
    ]);
    const tokens = await peer.signedIn(web);
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
      const machine = await peer.discovered("machine", undefined, way);
      const tokens = await client.clientCredentialsGrant(machine, { scope: "stock:read" });
      assert.deepEqual([tokens.token_type, tokens.scope], ["bearer", "stock:read"]);
      await assert.rejects(client.clientCredentialsGrant(machine, { scope: "openid" }), { error: "invalid_scope" });
    }
    const stranger = await peer.discovered("machine", undefined, client.ClientSecretBasic("guessed"));
    await assert.rejects(client.clientCredentialsGrant(stranger), {
      status: 401,
      code: "OAUTH_WWW_AUTHENTICATE_CHALLENGE",
    });
  });

  test("waits as a device without a keyboard, until somebody types its code into the authenticator", async () => {
    const grant = "urn:ietf:params:oauth:grant-type:device_code";
    await town.client("films", ["--public", "--grant-type", grant, "--grant-type", "refresh_token"]);
    const films = await peer.discovered("films", undefined, client.None());
    const begun = await client.initiateDeviceAuthorization(films, { scope: "openid profile offline_access" });
    assert.equal(begun.verification_uri, `${town.issuer}/device`);
    const waiting = client.pollDeviceAuthorizationGrant(films, begun);
    const scan = terminal.run("scan", "--code", begun.user_code, "--decision", "approve");
    const { context } = await scan.event("context");
    assert.deepEqual([context.purpose.what, context.purpose.user_code], ["device_grant", begun.user_code]);
    assert.equal(await scan.exit(), 0);
    const tokens = await waiting;
    assert.equal(tokens.claims().acr, "urn:symbolon:acr:mfa");
    const { sub } = tokens.claims();
    assert.equal((await client.fetchUserInfo(films, tokens.access_token, sub)).name, "Alice Example");
    assert.equal((await client.refreshTokenGrant(films, tokens.refresh_token)).claims().sub, sub);
  });

  test("is let in as a device by somebody with a browser only, and told when somebody says no", async () => {
    const grant = "urn:ietf:params:oauth:grant-type:device_code";
    const secret = await town.client("console", ["--grant-type", grant]);
    const games = await peer.discovered("console", secret);
    for (const [button, title] of [
      ["Allow", "The device goes on"],
      ["Do not allow", "The device was refused"],
    ]) {
      const begun = await client.initiateDeviceAuthorization(games, { scope: "openid" });
      const waiting = client.pollDeviceAuthorizationGrant(games, begun).catch(({ error }) => error);
      await page.goto(begun.verification_uri);
      await page.getByLabel("Code on the device").fill(begun.user_code.toLowerCase());
      await page.getByRole("button", { name: "Continue" }).click();
      await page.getByText(begun.user_code).waitFor();
      await page.getByRole("button", { name: button, exact: true }).click();
      await page.getByRole("heading", { name: title }).waitFor();
      const answer = await waiting;
      if (button === "Allow") assert.ok(answer.claims().amr.includes("swk"), `${answer.claims().amr}`);
      else assert.equal(answer, "access_denied");
    }
  });

  test("asks a person without a browser, who approves what waits on the device, and is told of a no", async () => {
    const ciba = "urn:openid:params:grant-type:ciba";
    const secret = await town.client("calls", ["--grant-type", ciba, "--grant-type", "refresh_token"]);
    const calls = await peer.discovered("calls", secret);
    for (const decision of ["approve", "deny"]) {
      const asked = { scope: "openid profile", login_hint: "alice", binding_message: `Call ${decision}` };
      const begun = await client.initiateBackchannelAuthentication(calls, asked);
      const waiting = client.pollBackchannelAuthenticationGrant(calls, begun).catch(({ error }) => error);
      const pending = terminal.run("pending", "--decision", decision);
      const { context } = await pending.event("context");
      assert.deepEqual([context.purpose.what, context.purpose.binding_message], ["backchannel", `Call ${decision}`]);
      await pending.exit();
      const tokens = await waiting;
      if (decision === "deny") assert.equal(tokens, "access_denied");
      else {
        assert.equal(tokens.claims().acr, "urn:symbolon:acr:mfa");
        const { sub } = tokens.claims();
        assert.equal((await client.fetchUserInfo(calls, tokens.access_token, sub)).name, "Alice Example");
        assert.equal((await client.refreshTokenGrant(calls, tokens.refresh_token)).claims().sub, sub);
      }
    }
  });

  test("asks a person without a browser, and is told when to ask again", async () => {
    const ciba = ["--grant-type", "urn:openid:params:grant-type:ciba"];
    const secret = await town.client("till", [...ciba, "--backchannel-notification-uri", `${party.origin}/ping`]);
    const till = await peer.discovered("till", secret);
    const token = client.randomState();
    const begun = await client.initiateBackchannelAuthentication(till, {
      scope: "openid",
      login_hint: "alice",
      binding_message: "Till 3",
      client_notification_token: token,
    });
    assert.equal(await terminal.run("pending", "--decision", "approve").exit(), 0);
    if (!party.posted.length) await once(party.server, "heard");
    const ping = party.posted.shift();
    assert.equal(ping.headers.get("authorization"), `Bearer ${token}`);
    assert.deepEqual(await ping.json(), { auth_req_id: begun.auth_req_id });
    const tokens = await client.pollBackchannelAuthenticationGrant(till, begun);
    assert.ok(tokens.claims().amr.includes("swk"));
  });

  test("binds its tokens to a key, and answers the nonces of the server", async () => {
    const grants = ["--grant-type", "authorization_code", "--grant-type", "refresh_token"];
    const web = await peer.registered("holder", grants);
    const DPoP = client.getDPoPHandle(web, await client.randomDPoPKeyPair("ES256"));
    const { asked, url } = await peer.answer(web);
    const tokens = await client.authorizationCodeGrant(web, url, asked, undefined, { DPoP });
    assert.equal(tokens.token_type, "dpop");
    const { sub } = tokens.claims();
    const fresh = await client.refreshTokenGrant(web, tokens.refresh_token, undefined, { DPoP });
    for (const { access_token } of [tokens, fresh]) {
      assert.equal((await client.fetchUserInfo(web, access_token, sub, { DPoP })).name, "Alice Example");
    }
    const stranger = client.getDPoPHandle(web, await client.randomDPoPKeyPair("ES256"));
    for (const options of [{ DPoP: stranger }, {}]) {
      await assert.rejects(client.fetchUserInfo(web, fresh.access_token, sub, options), { status: 401 });
    }
  });

  test("takes the answer from a form that posts itself", async () => {
    const web = await peer.registered("poster");
    const asked = await peer.ask(web, { response_mode: "form_post" });
    const answer = await party.answer(page);
    assert.equal(answer.method, "POST");
    const tokens = await client.authorizationCodeGrant(web, answer, asked);
    assert.deepEqual(tokens.claims().aud, ["poster"]);
  });

  test("takes a signed answer (JARM)", async () => {
    const web = await peer.registered("jarm", [], client.useJwtResponseMode);
    const tokens = await peer.signedIn(web);
    assert.match(page.url(), /\?response=[^&]+$/, "nothing beside what is signed");
    assert.ok(tokens.claims().sub);
  });

  test("takes an ID token beside the code, as a signature over code and state", async () => {
    const grants = ["--grant-type", "authorization_code", "--grant-type", "implicit"];
    const types = ["--response-type", "code id_token", "--response-type", "id_token"];
    const hybrid = await peer.registered("hybrid", [...grants, ...types], client.useCodeIdTokenResponseType);
    await peer.signedIn(hybrid);
    client.enableDetachedSignatureResponseChecks(hybrid);
    await peer.signedIn(hybrid);
    const implicit = await peer.discovered("hybrid", undefined, client.None(), client.useIdTokenResponseType);
    const asked = await peer.ask(implicit);
    const claims = await client.implicitAuthentication(implicit, await party.answer(page), asked.expectedNonce, asked);
    assert.deepEqual(claims.aud, ["hybrid"]);
  });

  for (const alg of ["RS256", "PS256", "ES256", "EdDSA"]) {
    test(`checks the signature of an ID token with ${alg} by our keys`, async () => {
      const id = alg.toLowerCase();
      const secret = await town.client(id, ["--redirect-uri", party.callback, "--id-token-alg", alg]);
      const metadata = { client_secret: secret, id_token_signed_response_alg: alg };
      const web = await peer.discovered(id, metadata, undefined, client.enableNonRepudiationChecks);
      const tokens = await peer.signedIn(web);
      assert.equal(JSON.parse(Buffer.from(tokens.id_token.split(".")[0], "base64url")).alg, alg);
    });
  }

  test("signs in to an app on the device, which has no secret and listens at any port", async () => {
    await town.client("native", ["--public", "--native", "--redirect-uri", "http://127.0.0.1/callback"]);
    const native = await peer.discovered("native", undefined, client.None());
    assert.ok((await peer.signedIn(native)).claims().sub);
  });

  test("registers itself with a key of its own, which it signs its requests with, and gets userinfo signed", async () => {
    const { key, jwks } = await ownKey();
    const metadata = {
      token_endpoint_auth_method: "private_key_jwt",
      jwks,
      userinfo_signed_response_alg: "ES256",
      subject_type: "pairwise",
    };
    const web = await peer.newcomer(metadata, client.PrivateKeyJwt(key), client.enableNonRepudiationChecks);
    const tokens = await peer.agreed(web);
    const told = await client.fetchUserInfo(web, tokens.access_token, tokens.claims().sub);
    assert.deepEqual(
      [told.aud, told.name],
      [web.clientMetadata().client_id, "Alice Example"],
      "signed for this client",
    );
    const stranger = await ownKey();
    const { client_id } = web.clientMetadata();
    const forger = await peer.discovered(client_id, metadata, client.PrivateKeyJwt(stranger.key));
    await assert.rejects(client.tokenRevocation(forger, tokens.access_token), {
      error: "invalid_client",
      error_description: "the signature of the assertion does not verify",
    });
  });

  test("signs what it asks for, and leaves it with the server before the browser comes", async () => {
    const { key, jwks } = await ownKey();
    const signed = await peer.newcomer({ jwks, require_signed_request_object: true });
    await peer.agreed(signed, (config, asked) => client.buildAuthorizationUrlWithJAR(config, asked, key));
    assert.equal(await refusal(signed), "invalid_request", "without a signature");
    const pushed = await peer.registered("pusher");
    const asked = await peer.ask(pushed, { max_age: "600" }, client.buildAuthorizationUrlWithPAR);
    const tokens = await client.authorizationCodeGrant(pushed, await party.answer(page), { ...asked, maxAge: 600 });
    assert.ok(tokens.claims().sub);
    const both = async (config, asked) => {
      const { searchParams } = await client.buildAuthorizationUrlWithJAR(config, asked, key);
      return client.buildAuthorizationUrlWithPAR(config, searchParams);
    };
    await peer.agreed(await peer.newcomer({ jwks, require_pushed_authorization_requests: true }), both);
    const elsewhere = client.buildAuthorizationUrlWithPAR(pushed, { redirect_uri: "https://evil.example/" });
    await assert.rejects(elsewhere, { error: "invalid_request" });
  });

  test("gets ID tokens and userinfo encrypted for a key of its own, signed inside", async () => {
    for (const [alg, enc] of [
      ["ECDH-ES+A256KW", "A256GCM"],
      ["RSA-OAEP-256", "A128CBC-HS256"],
    ]) {
      const { jwk, privateKey } = await ownKeyToDecrypt(alg);
      const metadata = {
        jwks: { keys: [jwk] },
        id_token_encrypted_response_alg: alg,
        id_token_encrypted_response_enc: enc,
        userinfo_signed_response_alg: "PS256",
        userinfo_encrypted_response_alg: alg,
        userinfo_encrypted_response_enc: enc,
      };
      const decrypts = (config) => client.enableDecryptingResponses(config, [enc], { key: privateKey, alg, kid: jwk.kid });
      const web = await peer.newcomer(metadata, undefined, decrypts, client.enableNonRepudiationChecks);
      const tokens = await peer.agreed(web);
      assert.equal(tokens.id_token.split(".").length, 5, "nobody on the way reads it");
      assert.equal((await client.fetchUserInfo(web, tokens.access_token, tokens.claims().sub)).name, "Alice Example");
    }
  });

  test("is registered by a file: a key in place of a secret, signed requests, ID tokens that only it can read", async () => {
    const { key, jwks } = await ownKey();
    const [alg, enc, kid] = ["ECDH-ES+A256KW", "A256GCM", "to-encrypt-for"];
    const { jwk, privateKey } = await ownKeyToDecrypt(alg);
    const registration = {
      token_endpoint_auth_method: "private_key_jwt",
      require_signed_request_object: true,
      jwks: { keys: [...jwks.keys, { ...jwk, kid }] },
      id_token_encrypted_response_alg: alg,
      id_token_encrypted_response_enc: enc,
    };
    assert.equal(await peer.described("described", registration), undefined, "it has no secret");
    const decrypts = (config) => client.enableDecryptingResponses(config, [enc], { key: privateKey, alg, kid });
    const web = await peer.discovered("described", undefined, client.PrivateKeyJwt(key), decrypts);
    const signed = (config, asked) => client.buildAuthorizationUrlWithJAR(config, asked, key);
    const asked = await peer.ask(web, {}, signed);
    const tokens = await client.authorizationCodeGrant(web, await party.answer(page), asked);
    assert.equal(tokens.id_token.split(".").length, 5, "nobody on the way reads it");
    assert.equal(await refusal(web), "invalid_request", "without a signature");
  });

  test("keeps to FAPI 2.0: pushed requests, a key in place of a secret, bound tokens, PS256", async () => {
    const { key, jwks } = await ownKey();
    const registration = {
      application_type: "native",
      token_endpoint_auth_method: "private_key_jwt",
      grant_types: ["authorization_code", "refresh_token"],
      jwks,
    };
    await peer.described("fapi", registration, ["--profile", "fapi2"]);
    const metadata = { id_token_signed_response_alg: "PS256" };
    const web = await peer.discovered("fapi", metadata, client.PrivateKeyJwt(key), client.enableNonRepudiationChecks);
    const DPoP = client.getDPoPHandle(web, await client.randomDPoPKeyPair("ES256"));
    const pushed = (config, asked) => client.buildAuthorizationUrlWithPAR(config, asked, { DPoP });
    const asked = await peer.ask(web, {}, pushed);
    const tokens = await client.authorizationCodeGrant(web, await party.answer(page), asked, undefined, { DPoP });
    const { sub } = tokens.claims();
    assert.equal((await client.fetchUserInfo(web, tokens.access_token, sub, { DPoP })).name, "Alice Example");
    const fresh = await client.refreshTokenGrant(web, tokens.refresh_token, undefined, { DPoP });
    assert.equal(fresh.refresh_token, tokens.refresh_token, "it does not rotate");
    assert.equal(await refusal(web), "invalid_request", "not pushed");
    await assert.rejects(client.refreshTokenGrant(web, tokens.refresh_token), { error: "invalid_dpop_proof" });
  });

  test("registers itself, and proves that it knows its secret without sending it", async () => {
    const web = await peer.newcomer({ token_endpoint_auth_method: "client_secret_jwt" }, client.ClientSecretJwt());
    const told = await client.tokenIntrospection(web, (await peer.agreed(web)).access_token);
    assert.equal(told.active, true);
    const metadata = { redirect_uris: [party.callback] };
    const uninvited = { execute: [client.allowInsecureRequests] };
    const refused = client.dynamicClientRegistration(new URL(town.issuer), metadata, undefined, uninvited);
    await assert.rejects(refused, { status: 401 });
  });

  test("mix-up: an answer of another issuer, or of nobody, is refused", async () => {
    const web = await peer.registered("careful");
    const { asked, url } = await peer.answer(web);
    const refused = (error) => /"iss" \(issuer\)/.test(error.cause?.message);
    url.searchParams.set("iss", "https://evil.example");
    await assert.rejects(client.authorizationCodeGrant(web, url, asked), refused);
    url.searchParams.delete("iss");
    await assert.rejects(client.authorizationCodeGrant(web, url, asked), refused);
  });

  test("code injection: a code is nothing without the verifier of whoever began", async () => {
    const web = await peer.registered("injected");
    const { url, asked } = await peer.answer(web);
    const pkceCodeVerifier = client.randomPKCECodeVerifier();
    await assert.rejects(client.authorizationCodeGrant(web, url, { ...asked, pkceCodeVerifier }), {
      error: "invalid_grant",
    });
  });

  test("knows a person by a name that no other site shares, in the ID token and in userinfo", async () => {
    const pairwise = await peer.registered("pairwise", ["--pairwise"]);
    const open = await peer.registered("open");
    const [one, other] = [await peer.signedIn(pairwise), await peer.signedIn(open)];
    const { sub } = one.claims();
    assert.notEqual(sub, other.claims().sub);
    assert.equal((await client.fetchUserInfo(pairwise, one.access_token, sub)).sub, sub);
  });

  test("is told why nothing came: an error of the provider with the state", async () => {
    const web = await peer.registered("strict", ["--min-acr", "urn:symbolon:acr:mfa"]);
    const asked = await peer.ask(web, { prompt: "none", acr_values: "urn:symbolon:acr:mfa", max_age: "0" });
    const answer = client.authorizationCodeGrant(web, await party.answer(page), asked);
    await assert.rejects(answer, { code: "OAUTH_AUTHORIZATION_RESPONSE_ERROR", error: "login_required" });
  });

  test("signs the person out at the provider, who comes back with the state", async () => {
    const web = await peer.registered("leaver", ["--post-logout-redirect-uri", party.goodbye]);
    const tokens = await peer.signedIn(web);
    const goodbye = {
      post_logout_redirect_uri: party.goodbye,
      id_token_hint: tokens.id_token,
      state: "a state & more",
    };
    await page.goto(client.buildEndSessionUrl(web, goodbye).href);
    const url = new URL(page.url());
    assert.deepEqual([url.origin + url.pathname, url.searchParams.get("state")], [party.goodbye, "a state & more"]);
    const asked = await peer.ask(web, { prompt: "none" });
    const answer = client.authorizationCodeGrant(web, await party.answer(page), asked);
    await assert.rejects(answer, { error: "login_required" });
    await assert.rejects(client.fetchUserInfo(web, tokens.access_token, tokens.claims().sub), { status: 401 });
    await profile.close();
  });

  /** The error that a plain request is answered with. */
  async function refusal(config) {
    const { asked, url } = await peer.answer(config);
    return client.authorizationCodeGrant(config, url, asked).catch(({ error }) => error);
  }
});

/** A key that others encrypt for: what they see of it, and the other half. */
async function ownKeyToDecrypt(alg) {
  const how = alg.startsWith("RSA")
    ? { name: "RSA-OAEP", hash: "SHA-256", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) }
    : { name: "ECDH", namedCurve: "P-256" };
  const uses = alg.startsWith("RSA") ? ["encrypt", "decrypt"] : ["deriveBits"];
  const { privateKey, publicKey } = await crypto.subtle.generateKey(how, true, uses);
  const { kty, crv, x, y, n, e } = await crypto.subtle.exportKey("jwk", publicKey);
  return { privateKey, jwk: { kty, crv, x, y, n, e, use: "enc", alg, kid: "own" } };
}

/** A key that an application made itself, and what it tells of it. */
async function ownKey() {
  const ecdsa = { name: "ECDSA", namedCurve: "P-256" };
  const { privateKey, publicKey } = await crypto.subtle.generateKey(ecdsa, true, ["sign", "verify"]);
  const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", publicKey);
  return { key: { key: privateKey, kid: "own" }, jwks: { keys: [{ kty, crv, x, y, kid: "own" }] } };
}
