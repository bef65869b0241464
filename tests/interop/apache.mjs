// How do the tests get an Apache of their own, with mod_auth_openidc or with another module?
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chown, cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePort } from "../browser/town.mjs";

const OURS = new URL(".", import.meta.url);
/** Where the systems have the server and its modules. */
const PROGRAMS = ["/usr/sbin/apache2", "/usr/sbin/httpd"];
const MODULES = ["/usr/lib/apache2/modules", "/usr/lib64/httpd/modules"];
/** Apache answers nobody as root. */
const NOBODY = 65534;
export const IDENTITY = process.getuid() === 0 ? { uid: NOBODY, gid: NOBODY } : {};

export class Apache {
  /** An Apache that knows nothing of the town but its issuer, and what an administrator tells both. */
  static async open(town) {
    const apache = await Apache.planned();
    const secrets = await apache.register(town);
    await apache.serve({ ISSUER: town.issuer, ...secrets });
    return apache;
  }

  /** An Apache that nobody registered: it has an invitation, and does so itself when the first person comes. */
  static async unregistered(town) {
    const apache = await Apache.planned();
    const said = await town.admin(["client", "invite", "--once"], "");
    const folder = join(apache.folder, "metadata");
    await mkdir(folder);
    const found = await fetch(`${town.issuer}/.well-known/openid-configuration`);
    const settings = {
      registration_token: /^initial_access_token +(\S+)$/m.exec(said)[1],
      client_name: "The Pages",
      // Without this it would ask for every response type there is.
      registration_endpoint_json: JSON.stringify({ response_types: ["code"], grant_types: ["authorization_code"] }),
    };
    const name = join(folder, encodeURIComponent(new URL(town.issuer).host));
    await writeFile(`${name}.provider`, await found.text());
    await writeFile(`${name}.conf`, JSON.stringify(settings));
    await apache.give("metadata");
    await apache.serve({ ISSUER: town.issuer, PASSPHRASE: passphrase() }, ["-D", "UNREGISTERED"]);
    return apache;
  }

  /** One with a folder of its own, which has what is in a folder beside this file. */
  static async planned(config = "apache") {
    const apache = new this();
    apache.folder = await mkdtemp(join(tmpdir(), "symbolon-apache-"));
    apache.port = `${await freePort()}`;
    apache.origin = `http://127.0.0.1:${apache.port}`;
    await cp(fileURLToPath(new URL(config, OURS)), apache.folder, { recursive: true });
    return apache;
  }

  async register(town) {
    const back = ["--redirect-uri", `${this.origin}/redirect_uri`];
    const leave = ["--post-logout-redirect-uri", `${this.origin}/goodbye.html`];
    const told = ["--backchannel-logout-uri", `${this.origin}/redirect_uri?logout=backchannel`];
    const api = ["--grant-type", "client_credentials", "--scope", "stock:count", "--introspects"];
    return {
      PAGES_SECRET: await town.client("pages", [...back, ...leave, ...told]),
      API_SECRET: await town.client("api", api),
      PASSPHRASE: passphrase(),
    };
  }

  async serve(variables, more = []) {
    await this.give(".");
    const places = { FOLDER: this.folder, PAGES: join(this.folder, "pages"), MODULES: installed(MODULES) };
    const env = { PATH: process.env.PATH, PORT: this.port, ...places, ...variables };
    const args = ["-f", join(this.folder, "httpd.conf"), "-D", "FOREGROUND", ...more];
    this.child = spawn(installed(PROGRAMS), args, { stdio: ["ignore", "ignore", "pipe"], env, ...IDENTITY });
    this.words = "";
    this.child.stderr.on("data", (words) => (this.words += words));
    while (!(await fetch(`${this.origin}/goodbye.html`).catch(() => null))?.ok) {
      if (this.child.exitCode !== null) throw new Error(`Apache has ended: ${this.words}${await this.log()}`);
      await pause(20);
    }
  }

  /** Lets it read and write what is in its folder and was made by somebody else. */
  async give(name) {
    if (IDENTITY.uid) await chown(join(this.folder, name), IDENTITY.uid, IDENTITY.gid);
  }

  /** What it wrote down about trouble. */
  async log() {
    return readFile(join(this.folder, "error.log"), "utf8").catch(() => "");
  }

  async close() {
    this.child?.kill();
    if (this.child?.exitCode === null) await once(this.child, "exit");
    await rm(this.folder, { recursive: true, force: true });
  }
}

function passphrase() {
  return randomBytes(24).toString("base64url");
}

function installed(paths) {
  const found = paths.find((path) => existsSync(path));
  assert.ok(found, `there is none of ${paths.join(", ")}: \`make test\` installs it`);
  return found;
}
