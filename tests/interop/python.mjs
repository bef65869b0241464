// How do the tests run what is written in Python?
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

const PYTHON = fileURLToPath(new URL("../../.test/python/bin/python", import.meta.url));
const FOLDER = fileURLToPath(new URL("python", import.meta.url));

/** Runs Python in the folder of the tests with these variables, and returns its words. */
export async function python(args, variables) {
  assert.ok(existsSync(PYTHON), "there is no Python for the tests: `npm --prefix tests/interop ci` makes it");
  const env = { ...variables, PYTHONDONTWRITEBYTECODE: "1" };
  const child = spawn(PYTHON, args, { cwd: FOLDER, env, stdio: ["ignore", "ignore", "pipe"] });
  const [words, [code]] = await Promise.all([text(child.stderr), once(child, "close")]);
  assert.equal(code, 0, words);
  return words;
}

/** Runs the tests of these modules. */
export async function unittest(t, modules, variables) {
  const words = await python(["-m", "unittest", "-v", ...modules], variables);
  t.diagnostic(/^Ran [1-9]\d* tests? .*$/m.exec(words)[0]);
}
