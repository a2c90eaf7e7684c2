// Pod Security from declaration and from the kernel, layers, and what differs: tables.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { PostureFacts } from "../../../model/container-posture.ts";
import { ContainerSecurity, PodSecurity } from "../../../model/pod-security.ts";
import { postureLayers } from "../../../model/posture.ts";
import { capabilityNames, defaultCapabilities } from "../capabilities.ts";
import { confidenceOf, mergeUsage } from "../learnt.ts";
import { postureOf } from "./container-layers.ts";
import type { Declared } from "./layer-input.ts";
import { layerMakers } from "./layers.ts";
import { podSecurityOfLive } from "./pod-security-live.ts";
import { podSecurityOfSpec } from "./pod-security-spec.ts";

function declared(pod: object = {}, container: object = {}, hostNetwork = false): Declared {
  return { pod: PodSecurity.parse(pod), container: ContainerSecurity.parse(container), hostNetwork, limits: {} };
}

const tight = {
  allowPrivilegeEscalation: false,
  runAsNonRoot: true,
  capabilitiesDropped: ["ALL"],
  seccomp: { type: "RuntimeDefault" },
};
const unconfined = { type: "Unconfined" };

test("Pod Security of a declaration: each control of Kubernetes 1.36", () => {
  const cases: readonly [name: string, given: Declared, level: string, controls: readonly string[]][] = [
    ["nothing set", declared(), "baseline", ["Capabilities", "Privilege Escalation", "Running as Non-root", "Seccomp"]],
    ["tight", declared({}, tight), "restricted", []],
    [
      "pod's word counts",
      declared(
        { seccomp: tight.seccomp, runAsNonRoot: true },
        { ...tight, seccomp: undefined, runAsNonRoot: undefined },
      ),
      "restricted",
      [],
    ],
    ["bind low ports", declared({}, { ...tight, capabilitiesAdded: ["NET_BIND_SERVICE"] }), "restricted", []],
    ["chown", declared({}, { ...tight, capabilitiesAdded: ["CHOWN"] }), "baseline", ["Capabilities"]],
    [
      "raw sockets",
      declared({}, { ...tight, capabilitiesAdded: ["CAP_NET_RAW"] }),
      "privileged",
      ["Capabilities", "Capabilities"],
    ],
    ["privileged", declared({}, { ...tight, privileged: true }), "privileged", ["Privileged Containers"]],
    ["host network", declared({}, tight, true), "privileged", ["Host Namespaces"]],
    [
      "host pid, ipc",
      declared({ hostPid: true, hostIpc: true }, tight),
      "privileged",
      ["Host Namespaces", "Host Namespaces"],
    ],
    [
      "host path",
      declared({ volumes: [{ name: "a", type: "hostPath", hostPath: "/" }] }, tight),
      "privileged",
      ["HostPath Volumes", "Volume Types"],
    ],
    ["nfs", declared({ volumes: [{ name: "a", type: "nfs" }] }, tight), "baseline", ["Volume Types"]],
    ["host port", declared({}, { ...tight, hostPorts: [80] }), "privileged", ["Host Ports"]],
    [
      "probe host",
      declared({}, { ...tight, probeHosts: ["10.0.0.1"] }),
      "privileged",
      ["Host Probes / Lifecycle Hooks"],
    ],
    ["AppArmor off", declared({ appArmor: unconfined }, tight), "privileged", ["AppArmor"]],
    ["seccomp off", declared({}, { ...tight, seccomp: unconfined }), "privileged", ["Seccomp", "Seccomp"]],
    ["SELinux type", declared({ seLinux: { type: "spc_t" } }, tight), "privileged", ["SELinux"]],
    ["SELinux container_t", declared({ seLinux: { type: "container_t" } }, tight), "restricted", []],
    ["SELinux user", declared({ seLinux: { user: "u" } }, tight), "privileged", ["SELinux"]],
    [
      "proc unmasked",
      declared({}, { ...tight, procMount: "Unmasked" }),
      "privileged",
      ["/proc Mount Type", "/proc Mount Type"],
    ],
    [
      "proc unmasked, own users",
      declared({ hostUsers: false }, { ...tight, procMount: "Unmasked" }),
      "baseline",
      ["/proc Mount Type"],
    ],
    ["safe sysctl", declared({ sysctls: [{ name: "net.ipv4.tcp_rmem", value: "1" }] }, tight), "restricted", []],
    ["unsafe sysctl", declared({ sysctls: [{ name: "kernel.msgmax", value: "1" }] }, tight), "privileged", ["Sysctls"]],
    ["a pod that may run as root", declared({ runAsNonRoot: false }, tight), "baseline", ["Running as Non-root"]],
    ["user 0", declared({ runAsUser: 0 }, tight), "baseline", ["Running as Non-root user"]],
    [
      "own users need no runAsNonRoot",
      declared({ hostUsers: false }, { ...tight, runAsNonRoot: false }),
      "restricted",
      [],
    ],
    ["Windows host process", declared({ hostProcess: true }, tight), "privileged", ["HostProcess"]],
  ];
  for (const [name, given, level, controls] of cases) {
    const result = podSecurityOfSpec([given]);
    assert.deepEqual(
      [result.level, result.violations.map(({ control }) => control).toSorted()],
      [level, controls],
      name,
    );
  }
  assert.equal(podSecurityOfSpec([]).level, "unknown");
});

