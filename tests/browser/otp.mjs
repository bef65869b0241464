// Which codes does a token show? RFC 4226 and RFC 6238 again, from their text and Node.js alone, so that the server's own
// arithmetic is not held against itself.
import { createHmac } from "node:crypto";

/** The code of a token that counts (RFC 4226, 5.3). */
export function hotp(secret, counter, digits = 6) {
  const moving = Buffer.alloc(8);
  moving.writeBigUInt64BE(BigInt(counter));
  const mac = createHmac("sha1", secret).update(moving).digest();
  const offset = mac.at(-1) & 0xf;
  const number = mac.readUInt32BE(offset) & 0x7fffffff;
  return String(number % 10 ** digits).padStart(digits, "0");
}

/** The code of an app, so many steps of 30 seconds from now (RFC 6238, 4). */
export function totp(secret, steps = 0) {
  return hotp(secret, Math.floor(Date.now() / 30_000) + steps);
}

/** The bytes of a secret as apps read it (RFC 4648, 6). */
export function fromBase32(text) {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...text].map((letter) => letters.indexOf(letter).toString(2).padStart(5, "0")).join("");
  return Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
}
