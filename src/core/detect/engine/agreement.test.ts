import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { DetectSubject } from "../contract.ts";
import { unknownSubject } from "../blank-event.ts";
import { compileRules } from "../compile-rules.ts";
import { createDetector } from "../create-detector.ts";
import { createFlatJudge } from "../flat/judge-flat.ts";
import type { CheckNode, ConditionNode, Operator } from "../falco/ast.ts";
import { printCondition } from "../falco/print-condition.ts";
import { fullSensorSupply } from "../supply.ts";
import { naiveHolds, type PlainValues } from "./naive.fixture.ts";
import type { FileDeedEvent } from "../../sense/deed-events.ts";
import type { ExecEvent } from "../../sense/sensor.ts";

// Few values, so that checks meet them.
const paths = ["/etc/shadow", "/etc/ssh/sshd_config", "/tmp/x", "/etc", "/etcetera", "/", "/tmp", "/usr/bin/sh"];
const names = ["sh", "cat", "nginx"];
const parts = ["/", "/etc", "/etc/", "/etc/s", "shadow", "x", "/tmp", "sh", "cat", "ginx", "nginx"];

const leaf = (field: string, operators: readonly Operator[], texts: readonly string[]): fc.Arbitrary<CheckNode> =>
  fc
    .record({
      operator: fc.constantFrom(...operators),
      values: fc.array(fc.constantFrom(...texts), { minLength: 1, maxLength: 3 }),
    })
    .map(({ operator, values }) => ({
      kind: "check",
      left: { field, argument: undefined, transformers: [] },
      operator,
      values: (operator === "exists"
        ? []
        : operator === "in" || operator === "pmatch"
          ? values
          : values.slice(0, 1)
      ).map((text) => ({
        kind: "text",
        text,
        isQuoted: true,
      })),
    }));

const textual: readonly Operator[] = ["=", "!=", "in", "contains", "icontains", "startswith", "endswith", "exists"];
const check = fc.oneof(
  leaf("fd.name", [...textual, "pmatch"], [...paths, ...parts]),
  leaf("fd.directory", textual, ["/etc", "/", "/tmp", "/etc/ssh"]),
  leaf("proc.name", textual, [...names, ...parts]),
  leaf("proc.pname", textual, [...names, "init"]),
  leaf("evt.type", ["=", "in", "!="], ["openat", "open", "execve"]),
  leaf("evt.is_open_write", ["=", "!="], ["true", "false"]),
  leaf("container.id", ["=", "!="], ["host"]),
  leaf("user.uid", ["=", "!=", "<", ">=", "in"], ["0", "1000"]),
);

const { tree } = fc.letrec<{ tree: ConditionNode }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    check,
    fc.record({
      kind: fc.constantFrom("and" as const, "or" as const),
      children: fc.array(tie("tree"), { minLength: 2, maxLength: 4 }),
    }),
    fc.record({ kind: fc.constant("not" as const), child: tie("tree") }),
  ),
}));

interface Deed {
  readonly path: string;
  readonly name: string;
  readonly parent: string;
  readonly isWrite: boolean;
  readonly isContainer: boolean;
  readonly uid: number;
}

const deed: fc.Arbitrary<Deed> = fc.record({
  path: fc.constantFrom(...paths),
  name: fc.constantFrom(...names),
  parent: fc.constantFrom(...names),
  isWrite: fc.boolean(),
  isContainer: fc.boolean(),
  uid: fc.constantFrom(0, 1000),
});

function plainOf({ path, name, parent, isWrite, isContainer, uid }: Deed): PlainValues {
  const slash = path.lastIndexOf("/");
  return {
    "fd.name": path,
    "fd.directory": slash <= 0 ? "/" : path.slice(0, slash),
    "proc.name": name,
    "proc.pname": parent,
    "evt.type": "openat",
    "evt.is_open_write": isWrite,
    "container.id": isContainer ? "abc" : "host",
    "user.uid": uid,
  };
}