/** A container as a default runtime makes it, confined: what each case changes. */
const facts: PostureFacts = {
  pid: 812,
  name: "web",
  executable: "/usr/bin/web",
  uid: { real: 1000, effective: 1000, saved: 1000, filesystem: 1000 },
  gid: { real: 1000, effective: 1000, saved: 1000, filesystem: 1000 },
  groups: [],
  uidMap: [{ inside: 0, outside: 0, count: 4_294_967_295 }],
  capabilities: { effective: [], permitted: [], bounding: [], inheritable: [], ambient: [] },
  noNewPrivileges: true,
  seccompMode: 2,
  seccompFilters: 1,
  securityModules: ["capability", "apparmor"],
  appArmor: "cri-containerd.apparmor.d (enforce)",
  seLinux: "",
  mounts: [
    {
      path: "/",
      type: "overlay",
      source: "overlay",
      root: "/",
      isReadOnly: true,
      noSuid: false,
      noDev: false,
      noExec: false,
      propagation: "private",
      kind: "root",
    },
  ],
  mountsOmitted: 0,
  procPathsMasked: ["/proc/kcore"],
  procPathsOpen: [],
  namespacesShared: ["user", "time"],
  namespacesOwn: ["mnt", "pid", "net", "ipc", "uts", "cgroup"],
  sysctls: {},
  limits: { memoryBytes: "268435456", pids: "100", cpu: "1" },
  devices: [],
  kernel: { release: "6.1.0", lockdown: "none", ptraceScope: "1", corePattern: "core", unprivilegedBpf: "2" },
  unread: {},
};
const rooted = { ...facts.uid, effective: 0 };
const holding = (bounding: readonly string[]) => ({ ...facts.capabilities, bounding: [...bounding] });
const hostMount = { ...facts.mounts[0], path: "/host", root: "/etc", kind: "host" } as PostureFacts["mounts"][number];

test("Pod Security of a live process", () => {
  const cases: readonly [string, Partial<PostureFacts>, string, readonly string[]][] = [
    ["confined", {}, "restricted", []],
    ["root", { uid: rooted }, "baseline", ["Running as Non-root user"]],
    [
      "root of its own users",
      { uid: rooted, uidMap: [{ inside: 0, outside: 100_000, count: 65_536 }] },
      "restricted",
      [],
    ],
    ["default capabilities", { capabilities: holding(defaultCapabilities) }, "baseline", ["Capabilities"]],
    ["binds low ports", { capabilities: holding(["net_bind_service"]) }, "restricted", []],
    ["sys_ptrace", { capabilities: holding(["sys_ptrace"]) }, "privileged", ["Capabilities", "Capabilities"]],
    ["all", { capabilities: holding(capabilityNames) }, "privileged", ["Capabilities", "Privileged Containers"]],
    ["no filter", { seccompMode: 0 }, "baseline", ["Seccomp"]],
    ["may gain", { noNewPrivileges: false }, "baseline", ["Privilege Escalation"]],
    ["host network", { namespacesShared: ["net"] }, "privileged", ["Host Namespaces"]],
    ["host mount", { mounts: [hostMount] }, "privileged", ["HostPath Volumes"]],
    ["open /proc", { procPathsOpen: ["/proc/kcore"] }, "privileged", ["/proc Mount Type"]],
    ["unconfined", { appArmor: "unconfined" }, "privileged", ["AppArmor"]],
    [
      "unconfined where nothing is active",
      { appArmor: "unconfined", securityModules: ["capability"] },
      "restricted",
      [],
    ],
    ["SELinux", { securityModules: ["selinux"], seLinux: "u:r:spc_t:s0" }, "privileged", ["SELinux"]],
    ["mounts unread", { unread: { mounts: "may not be read" } }, "unknown", []],
    [
      "privileged whatever is unread",
      { unread: { mounts: "x" }, namespacesShared: ["pid"] },
      "privileged",
      ["Host Namespaces"],
    ],
  ];
  for (const [name, over, level, controls] of cases) {
    const result = podSecurityOfLive({ ...facts, ...over });
    assert.deepEqual(
      [result.level, result.violations.map(({ control }) => control).toSorted()],
      [level, controls],
      name,
    );
  }
});

const nothing = mergeUsage([]);
const confidence = confidenceOf(nothing, 0);

test("every layer of the model is made, in its order; a process without a declaration says why", () => {
  assert.deepEqual(
    layerMakers.map(({ layer }) => layer),
    [...postureLayers],
  );
  const { layers, differences } = postureOf({ declared: "no pod", facts, learnt: "nobody learns", confidence });
  for (const { layer, declared: word } of layers)
    if (layer !== "kernel") assert.deepEqual([word.because, word.text], ["no pod", ""], layer);
  assert.deepEqual(differences, []);
  const unseen = postureOf({ declared: declared({}, tight), facts: "no agent", learnt: nothing, confidence });
  assert.ok(unseen.layers.every(({ verdict }) => verdict === "unknown"));
  assert.deepEqual([unseen.levelEffective.level, unseen.differences.length], ["unknown", 0]);
});

