// How do the tests send a browser through openid-client?
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as client from "openid-client";

/** Applications in openid-client, and the person in front of the page. */
export class Peer {
  constructor(town, party, page) {
    Object.assign(this, { town, party, page });
  }

  /** The client with what the server says about itself, and nothing else. */
  async discovered(id, metadata, authentication, ...execute) {
    const insecure = { execute: [client.allowInsecureRequests, ...execute] };
    return client.discovery(new URL(this.town.issuer), id, metadata, authentication, insecure);
  }

  /** A new application with a secret. */
  async registered(id, args = [], ...execute) {
    const secret = await this.town.client(id, ["--redirect-uri", this.party.callback, ...args]);
    return this.discovered(id, secret, undefined, ...execute);
  }

  /** Registers an application by a file with what it says about itself; returns its secret, if it has one. */
  async described(id, registration, args = []) {
    const file = join(this.town.folder, `${id}.json`);
    await writeFile(file, JSON.stringify({ redirect_uris: [this.party.callback], ...registration }));
    return this.town.client(id, ["--metadata", file, ...args]);
  }

  /** An application that has registered itself, with a token of the administrator. */
  async newcomer(metadata, authentication, ...execute) {
    const said = await this.town.admin(["client", "invite", "--once"], "");
    const initialAccessToken = /^initial_access_token +(\S+)$/m.exec(said)[1];
    const options = { initialAccessToken, execute: [client.allowInsecureRequests, ...execute] };
    const all = { client_name: "Newcomer", redirect_uris: [this.party.callback], ...metadata };
    return client.dynamicClientRegistration(new URL(this.town.issuer), all, authentication, options);
  }

  /** Sends the browser to the provider, by an address that `build` makes; returns what the answer must fit to. */
  async ask(config, parameters = {}, build = client.buildAuthorizationUrl) {
    const verifier = client.randomPKCECodeVerifier();
    const [nonce, state] = [client.randomNonce(), client.randomState()];
    const asked = {
      redirect_uri: this.party.callback,
      scope: "openid profile email",
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      nonce,
      state,
      ...parameters,
    };
    const url = await build(config, asked);
    await this.page.goto(url.href, { waitUntil: "commit" });
    return { pkceCodeVerifier: verifier, expectedNonce: nonce, expectedState: state };
  }

  /** The answer about somebody who is signed in already. */
  async answer(config) {
    const asked = await this.ask(config);
    return { asked, url: await this.party.answer(this.page) };
  }

  /** The tokens of somebody who is signed in already. */
  async signedIn(config) {
    const { asked, url } = await this.answer(config);
    return client.authorizationCodeGrant(config, url, asked);
  }

  /** The same of a newcomer, whose people are asked whether it may have them. */
  async agreed(config, build) {
    const asked = await this.ask(config, {}, build);
    await this.page.getByText("Newcomer").first().waitFor();
    await this.page.getByRole("button", { name: "Allow", exact: true }).click();
    return client.authorizationCodeGrant(config, await this.party.answer(this.page), asked);
  }
}
