// The cgroup path grammar against recorded and published paths of real runtimes, and against fuzz.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import * as fc from "fast-check";
import { skipUnless } from "../../../test/support/skip.ts";
import { cgroupLimits } from "./cgroup-forms.ts";
import { readCgroupLines, readCgroupPath } from "./cgroup-path.ts";
import type { CgroupIdentity } from "./cgroup-path.ts";

const idA = "f75aff467357c5d0ddd47cb7ad87ed38746e018992586ff66198a5c11218f634";
const idB = "c8b38413c88eefe063b8cd3f01c16be5e3bda9693a19a68a88807baca9feb937";
const uid = "5759a1ae-36ca-48a8-b20a-b0b5c8a90fb8";
const uidUnderscored = uid.replaceAll("-", "_");

type Expected = Partial<CgroupIdentity>;
/** [source of the form, path, what it must be]. Ids are shortened to two samples, the shape is as the source shows it. */
const cases: readonly (readonly [string, string, Expected])[] = [
  [
    "kubelet cgroupfs, burstable (recorded, kubernetes-1.36)",
    `/kubepods/burstable/pod${uid}/${idA}`,
    { kind: "container", containerId: idA, podUid: uid, qualityOfService: "burstable", runtime: "" },
  ],
  [
    "kubelet cgroupfs, guaranteed (CJLove/rt-operator notes)",
    `/kubepods/pod${uid}/${idA}`,
    { kind: "container", containerId: idA, podUid: uid, qualityOfService: "guaranteed" },
  ],
  [
    "kubelet cgroupfs, pod level",
    `/kubepods/besteffort/pod${uid}`,
    { kind: "pod", containerId: "", podUid: uid, qualityOfService: "besteffort" },
  ],
  [
    "docker desktop, doubled kubepods (spiffe/spire#1547)",
    `/kubepods/kubepods/besteffort/pod${uid}/${idA}`,
    { kind: "container", containerId: idA, podUid: uid, qualityOfService: "besteffort" },
  ],
  [
    "containerd systemd (tkestack/vcuda-controller#19)",
    `/kubepods.slice/kubepods-pod${uidUnderscored}.slice/cri-containerd-${idA}.scope`,
    { kind: "container", containerId: idA, podUid: uid, runtime: "containerd", qualityOfService: "guaranteed" },
  ],
  [
    "containerd systemd on k3s (cryptnono#47)",
    `/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${uidUnderscored}.slice/cri-containerd-${idA}.scope`,
    { kind: "container", containerId: idA, podUid: uid, runtime: "containerd", qualityOfService: "besteffort" },
  ],
  [
    "static pod, hash for uid (netdata#4868)",
    `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod8daa50c3a64c9ff60bb9eab7b44b56fd.slice/cri-containerd-${idA}.scope`,
    { kind: "container", containerId: idA, podUid: "8daa50c3a64c9ff60bb9eab7b44b56fd", qualityOfService: "burstable" },
  ],
  [
    "containerd without SystemdCgroup (falcosecurity/libs#63)",
    `/system.slice/containerd.service/kubepods-burstable-pod${uidUnderscored}.slice:cri-containerd:${idA}`,
    { kind: "container", containerId: idA, podUid: uid, runtime: "containerd", qualityOfService: "burstable" },
  ],
  [
    "k3s with runwasi (containerd/runwasi#821)",
    `/kubepods-besteffort-pod${uidUnderscored}.slice:cri-containerd:${idA}`,
    { kind: "container", containerId: idA, podUid: uid, runtime: "containerd", qualityOfService: "besteffort" },
  ],
  [
    "microk8s, cgroupfs below a group of its own (assumed, no recording)",
    `/snap.microk8s.daemon-kubelite/kubepods/burstable/pod${uid}/${idA}`,
    { kind: "container", containerId: idA, podUid: uid },
  ],
  [
    "CRI-O systemd (kinvolk/traceloop#34)",
    `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${uidUnderscored}.slice/crio-${idA}.scope`,
    { kind: "container", containerId: idA, podUid: uid, runtime: "cri-o", qualityOfService: "burstable" },
  ],
  [
    "CRI-O systemd, crun's sub-group",
    `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${uidUnderscored}.slice/crio-${idA}.scope/container`,
    { kind: "container", containerId: idA, podUid: uid, runtime: "cri-o" },
  ],
  [
    "CRI-O's monitor is no container (opencontainers/runc#4620)",
    `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${uidUnderscored}.slice/crio-conmon-${idA}.scope`,
    { kind: "systemd-unit", containerId: "", unit: "crio-conmon" },
  ],
  [
    "CRI-O cgroupfs (assumed, no recording)",
    `/kubepods/burstable/pod${uid}/crio-${idA}`,
    { kind: "container", containerId: idA, podUid: uid, runtime: "cri-o" },
  ],
  [
    "docker below kubelet, systemd (kinvolk/traceloop#34)",
    `/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${uidUnderscored}.slice/docker-${idB}.scope`,
    { kind: "container", containerId: idB, podUid: uid, runtime: "docker" },
  ],
  [
    "docker systemd (neuvector cgroup_test.go)",
    `/system.slice/docker-${idA}.scope`,
    { kind: "container", containerId: idA, podUid: "", runtime: "docker", qualityOfService: "" },
  ],
  ["docker cgroupfs (kubernetes#18202)", `/docker/${idA}`, { kind: "container", containerId: idA, runtime: "docker" }],
  [
    "docker on old Debian, bare id (neuvector cgroup_test.go)",
    `/${idA}`,
    { kind: "container", containerId: idA, runtime: "" },
  ],
  [
    "docker in docker (jpetazzo/dind#87): the inner one",
    `/system.slice/docker-${idA}.scope/docker/${idB}`,
    { kind: "container", containerId: idB, runtime: "docker" },
  ],
  [
    "docker rootless (assumed from docker's systemd naming)",
    `/user.slice/user-1000.slice/user@1000.service/user.slice/docker-${idA}.scope`,
    { kind: "container", containerId: idA, runtime: "docker" },
  ],
  [
    "docker's build helper (cryptnono#47)",
    "/docker/buildkit/t4967jvf8rbufklrhkicskyes",
    { kind: "unknown", containerId: "" },
  ],
  [
    "minikube, CRI-O in docker (kubernetes/minikube#11280)",
    `/docker/${idB}/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${uidUnderscored}.slice/crio-${idA}.scope`,
    { kind: "container", containerId: idA, podUid: uid, runtime: "cri-o" },
  ],
  [
    "kind (sustainable-computing-io/kepler#684)",
    `/docker/${idB}/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod${uidUnderscored}.slice/cri-containerd-${idA}.scope`,
    { kind: "container", containerId: idA, podUid: uid, runtime: "containerd", qualityOfService: "burstable" },
  ],
  [
    "kind, the node's own service",
    `/docker/${idB}/kubelet.slice/kubelet.service`,
    { kind: "container", containerId: idB, runtime: "docker", podUid: "" },
  ],
  [
    "systemd inside a container (runc, nested)",
    `/kubepods/besteffort/pod${uid}/${idA}/system.slice/nginx.service`,
    { kind: "container", containerId: idA, podUid: uid },
  ],
  [
    "cgroupfs docker inside a pod: its pod is not known",
    `/kubepods/besteffort/pod${uid}/${idA}/docker/${idB}`,
    { kind: "container", containerId: idB, podUid: "", runtime: "docker" },
  ],
  [
    "podman, root, systemd (podman docs)",
    `/machine.slice/libpod-${idA}.scope`,
    { kind: "container", containerId: idA, runtime: "podman" },
  ],
  [
    "podman, crun's sub-group (podman#6400)",
    `/machine.slice/libpod-${idA}.scope/container`,
    { kind: "container", containerId: idA, runtime: "podman" },
  ],
  [
    "podman, rootless (podman#4639)",
    `/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${idA}.scope/container`,
    { kind: "container", containerId: idA, runtime: "podman" },
  ],
  [
    "podman pod, rootless (podman#6400)",
    `/user.slice/user-1000.slice/user@1000.service/user.slice/user-libpod_pod_${idB}.slice/libpod-${idA}.scope`,
    { kind: "container", containerId: idA, runtime: "podman", podUid: "" },
  ],
  [
    "podman, cgroupfs (opencontainers/runc#2163)",
    `/libpod_parent/libpod-${idA}`,
    { kind: "container", containerId: idA, runtime: "podman" },
  ],
  [
    "podman, --cgroups=split",
    `/system.slice/shop.service/libpod-payload-${idA}`,
    { kind: "container", containerId: idA, runtime: "podman" },
  ],
  [
    "podman's monitor",
    `/machine.slice/libpod-conmon-${idA}.scope`,
    { kind: "systemd-unit", unit: "libpod-conmon", containerId: "" },
  ],
  [
    "nerdctl (assumed, no recording)",
    `/system.slice/nerdctl-${idA}.scope`,
    { kind: "container", containerId: idA, runtime: "containerd" },
  ],
  ["containerd's ctr, cgroupfs", `/default/${idA}`, { kind: "container", containerId: idA, runtime: "" }],
  ["LXC, v2", "/lxc.payload.web1/init.scope", { kind: "container", containerId: "web1", runtime: "lxc" }],
  ["LXC, v1", "/lxc/web1", { kind: "container", containerId: "web1", runtime: "lxc" }],
  ["LXC's monitor", "/lxc.monitor.web1", { kind: "unknown", containerId: "" }],
  [
    "ECS task with short ids: form not known",
    "/ecs/9f0a8ba2f1a94c6f8d6a0b0e1c2d3e4f/9f0a8ba2f1a94c6f8d6a0b0e1c2d3e4f-1234567890",
    { kind: "unknown", containerId: "" },
  ],
  ["id of an unknown runtime", `/system.slice/strange-${idA}.scope`, { kind: "unknown", containerId: "" }],
  ["id one digit short", `/system.slice/docker-${idA.slice(1)}.scope`, { kind: "systemd-unit", containerId: "" }],
  ["id one digit long", `/docker/${idA}0`, { kind: "unknown", containerId: "" }],
  ["upper case is no id", `/docker/${idA.toUpperCase()}`, { kind: "unknown", containerId: "" }],
  [
    "seen from inside a cgroup namespace (cgroup_namespaces(7))",
    `/../../docker/${idA}`,
    { kind: "container", containerId: idA },
  ],
  ["removed group (cgroup v2)", `/system.slice/docker-${idA}.scope (deleted)`, { kind: "container", containerId: idA }],
  ["kubepods without a pod", "/kubepods/burstable", { kind: "unknown", containerId: "", podUid: "" }],
  ["system service", "/system.slice/nginx.service", { kind: "systemd-unit", unit: "nginx.service", uid: -1 }],
  [
    "template service",
    "/system.slice/system-getty.slice/getty@tty1.service",
    { kind: "systemd-unit", unit: "getty@tty1.service" },
  ],
  ["delegated service", "/system.slice/shop.service/worker/3", { kind: "systemd-unit", unit: "shop.service" }],
  [
    "docker's own daemon (liske/needrestart#165)",
    "/system.slice/docker.service",
    { kind: "systemd-unit", unit: "docker.service" },
  ],
  ["systemd itself", "/init.scope", { kind: "systemd-unit", unit: "init.scope" }],
  ["escaped unit name", "/system.slice/_cgroup.service", { kind: "systemd-unit", unit: "cgroup.service" }],
  ["login session", "/user.slice/user-1000.slice/session-3.scope", { kind: "session", session: "3", uid: 1000 }],
  ["graphical session id", "/user.slice/user-120.slice/session-c1.scope", { kind: "session", session: "c1", uid: 120 }],
  [
    "application of a user",
    "/user.slice/user-1000.slice/user@1000.service/app.slice/app-org.gnome.Terminal.slice/vte-spawn-1.scope",
    { kind: "systemd-unit", unit: "vte-spawn-1.scope", uid: 1000 },
  ],
  [
    "user service",
    "/user.slice/user-1000.slice/user@1000.service/app.slice/pipewire.service",
    { kind: "systemd-unit", unit: "pipewire.service", uid: 1000 },
  ],
  [
    "user's manager",
    "/user.slice/user-1000.slice/user@1000.service",
    { kind: "systemd-unit", unit: "user@1000.service", uid: 1000 },
  ],
  [
    "nspawn machine",
    "/machine.slice/systemd-nspawn@web.service/payload",
    { kind: "systemd-unit", unit: "systemd-nspawn@web.service" },
  ],
  ["root", "/", { kind: "host", reason: "" }],
  ["slice without a unit (kontena/pharos-cluster#440)", "/system.slice", { kind: "host", reason: "" }],
  ["a group that somebody made", "/batch/jobs", { kind: "host", reason: 'group of no known form: "batch"' }],
];

