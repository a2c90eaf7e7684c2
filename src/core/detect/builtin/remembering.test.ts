// Our rules with a memory: once for the whole story, never for a part of it.
import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { existsSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { createGunzip } from "node:zlib";
import { skipUnless } from "../../../../test/support/skip.ts";
import type { SensorEvent } from "../../sense/sensor.ts";
import { compileRules } from "../compile-rules.ts";
import type { Detection, DetectSubject } from "../contract.ts";
import { createDetector } from "../create-detector.ts";
import { auditSupply, everySupply } from "../supply.ts";
import {
  type Act,
  calls,
  connectsTo,
  containerCgroup,
  duplicates,
  empties,
  eventsOf,
  touches,
} from "./acts.fixture.ts";
import { asked } from "./audit-cases.fixture.ts";
import { auditRuleFiles, nodeRuleFiles } from "./builtin-rules.ts";
import { containerSubject, hostSubject } from "./subjects.fixture.ts";

const machine = { hostname: "n1", userName: () => undefined, groupName: () => undefined, bootMs: 0 };
const subjectOf = (_: unknown, cgroupId: number): DetectSubject =>
  cgroupId === containerCgroup ? containerSubject : hostSubject;

function judged(events: readonly SensorEvent[], rule: string): readonly Detection[] {
  const found: Detection[] = [];
  const detector = createDetector({
    rules: compileRules(nodeRuleFiles).rules,
    supply: everySupply,
    machine,
    onDetection: (detection) => void found.push(detection),
  });
  detector.take(events, subjectOf);
  detector.tick((events.at(-1)?.timeMs ?? 0) + 60_000);
  return found.filter((detection) => detection.rule === rule);
}

/** Events of several acts of one process: the first act's program does them all, each a second later. */
function story(act: Act, ...deeds: readonly NonNullable<Act["deed"]>[]): SensorEvent[] {
  const events = [...eventsOf(act)];
  const exec = events[1];
  assert.ok(exec?.type === "exec");
  deeds.forEach((deed, index) => {
    const { process, comm, cgroupId } = exec;
    events.push(deed({ process, comm, cgroupId, timeMs: exec.timeMs + (index + 1) * 1000 }));
  });
  return events;
}

function thenRuns(events: SensorEvent[], program: string, afterMs: number): SensorEvent[] {
  const exec = events[1];
  assert.ok(exec?.type === "exec");
  return [
    ...events,
    {
      ...exec,
      timeMs: exec.timeMs + afterMs,
      path: program,
      comm: program.split("/").at(-1) ?? "",
      arguments: [program],
    },
  ];
}

const implant: Act = { program: { path: "/opt/app/implant" } };

test("a reverse shell is one detection, with its steps in order", () => {
  const events = thenRuns(
    story(
      implant,
      connectsTo("203.0.113.9", 4444),
      duplicates(0, "ipv4"),
      duplicates(1, "ipv4"),
      duplicates(2, "ipv4"),
    ),
    "/bin/sh",
    5000,
  );
  const [detection, ...more] = judged(events, "Reverse shell");
  assert.deepEqual(more, []);
  assert.equal(detection?.severity, "critical");
  assert.deepEqual(
    detection?.evidence.map(({ kind }) => kind.split(":")[0]),
    ["1 connects", "2 becomes its keyboard and screen", "3 shell"],
  );
  assert.match(detection?.evidence[0]?.text ?? "", /203\.0\.113\.9/);
});

test("parts of it, or in another order, are none", () => {
  const connects = connectsTo("203.0.113.9", 4444);
  const cases: readonly (readonly [string, SensorEvent[]])[] = [
    ["no shell", story(implant, connects, duplicates(0, "ipv4"))],
    ["no shell but another program", thenRuns(story(implant, connects, duplicates(0, "ipv4")), "/usr/bin/ls", 5000)],
    ["a pipe", thenRuns(story(implant, connects, duplicates(0, "pipe")), "/bin/sh", 5000)],
    ["too late", thenRuns(story(implant, connects, duplicates(0, "ipv4")), "/bin/sh", 600_000)],
  ];
  for (const [what, events] of cases) assert.deepEqual(judged(events, "Reverse shell"), [], what);
});

test("download, chmod, run, connect: of the same file, in one container", () => {
  const rule = "Program is downloaded, made executable, run, and connects";
  const tell = (file: string, executed: string) => {
    const download = story({ program: { path: "/usr/bin/curl" } }, empties(file));
    const chmod = story(
      { program: { path: "/usr/bin/chmod" } },
      touches("chmod", "fchmodat", { path: "/tmp/x", mode: 0o755 }),
    );
    const run = story({ program: { path: executed } }, connectsTo("203.0.113.9", 443));
    const later = (events: SensorEvent[], ms: number) =>
      events.map((event) => ({ ...event, timeMs: event.timeMs + ms }));
    return [...download, ...later(chmod, 5000), ...later(run, 10_000)] as SensorEvent[];
  };
  assert.equal(judged(tell("/tmp/x", "/tmp/x"), rule).length, 1);
  assert.equal(judged(tell("/tmp/y", "/tmp/x"), rule).length, 0);
  assert.equal(judged(tell("/tmp/x", "/usr/bin/ls"), rule).length, 0);
});

test("five programs that look around within a minute; four, or one five times, are none", () => {
  const rule = "Somebody looks around";
  const all = ["whoami", "id", "uname", "ps", "mount"];
  const of = (names: readonly string[]) => names.flatMap((name) => eventsOf({ program: { path: `/usr/bin/${name}` } }));
  assert.equal(judged(of(all), rule).length, 1);
  assert.equal(judged(of(all.slice(1)), rule).length, 0);
  assert.equal(judged(of(["id", "id", "id", "id", "id"]), rule).length, 0);
});

test("thirty ports of one process are a scan, thirty connections to one port are none", () => {
  const rule = "One process tries many ports";
  const to = (port: (index: number) => number) =>
    story(implant, ...Array.from({ length: 30 }, (_, index) => connectsTo("10.9.0.1", port(index)))).map((event) => ({
      ...event,
      timeMs: Date.parse("2026-11-26T10:00:05Z"),
    }));
  assert.equal(
    judged(
      to((index) => 1000 + index),
      rule,
    ).length,
    1,
  );
  assert.equal(
    judged(
      to(() => 443),
      rule,
    ).length,
    0,
  );
  assert.equal(judged(story(implant, calls("kill")), rule).length, 0);
});

function auditJudged(events: Iterable<unknown>): readonly Detection[] {
  const found: Detection[] = [];
  const detector = createDetector({
    rules: compileRules(auditRuleFiles).rules,
    supply: auditSupply,
    machine,
    onDetection: (detection) => void found.push(detection),
  });
  for (const event of events) detector.takeAudit(event, Date.parse("2026-11-26T10:00:01Z"));
  return found;
}

test("ten secrets of one user are a burst, nine or those of two users are none", () => {
  const reads = (count: number, user: string) =>
    Array.from({ length: count }, (_, index) => asked({ verb: "get", on: "secrets", name: `s${index}`, user }));
  const rule = "Many secrets are read by one user";
  const bursts = (events: readonly object[]) =>
    auditJudged(events).filter((detection) => detection.rule === rule).length;
  assert.equal(bursts(reads(10, "eve")), 1);
  assert.equal(bursts([...reads(9, "eve"), ...reads(9, "jane")]), 0);
  assert.equal(
    bursts(Array.from({ length: 12 }, () => asked({ verb: "get", on: "secrets", name: "same", user: "eve" }))),
    0,
  );
});

test("ten refusals of one user", () => {
  const refusals = Array.from({ length: 10 }, () => asked({ verb: "list", on: "pods", code: 403, decision: "forbid" }));
  const fired = (events: readonly object[]) =>
    auditJudged(events).filter(({ rule }) => rule === "User tries what it may not").length;
  assert.equal(fired(refusals), 1);
  assert.equal(fired(refusals.slice(1)), 0);
});

const recorded = path.resolve(import.meta.dirname, "../../../../../shared/data/kubernetes-1.36/audit.jsonl.gz");

test("a quiet cluster as it was recorded says little, and nothing loud", async (t) => {
  if (!skipUnless(t, existsSync(recorded), "shared/data/kubernetes-1.36")) return;
  const events: unknown[] = [];
  const lines = createInterface({ input: createReadStream(recorded).pipe(createGunzip()) });
  for await (const line of lines) events.push(JSON.parse(line));
  assert.ok(events.length > 1000);
  const found = auditJudged(events);
  const counts = new Map<string, number>();
  for (const { rule } of found) counts.set(rule, (counts.get(rule) ?? 0) + 1);
  t.diagnostic(JSON.stringify([...counts]));
  assert.ok(found.length <= 20, `${found.length} of ${events.length}`);
  assert.deepEqual(
    found.filter(({ severity }) => severity === "critical").map(({ rule }) => rule),
    [],
  );
});
