// The three languages: what each case becomes, and what is refused with line and reason.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parse, short } from "../policies.fixture.ts";

const armor = (spec: object): object => ({
  apiVersion: "security.kubearmor.com/v1",
  kind: "KubeArmorPolicy",
  metadata: { name: "p", namespace: "shop" },
  spec: { selector: { matchLabels: { app: "web" } }, ...spec },
});
const tracing = (call: object, spec: object = {}): object => ({
  apiVersion: "cilium.io/v1alpha1",
  kind: "TracingPolicy",
  metadata: { name: "p" },
  spec: { kprobes: [call], ...spec },
});
const ours = (spec: object): object => ({ kind: "RuntimePolicy", name: "p", spec });

const taken: readonly (readonly [name: string, document: object, rules: readonly string[]])[] = [
  ["a path", ours({ exec: [{ path: "/usr/bin/nc" }] }), ["exec Block path /usr/bin/nc"]],
  ["a folder", ours({ exec: [{ directory: "/tmp", action: "Audit" }] }), ["exec Audit below /tmp/"]],
  [
    "a folder alone",
    ours({ files: [{ directory: "/etc/", recursive: false, readOnly: true }] }),
    ["file Block in /etc/ write"],
  ],
  ["a pattern without wildcards is a path", ours({ exec: [{ pattern: "/bin/sh" }] }), ["exec Block path /bin/sh"]],
  [
    "sources and owners",
    ours({ files: [{ path: "/a", ownerOnly: true, fromSource: ["/bin/sh"] }] }),
    ["file Block path /a not-owner from /bin/sh"],
  ],
  [
    "only these programs",
    ours({ exec: [{ path: "/app", action: "Allow" }], only: { exec: true } }),
    ["exec Allow path /app", "only Block exec"],
  ],
  [
    "networks",
    ours({
      network: [
        { address: "10.0.0.0/8", port: 22, protocol: "tcp" },
        { operation: "bind", address: "2001:db8::/32" },
      ],
    }),
    ["network Block connect tcp 10.0.0.0/104 22", "network Block bind any 2001:db8::/32 0"],
  ],
  [
    "sockets",
    ours({ network: [{ protocol: "packet" }, { operation: "socket", protocol: "udp" }] }),
    ["socket Block packet", "socket Block udp"],
  ],
  [
    "capabilities and calls",
    ours({ capabilities: [{ capability: "cap_net_raw" }], calls: [{ call: "mount", action: "Audit" }] }),
    ["capability Block NET_RAW", "call Audit mount"],
  ],
  [
    "KubeArmor: process",
    armor({
      process: {
        matchPaths: [{ path: "/bin/ls" }, { path: "/bin/cat", fromSource: [{ path: "/bin/bash" }] }],
        matchDirectories: [{ dir: "/sbin/", recursive: true, ownerOnly: true }, { dir: "/opt/" }],
        matchPatterns: [{ pattern: "/usr/*/x" }],
      },
      action: "Block",
    }),
    [
      "exec Block path /bin/ls",
      "exec Block path /bin/cat from /bin/bash",
      "exec Block below /sbin/ not-owner",
      "exec Block in /opt/",
      "exec Block pattern /usr/*/x",
    ],
  ],
  [
    "KubeArmor: Allow makes an allow-list",
    armor({ process: { matchPaths: [{ path: "/app" }] }, action: "Allow" }),
    ["exec Allow path /app", "only Block exec"],
  ],
  [
    "KubeArmor: a section's and an item's action count",
    armor({
      file: {
        action: "Audit",
        matchPaths: [
          { path: "/a", readOnly: true },
          { path: "/b", action: "Block" },
        ],
      },
      action: "Block",
    }),
    ["file Audit path /a write", "file Block path /b"],
  ],
  [
    "KubeArmor: network and capabilities",
    armor({
      network: { matchProtocols: [{ protocol: "TCP" }, { protocol: "raw", fromSource: [{ path: "/x" }] }] },
      capabilities: { matchCapabilities: [{ capability: "net_raw" }] },
      action: "Block",
    }),
    ["socket Block tcp", "socket Block raw from /x", "capability Block NET_RAW"],
  ],
  [
    "KubeArmor: system calls",
    armor({
      syscalls: {
        matchSyscalls: [{ syscall: ["unshare", "mount"] }],
        matchPaths: [{ path: "/etc/passwd", syscall: ["unlink", "rename"] }],
      },
      action: "Audit",
    }),
    ["call Audit unshare", "call Audit mount", "file Audit path /etc/passwd write"],
  ],
  [
    "KubeArmor: without an action it is blocked",
    armor({ process: { matchPaths: [{ path: "/bin/ls" }] } }),
    ["exec Block path /bin/ls"],
  ],
  [
    "Tetragon: exec by path, killed",
    tracing({
      call: "security_bprm_check",
      args: [{ index: 0, type: "linux_binprm" }],
      selectors: [
        {
          matchArgs: [{ index: 0, operator: "Equal", values: ["/usr/bin/nc", "/usr/bin/id"] }],
          matchActions: [{ action: "Sigkill" }],
        },
      ],
    }),
    ["exec Block path /usr/bin/nc", "exec Block path /usr/bin/id"],
  ],
  [
    "Tetragon: Prefix and Postfix",
    tracing({
      call: "sys_execve",
      selectors: [
        {
          matchArgs: [{ index: 0, operator: "Prefix", values: ["/tmp/", "/home/x"] }],
          matchActions: [{ action: "Override", argError: -1 }],
        },
        { matchArgs: [{ index: 0, operator: "Postfix", values: ["/sh"] }] },
      ],
    }),
    ["exec Block below /tmp/", "exec Block pattern /home/x**", "exec Audit pattern **/sh"],
  ],
  [
    "Tetragon: NotEqual is everything else",
    tracing({
      call: "security_bprm_check",
      selectors: [
        { matchArgs: [{ index: 0, operator: "NotEqual", values: ["/app"] }], matchActions: [{ action: "Sigkill" }] },
      ],
    }),
    ["exec Allow path /app", "exec Block below /"],
  ],
  [
    "Tetragon: writing only",
    tracing({
      call: "security_file_permission",
      args: [
        { index: 0, type: "file" },
        { index: 1, type: "int" },
      ],
      selectors: [
        {
          matchArgs: [
            { index: 0, operator: "Prefix", values: ["/etc/"] },
            { index: 1, operator: "Equal", values: ["2"] },
          ],
          matchActions: [{ action: "Sigkill" }],
        },
      ],
    }),
    ["file Block below /etc/ write"],
  ],
  [
    "Tetragon: programs In and NotIn",
    tracing({
      call: "tcp_connect",
      selectors: [
        {
          matchBinaries: [{ operator: "NotIn", values: ["/usr/bin/curl"] }],
          matchArgs: [
            { index: 0, operator: "DAddr", values: ["10.0.0.0/8"] },
            { index: 0, operator: "DPort", values: ["80", "443:444"] },
          ],
          matchActions: [{ action: "Sigkill" }],
        },
      ],
    }),
    [
      "network Allow connect any 10.0.0.0/104 80 from /usr/bin/curl",
      "network Allow connect any 10.0.0.0/104 443 from /usr/bin/curl",
      "network Allow connect any 10.0.0.0/104 444 from /usr/bin/curl",
      "network Block connect any 10.0.0.0/104 80",
      "network Block connect any 10.0.0.0/104 443",
      "network Block connect any 10.0.0.0/104 444",
    ],
  ],
  [
    "Tetragon: sockets, capabilities, calls; a container's namespaces are no condition",
    tracing({
      call: "__x64_sys_setns",
      syscall: true,
      selectors: [
        {
          matchNamespaces: [{ namespace: "Mnt", operator: "NotIn", values: ["host_ns"] }],
          matchActions: [{ action: "Signal", argSig: 9 }],
        },
      ],
    }),
    ["call Block setns"],
  ],
  [
    "Tetragon: packet sockets",
    tracing({
      call: "security_socket_create",
      selectors: [
        { matchArgs: [{ index: 0, operator: "Equal", values: ["AF_PACKET"] }], matchActions: [{ action: "Override" }] },
      ],
    }),
    ["socket Block packet"],
  ],
  [
    "Tetragon: a capability",
    tracing({
      call: "cap_capable",
      selectors: [
        {
          matchArgs: [{ index: 2, operator: "Equal", values: ["21", "CAP_NET_RAW"] }],
          matchActions: [{ action: "Override" }],
        },
      ],
    }),
    ["capability Block SYS_ADMIN", "capability Block NET_RAW"],
  ],
  ["Tetragon: without selectors the call is told", tracing({ call: "sys_mount" }), ["call Audit mount"]],
];

