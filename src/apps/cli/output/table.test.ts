import assert from "node:assert/strict";
import { test } from "node:test";
import { table, textWidth } from "./table.ts";

const columns = [{ title: "name" }, { title: "why", wraps: true }, { title: "cost", wraps: true }] as const;
const rows = [
  ["lsm", "refused by the kernel of this machine", "files and programs are killed instead of denied"],
  ["loop", "-", "-"],
] as const;

test("a wrapping column loses no word at any width, and no line is wider than the terminal", () => {
  for (const width of [30, 40, 60, 80, 120]) {
    const text = table(columns, rows, { width, header: true });
    for (const line of text.trimEnd().split("\n")) assert.ok(textWidth(line) <= width, `${width}: ${line}`);
    for (const word of rows[0].join(" ").split(" ")) assert.ok(text.includes(word), `${width}: ${word}`);
    assert.doesNotMatch(text, /…/);
  }
});

test("wide enough, every row is one line; a word wider than its column is broken", () => {
  assert.equal(table(columns, rows, { width: Number.POSITIVE_INFINITY, header: true }).split("\n").length, 4);
  const long = table([{ title: "a", wraps: true }], [["x".repeat(25)]], { width: 10, header: false });
  assert.equal(long, `${"x".repeat(10)}\n${"x".repeat(10)}\n${"x".repeat(5)}\n`);
});

test("other columns are still cut, with an ellipsis", () => {
  const text = table([{ title: "a" }, { title: "b" }], [["one", "y".repeat(50)]], { width: 20, header: false });
  assert.equal(text, `one  ${"y".repeat(14)}…\n`);
});
