import assert from "node:assert/strict";
import { test } from "node:test";
import { mapFalco } from "./falco.ts";

const alert = {
  hostname: "node-1",
  output: "12:00:00.000000000: Notice A shell was spawned (user=root command=bash -c id)",
  priority: "Notice",
  rule: "Terminal shell in container",
  source: "syscall",
  tags: ["T1059", "container", "mitre_execution", "T1548.001"],
  time: "2026-11-23T12:00:00.000000000Z",
  output_fields: {
    "container.id": "3ad7b26ded6d",
    "container.name": "web",
    "container.image.repository": "registry.example/shop/web",
    "container.image.tag": "1.4",
    "evt.time": 1_763_899_200_000_000_000,
    "k8s.ns.name": "shop",
    "k8s.pod.name": "web-1",
    "proc.cmdline": "bash -c id",
    "proc.name": "bash",
    "proc.pid": 4711,
    "user.name": "<NA>",
  },
};

function fieldsOf(item: unknown): Record<string, unknown> {
  const mapped = mapFalco(item);
  assert.ok("rows" in mapped, JSON.stringify(mapped));
  return { ...mapped.rows[0]?.row, node: mapped.rows[0]?.node };
}

test("an alert becomes a security event with its subject and evidence", () => {
  const row = fieldsOf(alert);
  const expected = {
    node: "node-1",
    time: Date.parse(alert.time),
    severity: "low",
    source: "falco",
    rule: "Terminal shell in container",
    techniques: ["T1059", "T1548.001"],
    pid: 4711,
    process: "bash",
    namespace: "shop",
    workload: "web-1",
    workloadKind: "Pod",
    container: "web",
    containerId: "3ad7b26ded6d",
    image: "registry.example/shop/web:1.4",
    fidelity: "foreign",
  };
  for (const [name, value] of Object.entries(expected)) assert.deepEqual(row[name], value, name);
  const evidence = row["evidence"] as string[];
  assert.ok(evidence.includes("proc.cmdline=bash -c id"));
  assert.equal(
    evidence.some((entry) => entry.startsWith("user.name")),
    false,
  );
});

test("on the host, and in a container without a pod", () => {
  const host = fieldsOf({ ...alert, output_fields: { "container.id": "host", "k8s.ns.name": null } });
  assert.deepEqual(
    [host["workloadKind"], host["workload"], host["namespace"], host["containerId"]],
    ["Host", "host", "host", ""],
  );
  const plain = fieldsOf({ ...alert, output_fields: { "container.id": "abc", "container.name": "db" } });
  assert.deepEqual([plain["workloadKind"], plain["workload"]], ["Container", "db"]);
});

const priorities: readonly (readonly [string, string])[] = [
  ["Emergency", "critical"],
  ["Alert", "critical"],
  ["Critical", "critical"],
  ["Error", "high"],
  ["Warning", "medium"],
  ["Notice", "low"],
  ["Informational", "info"],
  ["DEBUG", "info"],
];

test("priorities", () => {
  for (const [priority, severity] of priorities) assert.equal(fieldsOf({ ...alert, priority })["severity"], severity);
});

test("what is no alert is refused with its reason", () => {
  for (const item of [
    7,
    {},
    { ...alert, rule: "" },
    { ...alert, priority: "Loud" },
    { ...alert, time: "x", output_fields: {} },
  ]) {
    assert.ok("because" in mapFalco(item), JSON.stringify(item));
  }
});
