// Layers of what a process can reach: its root, mounts, /proc, namespaces, sysctls, limits, devices, and the kernel beneath.
import {
  declaredOf,
  declaredValue,
  effectiveValue,
  factsOf,
  known,
  unknown,
  verdictOf,
  type LayerMaker,
} from "./layer-input.ts";

const rootFilesystem: LayerMaker = {
  layer: "root-filesystem",
  title: "Root file system",
  make: (input) => {
    const declared = declaredOf(input);
    const facts = factsOf(input, "mounts");
    const root = facts?.mounts.find(({ kind }) => kind === "root");
    const isReadOnly = root?.isReadOnly === true;
    const differs = declared?.container.readOnlyRootFilesystem === true && root !== undefined && !isReadOnly;
    return {
      declared: declaredValue(input, ({ container }) =>
        known(container.readOnlyRootFilesystem ? "read-only" : "writable", "pod spec"),
      ),
      effective: effectiveValue(input, "mounts", (of) =>
        root === undefined
          ? unknown("no mount of / was found")
          : known(`${isReadOnly ? "read-only" : "writable"} (${root.type})`, `/proc/${of.pid}/mountinfo`),
      ),
      verdict: verdictOf({ differs, excess: !isReadOnly, isKnown: root !== undefined }),
      note: differs ? "declared read-only, and it can be written" : "",
      advice:
        root !== undefined && !isReadOnly && !differs
          ? "readOnlyRootFilesystem: true, and an emptyDir where it writes"
          : "",
    };
  },
};

const hostMounts: LayerMaker = {
  layer: "host-mounts",
  title: "Mounts of the host",
  make: (input) => {
    const declared = declaredOf(input);
    const facts = factsOf(input, "mounts");
    const live = (facts?.mounts ?? []).filter(({ kind }) => kind === "host" || kind === "socket");
    const paths = (declared?.pod.volumes ?? []).filter(({ type }) => type === "hostPath");
    const names = new Set(paths.map(({ name }) => name));
    const targets = (declared?.container.mounts ?? [])
      .filter(({ volume }) => names.has(volume))
      .map(({ path }) => path);
    const undeclared = declared === undefined ? [] : live.filter(({ path }) => !targets.includes(path));
    const sockets = live.filter(({ kind }) => kind === "socket");
    const writable = live.filter(({ isReadOnly }) => !isReadOnly);
    return {
      declared: declaredValue(input, () =>
        known(
          targets.length === 0 ? "none" : `${targets.length} hostPath`,
          "pod spec",
          paths.map(({ hostPath }) => hostPath),
        ),
      ),
      effective: effectiveValue(input, "mounts", (of) =>
        known(
          live.length === 0 ? "none" : `${live.length}, ${writable.length} writable`,
          `/proc/${of.pid}/mountinfo`,
          live.map(({ path, root, isReadOnly }) => `${root} at ${path} ${isReadOnly ? "ro" : "rw"}`),
        ),
      ),
      verdict: verdictOf({ differs: undeclared.length > 0, excess: live.length > 0, isKnown: facts !== undefined }),
      note:
        sockets.length > 0
          ? `a container runtime's socket is mounted (${sockets.map(({ path }) => path).join(", ")}): whoever has it is root of the node`
          : undeclared.length > 0
            ? `mounted and not declared: ${undeclared.map(({ path }) => path).join(", ")}`
            : "",
      advice: writable.length > 0 ? "mount only what it needs, readOnly: true" : "",
    };
  },
};

const procPaths: LayerMaker = {
  layer: "proc-paths",
  title: "Masked paths of /proc and /sys",
  make: (input) => {
    const declared = declaredOf(input);
    const facts = factsOf(input, "mounts");
    const open = facts?.procPathsOpen ?? [];
    const mayBeOpen =
      declared !== undefined && (declared.container.privileged || declared.container.procMount === "Unmasked");
    const differs = declared !== undefined && !mayBeOpen && open.length > 0;
    return {
      declared: declaredValue(input, ({ container }) =>
        known(container.privileged ? "unmasked (privileged)" : container.procMount || "Default", "pod spec"),
      ),
      effective: effectiveValue(input, "mounts", (of) =>
        known(
          open.length === 0 ? "masked" : `${open.length} open, ${of.procPathsMasked.length} masked`,
          `/proc/${of.pid}/mountinfo`,
          open,
        ),
      ),
      verdict: verdictOf({ differs, excess: open.length > 0, isKnown: facts !== undefined }),
      note: open.length > 0 ? `open to it: ${open.join(", ")}` : "",
    };
  },
};

const namespaces: LayerMaker = {
  layer: "namespaces",
  title: "Namespaces shared with the host",
  make: (input) => {
    const declared = declaredOf(input);
    const facts = factsOf(input, "namespaces");
    // Users have a layer of their own; most runtimes give no time and older ones no cgroup namespace.
    const shared = (facts?.namespacesShared ?? []).filter((name) => !["user", "time", "cgroup"].includes(name));
    const wanted =
      declared === undefined
        ? []
        : [
            ...(declared.pod.hostIpc ? ["ipc"] : []),
            ...(declared.hostNetwork ? ["net"] : []),
            ...(declared.pod.hostPid ? ["pid"] : []),
            // In the host's network the runtime leaves the host's name too.
            ...(declared.hostNetwork ? ["uts"] : []),
          ];
    const undeclared = declared === undefined ? [] : shared.filter((name) => !wanted.includes(name));
    return {
      declared: declaredValue(input, () => known(wanted.length === 0 ? "none" : wanted.join(", "), "pod spec", wanted)),
      effective: effectiveValue(input, "namespaces", (of) =>
        known(shared.length === 0 ? "none" : shared.join(", "), `/proc/${of.pid}/ns`, of.namespacesShared),
      ),
      verdict: verdictOf({ differs: undeclared.length > 0, excess: shared.length > 0, isKnown: facts !== undefined }),
      note: undeclared.length > 0 ? `shared with the host and not declared: ${undeclared.join(", ")}` : "",
    };
  },
};

