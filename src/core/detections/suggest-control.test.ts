import assert from "node:assert/strict";
import { test } from "node:test";
import { PolicyObject } from "../../model/policy-object.ts";
import { RuntimePolicy } from "../../model/runtime-policy.ts";
import { ResourceName } from "../../model/resource.ts";
import { suggestControls, type ControlInput } from "./suggest-control.ts";

const input: ControlInput = {
  rule: 'Shell "in" container',
  cluster: "local",
  namespace: "shop",
  workload: "web",
  executable: "/usr/bin/nc",
  deed: { is: "unknown" },
  mainExecutable: "/usr/sbin/nginx",
  parentExecutable: "/bin/sh",
};

const deeds: readonly ControlInput["deed"][] = [
  { is: "exec", path: "/usr/bin/nc", parent: "" },
  { is: "exec", path: "/tmp/.cache/kworkerd", parent: "" },
  { is: "connect", address: "203.0.113.66", port: 4444, protocol: "tcp" },
  { is: "connect", address: "2001:db8::9", port: 0, protocol: "udp" },
  { is: "file", path: "/etc/shadow", isWrite: false },
  { is: "file", path: "/etc/cron.d/x", isWrite: true },
  ...["setns", "memfd_create", "init_module", "setuid", "capset", "ptrace", "bpf"].map((call) => ({
    is: "call" as const,
    call,
  })),
];

test("every suggested resource is a valid one of its kind, and blocks nothing as it stands", () => {
  for (const deed of deeds) {
    const controls = suggestControls({ ...input, deed });
    assert.ok(controls.length > 0, JSON.stringify(deed));
    for (const { resource, name, spec, cost, because } of controls) {
      assert.ok(cost !== "" && because !== "");
      ResourceName.parse(name);
      if (resource === "RuntimePolicy") assert.equal(RuntimePolicy.parse(spec).mode, "dry-run");
      else assert.equal(PolicyObject.parse(spec).manifest.kind, "StagedNetworkPolicy");
    }
  }
});

test("a program is named with who starts it; one from /tmp wherever it starts, and drift beside it", () => {
  const [narrow, ...others] = suggestControls({ ...input, deed: { is: "exec", path: "/usr/bin/nc", parent: "" } });
  assert.deepEqual(narrow?.spec?.["exec"], [{ path: "/usr/bin/nc", fromSource: ["/bin/sh"], action: "Block" }]);
  assert.deepEqual(others, []);
  const dropped = suggestControls({ ...input, deed: { is: "exec", path: "/tmp/x", parent: "" } });
  assert.deepEqual(dropped[0]?.spec?.["exec"], [{ path: "/tmp/x", action: "Block" }]);
  assert.deepEqual(dropped[1]?.spec?.["calls"], [{ call: "drift-exec", action: "Block" }]);
});

test("the workload's own main program is never to be killed", () => {
  const deed = { is: "exec", path: "/usr/sbin/nginx", parent: "" } as const;
  assert.deepEqual(suggestControls({ ...input, deed }), []);
});

test("what was only read is denied to that program alone; what was changed is read-only for all", () => {
  const [read] = suggestControls({ ...input, deed: { is: "file", path: "/etc/shadow", isWrite: false } });
  assert.deepEqual(read?.spec?.["files"], [
    { path: "/etc/shadow", readOnly: false, fromSource: ["/usr/bin/nc"], action: "Block" },
  ]);
  const [written] = suggestControls({ ...input, deed: { is: "file", path: "/etc/cron.d/x", isWrite: true } });
  assert.deepEqual(written?.spec?.["files"], [{ path: "/etc/cron.d/x", readOnly: true, action: "Block" }]);
});

test("outside Kubernetes there is no network policy; what no node can stop is advice without a resource", () => {
  const deed = { is: "connect", address: "203.0.113.66", port: 22, protocol: "tcp" } as const;
  assert.deepEqual(
    suggestControls({ ...input, namespace: "host", workload: "ssh.service", deed }).map(({ kind }) => kind),
    ["deny-connect"],
  );
  const [audit] = suggestControls({ ...input, deed: { is: "audit", verb: "create", user: "eve" } });
  assert.deepEqual([audit?.kind, audit?.resource, audit?.spec], ["rbac", "", undefined]);
  const [filter] = suggestControls({ ...input, deed: { is: "call", call: "io_uring_setup" } });
  assert.deepEqual([filter?.kind, filter?.resource], ["seccomp", ""]);
  assert.deepEqual(suggestControls({ ...input, deed: { is: "call", call: "getpid" } }), []);
  assert.deepEqual(suggestControls(input), []);
});

test("a path that no rule can hold is not suggested", () => {
  const path = `/${"x".repeat(300)}`;
  assert.deepEqual(suggestControls({ ...input, deed: { is: "file", path, isWrite: true } }), []);
});
