// A look at YAML's tokens before it is composed: aliases and deep nesting cost the composer time that grows with their square, so a small text
// could hold a thread for minutes. Linear in the text.
import { Lexer } from "yaml";

export const scanLimits = {
  /** Of all documents of a text. */
  aliasesMax: 1000,
  anchorsMax: 1000,
  /** Brackets and braces inside each other, and list items that begin on one line. */
  depthMax: 100,
} as const;

export interface OverLimit {
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

/** The first limit that the text is over; undefined when it is within all. Never throws. */
export function overLimit(text: string): OverLimit | undefined {
  const counts = { line: 1, aliases: 0, anchors: 0, depth: 0, itemsOfLine: 0 };
  for (const token of new Lexer().lex(text)) {
    count(token, counts);
    const message = messageOf(counts);
    if (message !== undefined) return { line: counts.line, message };
  }
  return undefined;
}

interface Counts {
  line: number;
  aliases: number;
  anchors: number;
  depth: number;
  itemsOfLine: number;
}

function count(token: string, counts: Counts): void {
  switch (token[0]) {
    case "*":
      counts.aliases += 1;
      return;
    case "&":
      counts.anchors += 1;
      return;
    case "[":
    case "{":
      counts.depth += 1;
      return;
    case "]":
    case "}":
      counts.depth = Math.max(0, counts.depth - 1);
      return;
    case "-":
    case "?":
      counts.itemsOfLine += 1;
      return;
    default:
      countLines(token, counts);
  }
}

function countLines(token: string, counts: Counts): void {
  if (!token.includes("\n")) return;
  counts.itemsOfLine = 0;
  for (let at = token.indexOf("\n"); at >= 0; at = token.indexOf("\n", at + 1)) counts.line += 1;
}

function messageOf({ aliases, anchors, depth, itemsOfLine }: Counts): string | undefined {
  if (aliases > scanLimits.aliasesMax) return `more than aliasesMax = ${scanLimits.aliasesMax} aliases`;
  if (anchors > scanLimits.anchorsMax) return `more than anchorsMax = ${scanLimits.anchorsMax} anchors`;
  if (depth > scanLimits.depthMax || itemsOfLine > scanLimits.depthMax)
    return `deeper than depthMax = ${scanLimits.depthMax} levels`;
  return undefined;
}
