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

/** Made by somebody since the mock started: no node has told of it. */
export function runtimeStatusOf(resource: Key, nowMs: number) {
  const told = { ...resource, cluster: "local", because: "" };
  const rule = (place: string, what: string, guarantee: string, because: string) => ({
    place,
    what,
    action: "Block",
    guarantee,
    because,
  });
  if (resource.name === "frontend-protect")
    return ["worker-1", "worker-2"].map((node, index) => ({
      ...told,
      node,
      state: "applied" as const,
      because: index === 0 ? "2 in scope; SIGKILL at exec of /usr/bin/nc" : "no workload of this node is in its scope",
      enforcement: {
        state: index === 0 ? ("enforced" as const) : ("unproved" as const),
        endpoints: index === 0 ? 2 : 0,
        problems: [],
        runtime: {
          mode: "enforce" as const,
          rules: [
            rule("exec[0]", "exec of /usr/bin/nc", "kill", "killed before its first instruction"),
            rule("exec[1]", "exec of what is below /tmp", "kill", "killed before its first instruction"),
            rule("network[0]", "connect to port 4444 tcp", "prevent", "cgroup hook connect4: refused with EPERM"),
          ],
          countsByOutcome: index === 0 ? { killed: 2, denied: 1 } : {},
          receipt: index === 0 ? "SIGKILL at exec of /usr/bin/nc" : "",
          receiptMs: index === 0 ? nowMs - 240_000 : 0,
          receiptKind: index === 0 ? ("event" as const) : ("none" as const),
        },
      },
    }));
  if (resource.name === "host-modules")
    return [
      {
        ...told,
        node: "laptop",
        state: "applied" as const,
        because: "dry run: what it would do is told, nothing is stopped; 1 in scope",
        enforcement: {
          state: "preview" as const,
          endpoints: 1,
          problems: [],
          runtime: {
            mode: "dry-run" as const,
            rules: [
              rule("calls[0]", "loading of a kernel module", "detect", "`bpf` is not in lsm=: it is told, not stopped"),
            ],
            countsByOutcome: { "would-deny": 1 },
            receipt: "",
            receiptMs: 0,
            receiptKind: "none" as const,
          },
        },
      },
    ];
  if (resource.name === "payments-files")
    return [
      {
        ...told,
        node: "worker-1",
        state: "refused" as const,
        because: "spec.syscalls: no rule can be made of matchPaths",
        enforcement: {
          state: "refused" as const,
          problems: ["spec.syscalls: no rule can be made of matchPaths; use matchSyscalls"],
        },
      },
    ];
  return [];
}
