import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { isBrokenLine, itemsOf, mapItems } from "./batch.ts";
import { mapFalco } from "./falco.ts";
import { foreignLimits } from "./limits.ts";
import { finishRow } from "./row.ts";

const nowMs = Date.parse("2026-11-23T12:00:00Z");
const alert = (time: string) => ({ rule: "r", priority: "Error", output: "o", time });

test("a bad item is refused by itself, with its place and reason", () => {
  const items = [
    alert("2026-11-23T11:59:00Z"),
    7,
    alert("2026-11-23T13:00:00Z"),
    alert("2026-11-21T12:00:00Z"),
    alert("2026-11-23T12:01:00Z"),
  ];
  const batch = mapItems(items, nowMs, mapFalco);
  assert.deepEqual([batch.accepted, batch.refused, batch.rows.length], [2, 3, 2]);
  assert.deepEqual(
    batch.reasons.map((reason) => reason.item),
    [1, 2, 3],
  );
  assert.match(batch.reasons[1]?.because ?? "", /future/);
  assert.match(batch.reasons[2]?.because ?? "", /24 hours/);
});

test("items beyond the limit are refused unread, reasons are bounded", () => {
  const items = Array.from({ length: foreignLimits.itemsMax + 50 }, () => alert("2026-11-23T12:00:00Z"));
  const batch = mapItems(items, nowMs, mapFalco);
  assert.deepEqual(
    [batch.accepted, batch.refused, batch.reasons.length],
    [foreignLimits.itemsMax, 50, foreignLimits.reasonsMax],
  );
});

const texts: readonly (readonly [string, readonly unknown[]])[] = [
  ['{"a":1}', [{ a: 1 }]],
  ['[{"a":1},2]', [{ a: 1 }, 2]],
  ['{"kind":"EventList","items":[1,2]}', [1, 2]],
  ['{\n "items": [\n 1 ]\n}', [1]],
  ['{"a":1}\n\n{"a":2}\r\n', [{ a: 1 }, { a: 2 }]],
  ['{"a":1}\nnonsense\n{"a":2}', [{ a: 1 }, { brokenLine: "it is not JSON" }, { a: 2 }]],
  ['{"a":"un\n{"a":2}', [{ brokenLine: "it is not JSON" }, { a: 2 }]],
  ["nonsense", [{ brokenLine: "it is not JSON" }]],
  ["[".repeat(50), [{ brokenLine: "it is nested too deep" }]],
  [`{"a":1}\n${"[".repeat(50)}`, [{ a: 1 }, { brokenLine: "it is nested too deep" }]],
  [`{"a":"${"[".repeat(50)}"}`, [{ a: "[".repeat(50) }]],
  [`{"a":1}\n"${"x".repeat(foreignLimits.lineLengthMax)}"`, [{ a: 1 }, { brokenLine: "the line is too long" }]],
];

test("one value, an array, a list object, or lines", () => {
  for (const [text, expected] of texts) assert.deepEqual([...itemsOf(text)], expected, text.slice(0, 60));
});

test("lines survive the way there and back", () => {
  const values = fc.array(fc.dictionary(fc.string(), fc.string()), { minLength: 2 });
  fc.assert(
    fc.property(values, (list) => {
      const items = [...itemsOf(list.map((value) => JSON.stringify(value)).join("\n"))];
      assert.deepEqual(items, JSON.parse(JSON.stringify(list)));
    }),
  );
});

test("any text becomes items or broken lines, never an exception", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      for (const item of itemsOf(text)) assert.ok(isBrokenLine(item) || item !== undefined);
    }),
  );
});

test("a row is whole, its texts are cut, its numbers in range", () => {
  const { row } = finishRow("dns_events", "", {
    time: nowMs,
    reporter: "foreign",
    question: "q".repeat(20_000),
    process: "p".repeat(1000),
    answers: Array.from({ length: 200 }, (_, index) => `a${index}`),
    serverPort: 70_000,
    latencyUs: -4,
    count: NaN,
    server: "not an address",
  });
  const fields: Record<string, unknown> = { ...row };
  assert.equal((fields["question"] as string).length, foreignLimits.textLengthMax);
  assert.equal((fields["process"] as string).length, foreignLimits.wordLengthMax);
  assert.equal((fields["answers"] as string[]).length, foreignLimits.entriesMax);
  assert.deepEqual(
    [fields["serverPort"], fields["latencyUs"], fields["count"], fields["server"]],
    [65_535, 0, 0, "::"],
  );
  assert.deepEqual([fields["workloadKind"], fields["pod"], fields["fidelity"]], ["Unknown", "", "foreign"]);
});
