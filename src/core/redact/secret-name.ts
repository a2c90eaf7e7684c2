// Does a name (of a flag, a variable, a field, a header) mean that its value is a secret? And does a value look like a key by itself?
import {
  aboutWords,
  fileEnding,
  headerWords,
  keyQualifiers,
  keyishWords,
  passwordEndings,
  passwordWords,
  tokenEndings,
  tokenWords,
} from "./rules.ts";

/** password, token: the value is secret. keyish: when it looks like a key. header: the whole header value. none: says nothing. */
export type NameClass = "password" | "token" | "keyish" | "authorization" | "cookie" | "none";

const anySecretWord = /pass|pwd|psk|secret|token|otp|key|auth|cred|cookie|bearer|sig|hmac|session|sid/i;

/** Splits at punctuation and at lower-to-upper changes: "dbPassword", "DB_PASSWORD", "db.password" alike. */
export function classifyName(name: string): NameClass {
  if (!anySecretWord.test(name)) return "none";
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "");
  const last = words.at(-1);
  if (last === undefined || aboutWords.has(last) || words.includes("public")) return "none";
  const header = headerWords.find((word) => last.endsWith(word));
  if (header !== undefined) return header;
  if (passwordWords.has(last)) return "password";
  let isKeyish = false;
  for (const [index, word] of words.entries()) {
    if (passwordEndings.some((ending) => word.endsWith(ending))) return "password";
    if (tokenWords.has(word) || tokenEndings.some((ending) => word.endsWith(ending))) return "token";
    if (word === "key" && keyQualifiers.has(words[index - 1] ?? "")) return "token";
    isKeyish ||= keyishWords.has(word);
  }
  return isKeyish ? "keyish" : "none";
}

const keyCharacters = /^[A-Za-z0-9+/=_.~%:-]+$/;
const keyLengthMin = 16;
/** Bits per character; English words have about 2.5 to 3 over such lengths, random hex 3.5 and more. */
const keyEntropyMin = 3;

/** Long, of key characters, with digits and letters mixed, spread evenly, and not a path or a file's name. */
export function isKeyLike(value: string): boolean {
  if (value.length < keyLengthMin || !keyCharacters.test(value)) return false;
  if (!/[0-9]/.test(value) || !/[A-Za-z]/.test(value)) return false;
  if (/^(?:[./~]|[a-z]+:\/\/)/.test(value) || fileEnding.test(value)) return false;
  return entropyOf(value.slice(0, 256)) >= keyEntropyMin;
}

/** Shannon entropy in bits per character. */
export function entropyOf(value: string): number {
  const counts = new Map<string, number>();
  for (const character of value) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / value.length) * Math.log2(count / value.length);
  return bits;
}
