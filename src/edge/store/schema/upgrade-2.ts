// Step 2 of the schema: edges carry the source's service, round-trip sums and reasons; HTTP has edges of its own; the inventory has a table.
// A store made by today's version 1 has all of it already: every statement here may run again, also after a crash in the middle.
import { rawTables } from "./raw-tables.ts";
import type { Rollup, RollupView } from "./rollup.ts";
import { rollups } from "./rollups.ts";
import { createRawTable, createRollup, createView, type Slots } from "./statements.ts";

const edgeTables = ["edges_1m", "edges_5m", "edges_1h"];
const gained = ["sourceService", "rttUsSum", "rttCount", "sourceReason", "destinationReason"];

/** Raw tables need their newest columns before: the views read them. Views are made anew last; nobody inserts meanwhile. */
export function upgrade2(slots: Slots): readonly string[] {
  const edges = edgeTables.map(rollupNamed);
  const httpEdges = ["http_edges_1m", "http_edges_1h"].map(rollupNamed);
  return [
    ...rawTables.filter(({ name }) => name === "inventory_events").map((table) => createRawTable(table, slots)),
    ...edges.map((rollup) => addColumns(rollup, slots)),
    // Coarse first: a finer view must not send rows that the coarser one does not know to read yet.
    ...edges.toReversed().flatMap((rollup) => rollup.views.flatMap((view) => remakeView(view, rollup, slots))),
    ...httpEdges.flatMap((rollup) => [
      createRollup(rollup, slots),
      ...rollup.views.map((view) => createView(view, rollup, slots)),
    ]),
  ];
}

function rollupNamed(name: string): Rollup {
  const found = rollups.find((rollup) => rollup.name === name);
  if (found === undefined) throw new Error(`no rollup ${name}`);
  return found;
}

/** A column may join the sort key only in the statement that adds it. */
function addColumns(rollup: Rollup, slots: Slots): string {
  const added = rollup.columns
    .filter((column) => gained.includes(column.slice(0, column.indexOf(" "))))
    .map((column) => `ADD COLUMN IF NOT EXISTS ${column}`);
  return `ALTER TABLE ${rollup.name}${slots.onCluster} ${added.join(", ")}, MODIFY ORDER BY (${rollup.orderBy.join(", ")})`;
}

/** Not MODIFY QUERY: a view that was changed so forgets the tokens of its inserts at the engine's next start, and a retry counts twice. */
function remakeView(view: RollupView, rollup: Rollup, slots: Slots): readonly string[] {
  return [`DROP VIEW IF EXISTS ${view.name}${slots.onCluster} SYNC`, createView(view, rollup, slots)];
}
