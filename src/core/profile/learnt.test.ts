// Merging of learning: any order, any repetition; when the last new name came; how far it may be trusted.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { confidenceOf, mergeUsage, type UsageFact } from "./learnt.ts";

const hourMs = 3_600_000;

function fact(over: Partial<UsageFact> & { readonly time: number }): UsageFact {
  return {
    architecture: "x86_64",
    systemCalls: [],
    systemCallsUnnamed: [],
    capabilities: [],
    capabilitiesInferred: [],
    executables: [],
    startSeen: false,
    hasForeignCalls: false,
    learntSeconds: 0,
    containerId: "a",
    ...over,
  };
}

const names = fc.subarray(["read", "write", "openat", "mkdir", "clone3", "futex"]);
const facts = fc
  .array(
    fc.record({
      time: fc.integer({ min: 1, max: 50 }),
      containerId: fc.constantFrom("a", "b", "c"),
      systemCalls: names,
      capabilities: fc.subarray(["chown", "net_raw"]),
      capabilitiesInferred: fc.subarray(["net_raw", "sys_admin"]),
      executables: fc.subarray(["/bin/a", "/bin/b"]),
      startSeen: fc.boolean(),
      learntSeconds: fc.integer({ min: 0, max: 100 }),
    }),
    { maxLength: 12 },
  )
  // A container tells one row per instant.
  .map((rows) => [...new Map(rows.map((row) => [`${row.time} ${row.containerId}`, fact(row)])).values()]);

test("merging does not depend on order, and a row that comes again changes nothing", () => {
  fc.assert(
    fc.property(facts, fc.integer(), (rows, seed) => {
      const merged = mergeUsage(rows);
      const shuffled = rows.toSorted((a, b) => ((a.time * 31 + seed) % 7) - ((b.time * 31 + seed) % 7));
      assert.deepEqual(mergeUsage(shuffled.toReversed()), merged);
      assert.deepEqual(mergeUsage([...rows, ...rows.slice(0, 3)]), merged);
    }),
  );
});

test("everything that a row tells is in the merged whole, each once and sorted", () => {
  fc.assert(
    fc.property(facts, (rows) => {
      const { systemCalls } = mergeUsage(rows);
      for (const name of rows.flatMap((row) => row.systemCalls)) assert.ok(systemCalls.includes(name));
      assert.deepEqual(systemCalls, [...new Set(systemCalls)].toSorted());
    }),
  );
});

test("quiet since the last row with a name that was in none before; a whole row repeats and is no news", () => {
  const learnt = mergeUsage([
    fact({ time: 10, systemCalls: ["read"] }),
    fact({ time: 20, systemCalls: ["read", "write"], containerId: "b" }),
    fact({ time: 30, systemCalls: ["read"] }),
    fact({ time: 40, systemCalls: ["read", "write"] }),
  ]);
  assert.deepEqual([learnt.quietSinceMs, learnt.lastMs, learnt.containers], [20, 40, 2]);
  assert.equal(mergeUsage([]).quietSinceMs, undefined);
});

test("what the kernel saw is not among what was concluded", () => {
  const learnt = mergeUsage([fact({ time: 1, capabilities: ["chown"], capabilitiesInferred: ["chown", "net_raw"] })]);
  assert.deepEqual([learnt.capabilities, learnt.capabilitiesInferred], [["chown"], ["net_raw"]]);
});

test("confidence rises with hours, starts, replicas and quiet, and says what is missing", () => {
  const seen = (hours: number, more: Partial<UsageFact> = {}) =>
    fact({ time: 100 * hourMs, systemCalls: ["read"], learntSeconds: hours * 3600, ...more });
  const cases: readonly [readonly UsageFact[], number, string, number][] = [
    [[], 0, "none", 1],
    [[seen(0.5)], 100, "low", 4],
    [[seen(3)], 100, "low", 4],
    [[seen(3, { startSeen: true })], 100, "medium", 3],
    [[seen(20, { startSeen: true }), seen(20, { containerId: "b" })], 100, "medium", 1],
    [[seen(20, { startSeen: true }), seen(20, { containerId: "b" })], 125, "high", 0],
    [[seen(40, { startSeen: true, systemCallsUnnamed: [500] }), seen(1, { containerId: "b" })], 125, "medium", 1],
  ];
  for (const [rows, nowHours, level, reasons] of cases) {
    const confidence = confidenceOf(mergeUsage(rows), nowHours * hourMs);
    assert.deepEqual([confidence.level, confidence.because.length], [level, reasons], JSON.stringify(confidence));
  }
});
