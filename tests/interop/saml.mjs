// How do service providers of the tests get keys, and learn of the identity provider?
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Somebody of whose address the server is sure: others are not named by it. */
export const ALICE = { login: "alice", name: "Alice Example", email: "alice@example.org", verified: true };
/** The classes of authentication that the tests ask for and are told. */
export const AUTHN = {
  password: "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
  device: "urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract",
  mfa: "https://refeds.org/profile/mfa",
};
/** The formats of names that they ask for. */
export const FORMAT = {
  persistent: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
  transient: "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
  email: "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
};
/** Names of attributes. */
export const OID = { mail: "urn:oid:0.9.2342.19200300.100.1.3", displayName: "urn:oid:2.16.840.1.113730.3.1.241" };

/** A key of a service provider with a certificate, as PEM, and the files that they are in. */
export async function keyPair(folder, name) {
  const files = { key: join(folder, `${name}.key`), certificate: join(folder, `${name}.crt`) };
  const kind = ["-newkey", "rsa:2048", "-nodes", "-subj", `/CN=${name}`, "-days", "30"];
  await run("openssl", ["req", "-x509", ...kind, "-keyout", files.key, "-out", files.certificate]);
  return { files, key: await readFile(files.key, "utf8"), certificate: await readFile(files.certificate, "utf8") };
}

/** What the identity provider says about itself: its document, and what an administrator copies out of it. */
export async function identityProvider(town) {
  const answer = await fetch(`${town.issuer}/saml/metadata`);
  const xml = await answer.text();
  if (!answer.ok) throw new Error(`${answer.status} ${xml}`);
  return {
    xml,
    entityId: /entityID="([^"]+)"/.exec(xml)[1],
    certificates: [...xml.matchAll(/<ds:X509Certificate>([^<]+)</g)].map(([, der]) => der.replace(/\s/g, "")),
    location: (element, binding) => location(xml, element, binding),
  };
}

/** Where an endpoint is, by its element and the last part of the name of its binding. */
function location(xml, element, binding) {
  const tags = [...xml.matchAll(new RegExp(`<(?:\\w+:)?${element} [^>]*>`, "g"))].map(([tag]) => tag);
  const found = tags.find((tag) => tag.includes(`bindings:${binding}"`));
  return /Location="([^"]+)"/.exec(found)[1];
}

/** Hands the metadata of a service provider to the administrator. */
export async function introduce(town, name, metadata, args = []) {
  const file = join(town.folder, `${name}.xml`);
  await writeFile(file, metadata);
  return town.serviceProvider(file, ["--name", name, ...args]);
}

/** A certificate of metadata as a file has it. */
export function pem(der) {
  return `-----BEGIN CERTIFICATE-----\n${der.match(/.{1,64}/g).join("\n")}\n-----END CERTIFICATE-----\n`;
}
