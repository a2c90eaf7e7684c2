// Long sentences in a terminal: broken between words, with what follows indented. Marks of colour have no width.
import { textWidth } from "./table.ts";

/** Lines of at most `width` cells where words allow it; the first begins with `first`, the others with as many spaces. */
export function fold(text: string, { width, first = "" }: { readonly width: number; readonly first?: string }): string {
  if (textWidth(first) + textWidth(text) <= width) return `${first}${text}`;
  const indent = " ".repeat(textWidth(first));
  const lines: string[] = [];
  let line = first;
  let isFresh = true;
  for (const word of text.split(" ")) {
    if (!isFresh && textWidth(line) + 1 + textWidth(word) > width) {
      lines.push(line);
      [line, isFresh] = [indent, true];
    }
    line += isFresh ? word : ` ${word}`;
    isFresh = false;
  }
  return [...lines, line].join("\n");
}

const hang = "  ";

/** A line of a section: two cells in, beside the indent that it has; what goes on below itself stands two further in. */
export function foldHanging(line: string, width: number): string {
  const lead = /^ */.exec(line)?.[0] ?? "";
  const text = fold(line.slice(lead.length), { width: width - hang.length, first: `  ${lead}` });
  return text.replaceAll("\n", `\n${hang}`);
}
