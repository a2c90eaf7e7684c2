// What of a matched variable may leave the process: secrets by the variable's name (authorization, cookies, passwords, tokens), by their look (keys, JWTs), and card numbers.
// In doubt it is hidden. The matched piece stays findable in its excerpt where it may be shown at all.
import { redactText } from "../../redact/redact.ts";
import { isKeyLike } from "../../redact/secret-name.ts";
import type { MatchedRule, MatchedVariable } from "../engine/engine.ts";
import { treatmentOf } from "../engine/secret-members.ts";
import { displayText } from "./display-text.ts";
import { hideSecrets } from "./hide-secrets.ts";

export const excerptLimits = {
  charactersMax: 256,
  /** Around the matched piece. */
  contextCharacters: 96,
  /** Of a value that is looked at; what lies behind is cut off first. */
  scannedMax: 4096,
} as const;

export interface Excerpt {
  readonly text: string;
  /** The matched piece within `text`; both 0: it is not shown. */
  readonly start: number;
  readonly end: number;
}

/** Variables that other members' values may have come into: what rules kept, and the request as one text. */
const mayHoldOthers =
  /^(?:TX|MATCHED_VARS?|IP|GLOBAL|RESOURCE|SESSION|USER|ENV|XML|REQUEST_(?:BODY|URI|URI_RAW|LINE|FILENAME|BASENAME)|PATH_INFO|QUERY_STRING)\b/;

/** `secrets` are the rule's: of the request that it matched. */
export function excerptOf(variable: MatchedVariable, secrets: readonly string[] = []): Excerpt {
  const treatment = treatmentOf(variable.name, variable.value);
  const matched = displayText(variable.matched);
  if (treatment.kind === "hidden") return { text: treatment.marker, start: 0, end: 0 };
  if (treatment.kind === "pieceOnly") {
    const isShown =
      matched !== "" && matched.length <= 128 && !isKeyLike(matched) && /[^A-Za-z0-9+/=_.~%:-]/.test(matched);
    if (!isShown || redactValueText(matched) !== matched) return { text: treatment.marker, start: 0, end: 0 };
    const from = treatment.marker.length;
    return { text: `${treatment.marker}${matched}${treatment.marker}`, start: from, end: from + matched.length };
  }
  const raw = variable.transformed.slice(0, excerptLimits.scannedMax);
  const text = redactValueText(displayText(mayHoldOthers.test(variable.name) ? hideSecrets(raw, secrets) : raw));
  return around(text, matched);
}

/** Cuts a redacted text to its neighbourhood of the matched piece. */
function around(text: string, matched: string): Excerpt {
  const at = matched === "" ? -1 : text.indexOf(matched);
  if (at < 0) return { text: text.slice(0, excerptLimits.charactersMax), start: 0, end: 0 };
  const from = Math.max(0, at - excerptLimits.contextCharacters);
  const cut = text.slice(from, from + excerptLimits.charactersMax);
  const start = at - from;
  return { text: cut, start, end: Math.min(cut.length, start + matched.length) };
}

/** Keys, passwords in URLs and pairs, JWTs, card numbers. */
export function redactValueText(text: string): string {
  return redactCards(redactText(text).text);
}

const cardLike = /(?<![0-9A-Za-z])(?:[0-9][ -]?){12,18}[0-9](?![0-9A-Za-z])/g;

/** Thirteen to nineteen digits whose check digit is right. */
export function redactCards(text: string): string {
  return text.replace(cardLike, (found) => {
    const digits = found.replace(/[ -]/g, "");
    return /[1-9]/.test(digits) && isLuhn(digits) ? "‹redacted:card-number›" : found;
  });
}

function isLuhn(digits: string): boolean {
  let sum = 0;
  for (let place = 0; place < digits.length; place++) {
    const digit = digits.charCodeAt(digits.length - 1 - place) - 0x30;
    const counted = place % 2 === 1 ? digit * 2 : digit;
    sum += counted > 9 ? counted - 9 : counted;
  }
  return sum % 10 === 0;
}

type RuleText = Pick<MatchedRule, "variables"> &
  Partial<Pick<MatchedRule, "message" | "messageMasked" | "logDataMasked" | "secrets">>;

/** A rule's message or data with what its variables hide taken out, and whatever else of the request is secret. */
export function redactRuleText(text: string, rule: RuleText): string {
  const masked = text === rule.message ? rule.messageMasked : rule.logDataMasked;
  if (masked === text) return redactValueText(displayText(text));
  let redacted = text;
  let isHidden = false;
  const shownTexts: string[] = [];
  for (const { name, value, matched, transformed } of rule.variables) {
    const treatment = treatmentOf(name, value);
    if (treatment.kind === "scanned") {
      if (!mayHoldOthers.test(name)) shownTexts.push(value, transformed);
      continue;
    }
    const shown = excerptOf({ name, value, matched, transformed, logData: "" });
    for (const piece of [value, transformed]) {
      if (piece.length > 3) redacted = redacted.replaceAll(piece, shown.text);
    }
    if (treatment.kind === "hidden") isHidden = true;
    if (treatment.kind === "hidden" && matched.length > 3) redacted = redacted.replaceAll(matched, treatment.marker);
  }
  // Parts of a hidden value may stand there in other words, or letter by letter: then only what names no value stays.
  if (isHidden && masked !== undefined) return displayText(masked);
  if (isHidden && redacted === text && text.includes(" found within ")) {
    redacted = `Matched Data: ‹redacted:value› found within ${rule.variables[0]?.name ?? ""}`;
  }
  return redactValueText(displayText(hideSecrets(redacted, rule.secrets ?? [], shownTexts)));
}
