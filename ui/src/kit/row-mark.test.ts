import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { pidOfMark, processMark, rowMark, windowOfMark } from "./row-mark.ts";

const row = { time: "2026-11-23T08:00:00.123Z" };

test("a mark finds its row's time and tells rows of one time apart", () => {
  assert.deepEqual(windowOfMark(rowMark(row, "a")), { since: row.time, until: "2026-11-23T08:00:00.124Z" });
  fc.assert(fc.property(fc.string(), fc.string(), (a, b) => a === b || rowMark(row, a) !== rowMark(row, b)));
});

test("what is no mark is none", () => {
  for (const text of ["", "~", "yesterday~x", row.time, "~abc"]) assert.equal(windowOfMark(text), undefined, text);
});

test("a process in a link", () => {
  assert.equal(pidOfMark(processMark(4711)), 4711);
  for (const text of [undefined, "", "pid-", "pid-x", "2026-11-23T08:00:00.000Z~a"])
    assert.equal(pidOfMark(text), undefined);
});
