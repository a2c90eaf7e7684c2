// The list of telemetry tables: one noun each. Wire blocks, raw-table columns, JSON Schema and the API all come from these entries.
import { z } from "zod";
import { AuditEvent } from "./audit-event.ts";
import { columnRegistry, type ColumnMeta } from "./column.ts";
import { ContainerPosture } from "./container-posture.ts";
import { DnsEvent } from "./dns-event.ts";
import { FileEvent } from "./file-event.ts";
import { Finding } from "./finding.ts";
import { Flow } from "./flow.ts";
import { Gap } from "./gap.ts";
import { HttpEvent } from "./http-event.ts";
import { InventoryEvent } from "./inventory-event.ts";
import { KubernetesEvent } from "./kubernetes-event.ts";
import { LogEvent } from "./log-event.ts";
import { ProcessEvent } from "./process-event.ts";
import { SecurityEvent } from "./security-event.ts";
import { Span } from "./span.ts";
import { WafEvent } from "./waf-event.ts";
import { WorkloadUsage } from "./workload-usage.ts";

/** Raised when a table's columns change; blocks carry it. Changes are additive within a major version. */
export const wireVersion = 1;

export const tables = {
  flows: Flow,
  process_events: ProcessEvent,
  file_events: FileEvent,
  dns_events: DnsEvent,
  http_events: HttpEvent,
  kubernetes_events: KubernetesEvent,
  inventory_events: InventoryEvent,
  audit_events: AuditEvent,
  security_events: SecurityEvent,
  waf_events: WafEvent,
  log_events: LogEvent,
  spans: Span,
  workload_usage: WorkloadUsage,
  container_postures: ContainerPosture,
  findings: Finding,
  gaps: Gap,
} as const satisfies Record<string, z.ZodObject>;

export type TableName = keyof typeof tables;
export const tableNames = Object.keys(tables) as readonly TableName[];

/** The tables that `garrison events` and /api/v1/events read, by the short name users type. */
export const eventTables = {
  process: "process_events",
  file: "file_events",
  dns: "dns_events",
  http: "http_events",
  kubernetes: "kubernetes_events",
  inventory: "inventory_events",
  audit: "audit_events",
  security: "security_events",
  waf: "waf_events",
  log: "log_events",
  span: "spans",
} as const satisfies Record<string, TableName>;
export type EventKind = keyof typeof eventTables;

export interface Column extends ColumnMeta {
  readonly name: string;
}

/** A table's columns in declaration order. Throws for a column that was declared without a building block of column.ts. */
export function columnsOf(table: TableName): readonly Column[] {
  return Object.entries(tables[table].shape).map(([name, schema]) => {
    const meta = metaOf(schema);
    if (meta === undefined) throw new Error(`column ${table}.${name} has no ClickHouse type`);
    return { name, ...meta };
  });
}

/** The columns that a block of this table carries on the wire, in order: all but those the server fills. */
export function wireColumnsOf(table: TableName): readonly Column[] {
  return columnsOf(table).filter((column) => column.origin === "block");
}

/** `.default()` wraps a schema that was registered; look through the wrappers. */
function metaOf(schema: z.core.$ZodType): ColumnMeta | undefined {
  const own = columnRegistry.get(schema as z.ZodType);
  if (own !== undefined) return own;
  const inner = (schema as { def?: { innerType?: z.core.$ZodType } }).def?.innerType;
  return inner === undefined ? undefined : metaOf(inner);
}

type ServerColumn = "cluster" | "node" | "ingest";
type TimeColumn = "time" | `${string}Time`;

/** A row as an agent makes it: times are milliseconds since the epoch, the server's columns are absent. */
export type Row<Name extends TableName> = {
  [Key in Exclude<keyof z.infer<(typeof tables)[Name]>, ServerColumn>]: Key extends TimeColumn
    ? number
    : z.infer<(typeof tables)[Name]>[Key];
};

/** A row as the API shows it. */
export type Shown<Name extends TableName> = z.infer<(typeof tables)[Name]>;
