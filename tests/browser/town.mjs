// How do the browser tests get real processes: the server, the shop, and the authenticator in the terminal?
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Balancer } from "./balancer.mjs";

export const PASSWORD = "correct horse battery staple";
const PIN = "739154";
const root = fileURLToPath(new URL("../..", import.meta.url));
const binaries = resolve(root, process.env.CARGO_TARGET_DIR ?? "target", "debug");

/** A port that was free a moment ago. */
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** Starts a binary of the workspace, which `cargo build --workspace` made. */
function start(name, args, stdio, env = process.env) {
  const child = spawn(join(binaries, name), args, { stdio, env });
  child.on("error", (error) => {
    throw new Error(`${name}: ${error.message}; \`make test\` builds the workspace first`);
  });
  return child;
}

/** The URL of a database of its own in the PostgreSQL of the tests. */
async function freshDatabase() {
  const server = process.env.SYMBOLON_TEST_POSTGRES;
  assert.ok(server, "SYMBOLON_TEST_POSTGRES is not set: `make test` starts a PostgreSQL and sets it");
  const name = `town_${process.pid}_${Date.now()}`;
  const { stdout } = await promisify(execFile)(join(root, "tests/postgres.sh"), ["database", name]);
  return stdout.trim();
}

async function ended(child) {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return child.exitCode;
}

async function up(url, child) {
  for (;;) {
    const answer = await fetch(url).catch(() => null);
    if (answer?.ok) return;
    if (child.exitCode !== null) throw new Error(`the process behind ${url} has ended: ${child.words}`);
    await pause(20);
  }
}

const ALICE = { login: "alice", name: "Alice Example" };

/** The identity provider, with a shop that signs people in with it. */
export class Town {
  /**
   * A town on SQLite in which `people` have the one password; each is { login, name, email, verified }. `settings` are variables
   * of the server's environment, `client` are arguments of `client add` for the shop.
   */
  static async open({ people = [ALICE], settings = {}, client = [] } = {}) {
    const town = await Town.planned(settings);
    const port = await freePort();
    town.issuer = `http://localhost:${port}`;
    town.store = `sqlite:${join(town.folder, "symbolon.db")}`;
    await town.fill(people, client);
    await town.serve(port, "state");
    return town.opened();
  }

  /**
   * The same on two nodes and one PostgreSQL; `choose` says by the head of a request which node takes a connection.
   * The code changes once a minute: a page looks again then, and would hear of everything without being woken.
   */
  static async ofTwoNodes(choose) {
    const town = await Town.planned({ SYMBOLON_ENGINE_TICKET_ROTATION: "60" });
    const ports = [await freePort(), await freePort()];
    town.balancer = await Balancer.open(ports, choose);
    town.issuer = `http://localhost:${town.balancer.port}`;
    town.store = await freshDatabase();
    await town.fill([ALICE], []);
    await mkdir(join(town.folder, "second"));
    await cp(join(town.folder, "state", "kek"), join(town.folder, "second", "kek"));
    await town.serve(ports[0], "state");
    await town.serve(ports[1], "second");
    return town.opened();
  }

  static async planned(settings) {
    const town = new Town();
    town.settings = settings;
    town.folder = await mkdtemp(join(tmpdir(), "symbolon-town-"));
    town.shop = `http://127.0.0.1:${await freePort()}`;
    town.servers = [];
    return town;
  }

  async fill(people, client) {
    for (const { login, name, email, verified } of people) {
      const mail = [...(email ? ["--email", email] : []), ...(verified ? ["--email-verified"] : [])];
      await this.admin(["user", "add", login, "--name", name, ...mail], PASSWORD);
    }
    const back = ["--redirect-uri", `${this.shop}/callback`, "--post-logout-redirect-uri", `${this.shop}/`];
    await this.admin(["client", "add", "shop", "--name", "The Shop", ...back, "--public", ...client], "");
  }

  async serve(port, state) {
    const server = this.run(["serve", "--listen", `127.0.0.1:${port}`], state);
    this.servers.push(server);
    await up(`http://127.0.0.1:${port}/readyz`, server);
  }

