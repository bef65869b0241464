// How do the tests take the recipes of docs/saml.md, as they stand there?
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

const PAGE = new URL("../../docs/saml.md", import.meta.url);

/**
 * The code in a language below a heading, the first one that has `mark` in it. Each of `values` takes the place of what the
 * page has as an example.
 */
export async function recipe(heading, language, values, mark = "") {
  const page = await readFile(PAGE, "utf8");
  const [section] = page.split(`\n## ${heading}\n`)[1].split("\n## ");
  const blocks = [...section.matchAll(/^```(\w*)\n(.*?)^```$/gms)].filter(([, of]) => of === language);
  const found = blocks.map(([, , code]) => code).find((code) => code.includes(mark));
  assert.ok(found, `${heading} has no ${language} with ${mark}`);
  return Object.entries(values).reduce((code, [example, value]) => {
    assert.ok(code.includes(example), `${heading} has no ${example}`);
    return code.replaceAll(example, value);
  }, found);
}
