// The mock's answers about rights: layers of a workload, what was learnt, a written profile.
import { refuseBySentinel, windowOf, type Asked } from "./asked.ts";
import { actorOf } from "./workload-answers.ts";

type Verdict = "good" | "excess" | "differs" | "unknown";
type Row = readonly [
  layer: string,
  title: string,
  declared: string,
  effective: string,
  used: string,
  verdict: Verdict,
  note?: string,
  advice?: string,
];

const value = (text: string, source: string) =>
  text.startsWith("?")
    ? { text: "", items: [], source: "", because: text.slice(1) }
    : { text, items: [], source, because: "" };

const rows: readonly Row[] = [
  [
    "user",
    "User",
    "not declared",
    "0 (root)",
    "0 (root)",
    "excess",
    "It runs as root.",
    "Set runAsNonRoot and runAsUser.",
  ],
  ["groups", "Groups", "not declared", "0", "?groups that were used are not seen", "excess"],
  ["user-namespace", "User namespace", "the host's", "the host's", "?not seen", "excess"],
  [
    "capabilities",
    "Capabilities",
    "the runtime's 14",
    "14",
    "3",
    "excess",
    "11 are never used.",
    "Drop all, add NET_BIND_SERVICE, SETGID, SETUID.",
  ],
  ["no-new-privileges", "No new privileges", "allowPrivilegeEscalation: true", "off", "?not seen", "excess"],
  [
    "seccomp",
    "Seccomp",
    "RuntimeDefault",
    "none loaded",
    "84 system calls",
    "differs",
    "Declared, and no filter is loaded.",
  ],
  ["apparmor", "AppArmor", "not declared", "cri-containerd.apparmor.d (enforce)", "?not seen", "good"],
  ["selinux", "SELinux", "not declared", "?the node has none", "?the node has none", "unknown"],
  [
    "root-filesystem",
    "Root file system",
    "writable",
    "writable",
    "2 files written",
    "excess",
    "",
    "Set readOnlyRootFilesystem and mount /tmp.",
  ],
  ["host-mounts", "Host paths", "none", "none", "?not seen", "good"],
  ["proc-paths", "Masked paths", "Default", "masked", "?not seen", "good"],
  ["devices", "Devices", "none", "none", "?not seen", "good"],
  ["namespaces", "Namespaces", "own: pid, net, mnt, ipc, uts", "own: pid, net, mnt, ipc, uts", "?not seen", "good"],
  ["limits", "Limits", "memory 512 MiB", "memory 512 MiB, no limit of processes", "?not seen", "excess"],
  ["sysctls", "Sysctls", "none", "?not looked at", "?not seen", "unknown"],
  ["kernel", "Kernel", "?nobody declares it", "6.18, lockdown none", "?not seen", "good"],
];

