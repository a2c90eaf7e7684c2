import assert from "node:assert/strict";
import { test } from "node:test";
import { nextSorting, sortRows } from "./sorting.ts";

const rows = [
  { name: "b10", bytes: 1 },
  { name: "b2", bytes: 30 },
  { name: "a", bytes: 30 },
];
const values = { name: (row: (typeof rows)[0]) => row.name, bytes: (row: (typeof rows)[0]) => row.bytes };
const names = (by: string, direction: "ascending" | "descending"): string[] =>
  sortRows(rows, { by, direction }, values).map(({ name }) => name);

test("sorts names as people count, numbers as numbers, and is stable", () => {
  assert.deepEqual(names("name", "ascending"), ["a", "b2", "b10"]);
  assert.deepEqual(names("bytes", "descending"), ["b2", "a", "b10"]);
  assert.deepEqual(names("nothing", "ascending"), ["b10", "b2", "a"]);
});

test("a second click turns around", () => {
  const first = nextSorting({ by: "name", direction: "ascending" }, "bytes", true);
  assert.deepEqual(first, { by: "bytes", direction: "descending" });
  assert.deepEqual(nextSorting(first, "bytes", true).direction, "ascending");
});
