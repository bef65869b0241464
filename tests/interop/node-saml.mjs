// How do the tests send a browser through @node-saml/node-saml?
import { SAML, ValidateInResponseTo } from "@node-saml/node-saml";
import { FORMAT, identityProvider, introduce, keyPair } from "./saml.mjs";

/** A service provider in node-saml, which an administrator introduced to the server. */
export class Service {
  /**
   * Options of node-saml beside those that every service provider has; `signs` and `decrypts` give it keys; `args` are
   * arguments of `sp add`.
   */
  static async open(town, party, name, { options = {}, signs = false, decrypts = false, args = [] } = {}) {
    const service = new Service();
    Object.assign(service, { town, party, name, entityId: `${party.origin}/${name}` });
    const keys = signs || decrypts ? await keyPair(town.folder, name) : null;
    const own = {
      ...(signs && { privateKey: keys.key, publicCert: keys.certificate }),
      ...(decrypts && { decryptionPvk: keys.key }),
    };
    service.options = { ...(await service.known()), ...own, ...options };
    service.saml = new SAML(service.options);
    const certificates = [decrypts ? keys.certificate : null, signs ? keys.certificate : null];
    await introduce(town, name, service.saml.generateServiceProviderMetadata(...certificates), args);
    return service;
  }

  /** What is the same for all: who they are, and what they read in the metadata of the identity provider. */
  async known() {
    const idp = await identityProvider(this.town);
    return {
      issuer: this.entityId,
      callbackUrl: this.party.callback,
      logoutCallbackUrl: `${this.party.origin}/logout`,
      idpIssuer: idp.entityId,
      idpCert: idp.certificates,
      entryPoint: idp.location("SingleSignOnService", "HTTP-Redirect"),
      logoutUrl: idp.location("SingleLogoutService", "HTTP-Redirect"),
      identifierFormat: FORMAT.persistent,
      disableRequestedAuthnContext: true,
      signatureAlgorithm: "sha256",
      digestAlgorithm: "sha256",
      validateInResponseTo: ValidateInResponseTo.always,
    };
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

  /** The same before anybody checks it. */
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
