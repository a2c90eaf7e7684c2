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

const shape = (processes: readonly ProcessNode[], toggled: readonly string[] = [], wantedPid?: number): string[] =>
  treeRows(processes, { toggled: new Set(toggled), wantedPid }).map(
    ({ node: { process }, depth, fold }) =>
      `${"-".repeat(depth)}${process.processId}${fold === undefined ? "" : ` x ${fold.count}, ${fold.bad} bad`}`,
  );

test("children stand under their parents, newest first; a lost parent makes a root", () => {
  const processes = [node("c", "a", 3), node("a", "gone", 1), node("b", "a", 2), node("d", "c", 4), node("e", "", 0)];
  assert.deepEqual(shape(processes), ["a", "-c", "--d", "-b", "e"]);
  assert.deepEqual(shape(processes, ["c"]), ["a", "-c", "-b", "e"]);
  assert.deepEqual(shape(processes, ["a"]), ["a", "e"]);
});

test("what runs comes before newer ones that ended; within one millisecond the pid says the order", () => {
  const at = "1970-01-01T00:00:09.000Z";
  const ended = { endedAt: "2026-11-23T07:00:00.000Z", exitCode: 0 };
  const withPid = (pid: number): ProcessNode => {
    const one = node(`p${pid}`, "", 9, ended);
    return { ...one, process: { ...one.process, pid, name: `n${pid}`, startTime: at } };
  };
  assert.deepEqual(shape([withPid(9), withPid(100), node("sh", "", 1), node("old", "", 0, ended)]), [
    "sh",
    "p100",
    "p9",
    "old",
  ]);
});

test("equal ones that ended are one row, which opens; what runs, has children or is wanted is seen", () => {
  const endedAt = "2026-11-23T07:00:00.000Z";
  const program = (
    id: string,
    parent: string,
    second: number,
    given: Partial<ProcessNode> = { endedAt, exitCode: 0 },
  ) => {
    const one = node(id, parent, second, given);
    return { ...one, process: { ...one.process, name: id.slice(0, 3), pid: second } };
  };
  const processes = [
    program("sh", "", 1, {}),
    program("cat1", "sh", 2),
    program("cat2", "sh", 3, { endedAt, exitCode: 1 }),
    program("cat3", "sh", 4),
    program("cat4", "sh", 5, {}),
    program("cat5", "sh", 6),
    program("kid", "cat5", 7),
    program("dog1", "sh", 8),
    program("dog2", "sh", 2),
    program("cat6", "gone", 9),
  ];
  const folded = ["sh", "-cat4", "-dog1", "-cat5", "--kid", "-cat3 x 3, 1 bad", "-dog2", "cat6"];
  assert.deepEqual(shape(processes), folded);
  const open = [...folded.slice(0, 6), "--cat3", "--cat2", "--cat1", ...folded.slice(6)];
  const fold = treeRows(processes, { toggled: new Set() }).find((row) => row.fold !== undefined);
  assert.deepEqual(shape(processes, [fold?.id ?? ""]), open);
  assert.deepEqual(shape(processes, [], 3), open);
});

test("every process is shown exactly once, whatever the parents say", () => {
  const id = fc.constantFrom("a", "b", "c", "d", "e");
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(id, id), { selector: ([own]) => own }), (pairs) => {
      const rows = treeRows(
        pairs.map(([own, parent]) => node(own, parent)),
        { toggled: new Set() },
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