function layersOf(name: string, image: string, nowMs: number, hasLook: boolean) {
  const because = hasLook ? "" : "no agent looked at it in this window";
  return {
    container: name,
    image,
    imageDigest: image === "" ? "" : "sha256:5d41402abc4b2a76b9719d911017c592ae3f2d9b8ac7d1e0f4b6c8a2d4e6f801",
    replicas: hasLook ? 2 : 0,
    replicasOther: [],
    pod: `${name}-7c9d5-x2k4p`,
    node: "worker-2",
    ...(hasLook ? { at: new Date(nowMs - 40_000).toISOString() } : {}),
    because,
    layers: rows.map(([layer, title, declared, effective, used, verdict, note = "", advice = ""]) => ({
      layer,
      title,
      declared: value(declared, "pod spec"),
      effective: hasLook
        ? {
            ...value(effective, "/proc/812/status"),
            ...(layer === "capabilities"
              ? { items: ["CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "NET_RAW", "SETGID", "SETUID"] }
              : {}),
          }
        : value(`?${because}`, ""),
      used: {
        ...value(used, "learnt over 26 hours"),
        ...(layer === "capabilities" ? { items: ["NET_BIND_SERVICE", "SETGID", "SETUID"] } : {}),
      },
      verdict: hasLook ? verdict : "unknown",
      note,
      advice,
    })),
    levelDeclared: {
      level: "baseline",
      violations: [{ control: "Running as non-root", level: "restricted", detail: "runAsNonRoot is not set" }],
      unknown: [],
    },
    levelEffective: hasLook
      ? {
          level: "privileged",
          violations: [{ control: "Seccomp", level: "baseline", detail: "no filter is loaded" }],
          unknown: [],
        }
      : { level: "unknown", violations: [], unknown: [{ control: "Seccomp", because }] },
    differences: hasLook
      ? [
          {
            rule: "seccomp-not-loaded",
            layer: "seccomp",
            severity: "high",
            title: "Seccomp is declared, and none is loaded",
            evidence: ["pod spec: RuntimeDefault", "/proc/812/status: Seccomp: 0"],
          },
        ]
      : [],
    confidence: {
      level: "medium",
      hours: 26,
      replicas: 2,
      startsSeen: 1,
      executables: 4,
      quietSince: new Date(nowMs - 7_200_000).toISOString(),
      because: ["only 1 of 2 replicas was watched from its start"],
    },
  };
}

function workloadPosture(asked: Asked) {
  refuseBySentinel(asked.sentinel);
  const actor = actorOf(asked);
  const containers =
    // Agents look at containers: units, sessions and the machine itself are not among them.
    asked.sentinel === "empty" || ["SystemdUnit", "Session", "Host"].includes(actor.kind)
      ? []
      : [
          layersOf(actor.name, actor.image, asked.nowMs, true),
          ...(actor.kind === "Deployment"
            ? [layersOf("log-shipper", "registry.example/log-shipper:1.4", asked.nowMs, false)]
            : []),
        ];
  return { containers, omitted: 0, window: windowOf(asked) };
}

function workloadLearnt(asked: Asked) {
  const actor = actorOf(asked);
  const { confidence, imageDigest } = layersOf(actor.name, actor.image, asked.nowMs, true);
  return {
    containers: [
      {
        container: actor.name,
        image: actor.image,
        imageDigest,
        architectures: ["x86_64"],
        systemCalls: Array.from({ length: 84 }, (_, index) => `call_${index}`),
        systemCallsUnnamed: [],
        capabilities: ["NET_BIND_SERVICE", "SETGID", "SETUID"],
        capabilitiesInferred: [],
        executables: [actor.executable, "/bin/sh", "/usr/bin/id", "/usr/bin/env"],
        firstAt: new Date(asked.nowMs - 93_600_000).toISOString(),
        lastAt: new Date(asked.nowMs - 60_000).toISOString(),
        confidence,
      },
    ],
    omitted: 0,
    window: windowOf(asked),
  };
}

function workloadProfile(asked: Asked) {
  const actor = actorOf(asked);
  const kind = asked.params["profile"] ?? "seccomp";
  const mode = asked.query["mode"] ?? "log";
  const { confidence, imageDigest } = layersOf(actor.name, actor.image, asked.nowMs, true);
  const isFile = kind === "seccomp" || kind === "apparmor";
  return {
    container: actor.name,
    imageDigest,
    containers: [actor.name],
    profile: {
      kind,
      mode,
      name: `garrison-${actor.namespace}-${actor.name}`,
      text: isFile
        ? JSON.stringify(
            {
              defaultAction: mode === "log" ? "SCMP_ACT_LOG" : "SCMP_ACT_ERRNO",
              architectures: ["SCMP_ARCH_X86_64"],
              syscalls: [{ names: ["accept4", "bind", "brk", "clone3", "close", "connect"], action: "SCMP_ACT_ALLOW" }],
            },
            null,
            2,
          )
        : "securityContext:\n  capabilities:\n    drop: [ALL]\n    add: [NET_BIND_SERVICE, SETGID, SETUID]\n",
      path: isFile ? `/var/lib/kubelet/seccomp/garrison/${actor.name}.json` : "",
      patch: `spec:\n  template:\n    spec:\n      containers:\n        - name: ${actor.name}\n          securityContext:\n            seccompProfile:\n              type: Localhost\n              localhostProfile: garrison/${actor.name}.json\n`,
      difference: {
        base: "RuntimeDefault of containerd 2.0",
        kept: ["accept4", "bind"],
        removed: ["acct", "add_key", "bpf"],
        added: [],
      },
      warnings: ["only 1 of 2 replicas was watched from its start: what it calls while starting may be missing"],
      promotion: {
        state: "waiting",
        quietDays: 0.1,
        daysNeeded: 7,
        because: "something new was seen 2 hours ago: 7 quiet days are needed before it is enforced",
      },
    },
    confidence,
    window: windowOf(asked),
  };
}

export const layerAnswers = { workloadPosture, workloadLearnt, workloadProfile };