  async opened() {
    const shop = ["--issuer", this.issuer, "--listen", new URL(this.shop).host];
    this.shopkeeper = start("symbolon-shop", shop, ["ignore", "ignore", "ignore"]);
    await up(`${this.shop}/healthz`, this.shopkeeper);
    return this;
  }

  run(args, state = "state") {
    const where = ["--issuer", this.issuer, "--state-dir", join(this.folder, state), "--store-url", this.store];
    const env = { ...process.env, ...this.settings };
    const child = start("idp-server", [...args, ...where], ["pipe", "pipe", "pipe"], env);
    child.said = "";
    child.words = "";
    child.stdout.on("data", (said) => (child.said += said));
    child.stderr.on("data", (words) => (child.words += words));
    return child;
  }

  /** Runs a command of the administrator, and returns what it prints. */
  async admin(args, input) {
    const child = this.run(args);
    child.stdin.end(`${input}\n`);
    const [code] = await once(child, "close");
    if (code !== 0) throw new Error(`idp-server ${args.join(" ")} ended with ${code}: ${child.words}`);
    return child.said;
  }

  /** Registers an application with arguments of `client add`, and returns its secret, if it has one. */
  async client(id, args) {
    const said = await this.admin(["client", "add", id, "--name", id, ...args], "");
    return /^client_secret +(\S+)$/m.exec(said)?.[1];
  }

  /** Adds a service provider of SAML by its metadata, with arguments of `sp add`. */
  async serviceProvider(file, args = []) {
    return this.admin(["sp", "add", file, ...args], "");
  }

  /** Adds a service provider of SAML that takes answers at an address, with arguments of `sp add`. */
  async provider(entity, consumer, args) {
    const metadata = join(this.folder, "provider.xml");
    const at = `Location="${consumer}" index="0"`;
    await writeFile(
      metadata,
      `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${entity}">` +
        '<md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">' +
        `<md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" ${at}/>` +
        "</md:SPSSODescriptor></md:EntityDescriptor>",
    );
    await this.admin(["sp", "add", metadata, ...args], "");
  }

  async close() {
    this.balancer?.close();
    for (const child of [this.shopkeeper, ...this.servers]) {
      child?.kill();
      if (child) await ended(child);
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** `idp-authenticator`, with a folder and a PIN of its own. */
export class Terminal {
  static async open() {
    const terminal = new Terminal();
    terminal.commands = [];
    terminal.folder = await mkdtemp(join(tmpdir(), "symbolon-terminal-"));
    await writeFile(terminal.file("passphrase"), "a long enough passphrase\n");
    await writeFile(terminal.file("pin"), `${PIN}\n`);
    return terminal;
  }

  file(name) {
    return join(this.folder, name);
  }

  /** Starts a command that may ask for the PIN. */
  run(...args) {
    return this.bare(...args, "--pin-file", this.file("pin"));
  }

  /** Starts a command that does not. */
  bare(...args) {
    const keys = ["--home", this.file("home"), "--passphrase-file", this.file("passphrase")];
    const all = [...args, "--json", ...keys];
    const command = new Command(start("idp-authenticator", all, ["pipe", "pipe", "pipe"]));
    this.commands.push(command);
    return command;
  }

  /** A test that failed may have left a command that waits for somebody to type. */
  async close() {
    for (const { child } of this.commands) child.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** A command of the authenticator that is under way. */
class Command {
  constructor(child) {
    this.child = child;
    this.lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    this.words = "";
    child.stderr.on("data", (words) => (this.words += words));
    this.seen = [];
  }

  /** The next event of this name. */
  async event(name) {
    for (;;) {
      const { value, done } = await this.lines.next();
      if (done) throw new Error(`no event ${name} among ${this.seen.join("\n")}\n${this.words}`);
      const event = JSON.parse(value);
      if (event.event === name) return event;
      this.seen.push(value);
    }
  }

  type(line) {
    this.child.stdin.write(`${line}\n`);
  }

  async exit() {
    return ended(this.child);
  }
}
