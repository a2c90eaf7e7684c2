// Nothing that a process, an agent or a server wrote steers the terminal of who reads it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { csv } from "./csv.ts";
import { render, type Format } from "./format.ts";
import { coloured, harmless, harmlessJson, harmlessLines, withoutColour } from "./harmless.ts";
import { paint } from "./paint.ts";
import { table, textWidth } from "./table.ts";

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
// oxlint-disable-next-line no-control-regex -- what begins a colour or its mark
const beginning = /[\u001b\ufdd0]/g;
// oxlint-disable-next-line no-control-regex -- our own colours
const colours = /\u001b\[\d+m/g;

test("control sequences become a mark, our own colours stay", () => {
  for (const text of hostile) assert.doesNotMatch(harmless(text), steering, JSON.stringify(text));
  const by = paint(true);
  const words = [by.bad("deny"), by.good("allow"), by.odd("unknown"), by.dim("x"), by.bold("y")];
  for (const text of words) assert.equal(harmless(text), text);
  assert.equal(coloured(by.bad("deny")), "\u001b[31mdeny\u001b[39m");
  assert.equal(coloured(by.bold(`a ${by.dim("b")} c`)), "\u001b[1ma \u001b[2mb\u001b[22m\u001b[1m c\u001b[22m");
  assert.equal(harmless("line\nline"), "line\ufffdline");
  assert.equal(harmlessLines("line\nli\u001bne"), "line\nli\ufffdne");
});

test("foreign text cannot wear our colours, painted or not", () => {
  const by = paint(true);
  const columns = [{ title: "a" }, { title: "b" }, { title: "c" }];
  const ours = ["31", "39", "2", "22"].map((code) => `\u001b[${code}m`);
  for (const text of ["\u001b[32mallow\u001b[39m", "\u001b[1mbold", "\u001b[2mdim\u001b[22m", "\ufdd0:32;allow"]) {
    const row = [text, by.bad(text), `${by.dim("-")} ${text}`];
    const out = coloured(table(columns, [row], { width: 60, header: false }));
    assert.deepEqual(out.match(colours), ours);
    assert.doesNotMatch(out.replace(colours, ""), beginning);
    assert.doesNotMatch(coloured(harmless(text)), beginning);
  }
});

test("a cell of several colours is cut like any other, its colours end", () => {
  const by = paint(true);
  const cell = `${by.bad("exploited")}; ${by.dim("a long title of others")}`;
  const line = table([{ title: "" }], [[cell]], { width: 16, header: false }).trimEnd();
  assert.equal(withoutColour(line), "exploited; a lo…");
  assert.equal(textWidth(line), 16);
  assert.equal(coloured(line), "\u001b[31mexploited\u001b[39m; \u001b[2ma lo…\u001b[22m");
});

test("columns give in the asked order, versions lose their middle", () => {
  const columns = [
    { title: "id", squeeze: "never" },
    { title: "fix", cut: "middle" },
    { title: "title", squeeze: "first" },
  ] as const;
  const row = ["CVE-2026-12345678", "18.20.4+dfsg-1~deb12u2", "what is wrong with it, in a long sentence"];
  const at = (width: number): string => table(columns, [row], { width, header: false }).trimEnd();
  assert.equal(at(60), "CVE-2026-12345678  18.20.4+dfsg-1~deb12u2  what is wrong wi…");
  assert.equal(at(50), "CVE-2026-12345678  18.20.4+dfsg-1~deb12u2");
  assert.match(at(32), /^CVE-2026-12345678 {2}18\.20\.…\w+u2$/);
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
