// SPDX licence expressions: whether a text is one (and how it is written canonically), and what stands in a document for a text that is none.
import { exceptionIds, licenseIds } from "./license-ids.ts";

const lengthMax = 4096;
const tokensMax = 400;
const depthMax = 20;

/** The expression with identifiers as the SPDX list writes them ("mit and Apache-2.0" -> "MIT AND Apache-2.0"); undefined when the text is no expression of known parts. */
export function licenseExpression(text: string): string | undefined {
  if (text.length > lengthMax) return undefined;
  const tokens = text.match(/[()]|[^\s()]+/g) ?? [];
  if (tokens.length === 0 || tokens.length > tokensMax) return undefined;
  const reader: Reader = { tokens, at: 0 };
  const whole = readOr(reader, 0);
  return whole !== undefined && reader.at === tokens.length ? whole : undefined;
}

/** The identifier as the list writes it, for a text that is one identifier and nothing else. */
export function licenseId(text: string): string | undefined {
  return licenseIds.get(text.toLowerCase());
}

interface Reader {
  readonly tokens: readonly string[];
  at: number;
}

function readOr(reader: Reader, depth: number): string | undefined {
  return readJoined(reader, "OR", () => readJoined(reader, "AND", () => readTerm(reader, depth)));
}

function readJoined(reader: Reader, word: string, read: () => string | undefined): string | undefined {
  const parts: string[] = [];
  for (;;) {
    const part = read();
    if (part === undefined) return undefined;
    parts.push(part);
    if (reader.tokens[reader.at]?.toUpperCase() !== word) return parts.join(` ${word} `);
    reader.at += 1;
  }
}

function readTerm(reader: Reader, depth: number): string | undefined {
  const token = reader.tokens[reader.at];
  if (token === undefined || depth > depthMax) return undefined;
  reader.at += 1;
  if (token === "(") {
    const inner = readOr(reader, depth + 1);
    if (inner === undefined || reader.tokens[reader.at] !== ")") return undefined;
    reader.at += 1;
    return `(${inner})`;
  }
  const license = knownLicense(token);
  if (license === undefined || reader.tokens[reader.at]?.toUpperCase() !== "WITH") return license;
  const exception = exceptionIds.get((reader.tokens[reader.at + 1] ?? "").toLowerCase());
  reader.at += 2;
  return exception === undefined ? undefined : `${license} WITH ${exception}`;
}

function knownLicense(token: string): string | undefined {
  const id = licenseIds.get(token.toLowerCase());
  if (id !== undefined) return id;
  if (!token.endsWith("+")) return undefined;
  const older = licenseIds.get(token.slice(0, -1).toLowerCase());
  return older === undefined ? undefined : `${older}+`;
}
