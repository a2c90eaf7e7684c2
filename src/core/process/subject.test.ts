// Subjects of every kind of attribution, workload guesses, and the hold-and-amend queue.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readCgroupPath, unknownCgroup } from "./cgroup-path.ts";
import type { ContainerInfo } from "./container-directory.ts";
import { createLateIdentities } from "./late-identity.ts";
import { containerToAsk, subjectOf } from "./subject.ts";
import { guessWorkload } from "./workload-guess.ts";

const id = "f75aff467357c5d0ddd47cb7ad87ed38746e018992586ff66198a5c11218f634";
const podPath = `/kubepods/pod5759a1ae-36ca-48a8-b20a-b0b5c8a90fb8/${id}`;
const info: ContainerInfo = {
  containerId: id,
  name: "nginx",
  podName: "web-5d4f8c7b9d-x2x7z",
  podUid: "5759a1ae-36ca-48a8-b20a-b0b5c8a90fb8",
  namespace: "shop",
  workload: "web",
  workloadKind: "Deployment",
  image: "nginx:1.29",
  imageDigest: "sha256:aa",
  labels: {},
  isSandbox: false,
};

function read(path: string) {
  return { cgroup: readCgroupPath(path), because: "read" } as const;
}

const outside: readonly (readonly [string, string, string, string, string])[] = [
  ["/system.slice/nginx.service", "host", "nginx.service", "SystemdUnit", ""],
  ["/user.slice/user-1000.slice/user@1000.service/app.slice/a.service", "host", "a.service (1000)", "SystemdUnit", ""],
  ["/user.slice/user-1000.slice/session-3.scope", "host", "session-3 (1000)", "Session", ""],
  ["/", "host", "host", "Host", ""],
  ["/batch", "host", "host", "Host", 'group of no known form: "batch"'],
  [
    "/kubepods/burstable/pod5759a1ae-36ca-48a8-b20a-b0b5c8a90fb8",
    "",
    "",
    "Unknown",
    "in the pod's group, outside its containers",
  ],
];

for (const [path, namespace, workload, workloadKind, identityReason] of outside) {
  test(`subject of ${path}`, () => {
    const { subject, isPending } = subjectOf(read(path), undefined);
    assert.deepEqual(
      { ...subject, namespace, workload, workloadKind, identityReason, containerId: "", pod: "" },
      subject,
    );
    assert.equal(isPending, false);
    assert.equal(containerToAsk(read(path)), "");
  });
}

test("a container that the runtime knows has its pod's identity", () => {
  const { subject } = subjectOf(read(podPath), { state: "known", container: info });
  assert.deepEqual(subject, {
    namespace: "shop",
    workload: "web",
    workloadKind: "Deployment",
    service: "",
    pod: info.podName,
    container: "nginx",
    containerId: id,
    image: "nginx:1.29",
    imageDigest: "sha256:aa",
    identityReason: "",
  });
  assert.equal(containerToAsk(read(podPath)), id);
});

test("a container outside Kubernetes is a workload of the host by its name", () => {
  const { subject } = subjectOf(read(`/docker/${id}`), {
    state: "known",
    container: { ...info, podName: "", name: "db" },
  });
  assert.deepEqual(
    [subject.namespace, subject.workload, subject.workloadKind, subject.pod],
    ["host", "db", "Container", ""],
  );
});

test("a container that the runtime does not know says why, and is pending only while the runtime was not asked", () => {
  const pending = subjectOf(read(podPath), { state: "not-asked" });
  assert.deepEqual([pending.isPending, pending.subject.namespace, pending.subject.workload], [true, "", ""]);
  assert.notEqual(pending.subject.identityReason, "");
  const absent = subjectOf(read(podPath), { state: "absent", reason: "runtime does not know it" });
  assert.deepEqual([absent.isPending, absent.subject.identityReason], [false, "runtime does not know it"]);
  const noRuntime = subjectOf(read(`/docker/${id}`), undefined, "runtime socket not found");
  assert.deepEqual(
    [noRuntime.subject.workload, noRuntime.subject.workloadKind, noRuntime.subject.identityReason],
    [id.slice(0, 12), "Container", "runtime socket not found"],
  );
});

test("an unknown process has a reason and nothing else", () => {
  const { subject } = subjectOf(
    { cgroup: unknownCgroup("gone before it could be read"), because: "unknown" },
    undefined,
  );
  assert.deepEqual(
    [subject.workload, subject.namespace, subject.workloadKind, subject.identityReason],
    ["", "", "Unknown", "gone before it could be read"],
  );
});

test("an LXC container has a name of its own", () => {
  const { subject } = subjectOf(read("/lxc.payload.web1/init.scope"), undefined);
  assert.deepEqual([subject.workload, subject.workloadKind, subject.identityReason], ["web1", "Container", ""]);
  assert.equal(containerToAsk(read("/lxc/web1")), "");
});

const guesses: readonly (readonly [string, Record<string, string>, string, string])[] = [
  ["web-5d4f8c7b9d-x2x7z", { "pod-template-hash": "5d4f8c7b9d" }, "web", "Deployment"],
  ["web-api-5d4f8c7b9d-x2x7z", { "pod-template-hash": "5d4f8c7b9d", app: "web" }, "web-api", "Deployment"],
  ["db-0", { "statefulset.kubernetes.io/pod-name": "db-0", "controller-revision-hash": "db-6f" }, "db", "StatefulSet"],
  [
    "node-agent-4q7rz",
    { "controller-revision-hash": "76cb", "pod-template-generation": "1" },
    "node-agent",
    "DaemonSet",
  ],
  ["report-29384756-kx7wd", { "batch.kubernetes.io/job-name": "report-29384756" }, "report", "CronJob"],
  ["migrate-k8mzs", { "job-name": "migrate" }, "migrate", "Job"],
  ["debug", {}, "debug", "Pod"],
  ["debug", { "pod-template-hash": "5d4f8c7b9d" }, "debug", "Pod"],
];

for (const [pod, labels, workload, kind] of guesses) {
  test(`workload of pod ${pod} ${JSON.stringify(labels)}`, () => {
    assert.deepEqual(guessWorkload(pod, labels), { workload, workloadKind: kind });
  });
}

test("late identities leave on an answer, after the hold time, or at the cap, each once", () => {
  const late = createLateIdentities<string>({ holdMs: 2000, heldMax: 3 });
  assert.deepEqual(late.hold("a1", 0), []);
  assert.deepEqual(late.hold("b1", 100), []);
  assert.deepEqual(late.hold("a2", 200), []);
  const isOfA = (item: string) => item.startsWith("a");
  assert.deepEqual(late.settle(isOfA), ["a1", "a2"]);
  assert.deepEqual(late.settle(isOfA), []);
  assert.deepEqual(late.expire(2099), []);
  assert.deepEqual(late.expire(2100), ["b1"]);
  for (const item of ["1", "2", "3"]) assert.deepEqual(late.hold(item, 3000), []);
  assert.deepEqual(late.hold("4", 3000), ["1"]);
  assert.deepEqual([late.size, late.unanswered], [3, 2]);
  assert.deepEqual(late.drain(), ["2", "3", "4"]);
});
