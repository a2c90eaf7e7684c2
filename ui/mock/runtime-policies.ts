// The mock's runtime policies: one that stops, one dry run, one of KubeArmor's form that a node refuses; and what nodes make of each.
import type { Resource } from "../../src/model/resource.ts";

export const mockRuntimePolicies: readonly Pick<Resource, "kind" | "scope" | "name" | "spec">[] = [
  {
    kind: "RuntimePolicy",
    scope: "cluster/local",
    name: "frontend-protect",
    spec: {
      target: { namespace: "shop", workload: "frontend" },
      mode: "enforce",
      exec: [{ path: "/usr/bin/nc" }, { directory: "/tmp" }],
      network: [{ protocol: "tcp", port: 4444 }],
    },
  },
  {
    kind: "RuntimePolicy",
    scope: "global",
    name: "host-modules",
    spec: { target: { cgroup: "/system.slice/ssh.service" }, mode: "dry-run", calls: [{ call: "module" }] },
  },
  {
    kind: "RuntimePolicy",
    scope: "cluster/local",
    name: "payments-files",
    spec: {
      mode: "dry-run",
      manifest: {
        apiVersion: "security.kubearmor.com/v1",
        kind: "KubeArmorPolicy",
        metadata: { name: "payments-files", namespace: "payments" },
      },
    },
  },
];

type Key = Pick<Resource, "kind" | "scope" | "name" | "generation">;

const rule = (place: string, what: string, guarantee: string, because: string) => ({
  place,
  what,
  action: "Block",
  guarantee,
  because,
});
const noReceipt = { receipt: "", receiptMs: 0, receiptKind: "none" as const };

/** Made by somebody since the mock started: no node has told of it. */
export function runtimeStatusOf(resource: Key, nowMs: number) {
  const told = { ...resource, cluster: "local", because: "" };
  const stories = { "frontend-protect": enforced(nowMs), "host-modules": dryRun, "payments-files": refused };
  const story = Object.entries(stories).find(([name]) => name === resource.name)?.[1] ?? [];
  return story.map((each) => ({ ...told, ...each }));
}

function enforced(nowMs: number) {
  const runtime = {
    mode: "enforce",
    rules: [
      rule("exec[0]", "exec of /usr/bin/nc", "kill", "before its first instruction"),
      rule("exec[1]", "exec of what is below /tmp", "kill", "before its first instruction"),
      rule("network[0]", "connect to port 4444 tcp", "prevent", "cgroup hook connect4: refused with EPERM"),
    ],
    countsByOutcome: {},
    ...noReceipt,
  };
  const receipt = "SIGKILL at exec of /usr/bin/nc";
  const proof = { receipt, receiptMs: nowMs - 240_000, receiptKind: "event" };
  const happened = { ...runtime, countsByOutcome: { killed: 2, denied: 1 }, ...proof };
  return [
    {
      node: "worker-1",
      state: "applied",
      because: `2 in scope; ${receipt}`,
      enforcement: { state: "enforced", endpoints: 2, problems: [], runtime: happened },
    },
    {
      node: "worker-2",
      state: "applied",
      because: "no workload of this node is in its scope",
      enforcement: { state: "unproved", endpoints: 0, problems: [], runtime },
    },
  ];
}

const dryRun = [
  {
    node: "laptop",
    state: "applied",
    because: "dry run: what it would do is told, nothing is stopped; 1 in scope",
    enforcement: {
      state: "preview",
      endpoints: 1,
      problems: [],
      runtime: {
        mode: "dry-run",
        rules: [rule("calls[0]", "loading of a kernel module", "detect", "bpf is not in lsm=")],
        countsByOutcome: { "would-deny": 1 },
        ...noReceipt,
      },
    },
  },
];

const refused = [
  {
    node: "worker-1",
    state: "refused",
    because: "spec.syscalls: no rule can be made of matchPaths",
    enforcement: {
      state: "refused",
      problems: ["spec.syscalls: no rule can be made of matchPaths; use matchSyscalls"],
    },
  },
];
