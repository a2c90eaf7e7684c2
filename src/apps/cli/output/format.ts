// The output formats and how each prints rows. Data only: talk goes to standard error elsewhere.
import { stringify } from "./yaml.ts";
import { csv } from "./csv.ts";
import { harmless, harmlessJson, harmlessLines } from "./harmless.ts";
import { table } from "./table.ts";

export const formats = ["table", "wide", "json", "jsonl", "yaml", "csv", "name"] as const;
/** What only a graph can be printed as. */
export const pictureFormats = ["dot", "mermaid"] as const;
/** What only reports about images can be printed as. */
export const reportFormats = ["sarif", "cyclonedx", "spdx", "openvex", "junit", "markdown"] as const;
export type Format = (typeof formats)[number];

/** One column of a table: only in `wide` when so marked. */
export interface Column<T> {
  readonly title: string;
  readonly value: (row: T) => string;
  readonly isWide?: true;
  readonly align?: "right";
  /** A long cell goes on below itself instead of being cut. */
  readonly wraps?: true;
  /** What tells rows apart, or is typed again, is never cut; "first" gives before all others. */
  readonly squeeze?: "first" | "never";
}

export interface Sheet<T> {
  readonly columns: readonly Column<T>[];
  /** What `-o name` prints. */
  readonly name: (row: T) => string;
}

/** Rows in the asked format, ending in a line break. JSON carries `apiVersion`, so that it can change without surprise. */
export function render<T extends object>(
  rows: readonly T[],
  sheet: Sheet<T>,
  options: { readonly format: Format; readonly width: number; readonly header?: boolean },
): string {
  switch (options.format) {
    case "json":
      return `${harmlessJson(JSON.stringify({ apiVersion: "garrison/v1", items: rows }, undefined, 2))}\n`;
    case "jsonl":
      return rows.map((row) => `${harmlessJson(JSON.stringify(row))}\n`).join("");
    case "yaml":
      return harmlessLines(stringify({ apiVersion: "garrison/v1", items: rows }));
    case "csv":
      return csv(rows as readonly Record<string, unknown>[], options.header ?? true);
    case "name":
      return rows.map((row) => `${harmless(sheet.name(row))}\n`).join("");
    case "table":
    case "wide": {
      const columns = sheet.columns.filter((column) => options.format === "wide" || column.isWide !== true);
      const cells = rows.map((row) => columns.map((column) => column.value(row)));
      return table(columns, cells, { width: options.width, header: options.header ?? true });
    }
  }
}