/** A part of a message that must stand at the place. */
const refused: readonly (readonly [name: string, document: object, path: string, message: RegExp])[] = [
  ["no subject", ours({ exec: [{ action: "Block" }] }), "spec.exec[0]", /one of path, directory and pattern/],
  ["a relative path", ours({ exec: [{ path: "nc" }] }), "spec.exec[0].path", /absolute/],
  ["a path that no file has", ours({ exec: [{ path: "/usr/../bin/nc" }] }), "spec.exec[0].path", /"\.\."/],
  ["an unknown field", ours({ execs: [] }), "spec.execs", /not understood.*did you mean "exec"/],
  ["an unknown mode", ours({ mode: "dry-rn" }), "spec.mode", /did you mean "dry-run"/],
  [
    "an unknown capability",
    ours({ capabilities: [{ capability: "NET_RAWW" }] }),
    "spec.capabilities[0].capability",
    /no capability/,
  ],
  ["an address that is none", ours({ network: [{ address: "10.0.0.0/99" }] }), "spec.network[0].address", /no address/],
  [
    "a packet socket to an address",
    ours({ network: [{ protocol: "packet", port: 1 }] }),
    "spec.network[0]",
    /no address and no port/,
  ],
  [
    "a wrong selector",
    ours({ target: { selector: "app = 'x'" }, calls: [{ call: "mount" }] }),
    "spec.target.selector",
    /./,
  ],
  [
    "KubeArmor: a misspelt source would mean everybody",
    armor({ process: { matchPaths: [{ path: "/bin/ls", fromsource: [{ path: "/bin/sh" }] }] } }),
    "spec.process.matchPaths[0].fromsource",
    /not understood/,
  ],
  [
    "KubeArmor: a call that is not guarded",
    armor({ syscalls: { matchSyscalls: [{ syscall: ["fork"] }] } }),
    "spec.syscalls.matchSyscalls[0].syscall[0]",
    /not guarded/,
  ],
  [
    "KubeArmor: no selector",
    {
      kind: "KubeArmorPolicy",
      apiVersion: "x/v1",
      metadata: { name: "p" },
      spec: { process: { matchPaths: [{ path: "/a" }] } },
    },
    "spec",
    /no selector/,
  ],
  [
    "KubeArmor: an action that is none",
    armor({ process: { matchPaths: [{ path: "/bin/ls" }] }, action: "Deny" }),
    "spec.action",
    /Deny/,
  ],
  ["a misspelt key of a rule", ours({ exec: [{ pth: "/bin/nc" }] }), "spec.exec[0].pth", /did you mean "path"/],
  ["a misspelt key beside the spec", { ...ours({ calls: [] }), nmae: "p" }, "nmae", /did you mean "name"/],
  ["a misspelt kind", { kind: "RuntimePolicyy", spec: {} }, "kind", /did you mean "RuntimePolicy"/],
  ["KubeArmorHostPolicy", { kind: "KubeArmorHostPolicy", spec: {} }, "kind", /no runtime policy/],
  [
    "Tetragon: a function that is not in the table",
    tracing({ call: "vfs_read" }),
    "spec.kprobes[0].call",
    /not in the table/,
  ],
  [
    "Tetragon: tracepoints",
    tracing({ call: "sys_mount" }, { tracepoints: [{ subsystem: "syscalls", event: "x" }] }),
    "spec.tracepoints",
    /cannot be enforced/,
  ],
  [
    "Tetragon: an action that is not known",
    tracing({ call: "sys_mount", selectors: [{ matchActions: [{ action: "FollowFD" }] }] }),
    "spec.kprobes[0].selectors[0].matchActions[0].action",
    /FollowFD/,
  ],
  [
    "Tetragon: pids",
    tracing({ call: "sys_mount", selectors: [{ matchPIDs: [{ operator: "In", values: [1] }] }] }),
    "spec.kprobes[0].selectors[0].matchPIDs",
    /matchPIDs/,
  ],
  [
    "Tetragon: an operator",
    tracing({ call: "sys_execve", selectors: [{ matchArgs: [{ index: 0, operator: "Mask", values: ["1"] }] }] }),
    "spec.kprobes[0].selectors[0].matchArgs[0].operator",
    /Mask/,
  ],
  [
    "Tetragon: followed children",
    tracing({
      call: "sys_mount",
      selectors: [{ matchBinaries: [{ operator: "In", values: ["/a"], followChildren: true }] }],
    }),
    "spec.kprobes[0].selectors[0].matchBinaries[0].followChildren",
    /children/,
  ],
  [
    "Tetragon: too many ports",
    tracing({ call: "tcp_connect", selectors: [{ matchArgs: [{ index: 0, operator: "DPort", values: ["1:1000"] }] }] }),
    "spec.kprobes[0].selectors[0].matchArgs[0]",
    /portsMax/,
  ],
];

