// Does Authlib get along with the server? What it does is in python/; here both are started.
import { after, before, describe, test } from "node:test";
import { PASSWORD, Town } from "../browser/town.mjs";
import { unittest } from "./python.mjs";

/** Nobody listens there: the shop in Flask is asked without a network. */
const ORIGIN = "http://127.0.0.1:1";

describe("Authlib", { concurrency: false }, () => {
  let town;
  const secrets = {};

  before(async () => {
    town = await Town.open({ people: [{ login: "alice", name: "Alice Example", email: "alice@example.org" }] });
    const back = ["--redirect-uri", `${ORIGIN}/callback`, "--post-logout-redirect-uri", `${ORIGIN}/goodbye`];
    const refresh = ["--grant-type", "authorization_code", "--grant-type", "refresh_token"];
    const clients = {
      rs256: back,
      es256: [...back, "--id-token-alg", "ES256"],
      eddsa: [...back, "--id-token-alg", "EdDSA"],
      refresher: [...back, ...refresh],
      machine: ["--grant-type", "client_credentials", "--scope", "stock:read stock:write"],
    };
    for (const [id, args] of Object.entries(clients)) secrets[id] = await town.client(id, args);
  });
  after(() => town?.close());

  test("signs people in, with Flask and without, refreshes, introspects, revokes, and gets tokens for itself", async (t) => {
    const env = { ISSUER: town.issuer, ORIGIN, PASSWORD, SECRETS: JSON.stringify(secrets) };
    await unittest(t, ["test_authlib", "test_webhook"], env);
  });
});
