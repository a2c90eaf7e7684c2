// An absence that is full gives up what belongs to whoever has the most, and counts also what it forgets of what followed.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DetectSubject } from "../contract.ts";
import type { SensorEvent } from "../../sense/sensor.ts";
import { beginMs, compiled, engineOf, exec, file, inShop } from "../rules.fixture.ts";

const unanswered = compiled({
  apiVersion: "garrison/v1",
  kind: "GarrisonRule",
  metadata: { name: "no-answer" },
  spec: {
    severity: "low",
    output: "%proc.name",
    absence: { after: "evt.type = execve", without: "evt.type = rename", within: "10s", by: "process" },
  },
});

const elsewhere: DetectSubject = { ...inShop, subject: { ...inShop.subject, workload: "other" } };

const answer = (pid: number, atMs: number): SensorEvent => ({
  ...file(pid, "rename", "/a", { atMs, target: "/b" }),
  call: "rename",
});

test("what another workload begins does not push out what one began; each that is given up is counted", () => {
  const { detector, told } = engineOf(unanswered, { limits: { statesOfRuleMax: 10 } });
  detector.take([exec(30, 1, ["/backup"])], () => inShop);
  detector.take(
    Array.from({ length: 50 }, (_, index) => exec(100 + index, 1, ["/x"], 10)),
    () => elsewhere,
  );
  detector.tick(beginMs + 13_000);
  assert.deepEqual(
    told.filter(({ subject }) => subject.workload === "web").map(({ process }) => process.pid),
    [30],
  );
  assert.equal(detector.rules()[0]?.stateDropped, 51 - 10);
});

test("an answer that is forgotten while its beginning may still come is counted; one that is too old is not", () => {
  const starts = Array.from({ length: 30 }, (_, index): SensorEvent => ({
    ...exec(100 + index, 1, ["/x"]),
    type: "running",
  }));
  for (const [everyMs, dropped] of [
    [1, 20],
    [1000, 0],
  ] as const) {
    const { detector } = engineOf(unanswered, { limits: { statesOfRuleMax: 10 } });
    detector.take(starts, () => inShop);
    detector.take(
      starts.map(({ process }, index) => answer(process.pid, index * everyMs)),
      () => inShop,
    );
    assert.equal(detector.rules()[0]?.stateDropped, dropped, String(everyMs));
  }
});
