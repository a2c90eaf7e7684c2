// Learning and postures against a real store process with planted rows, through the desks that the API calls: what is merged, whose it is, what differs.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { manualClock } from "../../src/base/clock.ts";
import { parsePod } from "../../src/core/inventory/parse/pod.ts";
import { createParseContext } from "../../src/core/inventory/parse/raw.ts";
import { listPostures, workloadPosture, type ProfileParts } from "../../src/apps/server/runtime/posture-desk.ts";
import { workloadLearnt, workloadProfile } from "../../src/apps/server/runtime/profile-desk.ts";
import { createQueries } from "../../src/edge/store/queries/create-queries.ts";
import { liveRoots, readPosture } from "../../src/edge/proc/posture/read-posture.ts";
import { Fault } from "../../src/base/fault.ts";
import { minute, nowMs, subject } from "../support/queries-world.ts";
import { type ScratchStore, startScratchStore } from "../support/scratch-store.ts";

let store: ScratchStore;
let parts: ProfileParts;

const digest = `sha256:${"a".repeat(64)}`;
const container = {
  ...subject,
  pod: "web-1",
  container: "web",
  containerId: "c1",
  image: "web:1",
  imageDigest: digest,
};
const usage = { ...container, architecture: "x86_64", learntSeconds: 3600, fidelity: "kernel" };
// A process of this machine stands for a container without any confinement.
const facts = readPosture(liveRoots, process.pid);
const posture = {
  ...container,
  occasion: "first",
  level: "privileged",
  uid: 0,
  seccomp: "none",
  digest: "d1",
  facts: JSON.stringify(facts),
  fidelity: "polled",
};
const params = { cluster: "c", namespace: "shop", kind: "Deployment", name: "web" } as const;

before(async () => {
  store = await startScratchStore();
  await store.insert("workload_usage", [
    {
      ...usage,
      time: nowMs - 60 * minute,
      systemCalls: ["read", "openat"],
      startSeen: true,
      executables: ["/usr/bin/web"],
    },
    { ...usage, time: nowMs - 50 * minute, systemCalls: ["mkdir"], capabilitiesInferred: ["net_bind_service"] },
    // Another replica, an older image, another container of the pod, another workload.
    { ...usage, time: nowMs - 55 * minute, containerId: "c2", pod: "web-2", systemCalls: ["read", "rename"] },
    { ...usage, time: nowMs - 3000 * minute, containerId: "c0", imageDigest: "sha256:old", systemCalls: ["ptrace"] },
    { ...usage, time: nowMs - 45 * minute, container: "proxy", containerId: "c9", systemCalls: ["splice"] },
    { ...usage, time: nowMs - 45 * minute, workload: "db", containerId: "d1", systemCalls: ["bpf"] },
  ]);
  await store.insert("container_postures", [
    { ...posture, time: nowMs - 70 * minute, facts: "{}", digest: "old" },
    { ...posture, time: nowMs - 5 * minute },
    { ...posture, time: nowMs - 6 * minute, pod: "web-2", containerId: "c2", digest: "d2" },
  ]);
  await store.insert("file_events", [
    { ...container, time: nowMs - 40 * minute, action: "mapped", path: "/lib/libc.so.6", executable: "/usr/bin/web" },
    {
      ...container,
      time: nowMs - 40 * minute,
      action: "open",
      path: "/etc/web.conf",
      flags: 0,
      executable: "/usr/bin/web",
    },
    {
      ...container,
      time: nowMs - 40 * minute,
      action: "create",
      path: "/var/lib/web/db",
      flags: 65,
      executable: "/usr/bin/web",
    },
    {
      ...container,
      time: nowMs - 40 * minute,
      action: "open",
      path: "/proc/sys/kernel/cap_last_cap",
      executable: "/usr/sbin/runc",
    },
  ]);
  const pod = {
    metadata: {
      name: "web-1",
      namespace: "shop",
      uid: "u1",
      ownerReferences: [{ kind: "ReplicaSet", name: "web-5", uid: "r1", controller: true }],
    },
    spec: {
      nodeName: "n1",
      containers: [
        {
          name: "web",
          image: "web:1",
          securityContext: {
            allowPrivilegeEscalation: false,
            runAsNonRoot: true,
            capabilities: { drop: ["ALL"] },
            seccompProfile: { type: "RuntimeDefault" },
          },
        },
      ],
    },
    status: { phase: "Running", podIP: "10.0.0.1" },
  };
  const clock = manualClock(nowMs);
  const view = viewOf(pod);
  parts = {
    queries: createQueries({ store: store.store, clock }),
    clock,
    clusters: { view: (name: string) => (name === "c" ? view : undefined) } as unknown as ProfileParts["clusters"],
  };
});
after(() => store[Symbol.asyncDispose]());

