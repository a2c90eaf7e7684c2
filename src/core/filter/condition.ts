// Filter + table -> one condition over that table's columns. The predicate (here) and the SQL (edge/store/queries) are both
// made from it, so the two cannot mean different things.
import { columnKind, type ColumnKind, freeAddressColumns, freeTextColumns } from "./columns.ts";
import { filterFault } from "./fault.ts";
import type { Field, FilterTable } from "./field.ts";
import { fieldByName } from "./fields.ts";
import type { Clause, Filter, Side, Test, Value } from "./filter.ts";

export type Condition =
  | { readonly is: "constant"; readonly value: boolean }
  | { readonly is: "all" | "any"; readonly of: readonly Condition[] }
  | { readonly is: "not"; readonly of: Condition }
  | {
      readonly is: "column";
      /** More than one: numbers, added up. */
      readonly columns: readonly string[];
      readonly kind: ColumnKind;
      readonly test: Test;
    };

const never: Condition = { is: "constant", value: false };

/**
 * What the filter asks of a row of `table`. A clause whose field the table lacks holds for no row (and for every row when negated).
 * The window is not part of it.
 */
export function conditionOf(filter: Filter, table: FilterTable): Condition {
  return all(filter.clauses.map((clause) => clauseCondition(clause, table)));
}

/** Throws "filter/not-here" for the first clause whose field exists in none of the tables. */
export function requireFields(filter: Filter, tables: readonly FilterTable[]): void {
  for (const clause of filter.clauses) {
    if (tables.some((table) => isPresent(clause, table))) continue;
    const side = clause.side === "any" ? "" : `${clause.side}.`;
    const name = clause.field === "" ? "free text" : `"${side}${clause.field}"`;
    const hint = `Here these fields can be used: ${fieldNamesOf(tables).join(", ")}.`;
    throw filterFault("not-here", clause.start, `${name} is not a field of ${tables.join(", ")}`, hint);
  }
}

/** Canonical names of the fields that at least one of the tables has, sides not spelt out. */
export function fieldNamesOf(tables: readonly FilterTable[]): string[] {
  const clauseOf = (name: string): Clause => ({
    field: name,
    side: "any",
    negated: false,
    values: [],
    start: 0,
    end: 0,
  });
  const names = [...new Set([...fieldByName.values()].map((field) => field.name))];
  return names.filter((name) => tables.some((table) => isPresent(clauseOf(name), table)));
}

function isPresent(clause: Clause, table: FilterTable): boolean {
  if (clause.field === "") return (freeTextColumns[table] ?? []).length > 0;
  const field = fieldByName.get(clause.field);
  if (field === undefined) return false;
  if (field.type === "target") return targetColumns(field.name as "from" | "to", table).names.length > 0;
  return columnsFor(field, clause.side, table).length > 0 || sidedByReporter(field, clause.side, table);
}

function clauseCondition(clause: Clause, table: FilterTable): Condition {
  const one = any(clause.values.map((value) => valueCondition(clause, value, table)));
  return clause.negated ? not(one) : one;
}

function valueCondition(clause: Clause, value: Value, table: FilterTable): Condition {
  if (clause.field === "") {
    const columns = value.test.is === "address" ? freeAddressColumns[table] : freeTextColumns[table];
    const anywhere = anyColumn(table, columns ?? [], value.test);
    return value.test.is === "address" ? anywhere : any([anywhere, inNamespace(table, workloadColumns(table), value)]);
  }
  const field = fieldByName.get(clause.field);
  if (field === undefined) return never;
  if (field.type === "target") return targetCondition(field.name as "from" | "to", value, table);
  const own = columnsFor(field, clause.side, table);
  if (field.type === "bytes") return own.length === 0 ? never : columnTest(table, own, value.test);
  const named = (columns: readonly string[]): Condition =>
    any([
      anyColumn(table, columns, value.test),
      ...(field.name === "workload" ? [inNamespace(table, columns, value)] : []),
    ]);
  if (!sidedByReporter(field, clause.side, table)) return named(own);
  return clause.side === "any" ? named([...own, field.peer ?? ""]) : httpSide(field, clause.side, named);
}

/** Columns that hold names of workloads: what `workload:` looks at, HTTP's other end too. */
function workloadColumns(table: FilterTable): readonly string[] {
  const field = fieldByName.get("workload");
  const peer = table === "http_events" && field?.peer !== undefined ? [field.peer] : [];
  return [...(field?.any[table] ?? []), ...peer];
}

/** "shop/db" as tables print a workload: its name in one of `columns`, and the namespace in the column beside it. Quoted text is a name and no more. */
function inNamespace(table: FilterTable, columns: readonly string[], value: Value): Condition {
  const slash = value.quoted ? -1 : value.text.indexOf("/");
  if (slash <= 0) return never;
  const [namespace, name] = [value.text.slice(0, slash), value.text.slice(slash + 1)].map(exactly);
  if (namespace === undefined || name === undefined) return never;
  return any(
    columns.map((column) =>
      all([columnTest(table, [namespaceBeside[column] ?? ""], namespace), columnTest(table, [column], name)]),
    ),
  );
}

