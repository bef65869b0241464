// Where does openid-client find its cryptography on Node.js 18, which has it, but not among its globals?
import { webcrypto } from "node:crypto";

globalThis.crypto ??= webcrypto;
globalThis.CryptoKey ??= webcrypto.CryptoKey;