describe("what is taken", () => {
  for (const [name, document, rules] of taken) {
    test(name, () => {
      const { policy, problems } = parse(document);
      assert.deepEqual(
        problems.filter(({ severity }) => severity === "error"),
        [],
      );
      assert.deepEqual(policy?.rules.map(short), rules);
    });
  }
});

describe("what is refused, with line and reason", () => {
  for (const [name, document, path, message] of refused) {
    test(name, () => {
      const { problems } = parse(document);
      const problem = problems.find((each) => each.path === path);
      assert.ok(problem, JSON.stringify(problems));
      assert.match(`${problem.message} ${problem.hint}`, message);
      assert.equal(problem.where, "p.yaml:1");
      assert.match(problem.code, /^runtime-policy\/[a-z-]+$/);
    });
  }
});

test("a wrong rule is refused by itself; a policy that would block more without it is refused as a whole", () => {
  const rules = { matchPaths: [{ path: "/bin/ls" }, { path: "ls" }] };
  assert.deepEqual(parse(armor({ process: rules, action: "Block" })).policy?.rules.map(short), [
    "exec Block path /bin/ls",
  ]);
  const allow = parse(armor({ process: rules, action: "Allow" }));
  assert.equal(allow.policy, undefined);
  assert.ok(allow.problems.some(({ code }) => code === "runtime-policy/incomplete-allow-list"));
});
