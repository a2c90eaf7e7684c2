// Tables as kubectl prints them: upper-case headers, two spaces, no borders; the last column may run long.
import { stripVTControlCharacters } from "node:util";
import { harmless } from "./harmless.ts";

export interface TableColumn {
  readonly title: string;
  readonly align?: "right";
}

const gap = "  ";
/** No column is squeezed below this many cells of the terminal. */
const columnWidthMin = 8;

/** Lines of a table, ending in a line break. Cells may carry colour; control characters of data are shown as "�". */
export function table(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  options: { readonly width: number; readonly header: boolean },
): string {
  const cells = rows.map((row) => row.map(harmless));
  const titles = columns.map((column) => column.title.toUpperCase());
  const widths = titles.map((title, index) =>
    cells.reduce((most, row) => Math.max(most, textWidth(row[index] ?? "")), textWidth(title)),
  );
  squeeze(widths, options.width);
  const line = (row: readonly string[]): string =>
    row
      .map((cell, index) => {
        const isLast = index === row.length - 1;
        const width = widths[index] ?? 0;
        const cut = isLast && options.width === Number.POSITIVE_INFINITY ? cell : cutTo(cell, width);
        if (columns[index]?.align === "right") return " ".repeat(Math.max(0, width - textWidth(cut))) + cut;
        return isLast ? cut : cut + " ".repeat(Math.max(0, width - textWidth(cut)));
      })
      .join(gap)
      .trimEnd();
  return [...(options.header ? [line(titles)] : []), ...cells.map(line)].map((text) => `${text}\n`).join("");
}

/** Takes from the widest columns until the table fits, or nothing more can be taken. */
function squeeze(widths: number[], total: number): void {
  let over = widths.reduce((sum, width) => sum + width + gap.length, -gap.length) - total;
  while (over > 0) {
    const widest = Math.max(...widths);
    if (widest <= columnWidthMin) return;
    widths[widths.indexOf(widest)] = widest - 1;
    over -= 1;
  }
}

function cutTo(cell: string, width: number): string {
  if (textWidth(cell) <= width) return cell;
  let kept = "";
  let used = 0;
  const plain = stripVTControlCharacters(cell);
  for (const char of plain) {
    const next = charWidth(char);
    if (used + next > width - 1) break;
    kept += char;
    used += next;
  }
  return cell === plain ? `${kept}…` : cell.replace(plain, `${kept}…`);
}

export function textWidth(text: string): number {
  let width = 0;
  for (const char of stripVTControlCharacters(text)) width += charWidth(char);
  return width;
}

/** Cells of a terminal: 0 for combining marks, 2 for East Asian wide and emoji, else 1 (the common ranges of UAX #11). */
function charWidth(char: string): number {
  if (/^\p{Mark}|^\u200d|^\ufe0f/u.test(char)) return 0;
  const code = char.codePointAt(0) ?? 0;
  const isWide =
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0x1f300 && code <= 0x1faff) ||
    (code >= 0x20000 && code <= 0x3fffd);
  return isWide ? 2 : 1;
}
