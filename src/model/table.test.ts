import assert from "node:assert/strict";
import { test } from "node:test";
import { columnsOf, tableNames, wireColumnsOf } from "./table.ts";

test("every column of every table has a ClickHouse type", () => {
  for (const table of tableNames) {
    for (const column of columnsOf(table)) assert.match(column.type, /^[A-Z]/, `${table}.${column.name}`);
  }
});

test("the wire never carries cluster, node or ingest number", () => {
  for (const table of tableNames) {
    const names = wireColumnsOf(table).map((column) => column.name);
    assert.deepEqual(
      names.filter((name) => ["cluster", "node", "ingest"].includes(name)),
      [],
      table,
    );
    assert.equal(names[0], "time", table);
  }
});