/** The pods of the one workload, as an inventory that has read the object tells them. */
function viewOf(raw: Readonly<Record<string, unknown>>) {
  const pod = parsePod(createParseContext("c"), raw);
  assert.ok(typeof pod !== "string");
  return { podsOf: () => [pod] };
}

test("learnt: by container and image, replicas merged; nothing of another workload", async () => {
  const { containers } = await workloadLearnt(parts, params, {});
  const seen = containers.map(({ container: name, imageDigest, systemCalls, confidence }) => [
    name,
    imageDigest.slice(0, 10),
    systemCalls,
    confidence.replicas,
  ]);
  assert.deepEqual(seen, [
    ["proxy", "sha256:aaa", ["splice"], 1],
    ["web", "sha256:aaa", ["mkdir", "openat", "read", "rename"], 2],
    ["web", "sha256:old", ["ptrace"], 1],
  ]);
});

test("posture: the newest look of each replica, declared beside it, used from this image alone; what differs is named", async () => {
  const { containers } = await workloadPosture(parts, params, {});
  assert.deepEqual(
    containers.map(({ container: name, replicas }) => [name, replicas]),
    [
      ["web", 2],
      ["proxy", 0],
    ],
  );
  const [web, proxy] = containers;
  assert.deepEqual([web?.pod, web?.replicasOther, web?.because], ["web-1", ["web-2"], ""]);
  assert.deepEqual([web?.levelDeclared.level, web?.levelEffective.level], ["restricted", "privileged"]);
  const rules = web?.differences.map(({ rule }) => rule) ?? [];
  for (const rule of ["seccomp-not-loaded", "escalation-possible", "pod-security-weaker"])
    assert.ok(rules.includes(rule), rule);
  assert.deepEqual(web?.layers.find(({ layer }) => layer === "seccomp")?.used.items, [
    "mkdir",
    "openat",
    "read",
    "rename",
  ]);
  assert.equal(
    proxy?.because,
    "no agent has looked at it within the window; the pod's object has no container of this name",
  );
  const all = await listPostures(parts, { q: "ns:shop" });
  assert.deepEqual(
    all.rows.map(({ workload, replicas, levelEffective }) => [workload, replicas, levelEffective]),
    [["web", 2, "privileged"]],
  );
  assert.deepEqual((await listPostures(parts, { q: "ns:other" })).rows, []);
});

const query = { mode: "enforce", container: "web", imageDigest: digest, runtime: "runc" } as const;

test("profiles of one container and image; AppArmor from its files, not from the runtime's", async () => {
  const seccomp = await workloadProfile(parts, { ...params, profile: "seccomp" }, query);
  const { syscalls } = JSON.parse(seccomp.profile.text) as { syscalls: { names: string[] }[] };
  for (const name of ["mkdir", "rename"]) assert.ok(syscalls[0]?.names.includes(name), name);
  for (const name of ["ptrace", "splice", "bpf"]) assert.ok(!syscalls[0]?.names.includes(name), name);
  assert.deepEqual([seccomp.containers, seccomp.confidence.level], [["proxy", "web"], "medium"]);
  const { text } = (await workloadProfile(parts, { ...params, profile: "apparmor" }, query)).profile;
  for (const line of ["/usr/bin/web ixmr,", "/lib/libc.so.6 mr,", "/etc/web.conf r,", "/var/lib/web/db rwkl,"])
    assert.ok(text.includes(`  ${line}\n`), `${line}\n${text}`);
  assert.ok(!text.includes("cap_last_cap") && text.includes("capability net_bind_service,"));
  const everything = await workloadProfile(
    parts,
    { ...params, profile: "capabilities" },
    { ...query, imageDigest: "" },
  );
  assert.match(everything.profile.text, /add: \["NET_BIND_SERVICE"\]/);
});

test("nothing learnt, or no such container, is a fault with the way out", async () => {
  const codeOf = async (act: Promise<unknown>) => {
    const error = await act.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof Fault && error.hint !== undefined);
    return error.code;
  };
  const nobody = { ...params, name: "nobody", profile: "seccomp" } as const;
  const unit = { ...nobody, kind: "SystemdUnit" } as const;
  await assert.rejects(workloadProfile(parts, unit, { ...query, container: "" }), /agents learn containers only/);
  assert.equal(await codeOf(workloadProfile(parts, nobody, { ...query, container: "" })), "profiles/nothing-learnt");
  const absent = workloadProfile(parts, { ...params, profile: "seccomp" }, { ...query, container: "x" });
  assert.equal(await codeOf(absent), "profiles/no-such-container");
});
