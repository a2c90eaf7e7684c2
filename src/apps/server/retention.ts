// The resource "Retention default": which days and bytes are in force, and refusing tables that the store does not have.
import { Fault } from "../../base/fault.ts";
import { nearest } from "../../base/nearest.ts";
import type { Resources } from "../../core/state/ports.ts";
import { storedTables } from "../../edge/store/partitions-on-disk.ts";
import { Retention } from "../../model/retention.ts";

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

export interface RetentionInForce {
  /** As last read; the store's own defaults where it says nothing. */
  readonly current: Retention;
  refresh(): Promise<void>;
}

export function retentionInForce(resources: Pick<Resources, "get">): RetentionInForce {
  let current: Retention = Retention.parse({});
  return {
    get current() {
      return current;
    },
    async refresh() {
      current = Retention.parse((await resources.get(retentionKey))?.spec ?? {});
    },
  };
}
