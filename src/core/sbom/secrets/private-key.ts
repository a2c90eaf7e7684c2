// Private keys in PEM: where one begins, whether a body follows at all (code holds headers, too), and whether a passphrase protects it.

export interface PrivateKey {
  /** Of "-----BEGIN", in the text. */
  readonly at: number;
  readonly kind: string;
  readonly isEncrypted: boolean;
  readonly body: string;
}

const begin = /-----BEGIN ((?:[A-Z0-9]{1,12} ){0,3})PRIVATE KEY(?: BLOCK)?-----/g;
const bodyLengthMin = 64;
/** Of a key with its headers; the largest in use have less. */
const keyLengthMax = 16_384;
/** openssh-key-v1 with the cipher "none", in base64. */
const opensshPlain = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmU";

/** The keys of a text, at most `max`; escaped line ends ("\n") count as such. Linear: a key reaches to the next header at most. */
export function findPrivateKeys(text: string, max: number): PrivateKey[] {
  const keys: PrivateKey[] = [];
  let found = nextHeader(text, 0);
  while (found !== null && keys.length < max) {
    const from = found.index + found[0].length;
    const next = nextHeader(text, from);
    const to = Math.min(next?.index ?? text.length, from + keyLengthMax);
    const key = readKey(text.slice(from, to), found[1]?.trim() ?? "", found.index);
    if (key !== undefined) keys.push(key);
    found = next;
  }
  return keys;
}

function nextHeader(text: string, from: number): RegExpExecArray | null {
  begin.lastIndex = from;
  return begin.exec(text);
}

function readKey(after: string, kind: string, at: number): PrivateKey | undefined {
  const end = after.indexOf("-----END");
  const raw = (end < 0 ? after : after.slice(0, end)).replaceAll(/\\r|\\n/g, "\n");
  const headers = raw.slice(0, 600);
  const isEncrypted = kind.startsWith("ENCRYPTED") || headers.includes("Proc-Type: 4,ENCRYPTED");
  // Header lines of old formats, quotes and pluses of source code, indentation.
  const body = raw
    .split("\n")
    .map((line) => line.replaceAll(/[\s"'`+,;\\]/g, (character) => (character === "+" ? "+" : "")))
    .filter((line) => /^[A-Za-z0-9+/=]+$/.test(line))
    .join("");
  if (body.length < bodyLengthMin || /(.)\1{15}/.test(body.slice(100, 400))) return undefined;
  const isProtected = isEncrypted || (kind === "OPENSSH" && !body.startsWith(opensshPlain));
  return { at, kind: kind === "" ? "PKCS8" : kind, isEncrypted: isProtected, body };
}