for (const [source, path, expected] of cases) {
  test(`cgroup path: ${source}`, () => {
    const identity = readCgroupPath(path);
    assert.deepEqual({ ...identity, ...expected }, identity);
    if (identity.kind === "unknown" || identity.kind === "pod") assert.notEqual(identity.reason, "");
  });
}

const lineCases: readonly (readonly [string, readonly string[], Expected])[] = [
  ["v2", [`0::/system.slice/docker-${idA}.scope`], { kind: "container", containerId: idA }],
  [
    "v1, systemd's hierarchy left behind in the daemon (kubernetes#18202)",
    [`9:perf_event:/docker/${idA}`, `5:memory:/docker/${idA}`, "1:name=systemd:/system.slice/docker.service"],
    { kind: "container", containerId: idA },
  ],
  [
    "hybrid: v2 empty, v1 has the container",
    ["4:memory:/", `3:pids:/kubepods/burstable/pod${uid}/${idA}`, "1:name=systemd:/", "0::/"],
    { kind: "container", containerId: idA, podUid: uid },
  ],
  [
    "hierarchies nested in each other agree on the inner one",
    [`2:pids:/docker/${idA}`, `1:memory:/docker/${idA}/docker/${idB}`],
    { kind: "container", containerId: idB },
  ],
  [
    "hierarchies that disagree name nobody",
    [`2:pids:/docker/${idA}`, `1:memory:/docker/${idB}`],
    { kind: "unknown", containerId: "" },
  ],
  [
    "v2's unit before a controller's group",
    ["4:memory:/limits/a", "0::/system.slice/ssh.service"],
    { kind: "systemd-unit", unit: "ssh.service" },
  ],
  [
    "named hierarchy with colons in the path",
    [`1:name=systemd:/kubepods-besteffort-pod${uidUnderscored}.slice:cri-containerd:${idA}`],
    { kind: "container", containerId: idA },
  ],
  [
    "this kind of machine",
    ["9:name=systemd:/", "4:memory:/process_api/89545ef7aa9896806137c07073478e2a", "0::/"],
    { kind: "host", reason: "" },
  ],
  ["empty file", [], { kind: "unknown", reason: "cgroup file was empty" }],
  ["no line of the form", ["nonsense", ":", "::/docker"], { kind: "unknown" }],
];

