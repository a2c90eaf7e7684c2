// A baseline that has most of the room gives way to other rules: its largest group is told no more, which is counted, and the others go on.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DetectSubject } from "../contract.ts";
import { compiled, connect, engineOf, exec, inShop } from "../rules.fixture.ts";

const ours = (name: string, spec: object): object => ({
  apiVersion: "garrison/v1",
  kind: "GarrisonRule",
  metadata: { name },
  spec: { severity: "low", output: "%proc.name", ...spec },
});

test("the group with the most values gives way to a rule that has nothing; others keep what they learnt", () => {
  const rules = compiled(
    ours("programs", {
      baseline: { condition: "evt.type = execve", fields: ["proc.exepath"], by: "workload", learn: "1m" },
    }),
    ours("connects", { threshold: { condition: "evt.type = connect", count: 2, within: "1h", by: "process" } }),
  );
  const { detector, told } = engineOf(rules, { limits: { statesMax: 20 } });
  const elsewhere: DetectSubject = { ...inShop, subject: { ...inShop.subject, workload: "other" } };
  detector.take([exec(20, 1, ["/web"])], () => inShop);
  // With the two groups and the value above: all 20.
  detector.take(
    Array.from({ length: 17 }, (_, index) => exec(100 + index, 1, [`/x-${index}`])),
    () => elsewhere,
  );
  assert.equal(detector.stats().statesDropped, 0);
  detector.take([connect(20, "10.0.0.9", 80, 10), connect(20, "10.0.0.9", 80, 20)], () => inShop);
  detector.take([exec(21, 1, ["/web"], 70_000), exec(22, 1, ["/new"], 70_001)], () => inShop);
  detector.take([exec(99, 1, ["/new"], 70_002)], () => elsewhere);
  assert.deepEqual(
    told.map(({ rule, executable, subject }) => [rule, executable, subject.workload]),
    [
      ["connects", "/web", "web"],
      ["programs", "/new", "web"],
    ],
  );
  assert.deepEqual(
    detector.rules().map(({ name, stateDropped }) => [name, stateDropped]),
    [
      ["programs", 1],
      ["connects", 0],
    ],
  );
});
