// Does @node-saml/node-saml accept in a real browser what the server says of people, and is it understood?
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Profile, inspect, launch, password } from "../browser/browser.mjs";
import { PASSWORD, Terminal, Town } from "../browser/town.mjs";
import { Service, told } from "./node-saml.mjs";
import { Party } from "./party.mjs";
import { prove, register, signIn } from "./person.mjs";
import { ALICE, AUTHN, FORMAT, OID } from "./saml.mjs";

describe("node-saml", { concurrency: false }, () => {
  let town, browser, terminal, party;

  before(async () => {
    [town, browser, terminal, party] = await Promise.all([
      Town.open({ people: [ALICE] }),
      launch(),
      Terminal.open(),
      Party.open(),
    ]);
    await register(browser, town, terminal);
  });
  after(async () => {
    await browser?.close();
    party?.close();
    await Promise.all([town?.close(), terminal?.close()]);
  });

  /** A browser that nobody knows, until `journey` is over. */
  async function stranger(journey) {
    const profile = await Profile.fresh(browser);
    await journey(profile.page);
    await profile.close();
  }

  test("signs a person in by QR code, and learns who it is, how sure that is, and where to go on", async () => {
    const attributes = ["--attribute", "mail", "--attribute", "displayName"];
    const service = await Service.open(town, party, "qr", { args: attributes });
    await stranger(async (page) => {
      await service.ask(page, "/orders?page=2&sort=a b");
      await page.getByText("to continue to qr").waitFor();
      await signIn(page, terminal);
      const { profile, relayState } = await service.answer(page);
      assert.equal(relayState, "/orders?page=2&sort=a b");
      assert.equal(profile.issuer, service.options.idpIssuer);
      assert.equal(profile.nameIDFormat, FORMAT.persistent);
      assert.equal(profile.spNameQualifier, service.entityId);
      assert.ok(profile.sessionIndex);
      assert.equal(profile.attributes[OID.mail], "alice@example.org");
      assert.equal(profile.attributes[OID.displayName], "Alice Example");
      assert.equal(told(profile), AUTHN.device);
    });
  });

  test("signs a person in by password, and again without asking; the name stays the same", async () => {
    const service = await Service.open(town, party, "shop");
    await stranger(async (page) => {
      await service.ask(page);
      await password(page, "alice", PASSWORD);
      const first = await service.answer(page);
      assert.equal(told(first.profile), AUTHN.password);
      await service.ask(page);
      const second = await service.answer(page);
      for (const part of ["nameID", "sessionIndex"]) assert.equal(second.profile[part], first.profile[part], part);
      await service.with({ identifierFormat: FORMAT.email }).ask(page);
      assert.equal((await service.answer(page)).profile.nameID, "alice@example.org");
      const transient = service.with({ identifierFormat: FORMAT.transient });
      await transient.ask(page);
      const { nameID } = (await transient.answer(page)).profile;
      await stranger(async (other) => {
        await transient.ask(other);
        await password(other, "alice", PASSWORD);
        assert.notEqual((await transient.answer(other)).profile.nameID, nameID, "it ends with the session");
      });
    });
  });

  const SIGNED = {
    assertion: { wantAssertionsSigned: true, wantAuthnResponseSigned: false },
    response: { wantAssertionsSigned: false, wantAuthnResponseSigned: true },
    both: { wantAssertionsSigned: true, wantAuthnResponseSigned: true },
  };
  for (const [signed, options] of Object.entries(SIGNED)) {
    for (const decrypts of [false, true]) {
      test(`takes ${decrypts ? "an encrypted" : "a readable"} assertion where this is signed: ${signed}`, async () => {
        const name = `${signed}-${decrypts ? "encrypted" : "readable"}`;
        const args = ["--signed", signed];
        const service = await Service.open(town, party, name, { options, decrypts, args });
        await stranger(async (page) => {
          await service.ask(page);
          await password(page, "alice", PASSWORD);
          const form = await service.form(page);
          const xml = Buffer.from(form.SAMLResponse, "base64").toString();
          assert.equal(xml.includes("EncryptedAssertion"), decrypts);
          const { profile } = await service.saml.validatePostResponseAsync(form);
          assert.equal(profile.nameIDFormat, FORMAT.persistent);
          const again = service.saml.validatePostResponseAsync(form);
          await assert.rejects(again, /InResponseTo is not valid/, "an answer counts once");
        });
      });
    }
  }

  test("asks anew who sits there (ForceAuthn)", async () => {
    const service = await Service.open(town, party, "bank");
    await stranger(async (page) => {
      await service.ask(page);
      await password(page, "alice", PASSWORD);
      const { nameID } = (await service.answer(page)).profile;
      await service.with({ forceAuthn: true }).ask(page);
      await password(page, "alice", PASSWORD);
      assert.equal((await service.answer(page)).profile.nameID, nameID);
    });
  });

  test("asks whether somebody is signed in, and nobody sees a page (IsPassive)", async () => {
    const service = await Service.open(town, party, "silent");
    const silent = service.with({ passive: true });
    await stranger(async (page) => {
      await silent.ask(page);
      assert.deepEqual(await silent.answer(page), { profile: null, loggedOut: false, relayState: undefined });
      await service.ask(page);
      await password(page, "alice", PASSWORD);
      await service.answer(page);
      await silent.ask(page);
      assert.ok((await silent.answer(page)).profile.nameID);
    });
  });

  test("asks for more than a password (RequestedAuthnContext), and is told where nobody can show it", async () => {
    const service = await Service.open(town, party, "vault");
    const asking = (...authnContext) => service.with({ disableRequestedAuthnContext: false, authnContext });
    await stranger(async (page) => {
      await asking(AUTHN.password).ask(page);
      await password(page, "alice", PASSWORD);
      assert.equal(told((await service.answer(page)).profile), AUTHN.password);
      await asking(AUTHN.mfa).ask(page);
      await prove(page, terminal);
      assert.equal(told((await service.answer(page)).profile), AUTHN.mfa);
      await asking("urn:oasis:names:tc:SAML:2.0:ac:classes:Smartcard").ask(page);
      await assert.rejects(service.answer(page), /NoAuthnContext/);
    });
  });

  test("signs what it asks for, by an address and by a form; an unsigned request is answered by a page", async () => {
    const service = await Service.open(town, party, "signer", { signs: true });
    await stranger(async (page) => {
      await service.ask(page, "a-state");
      await password(page, "alice", PASSWORD);
      assert.equal((await service.answer(page)).relayState, "a-state");
      await service.post(page, "another-state");
      assert.equal((await service.answer(page)).relayState, "another-state");
      await service.with({ privateKey: undefined }).ask(page);
      await page.getByRole("heading", { name: "This request cannot be answered" }).waitFor();
      assert.equal(new URL(page.url()).origin, town.issuer);
    });
  });

  test("what a person sees on the way: who learns what, where it goes on without script, and what cannot be answered", async () => {
    const args = ["--consent", "ask", "--attribute", "mail", "--attribute", "displayName"];
    const service = await Service.open(town, party, "asking", { args });
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    // The script of our pages has nothing in it: whoever looks at them needs one of his own.
    await page.route("**/*.js", (route) => route.fulfill({ contentType: "text/javascript", body: "" }));
    await service.ask(page);
    await inspect(page, "saml-login");
    await password(page, "alice", PASSWORD);
    await page.getByRole("heading", { name: "Do you agree?" }).waitFor();
    await inspect(page, "saml-consent");
    await page.getByRole("button", { name: "Allow", exact: true }).click();
    await page.getByRole("heading", { name: "On to the application" }).waitFor();
    await inspect(page, "saml-answer");
    await page.getByRole("button", { name: "Continue" }).click();
    assert.equal((await service.answer(page)).profile.attributes[OID.mail], "alice@example.org");
    await service.with({ issuer: "https://nobody.example" }).ask(page);
    await page.getByRole("heading", { name: "This request cannot be answered" }).waitFor();
    await inspect(page, "saml-refused");
    await profile.close();
  });

  test("signs a person out of both, and is told when somebody signs out elsewhere", async () => {
    const service = await Service.open(town, party, "leaver", { signs: true });
    await stranger(async (page) => {
      const signsIn = async () => {
        await service.ask(page);
        await password(page, "alice", PASSWORD);
        return (await service.answer(page)).profile;
      };
      await service.leave(page, await signsIn(), "the-end");
      assert.deepEqual(await service.left(page), { profile: null, loggedOut: true, relayState: "the-end" });
      await page.goto(`${town.issuer}/account`);
      await page.getByRole("heading", { name: "Sign in", exact: true }).waitFor();

      const { nameID, sessionIndex } = await signsIn();
      await page.goto(`${town.issuer}/account`);
      await page.getByRole("button", { name: "Sign out", exact: true }).click();
      const asked = await service.left(page);
      assert.deepEqual([asked.profile.nameID, asked.profile.sessionIndex], [nameID, sessionIndex]);
      await service.agrees(page, asked);
      await page.getByRole("heading", { name: "You are signed out" }).waitFor();
    });
  });
});
