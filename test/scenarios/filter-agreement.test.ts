// One filter, two readers: the predicate (saved files, live rows) and the SQL (the store) choose the same rows of every table.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as fc from "fast-check";
import { conditionOf } from "../../src/core/filter/condition.ts";
import { fields } from "../../src/core/filter/fields.ts";
import { parseFilter } from "../../src/core/filter/parse.ts";
import { predicateOf } from "../../src/core/filter/predicate.ts";
import { printFilter } from "../../src/core/filter/print.ts";
import { createBindings, whereOf } from "../../src/edge/store/queries/sql.ts";
import { type Column, columnsOf, tableNames, type TableName } from "../../src/model/table.ts";
import { clauseTexts, filterTexts, words } from "../support/filter-texts.ts";
import { type ScratchRow, type ScratchStore, startScratchStore } from "../support/scratch-store.ts";

const seed = Number(process.env["GARRISON_TEST_SEED"] ?? 7);
const rowsPerTable = 120;
const filtersPerTable = 60;
let store: ScratchStore;
const planted = new Map<TableName, readonly ScratchRow[]>();

const texts = fc.constantFrom(...words, "d", "shop/db", "sHOP", "db.example.com", "d_", "line\nbreak*");
const addresses = fc.constantFrom("::", "10.0.0.1", "10.255.0.9", "192.168.7.3", "fe80::1", "2001:db8::7", "::1");
const numbers = fc.constantFrom(0, 1, 79, 80, 81, 100, 200, 201);

const places = fc.constantFrom("db", "a_b");

function valueOf(column: Column): fc.Arbitrary<unknown> | undefined {
  if (column.type === "IPv6") return addresses;
  if (column.type === "Bool") return fc.boolean();
  if (column.type.startsWith("Map(") || column.type.startsWith("DateTime")) return undefined;
  if (column.type.startsWith("Array(UInt")) return fc.array(numbers, { maxLength: 3 });
  if (column.type.startsWith("Array(")) return fc.array(texts, { maxLength: 3 });
  if (column.type === "UInt8") return numbers;
  if (/^U?Int/.test(column.type)) return fc.oneof(numbers, fc.constantFrom(404, 503, 5000, 65_535));
  if (column.name === "verdict") return fc.constantFrom("allow", "deny", "unknown");
  if (column.name === "reporter") return fc.constantFrom("source", "destination");
  return texts;
}

function rowOf(table: TableName): fc.Arbitrary<ScratchRow> {
  const entries = columnsOf(table).flatMap((column) => {
    // Few places, so that the rows make few blocks.
    if (column.origin === "server") return column.name === "ingest" ? [] : [[column.name, places] as const];
    const value = valueOf(column);
    return value === undefined ? [] : [[column.name, value] as const];
  });
  return fc.record(Object.fromEntries(entries)) as fc.Arbitrary<ScratchRow>;
}

before(async () => {
  store = await startScratchStore();
  for (const table of tableNames) {
    const rows = fc
      .sample(rowOf(table), { numRuns: rowsPerTable, seed })
      .map((row, index) => ({ ...row, time: 1_700_000_000_000 + index }));
    planted.set(table, rows);
    await store.insert(table, rows);
  }
});
after(() => store[Symbol.asyncDispose]());

/** Indices of the planted rows that each reader chooses. */
async function chosen(table: TableName, q: string) {
  const filter = parseFilter(q);
  const holds = predicateOf(filter, table);
  const byPredicate = (planted.get(table) ?? []).flatMap((row, index) => (holds(row) ? [index] : []));
  const bindings = createBindings();
  const sql = `SELECT toUnixTimestamp64Milli(time) - 1700000000000 AS at FROM ${table} WHERE ${whereOf(conditionOf(filter, table), bindings)} ORDER BY at`;
  const { rows } = await store.store.query<{ at: number }>(sql, { params: bindings.values });
  return { byPredicate, bySql: rows.map((row) => row.at) };
}

for (const table of tableNames) {
  test(`predicate and SQL agree on ${table}`, async () => {
    const present = fields.filter(
      (field) => field.type === "target" || [field.any, field.from, field.to].some((map) => map?.[table] !== undefined),
    );
    const filters = fc.array(clauseTexts(present), { minLength: 1, maxLength: 3 }).map((clauses) => clauses.join(" "));
    let hits = 0;
    for (const q of fc.sample(filters, { numRuns: filtersPerTable, seed })) {
      const { byPredicate, bySql } = await chosen(table, q);
      assert.deepEqual(bySql, byPredicate, `${table}: ${q}`);
      if (byPredicate.length > 0 && byPredicate.length < rowsPerTable) hits += 1;
    }
    assert.ok(hits > 5, `only ${hits} filters chose some rows and left others: the test looks at nothing`);
  });
}

test("printing a filter and reading it again keeps its meaning", () => {
  const meaning = (text: string) => {
    const { window, clauses } = parseFilter(text);
    return { window, clauses: clauses.map(({ start: _start, end: _end, ...rest }) => rest) };
  };
  fc.assert(
    fc.property(filterTexts, (text) => {
      const printed = printFilter(parseFilter(text));
      assert.deepEqual(meaning(printed), meaning(text));
      assert.equal(printFilter(parseFilter(printed)), printed);
    }),
    { numRuns: 1000 },
  );
});
