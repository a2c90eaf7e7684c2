// What may be typed next: the fields of the grammar, or the values of one field that were really seen, most frequent first.
import { conditionOf } from "../../../core/filter/condition.ts";
import { columnKind } from "../../../core/filter/columns.ts";
import { fieldNamesOf, requireFields } from "../../../core/filter/condition.ts";
import type { Field, FilterTable } from "../../../core/filter/field.ts";
import { fieldByName } from "../../../core/filter/fields.ts";
import { quote } from "../../../core/filter/print.ts";
import { parseFilter } from "../../../core/filter/parse.ts";
import { type ResolvedWindow, resolveWindow } from "../../../core/filter/window.ts";
import type { Filter } from "../../../core/filter/filter.ts";
import { eventTables } from "../../../model/table.ts";
import { run } from "./ask.ts";
import { mapBounded } from "./events.ts";
import { queryLimits } from "./limits.ts";
import type { HintRequest } from "./queries.ts";
import type { QueryParts } from "./scan.ts";
import { shownAddress } from "./shown.ts";
import { createBindings, whereOf, withinRaw } from "./sql.ts";

interface Hint {
  value: string;
  count: number;
  note: string;
}

const tablesOf = {
  flows: ["flows"],
  events: Object.values(eventTables),
  // Values of workloads come from what workloads are made of.
  workloads: ["flows", "process_events"],
} as const satisfies Record<HintRequest["on"], readonly FilterTable[]>;

/** Fields when `field` is empty; else its values. A field or filter that cannot be understood gives no values: completion never fails. */
export async function hints(parts: QueryParts, query: HintRequest): Promise<{ hints: Hint[] }> {
  if (query.field === "") return { hints: fieldHints(query) };
  const [prefixSide, bare] = splitSide(query.field.toLowerCase());
  const field = fieldByName.get(query.field.toLowerCase()) ?? fieldByName.get(bare);
  if (field === undefined) return { hints: [] };
  if (field.choices !== undefined && query.q === "") return { hints: choiceHints(field, query.prefix) };
  const filter = usableFilter(query.q, tablesOf[query.on]);
  const window = resolveWindow(filter.window, { since: query.since }, parts.clock.nowMs());
  const found = await mapBounded(tablesOf[query.on], (table) =>
    valuesIn(parts, { table, columns: columnsOf(field, prefixSide, table), filter, window, prefix: query.prefix }),
  );
  return { hints: merge(found.flat()) };
}

function fieldHints(query: HintRequest): Hint[] {
  const prefix = query.prefix.toLowerCase();
  const tables: readonly FilterTable[] = query.on === "workloads" ? ["workloads"] : tablesOf[query.on];
  const names = fieldNamesOf(tables).flatMap((name) => {
    const field = fieldByName.get(name);
    if (field === undefined) return [];
    const sides = (["from", "to"] as const).filter((side) =>
      tables.some((table) => field[side]?.[table] !== undefined),
    );
    return [
      { value: name, note: field.summary },
      ...sides.map((side) => ({ value: `${side}.${name}`, note: `${field.summary} (${side} side)` })),
    ];
  });
  const times = [
    { value: "last", note: "window: 15m, 1h, 7d" },
    { value: "since", note: "window's beginning: 2h or 2026-11-23T07:00:00Z" },
    { value: "until", note: "window's end" },
  ];
  return [...names, ...times].filter(({ value }) => value.startsWith(prefix)).map((hint) => ({ ...hint, count: 0 }));
}

function choiceHints(field: Field, prefix: string): Hint[] {
  const choices = field.choices ?? [];
  return choices
    .filter((choice) => choice.toLowerCase().startsWith(prefix.toLowerCase()))
    .map((value) => ({ value, count: 0, note: "" }));
}

function splitSide(name: string): readonly ["any" | "from" | "to", string] {
  if (name.startsWith("from.")) return ["from", name.slice(5)];
  return name.startsWith("to.") ? ["to", name.slice(3)] : ["any", name];
}

/** While somebody types, the rest of the bar may be half written: then values are offered without it. */
function usableFilter(q: string, tables: readonly FilterTable[]): Filter {
  try {
    const filter = parseFilter(q);
    requireFields(filter, tables);
    return filter;
  } catch (thrown) {
    if (thrown instanceof Error && thrown.name === "Fault") return { clauses: [], window: {} };
    throw thrown;
  }
}

const targetHintColumns = {
  from: ["sourceWorkload"],
  to: ["destinationWorkload", "destinationService", "destinationDomain"],
};

function columnsOf(field: Field, side: "any" | "from" | "to", table: FilterTable): readonly string[] {
  if (field.type === "target") return table === "flows" ? targetHintColumns[field.name as "from" | "to"] : [];
  return (side === "any" ? field.any : field[side])?.[table] ?? [];
}

interface ValuesRequest {
  readonly table: (typeof tablesOf)[HintRequest["on"]][number];
  readonly columns: readonly string[];
  readonly filter: Filter;
  readonly window: ResolvedWindow;
  readonly prefix: string;
}

async function valuesIn(parts: QueryParts, request: ValuesRequest): Promise<Hint[]> {
  const { table, columns, filter, window, prefix } = request;
  const condition = conditionOf(filter, table);
  if (columns.length === 0 || (condition.is === "constant" && !condition.value)) return [];
  const bindings = createBindings();
  const texts = columns.map((column) => {
    const kind = columnKind(table, column);
    const isList = kind === "texts" || kind === "numbers";
    return isList ? `arrayMap(item -> toString(item), ${column})` : `[toString(${column})]`;
  });
  const sql = `SELECT hintValue, toInt64(count()) AS hintCount FROM (
SELECT arrayJoin(arrayDistinct(arrayConcat(${texts.join(", ")}))) AS hintValue FROM ${table}
WHERE ${withinRaw(bindings, window.sinceMs, window.untilMs)} AND ${whereOf(condition, bindings)}
) WHERE hintValue NOT IN ('', '::', '0') AND startsWith(lower(replaceOne(hintValue, '::ffff:', '')), lower(${bindings.bind(prefix, "String")}))
GROUP BY hintValue ORDER BY hintCount DESC, hintValue LIMIT ${queryLimits.hintsMax}`;
  const result = await run(parts, sql, bindings, {
    rowsToReadMax: queryLimits.hintRowsToReadMax,
    rowsMax: queryLimits.hintsMax,
  });
  return result.rows.map((row) => ({
    value: shownAddress(String(row["hintValue"])),
    count: Number(row["hintCount"]),
    note: "",
  }));
}

/** Values as they must be typed: quoted where a space, comma or quote is inside. */
function merge(found: readonly Hint[]): Hint[] {
  const byValue = new Map<string, Hint>();
  for (const hint of found) {
    const value = /[\s,"*]/.test(hint.value) ? quote(hint.value) : hint.value;
    const known = byValue.get(value);
    byValue.set(value, { value, count: hint.count + (known?.count ?? 0), note: "" });
  }
  return [...byValue.values()]
    .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))
    .slice(0, queryLimits.hintsMax);
}
