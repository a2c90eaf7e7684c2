// The shape of one field of the filter grammar, and the tables that a filter can look at.
import type { TableName } from "../../model/table.ts";

/** "workloads" is not stored: it is the list of workloads that a query makes. */
export type FilterTable = TableName | "workloads";

/** How a field's values are read. "target" = workload, service, pod or domain of one end (`to:db`). */
export type FieldType =
  | "name"
  | "domain"
  | "choice"
  | "content"
  | "address"
  | "number"
  | "bytes"
  | "duration"
  | "status"
  | "flag"
  | "target";

/** Columns to look at, per table; several are alternatives ("bytes": added up). */
export type ColumnMap = { readonly [Table in FilterTable]?: readonly string[] };

export interface Field {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly type: FieldType;
  readonly summary: string;
  /** For "choice": the words that may be given. */
  readonly choices?: readonly string[];
  /** For "duration": column units per millisecond (1000 = microseconds). */
  readonly unitsPerMs?: number;
  readonly any: ColumnMap;
  /** Present when `from.<name>` and `to.<name>` exist. */
  readonly from?: ColumnMap;
  readonly to?: ColumnMap;
  /** The http_events column of the other end; its side depends on the reporter. */
  readonly peer?: string;
}
