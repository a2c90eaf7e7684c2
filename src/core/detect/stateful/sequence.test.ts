// Decoys: what an attacker plays to push the beginning of the real story out. It stays, or its loss is counted with the rule's name.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DetectSubject } from "../contract.ts";
import type { SensorEvent } from "../../sense/sensor.ts";
import { beginMs, compiled, connect, engineOf, exec, file, inShop } from "../rules.fixture.ts";

const dropper = (by: string): object => ({
  apiVersion: "garrison/v1",
  kind: "GarrisonRule",
  metadata: { name: "dropper" },
  spec: {
    severity: "high",
    output: "%proc.name",
    sequence: {
      by,
      within: "5m",
      steps: [
        { name: "download", condition: "evt.type = execve and proc.name = curl" },
        { name: "mark", condition: "evt.type = fchmodat", bind: { file: "fd.name" } },
        {
          name: "run",
          condition: "evt.type = execve and proc.exepath startswith /tmp/",
          bind: { file: "proc.exepath" },
        },
        { name: "beacon", condition: "evt.type = connect" },
      ],
    },
  },
});

const mark = (pid: number, path: string, atMs: number): SensorEvent => file(pid, "chmod", path, { atMs, mode: 0o755 });

/** A shell downloads and marks at once, and goes on later. */
const begin = (shell: number): readonly SensorEvent[] => [
  exec(shell, 1, ["/bin/sh"]),
  exec(shell + 1, shell, ["/usr/bin/curl", "-O", "x"], 10),
  exec(shell + 2, shell, ["/bin/chmod", "+x", "/tmp/x"], 20),
  mark(shell + 2, "/tmp/x", 21),
];
const end = (shell: number): readonly SensorEvent[] => [
  exec(shell + 3, shell, ["/tmp/x"], 60_000),
  connect(shell + 3, "203.0.113.9", 4444, 60_001),
];

test("forty marked decoys, or forty downloads, between the steps change nothing", () => {
  for (const decoyOf of [
    (index: number): SensorEvent => mark(12, `/tmp/decoy-${index}`, 100 + index),
    (index: number): SensorEvent => exec(1000 + index, 10, ["/usr/bin/curl", "-O", `${index}`], 100 + index),
  ]) {
    const { detector, told } = engineOf(compiled(dropper("ancestry")));
    const decoys = Array.from({ length: 40 }, (_, index) => decoyOf(index));
    detector.take([...begin(10), ...decoys, ...end(10)], () => inShop);
    assert.equal(told.length, 1);
    assert.equal(detector.stats().statesDropped, 0);
  }
});

test("more decoys of the same process than are kept push its story out, and each eviction is counted with the rule's name", () => {
  const { detector, told } = engineOf(compiled(dropper("ancestry")));
  const decoys = Array.from({ length: 200 }, (_, index) => mark(12, `/tmp/decoy-${index}`, 100 + index));
  detector.take([...begin(10), ...decoys, ...end(10)], () => inShop);
  assert.equal(told.length, 0);
  const [{ name, stateDropped } = { name: "", stateDropped: 0 }] = detector.rules();
  assert.equal(name, "dropper");
  // 201 marks for 64 places, 16 at a time, and nothing else fell out.
  assert.equal(stateDropped, 16 * Math.ceil((201 - 64) / 16));
  assert.equal(detector.stats().statesDropped, stateDropped);
});

test("decoys of one process do not push out the story of another in the same workload", () => {
  const { detector, told } = engineOf(compiled(dropper("workload")));
  const decoys = Array.from({ length: 500 }, (_, index) => mark(501, `/tmp/decoy-${index}`, 100 + index));
  const decoyer = [exec(500, 1, ["/bin/sh"], 30), exec(501, 500, ["/bin/chmod"], 40)];
  detector.take([...begin(10), ...decoyer, ...decoys, ...end(10)], () => inShop);
  assert.equal(told.length, 1);
  assert.ok(detector.stats().statesDropped > 0);
});

test("beginnings of one process do not push out those of other processes and workloads", () => {
  const { detector, told } = engineOf(compiled(dropper("ancestry")), { limits: { statesOfRuleMax: 20 } });
  const elsewhere: DetectSubject = {
    ...inShop,
    subject: { ...inShop.subject, workload: "other", containerId: "d".repeat(64) },
  };
  detector.take(begin(10), () => inShop);
  // Of another shell in the same workload, and of another workload: each curl is the child of a shell of its own, so each begins a group.
  const flood = (from: number, parent: number): readonly SensorEvent[] =>
    Array.from({ length: 100 }, (_, index) => [
      exec(from + 2 * index, parent, ["/bin/sh"], 50),
      exec(from + 2 * index + 1, from + 2 * index, ["/usr/bin/curl"], 100 + index),
    ]).flat();
  detector.take(flood(1000, 1), () => elsewhere);
  detector.take(end(10), () => inShop);
  assert.equal(told.length, 1);
  assert.equal(detector.rules()[0]?.stateDropped, 101 - 20);
});

test("late beginnings find their later steps, also when another process flooded meanwhile", () => {
  const { detector, told } = engineOf(compiled(dropper("ancestry")));
  const shell = exec(10, 1, ["/bin/sh"]);
  const starts = [...begin(10), ...end(10)]
    .filter(({ type }) => type === "exec")
    .map((event) => ({ ...event, type: "running" }) as SensorEvent);
  const at = (event: SensorEvent, atMs: number): SensorEvent => ({ ...event, timeMs: beginMs + atMs });
  const [run, beacon] = end(10) as readonly [SensorEvent, SensorEvent];
  const [, download, , marked] = begin(10) as readonly [SensorEvent, SensorEvent, SensorEvent, SensorEvent];
  const decoys = Array.from({ length: 1000 }, (_, index) => mark(900, `/tmp/decoy-${index}`, 500));
  detector.take([shell, ...starts, exec(900, 1, ["/bin/chmod"])], () => inShop);
  detector.take([at(beacon, 400), at(run, 300), at(marked, 200), ...decoys, at(download, 100)], () => inShop);
  assert.equal(told.length, 1);
  assert.ok((detector.rules()[0]?.stateDropped ?? 0) > 0);
});
