// How do the tests send a browser through @node-saml/node-saml?
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SAML } from "@node-saml/node-saml";
import { recipe } from "./recipe.mjs";
import { identityProvider, introduce, keyPair } from "./saml.mjs";

/** A service provider in node-saml, which an administrator introduced to the server. */
export class Service {
  /**
   * Options of node-saml beside those that every service provider has; `signs` and `decrypts` give it keys; `args` are
   * arguments of `sp add`.
   */
  static async open(town, party, name, { options = {}, signs = false, decrypts = false, args = [] } = {}) {
    const service = new Service();
    Object.assign(service, { town, party, name, entityId: `${party.origin}/${name}` });
    const { certificate } = await keyPair(town.folder, name);
    const own = await service.recipe();
    for (const option of [...(signs ? [] : ["privateKey", "publicCert"]), ...(decrypts ? [] : ["decryptionPvk"])]) {
      delete own[option];
    }
    service.options = { ...own, ...options };
    service.saml = new SAML(service.options);
    const metadata = service.saml.generateServiceProviderMetadata(certificate, certificate);
    // It checks to what an answer to a logout belongs only if that comes by an address.
    const byAddress = metadata.replace(/(<SingleLogoutService Binding="[^"]*:)HTTP-POST/, "$1HTTP-Redirect");
    await introduce(town, name, byAddress, args);
    return service;
  }

  /** The options of docs/saml.md, with the addresses of this one. */
  async recipe() {
    const { certificates } = await identityProvider(this.town);
    const code = await recipe("node-saml", "js", {
      "https://www.example.org/saml/metadata": this.entityId,
      "https://www.example.org/saml/acs": this.party.callback,
      "https://www.example.org/saml/slo": `${this.party.origin}/logout`,
      "https://id.example.org": this.town.issuer,
      "/etc/shop/sp": join(this.town.folder, this.name),
    });
    // The library keeps its options to itself.
    class Options {
      constructor(options) {
        this.options = options;
      }
    }
    return new Function("SAML", "readFileSync", "certificates", `${code}; return saml.options;`)(Options, readFileSync, certificates);
  }

  /** The same service provider with other options: another page of it. */
  with(options) {
    const other = Object.assign(new Service(), this);
    // It remembers the same requests.
    other.saml = new SAML({ ...this.options, cacheProvider: this.saml.cacheProvider, ...options });
    return other;
  }

  /** Sends the page to the identity provider by an address. */
  async ask(page, relayState = "") {
    const url = await this.saml.getAuthorizeUrlAsync(relayState, undefined, {});
    await page.goto(url, { waitUntil: "commit" });
  }

  /** Sends it there by a form, in which messages are not compressed; that has to be said. */
  async post(page, relayState = "") {
    const { saml } = this.with({ skipRequestCompression: true, authnRequestBinding: "HTTP-POST" });
    this.party.pages.set("/ask", await saml.getAuthorizeFormAsync(relayState));
    await page.goto(`${this.party.origin}/ask`, { waitUntil: "commit" });
  }

  /** What the browser brings back, as node-saml sees it after all its checks. */
  async answer(page) {
    const form = await this.form(page);
    const { profile, loggedOut } = await this.saml.validatePostResponseAsync(form);
    return { profile, loggedOut, relayState: form.RelayState };
  }

  /** Sends the page to the identity provider to sign somebody out. */
  async leave(page, profile, relayState = "") {
    await page.goto(await this.saml.getLogoutUrlAsync(profile, relayState, {}), { waitUntil: "commit" });
  }

  /** What the browser brings back of that, or what the identity provider asks for when somebody signs out there. */
  async left(page) {
    await page.waitForURL((url) => url.href.startsWith(this.options.logoutCallbackUrl));
    const { search, searchParams } = new URL(page.url());
    const form = Object.fromEntries(searchParams);
    const { profile, loggedOut } = await this.saml.validateRedirectAsync(form, search.slice(1));
    return { profile, loggedOut, relayState: form.RelayState };
  }

  /** Sends the page back, when the person is signed out here. */
  async agrees(page, { profile, relayState }) {
    const url = await this.saml.getLogoutResponseUrlAsync(profile, relayState, {}, true);
    await page.goto(url, { waitUntil: "commit" });
  }

  /** What a browser brings, before anybody checks it. */
  async form(page) {
    await page.waitForURL(this.party.callback);
    const request = await this.party.answer(page);
    return Object.fromEntries(new URLSearchParams(await request.text()));
  }
}

/** The class of authentication that an assertion tells. */
export function told(profile) {
  const [statement] = profile.getAssertion().Assertion.AuthnStatement;
  return statement.AuthnContext[0].AuthnContextClassRef[0]._;
}