for (const [name, lines, expected] of lineCases) {
  test(`cgroup lines: ${name}`, () => {
    const identity = readCgroupLines(`${lines.join("\n")}\n`);
    assert.deepEqual({ ...identity, ...expected }, identity);
  });
}

test("recorded paths of a real kubelet: every leaf is a container of its pod", (context) => {
  const file = join(import.meta.dirname, "../../../../shared/data/kubernetes-1.36/cgroup-paths.txt");
  if (!skipUnless(context, existsSync(file), "recorded cgroup paths (../shared/data/kubernetes-1.36)")) return;
  const prefix = "/sys/fs/cgroup/memory";
  const paths = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line.startsWith(prefix));
  let containers = 0;
  for (const path of paths.map((line) => line.slice(prefix.length))) {
    const identity = readCgroupPath(path);
    const [, quality, pod, container] =
      /^\/kubepods(?:\/(burstable|besteffort))?(?:\/pod([0-9a-f-]+))?(?:\/([0-9a-f]{64}))?$/.exec(path) ?? [];
    assert.equal(identity.containerId, container ?? "");
    assert.equal(identity.podUid, pod ?? "");
    if (container !== undefined) {
      containers += 1;
      assert.deepEqual([identity.kind, identity.qualityOfService], ["container", quality ?? "guaranteed"]);
    }
  }
  assert.ok(containers >= 9, `only ${containers} containers in the recording`);
});