/** The column of the namespace that a workload's name in this column is of. */
const namespaceBeside: Readonly<Record<string, string>> = {
  workload: "namespace",
  sourceWorkload: "sourceNamespace",
  destinationWorkload: "destinationNamespace",
  actorWorkload: "actorNamespace",
  peerWorkload: "peerNamespace",
  name: "namespace",
};

function exactly(text: string): Test {
  if (/^\*+$/.test(text)) return { is: "filled" };
  return text.includes("*") ? { is: "like", pattern: text } : { is: "equals", text };
}

function columnsFor(field: Field, side: Side, table: FilterTable): readonly string[] {
  const map = side === "any" ? field.any : field[side];
  // Which end the subject of an HTTP exchange is depends on who reported it: see httpSide.
  if (side !== "any" && sidedByReporter(field, side, table)) return [];
  return map?.[table] ?? [];
}

function sidedByReporter(field: Field, _side: Side, table: FilterTable): boolean {
  return table === "http_events" && field.peer !== undefined;
}

/** from = the subject when the source reported, the peer when the destination did; to = the other way round. */
function httpSide(field: Field, side: "from" | "to", named: (columns: readonly string[]) => Condition): Condition {
  const own = field.any.http_events ?? [];
  const peer = field.peer === undefined ? [] : [field.peer];
  const branch = (reporter: "source" | "destination", columns: readonly string[]) =>
    all([columnTest("http_events", ["reporter"], { is: "equals", text: reporter }), named(columns)]);
  const [atSource, atDestination] = side === "from" ? [own, peer] : [peer, own];
  return any([branch("source", atSource), branch("destination", atDestination)]);
}

interface TargetColumns {
  readonly namespace: string | undefined;
  readonly names: readonly string[];
  readonly domains: readonly string[];
  readonly addresses: readonly string[];
}

/** Where `from:` and `to:` look. On events the subject is the source; dns and http name what was asked for, audit who asked and of what. */
function targetColumns(side: "from" | "to", table: FilterTable): TargetColumns {
  const none: TargetColumns = { namespace: undefined, names: [], domains: [], addresses: [] };
  if (table === "flows") {
    return side === "from"
      ? {
          namespace: "sourceNamespace",
          names: ["sourceWorkload", "sourceService", "sourcePod"],
          domains: [],
          addresses: ["sourceAddress"],
        }
      : {
          namespace: "destinationNamespace",
          names: ["destinationWorkload", "destinationService", "destinationPod"],
          domains: ["destinationDomain"],
          addresses: ["destinationAddress"],
        };
  }
  if (table === "audit_events") {
    return side === "from"
      ? { ...none, namespace: "actorNamespace", names: ["actorWorkload", "actorPod", "user"] }
      : { ...none, namespace: "namespace", names: ["workload", "name"] };
  }
  if (side === "to") {
    if (table === "dns_events") return { ...none, names: ["question"], domains: ["question"], addresses: ["server"] };
    if (table === "http_events") {
      return {
        namespace: "peerNamespace",
        names: ["peerWorkload", "peerService", "peerPod", "host"],
        domains: ["host"],
        addresses: ["peerAddress"],
      };
    }
    return table === "spans" ? { ...none, names: ["peerService"] } : none;
  }
  if (columnKind(table, "workload") === undefined) return none;
  return { ...none, namespace: "namespace", names: ["workload", "service", "pod"] };
}

function targetCondition(side: "from" | "to", value: Value, table: FilterTable): Condition {
  const { namespace, names, domains, addresses } = targetColumns(side, table);
  if (value.test.is === "address") return anyColumn(table, addresses, value.test);
  const named = any([anyColumn(table, names, value.test), anyColumn(table, domains, lowered(value.test))]);
  const slash = value.quoted ? -1 : value.text.indexOf("/");
  if (slash <= 0 || namespace === undefined) return named;
  const within = all([
    columnTest(table, [namespace], exactly(value.text.slice(0, slash))),
    anyColumn(table, names, exactly(value.text.slice(slash + 1))),
  ]);
  return any([named, within]);
}

function lowered(test: Test): Test {
  if (test.is === "equals") return { ...test, text: test.text.toLowerCase() };
  return test.is === "like" ? { ...test, pattern: test.pattern.toLowerCase() } : test;
}

function anyColumn(table: FilterTable, columns: readonly string[], test: Test): Condition {
  return any(columns.map((column) => columnTest(table, [column], test)));
}

function columnTest(table: FilterTable, columns: readonly string[], test: Test): Condition {
  const kind = columnKind(table, columns[0] ?? "");
  return kind === undefined ? never : { is: "column", columns, kind, test };
}

function all(of: readonly Condition[]): Condition {
  const rest = of.filter((item) => item.is !== "constant" || !item.value);
  if (rest.some((item) => item.is === "constant")) return never;
  if (rest.length === 1 && rest[0] !== undefined) return rest[0];
  return rest.length === 0 ? { is: "constant", value: true } : { is: "all", of: rest };
}

function any(of: readonly Condition[]): Condition {
  const rest = of.filter((item) => item.is !== "constant" || item.value);
  if (rest.some((item) => item.is === "constant")) return { is: "constant", value: true };
  if (rest.length === 1 && rest[0] !== undefined) return rest[0];
  return rest.length === 0 ? never : { is: "any", of: rest };
}

function not(of: Condition): Condition {
  return of.is === "constant" ? { is: "constant", value: !of.value } : { is: "not", of };
}
