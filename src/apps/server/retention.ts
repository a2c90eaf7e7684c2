// The resource "Retention default" brought to the store: partitions older than their table's days are dropped.
import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import type { Logger } from "../../base/logger.ts";
import { nearest } from "../../base/nearest.ts";
import type { Resources } from "../../core/state/ports.ts";
import type { TelemetryStore } from "../../core/store/telemetry-store.ts";
import { Retention } from "../../model/retention.ts";
import { serverLimits } from "./config.ts";
import { startReconciler, type Reconciler } from "./reconcile.ts";
import { storedTables } from "../../edge/store/partitions-on-disk.ts";

const dayMs = 86_400_000;
export const retentionKey = { kind: "Retention", scope: "global", name: "default" } as const;

/** Throws `retention/unknown-table` for a table that the store does not have: a misspelt one would be kept for ever in silence. */
export function checkRetention(spec: Retention): void {
  const known = storedTables.map(({ name }) => name);
  for (const table of Object.keys(spec.days)) {
    if (known.includes(table)) continue;
    const meant = nearest(table.slice(0, 64), known);
    throw new Fault(`there is no telemetry table ${JSON.stringify(table.slice(0, 64))}`, {
      code: "retention/unknown-table",
      kind: "usage",
      where: `spec.days.${table.slice(0, 64)}`,
      hint: meant === undefined ? `tables: ${known.join(", ")}` : `did you mean "${meant}"?`,
    });
  }
}

/** What is in force: the resource, or the store's own defaults. */
export async function retentionInForce(resources: Pick<Resources, "get">): Promise<Retention> {
  const resource = await resources.get(retentionKey);
  return Retention.parse(resource?.spec ?? {});
}

export interface RetentionParts {
  readonly resources: Pick<Resources, "get">;
  readonly telemetry: Pick<TelemetryStore, "dropBefore">;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** One run: drops what is over its time, table by table. Returns the rows that went. */
export async function dropExpired({ resources, telemetry, clock, logger }: RetentionParts): Promise<number> {
  const { days } = await retentionInForce(resources);
  let total = 0;
  for (const table of storedTables) {
    const kept = days[table.name] ?? table.days;
    if (kept === 0) continue;
    const rows = await telemetry.dropBefore(table.name, clock.nowMs() - kept * dayMs);
    total += rows;
    if (rows > 0) logger.info({ table: table.name, rows, days: kept }, "rows over their time were dropped");
  }
  return total;
}

/** Keeps dropping what is over its time: at start, every minute, and when woken. */
export function reconcileRetention(parts: RetentionParts): Reconciler {
  return startReconciler({
    name: "retention",
    everyMs: serverLimits.retentionMs,
    run: async () => void (await dropExpired(parts)),
    logger: parts.logger,
  });
}