test("an identity over the limits is unknown, not a guess", () => {
  const long = `/${"x".repeat(cgroupLimits.pathLengthMax)}/docker/${idA}`;
  assert.equal(readCgroupPath(long).kind, "unknown");
  assert.equal(readCgroupLines("a".repeat(cgroupLimits.textLengthMax + 1)).kind, "unknown");
});

test("never throws, and names a container only when its full id stands in the path", () => {
  const piece = fc.oneof(
    fc.string({ maxLength: 20 }),
    fc.constantFrom(
      "kubepods",
      "docker",
      "lxc",
      "burstable",
      `pod${uid}`,
      idA,
      `crio-${idB}.scope`,
      "user@1.service",
      "..",
      "x.slice",
      `libpod-conmon-${idA}.scope`,
    ),
  );
  fc.assert(
    fc.property(fc.array(fc.array(piece, { maxLength: 8 }), { maxLength: 6 }), (paths) => {
      const text = paths.map((segments, index) => `${index}:c${index}:/${segments.join("/")}`).join("\n");
      const identity = readCgroupLines(text);
      if (identity.kind === "container") {
        assert.notEqual(identity.containerId, "");
        assert.ok(text.includes(identity.containerId));
      } else {
        assert.equal(identity.containerId, "");
      }
    }),
    { numRuns: 2000 },
  );
});
