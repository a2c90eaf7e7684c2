// /proc/PID/mountinfo (proc_pid_mountinfo(5)): which mounts of a container say something about its rights.
import type { PostureMount } from "../../../model/container-posture.ts";

export const mountLimits = {
  /** Of one process; the rest is counted. */
  mountsMax: 200,
  linesMax: 20_000,
} as const;

export interface MountLine extends Omit<PostureMount, "kind"> {
  /** "8:1". */
  readonly device: string;
}

/** The kernel writes blank, tab, line end and backslash as \040, \011, \012, \134. */
function unescape(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_all, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

/** Lines that are none are left out. */
export function parseMountInfo(text: string): readonly MountLine[] {
  return text.split("\n", mountLimits.linesMax).flatMap((line): MountLine[] => {
    const [before = "", after = ""] = line.split(" - ");
    const [, , device = "", root = "", path = "", options = "", ...tags] = before.split(" ");
    const [type = "", source = ""] = after.split(" ");
    if (path === "" || type === "") return [];
    const has = new Set(options.split(","));
    return [
      {
        device,
        path: unescape(path),
        type,
        source: unescape(source),
        root: unescape(root),
        isReadOnly: has.has("ro"),
        noSuid: has.has("nosuid"),
        noDev: has.has("nodev"),
        noExec: has.has("noexec"),
        propagation: propagationOf(tags),
      },
    ];
  });
}

function propagationOf(tags: readonly string[]): string {
  const shared = tags.some((tag) => tag.startsWith("shared:"));
  const slave = tags.some((tag) => tag.startsWith("master:"));
  if (tags.includes("unbindable")) return "unbindable";
  if (shared && slave) return "shared+slave";
  return shared ? "shared" : slave ? "slave" : "private";
}

const kernelTypes = new Set([
  "proc",
  "sysfs",
  "cgroup",
  "cgroup2",
  "mqueue",
  "devpts",
  "securityfs",
  "debugfs",
  "tracefs",
  "bpf",
  "configfs",
  "binfmt_misc",
]);
const memoryTypes = new Set(["tmpfs", "ramfs", "devtmpfs", "hugetlbfs"]);
/** Whoever can talk to one of these starts what it likes on the node. */
const runtimeSockets = new Set([
  "docker.sock",
  "containerd.sock",
  "crio.sock",
  "podman.sock",
  "cri-dockerd.sock",
  "dockershim.sock",
  "buildkitd.sock",
]);
/** Folders in which kubelet and runtimes keep a container's own volumes, hosts file, secrets and layers. */
const ownPlaces = /\/(kubelet\/pods|containerd|docker\/(containers|volumes|overlay2)|containers\/storage|sandboxes)\//;

/** `hostDevices`: numbers of the file systems that the host's own root and folders are on. */
export function kindOf(mount: MountLine, hostDevices: ReadonlySet<string>): PostureMount["kind"] {
  const { path, root, type } = mount;
  if (path === "/") return "root";
  const names = [path, root].map((one) => one.slice(one.lastIndexOf("/") + 1));
  if (names.some((name) => runtimeSockets.has(name))) return "socket";
  if (kernelTypes.has(type)) return "kernel";
  // Masks of /proc are the null device; ordinary devices of rootless runtimes are bound one by one.
  if (path.startsWith("/proc/") || path.startsWith("/sys/")) return "kernel";
  if (path.startsWith("/dev/") && (type === "devtmpfs" || type === "devpts")) return "device";
  if (memoryTypes.has(type) && root === "/") return "memory";
  if (ownPlaces.test(`${root}/`)) return "other";
  if (root !== "/") return "host";
  return hostDevices.has(mount.device) ? "host" : "other";
}

/** What says something: the root, the host's, sockets, and everything that is shared back to the host. */
export function tellingMounts(
  lines: readonly MountLine[],
  hostDevices: ReadonlySet<string>,
): { readonly mounts: PostureMount[]; readonly omitted: number } {
  const told = lines.flatMap((line) => {
    const kind = kindOf(line, hostDevices);
    const says =
      kind === "root" ||
      kind === "host" ||
      kind === "socket" ||
      (kind !== "kernel" && line.propagation.startsWith("shared"));
    const { device: _device, ...mount } = line;
    return says ? [{ ...mount, kind }] : [];
  });
  return { mounts: told.slice(0, mountLimits.mountsMax), omitted: Math.max(0, told.length - mountLimits.mountsMax) };
}

/** Paths that runtimes hide or make read-only (OCI runtime-spec's defaults, as containerd and runc have them). */
export const maskedPaths: readonly string[] = [
  "/proc/acpi",
  "/proc/asound",
  "/proc/bus",
  "/proc/fs",
  "/proc/irq",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/proc/sys",
  "/proc/sysrq-trigger",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/sys/devices/virtual/powercap",
  "/sys/firmware",
];

/** Of those that `exists` on this kernel: hidden or read-only, and open. */
export function maskedOf(
  lines: readonly MountLine[],
  exists: (path: string) => boolean,
): { readonly masked: string[]; readonly open: string[] } {
  const there = maskedPaths.filter((path) => exists(path));
  const isMasked = (path: string) => {
    // The last mount of a path is on top; a read-only /proc or /sys covers all below it.
    const over = lines.findLast(
      (line) => path === line.path || path.startsWith(`${line.path === "/" ? "" : line.path}/`),
    );
    return over !== undefined && over.path !== "/" && (over.isReadOnly || memoryTypes.has(over.type));
  };
  return { masked: there.filter(isMasked), open: there.filter((path) => !isMasked(path)) };
}
