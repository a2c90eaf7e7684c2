// Which members of a request hold secrets, by their names: what is written of a rule must not repeat them, whichever way rules carried them there.
import { classifyName, isKeyLike } from "../../redact/secret-name.ts";
import { sources } from "./sources.ts";
import type { State } from "./state.ts";

export const secretLimits = {
  /** Members of one transaction; what authorizes comes first. */
  membersMax: 256,
  /** Of a member. */
  valueBytesMax: 4096,
} as const;

/** Hidden as a whole, shown only in the piece that a rule matched, or redacted piece by piece. */
export type Treatment =
  | { readonly kind: "hidden" | "pieceOnly"; readonly marker: string }
  | { readonly kind: "scanned" };

const namedCollection =
  /^(?:ARGS|ARGS_GET|ARGS_POST|REQUEST_HEADERS|RESPONSE_HEADERS|MULTIPART_PART_HEADERS|FILES):(.*)$/s;

/** Cookies whose value lets somebody in. */
const sessionLike = /sess|sid\b|token|auth|csrf|xsrf|jwt|remember|login/i;

/** By the variable's name as rules have it ("ARGS:password"), and for some names by the look of the value. */
export function treatmentOf(variable: string, value: string): Treatment {
  if (variable === "REMOTE_USER") return { kind: "hidden", marker: "‹redacted:user›" };
  if (variable.startsWith("REQUEST_COOKIES:")) {
    const isSecret = sessionLike.test(variable) || classifyName(variable.slice("REQUEST_COOKIES:".length)) !== "none";
    return { kind: isSecret ? "hidden" : "pieceOnly", marker: "‹redacted:cookie›" };
  }
  const name = namedCollection.exec(variable)?.[1];
  if (name === undefined) return { kind: "scanned" };
  switch (classifyName(lastName(name))) {
    case "authorization":
      return { kind: "hidden", marker: "‹redacted:authorization›" };
    case "cookie":
      return { kind: "pieceOnly", marker: "‹redacted:cookie›" };
    case "password":
      return { kind: "hidden", marker: "‹redacted:password›" };
    case "token":
      return { kind: "hidden", marker: "‹redacted:token›" };
    case "keyish":
      return isKeyLike(value) ? { kind: "hidden", marker: "‹redacted:key-like›" } : { kind: "scanned" };
    case "none":
      return { kind: "scanned" };
  }
}

/** "json.user.password" and "user[password]" are about the last of their names. */
function lastName(name: string): string {
  const parts = name.split(/[.[\]]/).filter((part) => part !== "");
  return parts.at(-1) ?? name;
}

const named = [
  ["requestHeaders", "REQUEST_HEADERS"],
  ["cookies", "REQUEST_COOKIES"],
  ["remoteUser", "REMOTE_USER"],
  ["argumentsGet", "ARGS"],
  ["argumentsPost", "ARGS"],
  ["responseHeaders", "RESPONSE_HEADERS"],
] as const;

/** Values that are hidden as a whole, each cut to its bound. */
export function collectSecrets(state: State): readonly string[] {
  const secrets: string[] = [];
  for (const [source, collection] of named) {
    for (let at = state.sourceHead[sources[source]]!; at >= 0; at = state.valueNext[at]!) {
      const text = state.valueText[at]!;
      const name = source === "remoteUser" ? collection : `${collection}:${state.valueKey[at]!}`;
      if (treatmentOf(name, text).kind === "hidden") secrets.push(text.slice(0, secretLimits.valueBytesMax));
      if (secrets.length >= secretLimits.membersMax) return secrets;
    }
  }
  for (const text of state.body.secretTexts) secrets.push(text);
  return secrets;
}

/** A text of XML under such a name: the variable that holds it has none. */
export function noteSecretText(state: State, text: string, name: string): void {
  const { secretTexts } = state.body;
  if (name === "" || secretTexts.length >= secretLimits.membersMax) return;
  const own = name.slice(name.indexOf(":") + 1);
  if (treatmentOf(`ARGS:${own}`, text).kind === "hidden") secretTexts.push(text.slice(0, secretLimits.valueBytesMax));
}
