// Tables as kubectl prints them: upper-case headers, two spaces, no borders; the last column may run long.
import { harmless, piecesOf, withoutColour } from "./harmless.ts";

export interface TableColumn {
  readonly title: string;
  readonly align?: "right";
  /** Where the table is too wide: first gives before all others, and goes altogether when little would be left; never gives nothing. */
  readonly squeeze?: "first" | "never";
  /** Where a long cell is cut: versions in the middle, because their ends tell them apart. */
  readonly cut?: "middle";
  /** A long cell goes on below itself, between words: nothing of it is lost. */
  readonly wraps?: true;
}

const gap = "  ";
/** No column is squeezed below this many cells of the terminal. */
const columnWidthMin = 8;
/** A column that may go altogether goes below this many. */
const squeezedMin = 16;

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
  squeeze(widths, columns, options.width);
  const line = (row: readonly string[]): string =>
    row
      .flatMap((cell, index) => {
        const isLast = index === row.length - 1;
        const width = widths[index] ?? 0;
        if (width === 0) return [];
        const cut =
          isLast && options.width === Number.POSITIVE_INFINITY ? cell : cutTo(cell, width, columns[index]?.cut);
        if (columns[index]?.align === "right") return " ".repeat(Math.max(0, width - textWidth(cut))) + cut;
        return isLast ? cut : cut + " ".repeat(Math.max(0, width - textWidth(cut)));
      })
      .join(gap)
      .trimEnd();
  const lines = cells.flatMap((row) => wrapped(row, columns, widths).map(line));
  return [...(options.header ? [line(titles)] : []), ...lines].map((text) => `${text}\n`).join("");
}

/** The row's lines: one, unless a cell of a wrapping column is wider than its column. */
function wrapped(
  row: readonly string[],
  columns: readonly TableColumn[],
  widths: readonly number[],
): readonly (readonly string[])[] {
  const parts = row.map((cell, index) =>
    columns[index]?.wraps === true ? piecesTo(cell, widths[index] ?? 0) : [cell],
  );
  const count = Math.max(1, ...parts.map(({ length }) => length));
  return Array.from({ length: count }, (_, at) => parts.map((part) => part[at] ?? ""));
}

/** Pieces of at most so many cells, broken between words where that can be; without colours. */
function piecesTo(text: string, width: number): readonly string[] {
  const pieces: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && textWidth(line) + 1 + textWidth(word) > width) {
      pieces.push(line);
      line = "";
    }
    line = line === "" ? word : `${line} ${word}`;
    const parts = brokenTo(line, width);
    pieces.push(...parts.slice(0, -1));
    line = parts.at(-1) ?? "";
  }
  return [...pieces, line];
}

/** A word that is longer than so many cells, broken anywhere; at least one character a piece. */
function brokenTo(word: string, width: number): readonly string[] {
  if (width <= 0 || textWidth(word) <= width) return [word];
  const parts: string[] = [];
  let part = "";
  for (const character of Array.from(word)) {
    if (part !== "" && textWidth(part + character) > width) {
      parts.push(part);
      part = "";
    }
    part += character;
  }
  return [...parts, part];
}

/** Takes from what may go first, then from the widest columns, until the table fits or nothing more can be taken. */
function squeeze(widths: number[], columns: readonly TableColumn[], total: number): void {
  const over = (): number =>
    widths.reduce((sum, width) => sum + (width === 0 ? 0 : width + gap.length), -gap.length) - total;
  columns.forEach((column, index) => {
    if (column.squeeze !== "first" || over() <= 0) return;
    const left = (widths[index] ?? 0) - over();
    widths[index] = left < squeezedMin ? 0 : left;
  });
  while (over() > 0) {
    const widest = Math.max(...widths.filter((_, index) => columns[index]?.squeeze === undefined));
    if (widest <= columnWidthMin) return;
    const index = widths.findIndex((width, at) => width === widest && columns[at]?.squeeze === undefined);
    widths[index] = widest - 1;
  }
}

/** The cell in at most so many cells of the terminal, with an ellipsis for what is gone; its colours stay. */
export function cutTo(cell: string, width: number, where?: "middle"): string {
  const total = textWidth(cell);
  if (total <= width) return cell;
  const tail = where === "middle" ? Math.floor((width - 1) / 2) : 0;
  const [headEnd, tailStart] = [width - 1 - tail, total - tail];
  let [at, kept, isCut] = [0, "", false];
  for (const piece of piecesOf(cell)) {
    if (piece.isMark) {
      kept += piece.text;
      continue;
    }
    for (const char of piece.text) {
      const next = at + charWidth(char);
      if (!isCut && next > headEnd) {
        kept += "…";
        isCut = true;
      }
      if (!isCut || at >= tailStart) kept += char;
      at = next;
    }
  }
  return kept;
}

export function textWidth(text: string): number {
  let width = 0;
  for (const char of withoutColour(text)) width += charWidth(char);
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