const sysctls: LayerMaker = {
  layer: "sysctls",
  title: "Sysctls",
  make: (input) => {
    const declared = declaredOf(input);
    const facts = factsOf(input, "sysctls");
    const wanted = declared?.pod.sysctls ?? [];
    const other = wanted.filter(({ name, value }) => {
      const live = facts?.sysctls[name];
      return live !== undefined && live.replaceAll(/\s+/g, " ") !== value.trim().replaceAll(/\s+/g, " ");
    });
    return {
      declared: declaredValue(input, () =>
        known(
          wanted.length === 0 ? "none" : `${wanted.length} set`,
          "pod spec",
          wanted.map(({ name, value }) => `${name}=${value}`),
        ),
      ),
      effective: effectiveValue(input, "sysctls", (of) =>
        known(
          `${Object.keys(of.sysctls).length} read`,
          `/proc/sys in its namespaces`,
          Object.entries(of.sysctls).map(([name, value]) => `${name}=${value}`),
        ),
      ),
      verdict: verdictOf({ differs: other.length > 0, excess: false, isKnown: facts !== undefined }),
      note: other.length > 0 ? `another value than declared: ${other.map(({ name }) => name).join(", ")}` : "",
    };
  },
};

const limits: LayerMaker = {
  layer: "limits",
  title: "Limits",
  make: (input) => {
    const declared = declaredOf(input);
    const facts = factsOf(input, "limits");
    const live = facts?.limits;
    const wantsMemory = declared?.limits["memory"] !== undefined;
    const isFree = live !== undefined && (live.memoryBytes === "max" || live.pids === "max");
    const differs = wantsMemory && live?.memoryBytes === "max";
    return {
      declared: declaredValue(input, (of) =>
        known(
          Object.keys(of.limits).length === 0
            ? "none"
            : Object.entries(of.limits)
                .map(([name, value]) => `${name} ${value}`)
                .join(", "),
          "pod spec",
        ),
      ),
      effective: effectiveValue(input, "limits", ({ limits: of }) =>
        known(`memory ${of.memoryBytes}, processes ${of.pids}, cpu ${of.cpu}`, "cgroup files"),
      ),
      verdict: verdictOf({ differs, excess: isFree, isKnown: facts !== undefined }),
      note: differs ? "a memory limit is declared, and none is in force" : "",
      advice: isFree && !differs ? "resources.limits.memory, and podPidsLimit on the kubelet" : "",
    };
  },
};

const devices: LayerMaker = {
  layer: "devices",
  title: "Devices",
  make: (input) => {
    const declared = declaredOf(input);
    const facts = factsOf(input, "devices");
    const live = facts?.devices ?? [];
    const differs = declared !== undefined && !declared.container.privileged && live.length > 8;
    return {
      declared: declaredValue(input, ({ container }) =>
        known(container.privileged ? "all (privileged)" : "none", "pod spec"),
      ),
      effective: effectiveValue(input, "devices", (of) =>
        known(live.length === 0 ? "ordinary ones only" : `${live.length} more`, `/dev of process ${of.pid}`, live),
      ),
      verdict: verdictOf({ differs, excess: live.length > 0, isKnown: facts !== undefined }),
      note:
        live.length > 0
          ? `beside the ordinary ones: ${live.slice(0, 6).join(", ")}${live.length > 6 ? ", ..." : ""}`
          : "",
    };
  },
};

const kernel: LayerMaker = {
  layer: "kernel",
  title: "Kernel of the node",
  make: (input) => {
    const facts = factsOf(input, "kernel");
    const of = facts?.kernel;
    const pipes = of?.corePattern.startsWith("|") === true;
    return {
      declared: known("not a container's to declare", ""),
      effective: effectiveValue(input, "kernel", (all) =>
        known(
          `Linux ${all.kernel.release}, lockdown ${all.kernel.lockdown || "unknown"}`,
          "/sys/kernel/security, /proc/sys",
          [
            `security modules: ${all.securityModules.join(", ") || "unknown"}`,
            `ptrace scope ${all.kernel.ptraceScope || "not there (Yama is off)"}`,
            `unprivileged BPF ${all.kernel.unprivilegedBpf || "unknown"}`,
            `core pattern ${all.kernel.corePattern}`,
          ],
        ),
      ),
      verdict: verdictOf({ differs: false, excess: of?.unprivilegedBpf === "0", isKnown: facts !== undefined }),
      note: pipes ? "core dumps are handed to a program of the host" : "",
    };
  },
};

export const surfaceLayers: readonly LayerMaker[] = [
  rootFilesystem,
  hostMounts,
  procPaths,
  namespaces,
  sysctls,
  limits,
  devices,
  kernel,
];
