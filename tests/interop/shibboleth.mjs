// How do the tests get an Apache with the SP of Shibboleth, and its daemon?
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, rename, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Apache, IDENTITY } from "./apache.mjs";
import { recipe } from "./recipe.mjs";
import { identityProvider, introduce, keyPair, pem } from "./saml.mjs";

const DAEMON = "/usr/sbin/shibd";

export class Shibboleth extends Apache {
  /** An SP that knows the identity provider by the address of its metadata and the key that signs them. */
  static async open(town) {
    const shibboleth = await Shibboleth.planned("shibboleth");
    const idp = await identityProvider(town);
    const { files } = await keyPair(shibboleth.folder, "sp");
    await rename(files.key, join(shibboleth.folder, "sp-key.pem"));
    await rename(files.certificate, join(shibboleth.folder, "sp-cert.pem"));
    await writeFile(join(shibboleth.folder, "idp.crt"), pem(idp.certificates[0]));
    for (const name of ["sp-key.pem", "sp-cert.pem", "idp.crt"]) await shibboleth.give(name);
    await shibboleth.fill(town);
    await shibboleth.give(".");
    await shibboleth.listens();
    await shibboleth.serve({});
    const attributes = ["mail", "displayName", "subject-id"].flatMap((name) => ["--attribute", name]);
    const metadata = await fetch(`${shibboleth.origin}/Shibboleth.sso/Metadata`);
    await introduce(town, "pages", await metadata.text(), attributes);
    return shibboleth;
  }

  /** Writes the configuration of docs/saml.md, for a service provider without TLS that shares no file with others. */
  async fill(town) {
    const { folder } = this;
    const own = ["attribute-map.xml", "idp.crt", "sp-key.pem", "sp-cert.pem"];
    const config = await recipe("Shibboleth SP", "xml", {
      "https://id.example.org": town.issuer,
      "https://www.example.org": this.origin,
      ...Object.fromEntries(own.map((name) => [`/etc/shibboleth/${name}`, join(folder, name)])),
      'backingFilePath="idp.xml"': `backingFilePath="${join(folder, "idp.xml")}"`,
      'handlerSSL="true" cookieProps="https"': 'handlerSSL="false" cookieProps="http"',
      "<ApplicationDefaults ": `<OutOfProcess logger="${join(folder, "shibd.logger")}"/>
        <InProcess logger="${join(folder, "native.logger")}"/>
        <UnixListener address="${join(folder, "shibd.sock")}"/>
        <ApplicationDefaults requireConfidentiality="false" `,
    });
    await writeFile(join(folder, "shibboleth2.xml"), config);
    const map = await recipe("Shibboleth SP", "xml", {}, "<Attributes");
    await writeFile(join(folder, "attribute-map.xml"), map);
    await writeFile(join(folder, "recipe.conf"), await recipe("Shibboleth SP", "apache", {}));
    for (const name of ["shibd.logger", "native.logger"]) {
      const logger = await readFile(join(folder, name), "utf8");
      await writeFile(join(folder, name), logger.replace("{FOLDER}", folder));
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
