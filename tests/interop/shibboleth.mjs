// How do the tests get an Apache with the SP of Shibboleth, and its daemon?
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Apache, IDENTITY } from "./apache.mjs";
import { identityProvider, introduce, keyPair, pem } from "./saml.mjs";

const DAEMON = "/usr/sbin/shibd";

export class Shibboleth extends Apache {
  /** An SP that knows the identity provider by the address of its metadata and the key that signs them. */
  static async open(town) {
    const shibboleth = await Shibboleth.planned("shibboleth");
    const idp = await identityProvider(town);
    await keyPair(shibboleth.folder, "sp");
    await writeFile(join(shibboleth.folder, "idp.crt"), pem(idp.certificates[0]));
    for (const name of ["sp.key", "sp.crt", "idp.crt"]) await shibboleth.give(name);
    await shibboleth.fill({ ISSUER: town.issuer, ENTITY_ID: idp.entityId });
    await shibboleth.give(".");
    await shibboleth.listens();
    await shibboleth.serve({});
    const attributes = ["mail", "displayName", "subject-id"].flatMap((name) => ["--attribute", name]);
    const metadata = await fetch(`${shibboleth.origin}/Shibboleth.sso/Metadata`);
    await introduce(town, "pages", await metadata.text(), attributes);
    return shibboleth;
  }

  /** Writes into the configuration where everything is. */
  async fill(values) {
    const all = { FOLDER: this.folder, ORIGIN: this.origin, ...values };
    for (const name of ["shibboleth2.xml", "shibd.logger", "native.logger"]) {
      const file = join(this.folder, name);
      const text = await readFile(file, "utf8");
      await writeFile(file, text.replace(/\{([A-Z_]+)\}/g, (_, key) => all[key]));
    }
  }

  /** Starts the daemon, which the module asks. */
  async listens() {
    const files = ["-c", join(this.folder, "shibboleth2.xml"), "-p", join(this.folder, "shibd.pid")];
    this.daemon = spawn(DAEMON, ["-F", "-f", ...files], { stdio: ["ignore", "ignore", "pipe"], ...IDENTITY });
    this.daemon.stderr.on("data", (words) => (this.words = `${this.words ?? ""}${words}`));
    while (!existsSync(join(this.folder, "shibd.sock"))) {
      if (this.daemon.exitCode !== null) throw new Error(`shibd has ended: ${this.words}${await this.log()}`);
      await pause(20);
    }
  }

  async log() {
    const logs = ["shibd.log", "native.log", "error.log"].map((name) => join(this.folder, name));
    const texts = await Promise.all(logs.map((file) => readFile(file, "utf8").catch(() => "")));
    return texts.join("");
  }

  async close() {
    this.daemon?.kill();
    if (this.daemon?.exitCode === null) await once(this.daemon, "exit");
    await super.close();
  }
}
