// Runs of sequences against a plain set, and what happens at the limits.
import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { array, assert as holds, integer, property } from "fast-check";
import { createSequences, insertRun, type Run } from "./sequences.ts";

test("runs hold exactly what was added, ascending and joined", () => {
  holds(
    property(array(integer({ min: 1, max: 60 })), (added) => {
      let runs: Run[] = [];
      for (const sequence of added) runs = insertRun(runs, [sequence, sequence]);
      const held = runs.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i));
      deepEqual(
        held,
        [...new Set(added)].sort((a, b) => a - b),
      );
      for (let i = 1; i < runs.length; i += 1) equal((runs[i]?.[0] ?? 0) > (runs[i - 1]?.[1] ?? 0) + 1, true);
    }),
  );
});

test("agents and boots do not share sequences", () => {
  const sequences = createSequences();
  sequences.add("a", "1", [1, 3]);
  const cases = [
    ["a", "1", 2, "seen"],
    ["a", "1", 4, "new"],
    ["a", "2", 2, "new"],
    ["b", "1", 2, "new"],
  ] as const;
  for (const [agent, boot, sequence, expected] of cases) equal(sequences.look(agent, boot, sequence), expected);
});

test("beyond the limits: old holes are forgotten, never taken for seen or new; old boots leave", () => {
  const sequences = createSequences({ bootsPerAgentMax: 2, runsPerBootMax: 2, logLinesMax: 10 } as never);
  for (const sequence of [1, 3, 5, 7]) sequences.add("a", "1", [sequence, sequence]);
  deepEqual(
    [2, 3, 4, 5, 6, 7, 8].map((sequence) => sequences.look("a", "1", sequence)),
    ["forgotten", "forgotten", "new", "seen", "new", "seen", "new"],
  );
  sequences.add("a", "2", [1, 1]);
  sequences.add("a", "1", [9, 9]);
  sequences.add("a", "3", [1, 1]);
  deepEqual(
    [sequences.look("a", "2", 1), sequences.look("a", "1", 9), sequences.look("a", "3", 1)],
    ["new", "seen", "seen"],
  );
});
