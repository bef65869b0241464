// How do the tests get a SimpleSAMLphp, and an application that uses it?
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePort } from "../browser/town.mjs";
import { recipe } from "./recipe.mjs";
import { identityProvider, introduce, keyPair } from "./saml.mjs";

const OURS = fileURLToPath(new URL("simplesamlphp", import.meta.url));
const WEB = "/usr/share/simplesamlphp/www";

export class SimpleSaml {
  /** A SimpleSAMLphp that knows the identity provider by its metadata, in the web server of PHP. */
  static async open(town) {
    const php = new SimpleSaml();
    php.folder = await mkdtemp(join(tmpdir(), "symbolon-php-"));
    php.origin = `http://127.0.0.1:${await freePort()}`;
    await cp(OURS, php.folder, { recursive: true });
    for (const name of ["metadata", "tmp"]) await mkdir(join(php.folder, name));
    await symlink(WEB, join(php.folder, "pages", "simplesamlphp"));
    const idp = await identityProvider(town);
    await writeFile(join(php.folder, "metadata", "idp.xml"), idp.xml);
    await keyPair(php.folder, "sp");
    const sources = { "https://id.example.org": town.issuer, "https://www.example.org": php.origin };
    const config = await recipe("SimpleSAMLphp", "php", sources, "default-sp' => [");
    await writeFile(join(php.folder, "config", "authsources.php"), config);
    await php.serve();
    // It asks in its metadata for the attributes that it wants: the administrator need not say which.
    const metadata = await fetch(`${php.origin}/simplesamlphp/module.php/saml/sp/metadata.php/default-sp`);
    await introduce(town, "The Pages", await metadata.text());
    return php;
  }

  async serve() {
    const env = {
      PATH: process.env.PATH,
      FOLDER: this.folder,
      ORIGIN: this.origin,
      SALT: randomBytes(24).toString("base64url"),
      SIMPLESAMLPHP_CONFIG_DIR: join(this.folder, "config"),
      PHP_CLI_SERVER_WORKERS: "4",
    };
    const args = ["-S", new URL(this.origin).host, "-t", join(this.folder, "pages")];
    this.child = spawn("php", args, { stdio: ["ignore", "ignore", "pipe"], env, detached: true });
    this.words = "";
    this.child.stderr.on("data", (words) => (this.words += words));
    while (!(await fetch(`${this.origin}/goodbye.html`).catch(() => null))?.ok) {
      if (this.child.exitCode !== null) throw new Error(`PHP has ended: ${this.words}`);
      await pause(20);
    }
  }

  /** What it wrote down about trouble. */
  async log() {
    return `${await readFile(join(this.folder, "simplesamlphp.log"), "utf8").catch(() => "")}${this.words}`;
  }

  async close() {
    // Its workers are processes of their own, in a group with it.
    if (this.child?.exitCode === null) {
      process.kill(-this.child.pid);
      await once(this.child, "exit");
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}
