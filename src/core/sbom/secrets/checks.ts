// What tells a secret from what only looks like one: checksums, entropy, decoded headers, and values that documentation uses.
import { entropyOf } from "../../redact/secret-name.ts";
import { fromBase64 } from "../formats/base64.ts";

/** sure: it proves itself. likely: nothing speaks against it. doubtful: it has the shape, and its checksum does not fit. none: an example, a placeholder. */
export type Judgement = "sure" | "likely" | "doubtful" | "none";

export type Check = (value: string, around: string) => Judgement;

const crcTable = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = (value & 1) === 1 ? (value >>> 1) ^ 0xedb8_8320 : value >>> 1;
  return value;
});

export function crc32(text: string): number {
  let value = 0xffff_ffff;
  for (let at = 0; at < text.length; at += 1) {
    value = (value >>> 8) ^ (crcTable[(value ^ text.charCodeAt(at)) & 0xff] ?? 0);
  }
  return (value ^ 0xffff_ffff) >>> 0;
}

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** The last six characters of GitHub's and npm's tokens: CRC-32 of the random part in base 62. */
export function checksumOf(random: string): string {
  let rest = crc32(random);
  let text = "";
  for (let place = 0; place < 6; place += 1) {
    text = (base62[rest % 62] ?? "") + text;
    rest = Math.floor(rest / 62);
  }
  return text;
}

/** Of "ghp_" and 36 characters, "npm_" and 36. */
export const withChecksum: Check = (value) => {
  const body = value.slice(value.indexOf("_") + 1);
  if (isExample(body)) return "none";
  return checksumOf(body.slice(0, -6)) === body.slice(-6) ? "sure" : "doubtful";
};

const exampleWords =
  /example|sample|placeholder|change[-_]?me|your[-_]|dummy|fake|redacted|insert[-_]|xxxx|foobar|deadbeef|test[-_]?(?:key|token|secret)/i;
/** In the base64 of a key short words come by chance: the length of a number in DER is "AkE", and an F before it makes "fake". */
const exampleWordsOfKeys = /example|placeholder|change[-_]me|redacted|deadbeef|x{8}/i;
const keyLengthMin = 160;
const ordered = ["0123456789", "1234567890", "abcdefghij", "ABCDEFGHIJ", "qwertyuiop"];

/** Words and patterns of documentation: no secret. */
export function isExample(value: string): boolean {
  if (value.length >= keyLengthMin) return exampleWordsOfKeys.test(value) || /(.)\1{15}/.test(value);
  if (exampleWords.test(value)) return true;
  if (/^(.)\1*$/.test(value) || /(.)\1{7}/.test(value)) return true;
  return ordered.some((run) => value.includes(run));
}

/** At least `bits` of entropy a character, and no example. */
export function entropy(bits: number): Check {
  return (value) => (isExample(value) || entropyOf(value.slice(0, 256)) < bits ? "none" : "likely");
}

export const notExample: Check = (value) => (isExample(value) ? "none" : "likely");

/** Access key ids end in "EXAMPLE" in all of Amazon's documents. */
export const awsKeyId: Check = (value) =>
  value.endsWith("EXAMPLE") || entropyOf(value) < 3 || isExample(value) ? "none" : "likely";

export const awsSecret: Check = (value) =>
  value.includes("EXAMPLE") || entropyOf(value) < 4 || /^[0-9a-f]{40}$/.test(value) ? "none" : "likely";

/** The first part is JSON that names an algorithm, and the token is not the one of every tutorial. */
export const jwt: Check = (value) => {
  const [header = "", payload = "", signature = ""] = value.split(".");
  const head = decoded(header);
  const body = decoded(payload);
  if (head === undefined || body === undefined) return "none";
  if (!/"alg"\s*:\s*"(?!none)[A-Za-z0-9-]+"/.test(head) || !body.startsWith("{")) return "none";
  const isTutorial = body.includes('"1234567890"') || /"John Doe"|"example\.com"|"joe"/.test(body);
  return isTutorial || signature.length < 20 ? "none" : "likely";
};

/** Base64 that begins with a PEM header. */
export const base64Pem: Check = (value) =>
  (decoded(value.slice(0, 400)) ?? "").includes("PRIVATE KEY-----") ? "likely" : "none";

/** Base64 of "user:password". */
export const basicCredentials: Check = (value) => {
  const text = decoded(value);
  if (text === undefined || !/^[^\s:]{1,200}:[\x20-\x7e]{1,4096}$/.test(text)) return "none";
  const password = text.slice(text.indexOf(":") + 1);
  return isPlaceholder(password) ? "none" : "likely";
};

function decoded(text: string): string | undefined {
  // Whole groups of four decode by themselves; a cut end is left out.
  const clean = text.replace(/[=\s]+$/, "");
  const whole = clean.length % 4 === 1 ? clean.slice(0, -1) : clean;
  if (!/^[A-Za-z0-9+/_-]+$/.test(whole)) return undefined;
  return String.fromCharCode(...fromBase64(whole.slice(0, 8192)));
}

const placeholders = new Set(
  `password passwd pass secret token changeme changeit default none null undefined nil true false yes no admin root user username test testing
  postgres mysql redis guest example string value key required optional str int bool text hidden empty unset todo xxx foo bar baz qwerty
  letmein 123456 12345678 password1 password123 mypassword mysecret secretkey notset disabled enabled file prompt ask env environment`.split(
    /\s+/,
  ),
);

/** References, templates, words that stand where a value should: not a password that anybody uses. */
export function isPlaceholder(value: string): boolean {
  if (placeholders.has(value.toLowerCase()) || isExample(value)) return true;
  if (/^[$%<{[(@&*!?\\]/.test(value) || /[{}<>]|\$\(|\*{3}|\.{3}/.test(value)) return true;
  // An address, a path, a date, a number, a call, a class: code and configuration, not a secret.
  if (/^(?:[a-z][a-z0-9+.-]*:\/\/|[~.]?\/)/i.test(value) || /^[\d.,:/-]+$/.test(value)) return true;
  return /^[A-Za-z_.]+\(|\)$|^[a-z]+(?:\.[A-Za-z_]+)+$|::/.test(value);
}

/** A password in a configuration file: not a placeholder, and not one plain word in small letters. */
export const password: Check = (value) => {
  if (value.length < 6 || isPlaceholder(value)) return "none";
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z0-9]/].filter((kind) => kind.test(value)).length;
  if (kinds < 2 && value.length < 16) return "none";
  return entropyOf(value) >= 2.5 ? "likely" : "none";
};
