// How each raw table lies on disk, as data: sort key, partition, default days. Columns come from the model (columnsOf).
// Sort keys put rows that look alike together (compression) under a coarse time bucket (recent windows stay small reads).
import { columnsOf, type Column, type TableName } from "../../../model/table.ts";
import type { PartitionScheme } from "./partitions.ts";

export interface RawTable {
  readonly name: TableName;
  readonly orderBy: readonly string[];
  readonly partition: PartitionScheme;
  /** Days kept when no Retention resource names the table. */
  readonly days: number;
  /** What goes first when disk runs short: higher goes earlier; 0 is never dropped for space. */
  readonly spaceWeight: number;
  readonly indices: readonly string[];
}

const bucket = "toStartOfFiveMinutes(time)";
const ingestIndex = "INDEX ingestRange ingest TYPE minmax GRANULARITY 1";

function bloom(...columns: readonly string[]): readonly string[] {
  return columns.map((column) => `INDEX ${column}Bloom ${column} TYPE bloom_filter(0.01) GRANULARITY 1`);
}

function rawTable(
  name: TableName,
  orderBy: readonly string[],
  rest: { readonly days: number; readonly spaceWeight: number; readonly indices?: readonly string[] },
): RawTable {
  return {
    name,
    orderBy: [bucket, ...orderBy, "time"],
    partition: "day",
    ...rest,
    indices: [ingestIndex, ...(rest.indices ?? [])],
  };
}

const subject = ["namespace", "workload"] as const;

export const rawTables = [
  {
    name: "flows",
    // The two reporters of one flow lie side by side: most of the second row repeats the first.
    orderBy: [
      bucket,
      "sourceNamespace",
      "sourceWorkload",
      "destinationNamespace",
      "destinationWorkload",
      "destinationPort",
    ].concat(["sourcePod", "destinationPod", "time", "reporter"]),
    partition: "day",
    days: 7,
    spaceWeight: 10,
    indices: [ingestIndex, ...bloom("sourcePod", "destinationPod", "destinationDomain")],
  },
  rawTable("process_events", [...subject, "executable"], {
    days: 7,
    spaceWeight: 8,
    indices: bloom("processId", "parentProcessId"),
  }),
  rawTable("file_events", [...subject, "executable", "path"], { days: 3, spaceWeight: 9, indices: bloom("processId") }),
  rawTable("dns_events", [...subject, "question"], { days: 7, spaceWeight: 7, indices: bloom("question") }),
  rawTable("http_events", [...subject, "host", "path"], { days: 3, spaceWeight: 9 }),
  rawTable("kubernetes_events", [...subject, "objectKind", "objectName"], { days: 30, spaceWeight: 3 }),
  rawTable("inventory_events", [...subject, "objectKind", "uid"], {
    days: 90,
    spaceWeight: 1,
    indices: bloom("uid"),
  }),
  rawTable("audit_events", ["namespace", "resource", "verb"], { days: 90, spaceWeight: 2 }),
  rawTable("security_events", [...subject, "rule"], { days: 90, spaceWeight: 1 }),
  rawTable("waf_events", subject, { days: 90, spaceWeight: 2, indices: bloom("transactionId") }),
  rawTable("log_events", subject, { days: 7, spaceWeight: 9 }),
  rawTable("spans", [...subject, "name"], { days: 3, spaceWeight: 9, indices: bloom("traceId") }),
  rawTable("workload_usage", [...subject, "imageDigest", "containerId"], { days: 90, spaceWeight: 1 }),
  rawTable("container_postures", [...subject, "containerId"], { days: 30, spaceWeight: 2 }),
  rawTable("findings", ["findingId"], { days: 365, spaceWeight: 0 }),
  rawTable("gaps", ["table", "reason"], { days: 90, spaceWeight: 0 }),
] as const satisfies readonly RawTable[];

/** `name type [CODEC(...)]` as DDL writes it. */
export function columnDdl(column: Column): string {
  const codec = column.codec === undefined ? "" : ` CODEC(${column.codec})`;
  return `\`${column.name}\` ${column.type}${codec}`;
}

/** The columns of a block as `file()` and `input()` want them: "`a` UInt8, `b` String". */
export function structureOf(columns: readonly Column[]): string {
  return columns.map((column) => `\`${column.name}\` ${column.type}`).join(", ");
}

/** All lines inside the parentheses of a raw table's CREATE. */
export function rawTableBody(table: RawTable): string {
  return [...columnsOf(table.name).map(columnDdl), ...table.indices].join(",\n  ");
}
