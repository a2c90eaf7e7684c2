// A mapping says only the columns it knows; here a row becomes whole: defaults, every text redacted and then cut, numbers in range.
// Redaction happens in this one place, so that no mapping can forget it.
import { parseAddress } from "../../base/ip.ts";
import { type Column, type Row, type TableName, wireColumnsOf } from "../../model/table.ts";
import { redactPath } from "../redact/redact.ts";
import { foreignLimits } from "./limits.ts";
import { redactForeign } from "./redact-foreign.ts";

/** A row on its way into the store. `node` is where the foreign sensor says it saw it; "" when it does not say. */
export type ForeignRow = { [Name in TableName]: { table: Name; node: string; row: Row<Name> } }[TableName];

export type PartialRow<Name extends TableName> = Partial<Row<Name>> & { readonly time: number };

/** What one item became; no rows is fine (a DNS question whose answer follows). Refused: why, in one clause. */
export type Mapped = { readonly rows: readonly ForeignRow[] } | { readonly because: string };

const defaults: Readonly<Record<string, unknown>> = {
  fidelity: "foreign",
  workloadKind: "Unknown",
  sourceKind: "Unknown",
  destinationKind: "Unknown",
  peerKind: "Unknown",
  actorKind: "Unknown",
  tls: "not-looked",
  action: "detected",
};

const columnsByTable = new Map<TableName, readonly Column[]>();

function columnsOf(table: TableName): readonly Column[] {
  const known = columnsByTable.get(table);
  if (known !== undefined) return known;
  const columns = wireColumnsOf(table);
  columnsByTable.set(table, columns);
  return columns;
}

/** A whole, redacted row. */
export function finishRow<Name extends TableName>(table: Name, node: string, partial: PartialRow<Name>): ForeignRow {
  const row: Record<string, unknown> = {};
  const given = partial as Readonly<Record<string, unknown>>;
  for (const column of columnsOf(table))
    row[column.name] = columnValue(column, given[column.name] ?? defaults[column.name]);
  const cleanNode = clean(node, foreignLimits.wordLengthMax);
  return { table, node: cleanNode, row } as unknown as ForeignRow;
}

function columnValue({ name, type }: Column, value: unknown): unknown {
  if (type === "String") return cleanText(name, value, foreignLimits.textLengthMax);
  if (type === "LowCardinality(String)") return cleanText(name, value, foreignLimits.wordLengthMax);
  if (type === "IPv6") return typeof value === "string" && parseAddress(value) !== undefined ? value : "::";
  if (type === "Bool") return value === true;
  if (type.startsWith("Map(")) return value ?? {};
  if (type.startsWith("Array(UInt")) return Array.isArray(value) ? value : [];
  if (type.startsWith("Array(")) return cleanList(value);
  return clampNumber(type, value);
}

const bitsOf = /^(U?)Int(\d+)$/;

function clampNumber(type: string, value: unknown): number {
  if (typeof value !== "number" || !Number.isFinite(value)) return 0;
  const match = bitsOf.exec(type);
  if (match === null) return value;
  const bits = Math.min(53, Number(match[2]));
  const isSigned = match[1] === "";
  const high = 2 ** (isSigned ? bits - 1 : bits) - 1;
  return Math.min(high, Math.max(isSigned ? -high - 1 : 0, Math.trunc(value)));
}

function cleanText(name: string, value: unknown, lengthMax: number): string {
  if (typeof value !== "string" || value === "") return "";
  return name === "path" || name === "httpRoute" ? clean(redactPath(value).text, lengthMax) : clean(value, lengthMax);
}

function cleanList(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  const texts = value.filter((item) => typeof item === "string").slice(0, foreignLimits.entriesMax);
  return texts.map((item) => clean(item, foreignLimits.entryLengthMax));
}

/** Redacted first, cut afterwards: a secret that is cut in half is one that no rule knows. */
function clean(text: string, lengthMax: number): string {
  return text === "" ? "" : cut(redactForeign(text), lengthMax);
}

function cut(text: string, lengthMax: number): string {
  if (text.length <= lengthMax) return text;
  const end = lengthMax - 1;
  const last = text.charCodeAt(end - 1);
  // Not between the two halves of a surrogate pair.
  const isHigh = last >= 0xd800 && last <= 0xdbff;
  return `${text.slice(0, isHigh ? end - 1 : end)}…`;
}
