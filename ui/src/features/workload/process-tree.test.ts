import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { ProcessEvent } from "../../../../src/model/process-event.ts";
import { processState, treeRows, type ProcessNode } from "./process-tree.ts";

function node(processId: string, parentProcessId: string, second = 0, given: Partial<ProcessNode> = {}): ProcessNode {
  const startTime = new Date(second * 1000).toISOString();
  return {
    process: ProcessEvent.parse({ time: startTime, startTime, action: "exec", processId, parentProcessId }),
    ...given,
  };
}

const shape = (processes: readonly ProcessNode[], collapsed: readonly string[] = []): string[] =>
  treeRows(processes, new Set(collapsed)).map(
    ({ node: { process }, depth }) => `${"-".repeat(depth)}${process.processId}`,
  );

test("children stand under their parents, oldest first; a lost parent makes a root", () => {
  const processes = [node("c", "a", 3), node("a", "gone", 1), node("b", "a", 2), node("d", "c", 4), node("e", "", 0)];
  assert.deepEqual(shape(processes), ["e", "a", "-b", "-c", "--d"]);
  assert.deepEqual(shape(processes, ["c"]), ["e", "a", "-b", "-c"]);
  assert.deepEqual(shape(processes, ["a"]), ["e", "a"]);
});

test("every process is shown exactly once, whatever the parents say", () => {
  const id = fc.constantFrom("a", "b", "c", "d", "e");
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(id, id), { selector: ([own]) => own }), (pairs) => {
      const rows = treeRows(
        pairs.map(([own, parent]) => node(own, parent)),
        new Set(),
      );
      assert.deepEqual(rows.map(({ node: { process } }) => process.processId).sort(), pairs.map(([own]) => own).sort());
    }),
  );
});

test("states", () => {
  const endedAt = "2026-11-23T07:00:00.000Z";
  for (const [given, text, bad] of [
    [{}, "running", false],
    [{ endedAt, exitCode: 0 }, "exit 0", false],
    [{ endedAt, exitCode: 2 }, "exit 2", true],
    [{ endedAt, exitCode: -1, signal: 9 }, "signal 9", true],
    [{ endedAt }, "ended, code not seen", false],
  ] as const)
    assert.deepEqual(processState(node("a", "", 0, given)), { text, bad });
});
