// Which columns a filter can look at, per table: the model's tables, and "workloads" as the workload list shows them.
import { columnsOf, tableNames, tables } from "../../model/table.ts";
import type { ColumnMap, Field, FilterTable } from "./field.ts";

export type ColumnKind = "text" | "texts" | "number" | "numbers" | "address" | "flag" | "other";

const workloadColumns: Readonly<Record<string, ColumnKind>> = {
  cluster: "text",
  namespace: "text",
  name: "text",
  kind: "text",
  service: "text",
  nodes: "texts",
  images: "texts",
};

function kindOfType(type: string): ColumnKind {
  if (type === "IPv6") return "address";
  if (type === "Bool") return "flag";
  if (/^U?Int\d+$/.test(type)) return "number";
  if (/^Array\(U?Int/.test(type)) return "numbers";
  if (/^Array\((LowCardinality\()?String/.test(type)) return "texts";
  return /^(LowCardinality\()?String/.test(type) ? "text" : "other";
}

const modelColumns: ReadonlyMap<string, ReadonlyMap<string, ColumnKind>> = new Map(
  tableNames.map((table) => [table, new Map(columnsOf(table).map((column) => [column.name, kindOfType(column.type)]))]),
);

/** What a column holds, or undefined when the table has no such column. */
export function columnKind(table: FilterTable, column: string): ColumnKind | undefined {
  return table === "workloads" ? workloadColumns[column] : modelColumns.get(table)?.get(column);
}

/** The given columns of every table that carries a subject (all of the columns must exist there). */
export function subject(...columns: readonly string[]): ColumnMap {
  const withSubject = tableNames.filter((table) => "identityReason" in tables[table].shape);
  return Object.fromEntries(
    withSubject
      .map((table) => [table, columns.filter((column) => column in tables[table].shape)] as const)
      .filter(([, present]) => present.length > 0),
  );
}

/** A field without sides; type "name" unless said otherwise. */
export function only(
  name: string,
  columns: ColumnMap,
  rest: Omit<Field, "name" | "any" | "type"> & { readonly type?: Field["type"] },
): Field {
  return { name, type: "name", ...rest, any: columns };
}

/** Columns that free text looks into: names first of all, and messages. */
export const freeTextColumns: ColumnMap = {
  flows: [
    "sourceNamespace",
    "sourceWorkload",
    "sourcePod",
    "sourceService",
    "destinationNamespace",
    "destinationWorkload",
    "destinationPod",
    "destinationService",
    "destinationDomain",
    "serverName",
    "process",
    "executable",
    "container",
    "image",
  ],
  process_events: ["name", "executable", "arguments", ...subjectNames()],
  file_events: ["path", "targetPath", "process", ...subjectNames()],
  dns_events: ["question", "answers", "process", ...subjectNames()],
  http_events: ["method", "host", "path", "process", "peerWorkload", "peerService", ...subjectNames()],
  kubernetes_events: ["reason", "message", "objectKind", "objectName", ...subjectNames()],
  inventory_events: ["objectKind", "objectName", "change", "onNode", ...subjectNames()],
  audit_events: ["user", "verb", "resource", "namespace", "name", "userAgent", "workload", "actorWorkload", "actorPod"],
  security_events: ["rule", "title", "message", "process", ...subjectNames()],
  waf_events: ["host", "path", "messages", "policy", "clientWorkload", "clientService", ...subjectNames()],
  log_events: ["body", "scope", ...subjectNames()],
  spans: ["name", "peerService", "httpRoute", ...subjectNames()],
  gaps: ["table", "reason", "detail", "node"],
  workloads: ["cluster", "namespace", "name", "kind", "service", "images"],
};

/** Columns that free text looks into when it is an address. */
export const freeAddressColumns: ColumnMap = {
  flows: ["sourceAddress", "destinationAddress"],
  dns_events: ["server"],
  http_events: ["peerAddress"],
  waf_events: ["clientAddress", "forwardedFor"],
};

function subjectNames(): readonly string[] {
  return ["namespace", "workload", "service", "pod", "container", "image"];
}