test("what is declared and not there is a difference of its own rule", () => {
  const localhost = { type: "Localhost", profile: "x" };
  const cases: readonly [rule: string, Declared, Partial<PostureFacts>][] = [
    ["seccomp-not-loaded", declared({ seccomp: localhost }), { seccompMode: 0 }],
    ["apparmor-not-in-force", declared({ appArmor: localhost }), { securityModules: ["capability"], appArmor: "" }],
    ["apparmor-not-in-force", declared({ appArmor: localhost }), { appArmor: "x (complain)" }],
    ["selinux-not-in-force", declared({ seLinux: { type: "container_t" } }), {}],
    ["user-differs", declared({ runAsUser: 33 }), {}],
    ["user-differs", declared({ runAsNonRoot: true }), { uid: rooted }],
    ["groups-differ", declared({ fsGroup: 2000 }), {}],
    ["user-namespace-missing", declared({ hostUsers: false }), {}],
    ["capabilities-undeclared", declared({}, { capabilitiesDropped: ["ALL"] }), { capabilities: holding(["chown"]) }],
    ["escalation-possible", declared({}, { allowPrivilegeEscalation: false }), { noNewPrivileges: false }],
    [
      "root-filesystem-writable",
      declared({}, { readOnlyRootFilesystem: true }),
      { mounts: [{ ...hostMount, path: "/", kind: "root", isReadOnly: false }] },
    ],
    ["host-mount-undeclared", declared(), { mounts: [hostMount] }],
    ["proc-unmasked", declared(), { procPathsOpen: ["/proc/kcore"] }],
    ["namespace-undeclared", declared(), { namespacesShared: ["pid"] }],
    [
      "sysctl-differs",
      declared({ sysctls: [{ name: "net.core.somaxconn", value: "9" }] }),
      { sysctls: { "net.core.somaxconn": "8" } },
    ],
    [
      "limit-not-in-force",
      { ...declared(), limits: { memory: "1Gi" } },
      { limits: { ...facts.limits, memoryBytes: "max" } },
    ],
  ];
  for (const [rule, given, over] of cases) {
    const differing = postureOf({
      declared: given,
      facts: { ...facts, ...over },
      learnt: nothing,
      confidence,
    }).differences;
    assert.ok(
      differing.some((one) => one.rule === rule),
      `${rule}: ${JSON.stringify(differing.map((one) => one.rule))}`,
    );
  }
});

test("a loaded filter says nothing of its content: unknown without a declaration, taken for the declared one with it", () => {
  const layerOf = (word: Declared | string, over: Partial<PostureFacts> = {}) => {
    const { layers } = postureOf({ declared: word, facts: { ...facts, ...over }, learnt: nothing, confidence });
    const { verdict, note } = layers.find(({ layer }) => layer === "seccomp") ?? {};
    return [verdict, note];
  };
  const unknownContent = "a filter is loaded, and what it lets through is not known: the kernel does not tell";
  assert.deepEqual(layerOf("no pod"), ["unknown", unknownContent]);
  assert.deepEqual(layerOf(declared({}, {})), ["unknown", unknownContent]);
  assert.deepEqual(layerOf(declared({ seccomp: unconfined }, {})), ["unknown", unknownContent]);
  assert.deepEqual(layerOf(declared({}, tight)), [
    "good",
    `${unknownContent}; taken to be the declared one, RuntimeDefault`,
  ]);
  // Strict mode has no filter: four calls, and no more.
  assert.deepEqual(layerOf("no pod", { seccompMode: 1, seccompFilters: 0 }), ["good", ""]);
  assert.deepEqual(layerOf("no pod", { seccompMode: 0 })[0], "excess");
  const controls = (over: Partial<PostureFacts>) =>
    podSecurityOfLive({ ...facts, ...over }).unknown.map(({ control }) => control);
  assert.ok(controls({}).includes("Seccomp"));
  assert.ok(!controls({ seccompMode: 0 }).includes("Seccomp"));
});

test("what is as declared is no difference", () => {
  const volumes = [{ name: "etc", type: "hostPath", hostPath: "/etc" }];
  const container = { ...tight, readOnlyRootFilesystem: true, mounts: [{ path: "/host", volume: "etc" }] };
  const given = declared({ runAsUser: 1000, appArmor: { type: "RuntimeDefault" }, volumes }, container);
  const over = { mounts: [{ ...hostMount, isReadOnly: true, path: "/", kind: "root" as const }, hostMount] };
  const answer = postureOf({ declared: given, facts: { ...facts, ...over }, learnt: nothing, confidence });
  assert.deepEqual(answer.differences, []);
  assert.deepEqual([answer.levelDeclared.level, answer.levelEffective.level], ["privileged", "privileged"]);
});
