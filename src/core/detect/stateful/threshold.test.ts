// Counters are shared fairly: who makes many loses its own.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DetectSubject } from "../contract.ts";
import type { SensorEvent } from "../../sense/sensor.ts";
import { compiled, connect, engineOf, exec, inShop } from "../rules.fixture.ts";

test("counters of another workload do not push out one that has almost reached its number", () => {
  const scan = compiled({
    apiVersion: "garrison/v1",
    kind: "GarrisonRule",
    metadata: { name: "scan" },
    spec: {
      severity: "low",
      output: "%proc.name",
      threshold: { condition: "evt.type = connect", count: 3, within: "1h", by: "process" },
    },
  });
  const { detector, told } = engineOf(scan, { limits: { statesOfRuleMax: 10 } });
  const elsewhere: DetectSubject = { ...inShop, subject: { ...inShop.subject, workload: "other" } };
  const to = (pid: number, atMs: number): SensorEvent => connect(pid, "10.0.0.9", 80, atMs);
  detector.take([exec(20, 1, ["/usr/bin/nmap"]), to(20, 0), to(20, 1)], () => inShop);
  const flood = Array.from({ length: 50 }, (_, index) => [exec(100 + index, 1, ["/x"]), to(100 + index, 10)]).flat();
  detector.take(flood, () => elsewhere);
  detector.take([to(20, 20)], () => inShop);
  assert.deepEqual(
    told.map(({ process }) => process.pid),
    [20],
  );
  assert.equal(detector.rules()[0]?.stateDropped, 51 - 10);
});
