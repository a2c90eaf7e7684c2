// Decoys: what an attacker plays to push the beginning of the real story out. It stays, or its loss is counted with the rule's name.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
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

const elsewhere: DetectSubject = {
  ...inShop,
  subject: { ...inShop.subject, workload: "other", containerId: "d".repeat(64) },
};

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
  // 102 candidates of both and the two that end the story, for 20 places.
  assert.equal(detector.rules()[0]?.stateDropped, 104 - 20);
});

test("decoys of another workload, of many shells with full steps, take nothing of a workload that has few", () => {
  const { detector, told } = engineOf(compiled(dropper("ancestry")));
  const shells = Array.from({ length: 340 }, (_, index) => 1000 + 10 * index);
  const flood = (shell: number): readonly SensorEvent[] => [
    ...begin(shell),
    ...Array.from({ length: 62 }, (_, index) => mark(shell + 2, `/tmp/decoy-${index}`, 100 + index)),
  ];
  detector.take(
    shells.flatMap((shell) => flood(shell)),
    () => elsewhere,
  );
  // 64 candidates of each shell, for 10,000 places.
  assert.ok(detector.stats().statesDropped >= 340 * 64 - 10_000);
  // What is marked first is run; another mark of the same installer comes between.
  detector.take([...begin(10), mark(12, "/tmp/y", 1100), ...end(10)], () => inShop);
  assert.deepEqual(
    told.map(({ subject }) => subject.workload),
    ["web"],
  );
  assert.equal(detector.rules()[0]?.stateDropped, detector.stats().statesDropped);
});

test("when the room of all rules is full, the rule with the most gives way to one with nothing, and the loss is its own", () => {
  const other = { ...dropper("ancestry"), metadata: { name: "other" } };
  const many = {
    apiVersion: "garrison/v1",
    kind: "GarrisonRule",
    metadata: { name: "many" },
    spec: {
      severity: "low",
      output: "%proc.name",
      threshold: { condition: "evt.type = unlinkat", count: 100, within: "1h", by: "process" },
    },
  };
  const { detector, told } = engineOf(compiled(many, other), { limits: { statesMax: 30 } });
  const unlinks = Array.from({ length: 100 }, (_, index): readonly SensorEvent[] => [
    exec(1000 + index, 1, ["/bin/rm"]),
    { ...file(1000 + index, "unlink", `/x-${index}`), call: "unlinkat" },
  ]).flat();
  detector.take(unlinks, () => elsewhere);
  detector.take([...begin(10), ...end(10)], () => inShop);
  assert.equal(told.length, 1);
  assert.deepEqual(
    detector.rules().map(({ name, stateDropped }) => [name, stateDropped]),
    [
      ["many", 100 - 30 + 4],
      ["other", 0],
    ],
  );
});

test("what can complete nothing is let go without being counted, and nothing is pushed out by it", () => {
  const { detector, told } = engineOf(compiled(dropper("ancestry")));
  detector.take(begin(10), () => inShop);
  for (let index = 0; index < 1000; index += 1) {
    const atMs = 100 + 50 * index;
    // Never marked: running them leads nowhere.
    detector.take([exec(13, 10, [`/tmp/never-marked-${index}`], atMs)], () => inShop);
    if (index % 100 === 0) detector.tick(beginMs + atMs);
  }
  detector.take(end(10), () => inShop);
  assert.equal(told.length, 1);
  assert.equal(detector.stats().statesDropped, 0);
});

interface Mark {
  readonly step: 0 | 1 | 2;
  readonly shop: boolean;
  readonly name: string;
  readonly atMs: number;
}

test("within the limits a sequence is told when a plain search finds it first, however late events come and time passes", () => {
  const withinMs = 6000;
  const rules = compiled({
    apiVersion: "garrison/v1",
    kind: "GarrisonRule",
    metadata: { name: "three" },
    spec: {
      severity: "low",
      output: "%fd.name",
      sequence: {
        by: "container",
        within: "6s",
        steps: [
          { name: "one", condition: "evt.type = fchmodat and fd.directory = /0", bind: { file: "fd.filename" } },
          { name: "two", condition: "evt.type = fchmodat and fd.directory = /1", bind: { file: "fd.filename" } },
          { name: "three", condition: "evt.type = fchmodat and fd.directory = /2" },
        ],
      },
    },
  });
  assert.deepEqual(rules.problems, []);
  const found = (marks: readonly Mark[]): boolean =>
    marks.some(
      (first) =>
        first.step === 0 &&
        marks.some(
          (second) =>
            second.step === 1 &&
            second.name === first.name &&
            second.atMs >= first.atMs &&
            marks.some((third) => third.step === 2 && third.atMs >= second.atMs && third.atMs - first.atMs <= withinMs),
        ),
    );
  const one = fc.record({
    step: fc.constantFrom(0 as const, 1 as const, 2 as const),
    shop: fc.boolean(),
    name: fc.constantFrom("x", "y"),
    atMs: fc.integer({ min: 0, max: 20_000 }),
    lateMs: fc.integer({ min: 0, max: 1999 }),
    ticks: fc.boolean(),
  });
  let fired = 0;
  fc.assert(
    fc.property(fc.array(one, { minLength: 3, maxLength: 40, size: "max" }), (marks) => {
      const arrivals = marks.toSorted((a, b) => a.atMs + a.lateMs - b.atMs - b.lateMs);
      const { detector, told } = engineOf(rules);
      const toldOf = (shop: boolean): boolean =>
        told.some(({ subject }) => subject.workload === (shop ? "web" : "other"));
      const seen: Mark[] = [];
      for (const each of arrivals) {
        seen.push(each);
        const { step, shop, name, atMs, ticks } = each;
        detector.take([mark(shop ? 21 : 22, `/${step}/${name}`, atMs)], ({ pid }) => (pid === 21 ? inShop : elsewhere));
        if (ticks) detector.tick(beginMs + Math.max(...seen.map((earlier) => earlier.atMs)));
        for (const side of [true, false])
          assert.equal(toldOf(side), found(seen.filter((earlier) => earlier.shop === side)));
      }
      fired += told.length;
      assert.equal(detector.stats().statesDropped, 0);
    }),
    { numRuns: 100 },
  );
  assert.ok(fired > 50, String(fired));
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
