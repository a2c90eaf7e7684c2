import assert from "node:assert/strict";
import { test } from "node:test";
import type { BaselineItemKind } from "../../model/baseline.ts";
import type { BaselineFact } from "./facts.ts";
import { type Alarm, suspicionsOf } from "./suspects.ts";

const minute = 60_000;
const hour = 60 * minute;
const attackMs = 10 * hour;

function fact(kind: BaselineItemKind, item: string, firstMs: number): BaselineFact {
  return { kind, item, firstMs, lastMs: attackMs + hour, count: 1, replicas: 1 };
}

const alarm: Alarm = {
  rule: "Reverse shell",
  severity: "critical",
  executable: "/usr/bin/dash",
  names: ["sh", "perl"],
  firstMs: attackMs,
  lastMs: attackMs + minute,
};

test("what came with a detection, by its program and its ancestors; what was there before is not it", () => {
  const facts = [
    fact("executables", "/usr/bin/perl", attackMs - 5000),
    fact("parents", "perl -> /usr/bin/dash", attackMs),
    fact("parents", "cron -> /usr/bin/date", attackMs),
    fact("executables", "/usr/bin/dash", hour),
    fact("executables", "/usr/bin/date", attackMs),
    fact("executables", "/opt/perl", attackMs + 3 * minute),
    fact("destinations", "network 10.9.0.0/24 4444/tcp", attackMs),
    fact("reads", "/etc/", attackMs),
  ];
  const { suspects, known } = suspicionsOf(facts, { drift: [], alarms: [alarm], firstMs: 0 });
  assert.deepEqual(
    suspects.map(({ fact: { item } }) => item),
    ["/usr/bin/perl", "perl -> /usr/bin/dash", "network 10.9.0.0/24 4444/tcp"],
  );
  assert.match(suspects[0]?.because ?? "", /critical detection: Reverse shell/);
  assert.deepEqual(
    known.map(({ fact: { item } }) => item),
    ["/usr/bin/dash"],
  );
});

test("a detection at a workload's very start does not take its own programs out; drift is out whenever it was", () => {
  const facts = [fact("executables", "/usr/bin/dash", attackMs), fact("writes", "/tmp/", attackMs)];
  const none = suspicionsOf(facts, { drift: [], alarms: [alarm], firstMs: attackMs });
  assert.deepEqual(none.suspects, []);
  const drift = [{ kind: "writes", item: "/tmp/", lastMs: attackMs }] as const;
  const drifted = suspicionsOf(facts, { drift, alarms: [], firstMs: attackMs });
  assert.deepEqual(
    drifted.suspects.map(({ fact: { item }, because }) => [item, because]),
    [["/tmp/", "it was drift of the baseline before"]],
  );
});
