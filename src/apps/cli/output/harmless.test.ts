// Nothing that a process, an agent or a server wrote steers the terminal of who reads it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { csv } from "./csv.ts";
import { render, type Format } from "./format.ts";
import { harmless, harmlessJson, harmlessLines } from "./harmless.ts";
import { paint } from "./paint.ts";

const hostile = [
  "\u001b]0;title\u0007",
  "\u001b[2Jgone",
  "\u001b[8mhidden",
  "\u001b[38;5;0mblack",
  "\u009b31mred",
  "a\rb",
  "a\u202etxt.exe",
  "a\u2066b",
  "\u0000",
];
// oxlint-disable-next-line no-control-regex -- what must not come out
const steering = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

test("control sequences become a mark, our own colours stay", () => {
  for (const text of hostile) assert.doesNotMatch(harmless(text), steering, JSON.stringify(text));
  const by = paint(true);
  const coloured = [by.bad("deny"), by.good("allow"), by.odd("unknown"), by.dim("x"), by.bold("y")];
  for (const text of coloured) assert.equal(harmless(text), text);
  assert.equal(harmless("line\nline"), "line\ufffdline");
  assert.equal(harmlessLines("line\nli\u001bne"), "line\nli\ufffdne");
});

test("no format lets one through, and JSON stays the same value", () => {
  const sheet = {
    name: (row: { text: string }) => row.text,
    columns: [{ title: "text", value: (row: { text: string }) => row.text }],
  };
  const formats: readonly Format[] = ["table", "wide", "name", "json", "jsonl", "yaml", "csv"];
  for (const text of hostile.filter((one) => !/[\u202e\u2066\r]/.test(one))) {
    for (const format of formats) {
      const out = render([{ text }], sheet, { format, width: Number.POSITIVE_INFINITY });
      assert.doesNotMatch(out.replaceAll("\r\n", "\n"), steering, `${format} ${JSON.stringify(text)}`);
      if (format === "jsonl") assert.deepEqual(JSON.parse(out), { text });
    }
  }
  assert.equal(harmlessJson('"\u009b"'), '"\\u009b"');
});

test("a cell that a spreadsheet would run is text, a line break in it stays", () => {
  const row = { a: "=cmd|' /C calc'!A0", b: "+1", c: "-1", d: "@x", e: "\t=1", f: "two\nlines", g: -1 };
  assert.equal(csv([row], false), `'=cmd|' /C calc'!A0,'+1,'-1,'@x,'\t=1,"two\nlines",-1\r\n`);
});
