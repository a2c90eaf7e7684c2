// Rows as the store gives them -> rows as the API shows them: IPv4 addresses without their ::ffff: prefix, helper columns gone.
import { columnsOf, type Shown, type TableName } from "../../../model/table.ts";

export type StoredRow = Record<string, unknown>;

const addressColumns: ReadonlyMap<TableName, readonly string[]> = new Map();

/** Columns of a table that hold one address. */
function addressColumnsOf(table: TableName): readonly string[] {
  const known = addressColumns.get(table);
  if (known !== undefined) return known;
  const found = columnsOf(table)
    .filter((column) => column.type === "IPv6")
    .map((column) => column.name);
  (addressColumns as Map<TableName, readonly string[]>).set(table, found);
  return found;
}

export function shownAddress(text: string): string {
  return text.startsWith("::ffff:") && text.includes(".") ? text.slice(7) : text;
}

/** Columns whose names begin with "_" are ours (paging) and are dropped. */
export function shownRow<Name extends TableName>(table: Name, row: StoredRow): Shown<Name> {
  const shown: StoredRow = {};
  for (const [name, value] of Object.entries(row)) if (!name.startsWith("_")) shown[name] = value;
  for (const name of addressColumnsOf(table)) {
    const value = shown[name];
    if (typeof value === "string") shown[name] = shownAddress(value);
  }
  return shown as Shown<Name>;
}
