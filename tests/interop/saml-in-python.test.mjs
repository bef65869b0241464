// Do python3-saml and pysaml2 get along with the server? What they do is in python/; here all are started.
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { PASSWORD, Town } from "../browser/town.mjs";
import { python, unittest } from "./python.mjs";
import { ALICE, keyPair } from "./saml.mjs";

describe("service providers in Python", { concurrency: false }, () => {
  let town, env;

  before(async () => {
    town = await Town.open({ people: [ALICE] });
    const names = ["onelogin", "onelogin-careful", "pysaml2"];
    for (const name of names) await keyPair(town.folder, name);
    env = { ISSUER: town.issuer, FOLDER: town.folder, PASSWORD, PATH: process.env.PATH };
    await python(["service_providers.py"], env);
    const attributes = ["--attribute", "mail", "--attribute", "displayName"];
    const plain = ["--encrypt", "never"];
    for (const name of names) {
      const args = [...attributes, "--name", name, ...(name === "onelogin" ? plain : [])];
      await town.serviceProvider(join(town.folder, `${name}.xml`), args);
    }
  });
  after(() => town?.close());

  test("python3-saml signs people in, and hears why not", async (t) => unittest(t, ["test_python3_saml"], env));

  test("pysaml2 signs people in, and hears why not", async (t) => unittest(t, ["test_pysaml2"], env));
});
