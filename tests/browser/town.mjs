// How do the browser tests get real processes: the server, the shop, and the authenticator in the terminal?
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export const PASSWORD = "correct horse battery staple";
const PIN = "739154";
const root = fileURLToPath(new URL("../..", import.meta.url));
const binaries = resolve(root, process.env.CARGO_TARGET_DIR ?? "target", "debug");

/** A port that was free a moment ago. */
async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** Starts a binary of the workspace, which `cargo build --workspace` made. */
function start(name, args, stdio) {
  const child = spawn(join(binaries, name), args, { stdio });
  child.on("error", (error) => {
    throw new Error(`${name}: ${error.message}; \`make test\` builds the workspace first`);
  });
  return child;
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

/** The identity provider, with a shop that signs people in with it. */
export class Town {
  /** A town on SQLite in which `people` have the one password; each is { login, name, email }. */
  static async open(people = [{ login: "alice", name: "Alice Example" }]) {
    const town = new Town();
    town.folder = await mkdtemp(join(tmpdir(), "symbolon-town-"));
    const [port, shopPort] = [await freePort(), await freePort()];
    town.issuer = `http://localhost:${port}`;
    town.shop = `http://127.0.0.1:${shopPort}`;
    for (const { login, name, email } of people) {
      const mail = email ? ["--email", email] : [];
      await town.admin(["user", "add", login, "--name", name, ...mail], PASSWORD);
    }
    const callback = `${town.shop}/callback`;
    await town.admin(["client", "add", "shop", "--name", "The Shop", "--redirect-uri", callback, "--public"], "");
    town.server = town.run(["serve", "--listen", `127.0.0.1:${port}`]);
    await up(`${town.issuer}/readyz`, town.server);
    const shop = ["--issuer", town.issuer, "--listen", `127.0.0.1:${shopPort}`];
    town.shopkeeper = start("symbolon-shop", shop, ["ignore", "ignore", "ignore"]);
    await up(`${town.shop}/healthz`, town.shopkeeper);
    return town;
  }

  run(args) {
    const where = ["--issuer", this.issuer, "--state-dir", join(this.folder, "state")];
    const store = ["--store-url", `sqlite:${join(this.folder, "symbolon.db")}`];
    const child = start("idp-server", [...args, ...where, ...store], ["pipe", "ignore", "pipe"]);
    child.words = "";
    child.stderr.on("data", (words) => (child.words += words));
    return child;
  }

  /** Runs a command of the administrator. */
  async admin(args, input) {
    const child = this.run(args);
    child.stdin.end(`${input}\n`);
    const code = await ended(child);
    if (code !== 0) throw new Error(`idp-server ${args.join(" ")} ended with ${code}: ${child.words}`);
  }

  async close() {
    for (const child of [this.shopkeeper, this.server]) {
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
    terminal.folder = await mkdtemp(join(tmpdir(), "symbolon-terminal-"));
    await writeFile(terminal.file("passphrase"), "a long enough passphrase\n");
    await writeFile(terminal.file("pin"), `${PIN}\n`);
    return terminal;
  }

  file(name) {
    return join(this.folder, name);
  }

  /** Starts a command. */
  run(...args) {
    const keys = ["--home", this.file("home"), "--passphrase-file", this.file("passphrase")];
    const all = [...args, "--json", ...keys, "--pin-file", this.file("pin")];
    return new Command(start("idp-authenticator", all, ["pipe", "pipe", "pipe"]));
  }

  async close() {
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
