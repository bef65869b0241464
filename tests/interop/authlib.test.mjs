// Does Authlib get along with the server? What it does is in python/; here both are started.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { text } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { PASSWORD, Town } from "../browser/town.mjs";

const PYTHON = fileURLToPath(new URL("../../.test/python/bin/python", import.meta.url));
const FOLDER = fileURLToPath(new URL("python", import.meta.url));
/** Nobody listens there: the shop in Flask is asked without a network. */
const ORIGIN = "http://127.0.0.1:1";

describe("Authlib", { concurrency: false }, () => {
  let town;
  const secrets = {};

  before(async () => {
    assert.ok(existsSync(PYTHON), "there is no Python for the tests: `npm --prefix tests/interop ci` makes it");
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
    const env = {
      ISSUER: town.issuer,
      ORIGIN,
      PASSWORD,
      SECRETS: JSON.stringify(secrets),
      PYTHONDONTWRITEBYTECODE: "1",
    };
    const python = spawn(PYTHON, ["-m", "unittest", "-v"], { cwd: FOLDER, env, stdio: ["ignore", "ignore", "pipe"] });
    const [words, [code]] = await Promise.all([text(python.stderr), once(python, "close")]);
    assert.equal(code, 0, words);
    t.diagnostic(/^Ran [1-9]\d* tests .*$/m.exec(words)[0]);
  });
});
