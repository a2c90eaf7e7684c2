// The filter bar's own small reading of the grammar: where tokens stand, what the caret is in, how a suggestion is put in.
// It judges nothing: the server parses, and its error position is shown.

export interface FilterToken {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly negated: boolean;
  /** Empty for a bare word. */
  readonly field: string;
  /** Position of the first character after the colon; the token's start (after a minus) for a bare word. */
  readonly valueStart: number;
}

/** Splits at spaces outside quotes. Positions are characters of the text. */
export function tokensOf(text: string): readonly FilterToken[] {
  const tokens: FilterToken[] = [];
  for (const match of text.matchAll(/(?:"(?:[^"\\]|\\.)*"?|[^\s"])+/g)) {
    const start = match.index;
    const token = match[0];
    const negated = token.startsWith("-");
    const field = /^-?([A-Za-z][\w.-]*):/.exec(token)?.[1] ?? "";
    const skipped = (negated ? 1 : 0) + (field === "" ? 0 : field.length + 1);
    tokens.push({ start, end: start + token.length, text: token, negated, field, valueStart: start + skipped });
  }
  return tokens;
}

/** What is being typed at the caret: a field name (or bare word), or one value of a field's comma list. */
export type Completion =
  | { readonly on: "field"; readonly prefix: string; readonly from: number; readonly to: number }
  | {
      readonly on: "value";
      readonly field: string;
      readonly prefix: string;
      readonly from: number;
      readonly to: number;
    };

/** The part of the text that a suggestion would replace; an empty one at the caret when it stands between tokens. */
export function completionAt(text: string, caret: number): Completion {
  const token = tokensOf(text).find((candidate) => candidate.start < caret && caret <= candidate.end);
  if (token === undefined) return { on: "field", prefix: "", from: caret, to: caret };
  if (token.field === "" || caret < token.valueStart) {
    const from = token.start + (token.negated ? 1 : 0);
    return {
      on: "field",
      prefix: text.slice(from, caret),
      from,
      to: token.field === "" ? token.end : token.valueStart,
    };
  }
  const comma = text.lastIndexOf(",", caret - 1);
  const from = Math.max(token.valueStart, comma >= token.valueStart ? comma + 1 : 0);
  const nextComma = text.indexOf(",", caret);
  const to = nextComma !== -1 && nextComma < token.end ? nextComma : token.end;
  return { on: "value", field: token.field, prefix: unquote(text.slice(from, caret)), from, to };
}

/** The text with a suggestion put in, and where the caret goes: after the colon of a field, behind a space after a value. */
export function applyCompletion(text: string, completion: Completion, insert: string): { text: string; caret: number } {
  const before = text.slice(0, completion.from);
  const after = text.slice(completion.to);
  const space = completion.on === "value" && !/^[\s,]/.test(after) ? " " : "";
  return { text: before + insert + space + after, caret: before.length + insert.length + space.length };
}

function unquote(text: string): string {
  return text.replace(/^"/, "").replace(/"$/, "").replace(/\\(.)/g, "$1");
}

/** The filter with one more `field:value`, unless it is there already. */
export function withTerm(text: string, term: string): string {
  if (tokensOf(text).some((token) => token.text === term)) return text;
  return text.trim() === "" ? term : `${text.trimEnd()} ${term}`;
}
