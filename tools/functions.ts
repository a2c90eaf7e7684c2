// Finds functions and their length by brackets. Strings, template literals, comments and regular expressions are skipped over.

export interface FoundFunction {
  readonly name: string;
  /** 1-based line of its first line. */
  readonly line: number;
  readonly lines: number;
}

const headPattern = /(?:^|[\s;(=])(?:async\s+)?function\s*\*?\s*([\w$]*)\s*(?:<[^>]*>)?\(/g;

/** The `function` declarations and expressions of a source text, each with its length in lines. */
export function functionsOf(text: string): readonly FoundFunction[] {
  const blank = blanked(text);
  const found: FoundFunction[] = [];
  for (const match of blank.matchAll(headPattern)) {
    const open = bodyStart(blank, match.index + match[0].length - 1);
    if (open === undefined) continue;
    const close = matching(blank, open, "{", "}");
    const first = match.index + (/^\s/.test(match[0]) ? 1 : 0);
    const line = lineOf(text, first);
    found.push({ name: match[1] || "(anonymous)", line, lines: lineOf(text, close) - line + 1 });
  }
  return found;
}

/** Position of the body's brace after the parameter list that opens at `paren`; undefined for an overload without body. */
function bodyStart(text: string, paren: number): number | undefined {
  let at = matching(text, paren, "(", ")") + 1;
  let depth = 0;
  for (; at < text.length; at += 1) {
    const char = text[at];
    if (char === ";" && depth === 0) return undefined;
    if (char === "{" && depth === 0) {
      // An object type as return type is followed by another brace or an arrow of the type; take the last group before a line break.
      const end = matching(text, at, "{", "}");
      const after = /^\s*(?:\[\]\s*)?([{>|&])/.exec(text.slice(end + 1, end + 40));
      if (after === null || !/:\s*$/.test(text.slice(0, at))) return at;
      at = end;
      continue;
    }
    if (char === "<") depth += 1;
    if (char === ">" && text[at - 1] !== "=") depth -= 1;
  }
  return undefined;
}

function matching(text: string, open: number, left: string, right: string): number {
  let depth = 0;
  for (let at = open; at < text.length; at += 1) {
    if (text[at] === left) depth += 1;
    if (text[at] === right) {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  return text.length - 1;
}

function lineOf(text: string, at: number): number {
  let line = 1;
  for (let index = 0; index < at; index += 1) if (text[index] === "\n") line += 1;
  return line;
}

/** The text with the insides of strings, comments and regular expressions replaced by spaces (line breaks kept). */
function blanked(text: string): string {
  const pattern =
    /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|(?<=[=(,:[!&|?{};\n]\s*)\/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/g;
  return text.replace(pattern, (match) => match.replace(/[^\n]/g, " "));
}
