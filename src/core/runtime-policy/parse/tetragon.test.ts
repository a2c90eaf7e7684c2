// What a TracingPolicy says beside its rules is told, never passed over: fields that would change a rule refuse it, others are warnings.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "../policies.fixture.ts";

const sigkill = [{ action: "Sigkill" }];
const told: readonly (readonly [probe: object, severity: string, path: string, message: RegExp, rules: number])[] = [
  [
    { call: "security_bprm_check", args: [{ index: 0, type: "linux_binprm", resolve: "mm.owner.comm" }] },
    "error",
    "args[0].resolve",
    /not understood/,
    0,
  ],
  [
    { call: "sys_mount", selectors: [{ matchActions: [{ action: "Sigkill", argSigg: 9 }] }] },
    "error",
    "selectors[0].matchActions[0].argSigg",
    /not understood/,
    0,
  ],
  [
    { call: "sys_mount", selectors: [{ matchActions: [{ action: "Post", rateLimit: "1m" }] }] },
    "warning",
    "selectors[0].matchActions[0].rateLimit",
    /not looked at/,
    1,
  ],
  [
    { call: "sys_mount", selectors: [{ matchActions: [{ action: "Override", argError: -2 }] }] },
    "warning",
    "selectors[0].matchActions[0].argError",
    /EPERM/,
    1,
  ],
  [
    {
      call: "sys_execve",
      selectors: [{ matchArgs: [{ index: 0, operator: "constructor", values: ["/x"] }], matchActions: sigkill }],
    },
    "error",
    "selectors[0].matchArgs[0].operator",
    /constructor/,
    0,
  ],
  ...(
    [
      [{ index: 0, operator: "Protocol", values: ["IPPROTO_ICMP"] }, /protocols/],
      [{ index: 0, operator: "Protocol", values: ["IPPROTO_TCP", "IPPROTO_SCTP"] }, /protocols/],
      [{ index: 0, operator: "Family", values: ["AF_INET6"] }, /Family/],
    ] as const
  ).map(
    ([argument, message]) =>
      [
        { call: "security_socket_connect", selectors: [{ matchArgs: [argument], matchActions: sigkill }] },
        "error",
        "selectors[0].matchArgs[0]",
        message,
        0,
      ] as const,
  ),
];

for (const [probe, severity, path, message, rules] of told) {
  test(`a TracingPolicy's ${path} is told: ${message.source}`, () => {
    // One rule beside it, so that the policy is not refused for want of any.
    const kprobes = [probe, { call: "sys_ptrace", selectors: [{ matchActions: sigkill }] }];
    const document = {
      apiVersion: "cilium.io/v1alpha1",
      kind: "TracingPolicy",
      metadata: { name: "p" },
      spec: { kprobes },
    };
    const { policy, problems } = parse(document);
    const problem = problems.find((each) => each.path === `spec.kprobes[0].${path}`);
    assert.deepEqual([problem?.severity, problem?.where], [severity, "p.yaml:1"]);
    assert.match(problem?.message ?? "", message);
    assert.equal(policy?.rules.length, rules + 1);
  });
}
