// Join tokens: what an operator copies to a new node. Text "gj1.<base64url JSON>"; the server keeps only the secret's SHA-256.
import { createHash, randomBytes } from "node:crypto";
import { Fault } from "../../base/fault.ts";
import { JoinToken } from "../../model/agent-protocol.ts";

const prefix = "gj1.";
const textLengthMax = 2048;
const secretBytes = 32;

/** A new secret: 256 bits as base64url. */
export function makeJoinSecret(): string {
  return randomBytes(secretBytes).toString("base64url");
}

/** SHA-256 of a secret, lower-case hex: what is stored and looked up, so that a comparison's time says nothing about the secret. */
export function hashSecret(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

/** The token as text. */
export function formatJoinToken(token: JoinToken): string {
  return prefix + Buffer.from(JSON.stringify(token)).toString("base64url");
}

/** Reads a token's text. Throws a Fault ("trust/bad-token") that never repeats the text, since it holds the secret. */
export function parseJoinToken(text: string): JoinToken {
  const trimmed = text.trim();
  if (!trimmed.startsWith(prefix) || trimmed.length > textLengthMax) throw badToken('it must start with "gj1."');
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(trimmed.slice(prefix.length), "base64url").toString("utf8"));
  } catch {
    throw badToken("it is cut or has characters that do not belong to it");
  }
  const parsed = JoinToken.safeParse(json);
  if (!parsed.success) throw badToken(`its field ${String(parsed.error.issues[0]?.path[0] ?? "list")} is wrong`);
  return parsed.data;
}

function badToken(because: string): Fault {
  return new Fault(`this is not a join token: ${because}`, {
    code: "trust/bad-token",
    kind: "usage",
    hint: "copy the whole token again, or make a new one on the server",
  });
}