function compiled(trees: readonly ConditionNode[]) {
  const value = trees.map((one, index) => ({
    rule: `r${index}`,
    desc: "",
    condition: printCondition(one),
    output: "x",
    priority: "NOTICE",
  }));
  const { rules, problems } = compileRules([
    { name: "f", documents: [{ value, line: 1, errors: [], lineOf: () => 1 }] },
  ]);
  assert.deepEqual(problems, []);
  return rules;
}

const machine = { hostname: "", bootMs: 0, userName: () => undefined, groupName: () => undefined };
const exec = {
  type: "exec",
  timeMs: 1,
  cgroupId: 1,
  gid: 0,
  capabilities: 0,
  path: "/x",
  arguments: ["x"],
  argumentsCut: false,
  workingDirectory: "/",
} as const;

/** A process for each kind of doer, so that memories are used by later deeds. */
function engineHits(trees: readonly ConditionNode[], deeds: readonly Deed[]): readonly string[][] {
  let hits: string[] = [];
  const detector = createDetector({
    rules: compiled(trees),
    supply: fullSensorSupply,
    machine,
    limits: { rateBurst: 1e9, pathsMax: 4 },
    onDetection: ({ rule }) => hits.push(rule),
  });
  const pids = new Map<string, number>();
  return deeds.map((one) => {
    hits = [];
    const subject: DetectSubject = {
      ...unknownSubject,
      isContainer: one.isContainer,
      subject: { ...unknownSubject.subject, containerId: one.isContainer ? "abc" : "" },
    };
    const key = JSON.stringify([one.name, one.parent, one.isContainer, one.uid]);
    let pid = pids.get(key);
    if (pid === undefined) {
      pid = 10 + 2 * pids.size;
      pids.set(key, pid);
      const parent = { pid, startMs: 1 };
      const events: readonly ExecEvent[] = [
        { ...exec, process: parent, parent: { pid: 1, startMs: 0 }, comm: one.parent, uid: 0 },
        { ...exec, process: { pid: pid + 1, startMs: 1 }, parent, comm: one.name, uid: one.uid },
      ];
      detector.take(events, () => subject);
      hits = [];
    }
    const file: FileDeedEvent = {
      type: "file",
      deed: "open",
      call: "openat",
      way: "syscall",
      timeMs: 2,
      process: { pid: pid + 1, startMs: 1 },
      comm: one.name,
      cgroupId: 1,
      path: one.path,
      requestedPath: one.path,
      targetPath: "",
      flags: one.isWrite ? 1 : 0,
      mode: 0,
      device: 1,
      inode: 1,
      error: 0,
      isUpper: false,
      count: 1,
    };
    detector.take([file], () => subject);
    return hits.toSorted();
  });
}

test("the engine's index and memories change nothing: it agrees with the plain reading of every tree on every event", () => {
  fc.assert(
    fc.property(
      fc.array(tree, { minLength: 1, maxLength: 40 }),
      fc.array(deed, { minLength: 1, maxLength: 12 }),
      (trees, deeds) => {
        const expected = deeds.map((one) =>
          trees.flatMap((node, index) => (naiveHolds(node, plainOf(one)) ? [`r${index}`] : [])).toSorted(),
        );
        assert.deepEqual(engineHits(trees, deeds), expected);
      },
    ),
    { numRuns: 150 },
  );
});

test("flat events are judged as the plain reading says, also when values are missing", () => {
  fc.assert(
    fc.property(
      tree,
      deed,
      fc.subarray(["fd.name", "proc.name", "proc.pname", "user.uid", "container.id"]),
      (node, one, missing) => {
        const values: Record<string, string | number | boolean | undefined> = { ...plainOf(one) };
        for (const name of missing) delete values[name];
        const hits: string[] = [];
        createFlatJudge(compiled([node]), ({ rule }) => hits.push(rule)).take(values);
        assert.equal(hits.length === 1, naiveHolds(node, values));
      },
    ),
    { numRuns: 300 },
  );
});
