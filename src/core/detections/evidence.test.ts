import assert from "node:assert/strict";
import { test } from "node:test";
import { evidenceEntry, evidenceOf } from "./evidence.ts";

test("a timed text gives time, kind and text; every other one stays whole", () => {
  for (const [text, expected] of [
    [
      "2026-11-26T10:00:00.5Z exec: /bin/sh -c id: x",
      { at: "2026-11-26T10:00:00.500Z", kind: "exec", text: "/bin/sh -c id: x" },
    ],
    [
      "2026-11-26T10:00:00Z 2 chmod: fchmodat: /tmp/x",
      { at: "2026-11-26T10:00:00.000Z", kind: "2 chmod", text: "fchmodat: /tmp/x" },
    ],
    ["proc.name=sh", { kind: "", text: "proc.name=sh" }],
    ["2026-99-99T10:00:00Z exec: x", { kind: "", text: "2026-99-99T10:00:00Z exec: x" }],
    ["", { kind: "", text: "" }],
  ] as const)
    assert.deepEqual(evidenceEntry(text), expected);
});

test("many detections' evidence is one list in order, equal entries once, the rest counted", () => {
  const late = "2026-11-26T10:00:02Z connect: 192.0.2.1:4444";
  const early = "2026-11-26T10:00:01Z exec: /bin/nc";
  const events = [{ evidence: [late, "fd.name=x"] }, { evidence: [early, late] }];
  const { entries, omitted } = evidenceOf(events, 10);
  assert.deepEqual(
    entries.map(({ kind }) => kind),
    ["exec", "connect", ""],
  );
  assert.equal(omitted, 0);
  assert.deepEqual(evidenceOf(events, 1), { entries: [evidenceEntry(early)], omitted: 2 });
});
