// What a process may really do, from /proc, /sys and cgroupfs: one look, nothing kept. Each part that cannot be read says why; the rest is told all the same.
import { existsSync, lstatSync, readdirSync } from "node:fs";
import type { PostureFacts } from "../../../model/container-posture.ts";
import { limitsOf } from "./limits.ts";
import { maskedOf, parseMountInfo, tellingMounts } from "./mounts.ts";
import { hasFixedNumbers, hostNamespaces, namespacesOf } from "./namespaces.ts";
import type { SysctlReading } from "./namespace-sysctls.ts";
import { lineOf, readLink, readText, type Reading } from "./read-text.ts";
import { parseIdMap, parseStatus, type StatusFacts } from "./status.ts";

export interface PostureRoots {
  /** "/proc", or a captured tree. */
  readonly proc: string;
  readonly sys: string;
  readonly cgroup: string;
  /** Absent: sysctls are not asked for, and said to be unknown. */
  readonly sysctls?: (pid: number) => SysctlReading;
}

export const liveRoots = { proc: "/proc", sys: "/sys", cgroup: "/sys/fs/cgroup" } as const;

export const postureReadLimits = { devicesMax: 64 } as const;

const nobody: StatusFacts = {
  name: "",
  uid: { real: 0, effective: 0, saved: 0, filesystem: 0 },
  gid: { real: 0, effective: 0, saved: 0, filesystem: 0 },
  groups: [],
  capabilities: { effective: [], permitted: [], bounding: [], inheritable: [], ambient: [] },
  noNewPrivileges: false,
  seccompMode: 0,
};

/** Collects why parts are unknown while the rest goes on. */
class Unread {
  readonly all: Record<string, string> = {};

  /** What `make` makes of the text, or `otherwise` with the reason kept. */
  take<T>(part: string, reading: Reading, otherwise: T, make: (text: string) => T | undefined): T {
    if ("because" in reading) {
      this.all[part] = reading.because;
      return otherwise;
    }
    const made = make(reading.text);
    if (made === undefined) this.all[part] = `${part} is not as expected`;
    return made ?? otherwise;
  }
}

/** Undefined: there is no such process (any more). */
export function readPosture(roots: PostureRoots, pid: number): PostureFacts | undefined {
  const { proc } = roots;
  const folder = `${proc}/${pid}`;
  if (!existsSync(folder)) return undefined;
  const unread = new Unread();
  const status = unread.take("status", readText(`${folder}/status`), nobody, parseStatus);
  const uidMap = unread.take("uid_map", readText(`${folder}/uid_map`), [], parseIdMap);
  const executable = readLink(`${folder}/exe`);
  const spaces = namespacesOf(proc, pid, {
    host: hostNamespaces(proc),
    isRecent: hasFixedNumbers(lineOf(`${proc}/sys/kernel/osrelease`)),
  });
  if (spaces.because !== "") unread.all["namespaces"] = spaces.because;
  const facts: PostureFacts = {
    pid,
    ...status,
    executable: "text" in executable ? executable.text : "",
    uidMap,
    ...securityOf(roots, pid, unread),
    ...mountsOf(roots, pid, unread),
    namespacesShared: spaces.namespacesShared,
    namespacesOwn: spaces.namespacesOwn,
    sysctls: sysctlsOf(roots, pid, unread),
    limits: unread.take("limits", readText(`${folder}/cgroup`), { memoryBytes: "", pids: "", cpu: "" }, (text) =>
      limitsOf(roots.cgroup, text),
    ),
    devices: devicesOf(folder, unread),
    kernel: kernelOf(roots),
    unread: unread.all,
  };
  return existsSync(folder) ? facts : undefined;
}

function sysctlsOf({ sysctls }: PostureRoots, pid: number, unread: Unread): Record<string, string> {
  const reading = sysctls === undefined ? { because: "its namespaces were not entered" } : sysctls(pid);
  if ("values" in reading) return reading.values;
  unread.all["sysctls"] = reading.because;
  return {};
}

function mountsOf({ proc, sys }: PostureRoots, pid: number, unread: Unread) {
  const lines = unread.take("mounts", readText(`${proc}/${pid}/mountinfo`), [], parseMountInfo);
  const host = readText(`${proc}/1/mountinfo`);
  const own = "text" in host ? host : readText(`${proc}/self/mountinfo`);
  const hostLines = "text" in own ? parseMountInfo(own.text) : [];
  const devices = new Set(
    hostLines.filter(({ root, source }) => root === "/" && source.startsWith("/dev/")).map(({ device }) => device),
  );
  const { mounts, omitted } = tellingMounts(lines, devices);
  const { masked, open } = maskedOf(lines, (path) =>
    existsSync(path.startsWith("/proc/") ? `${proc}${path.slice(5)}` : `${sys}${path.slice(4)}`),
  );
  return { mounts, mountsOmitted: omitted, procPathsMasked: masked, procPathsOpen: open };
}

function securityOf(roots: PostureRoots, pid: number, unread: Unread) {
  const securityModules = modulesOf(roots, unread);
  const label = (module: "apparmor" | "selinux"): string => {
    if (!securityModules.includes(module)) return "";
    const folder = `${roots.proc}/${pid}/attr`;
    const own = readText(`${folder}/${module}/current`);
    const reading = "text" in own ? own : readText(`${folder}/current`);
    return unread.take("label", reading, "", (text) => text.replaceAll("\u0000", "").trim());
  };
  return { securityModules, appArmor: label("apparmor"), seLinux: label("selinux") };
}

/** The kernel's own list, or (without securityfs) what its modules and file systems say. */
function modulesOf({ proc, sys }: PostureRoots, unread: Unread): string[] {
  const list = lineOf(`${sys}/kernel/security/lsm`);
  if (list !== "") return list.split(",");
  const filesystems = readText(`${proc}/filesystems`);
  if (!("text" in filesystems)) {
    unread.all["securityModules"] = `${sys}/kernel/security/lsm is not there (securityfs is not mounted)`;
    return [];
  }
  const appArmor = lineOf(`${sys}/module/apparmor/parameters/enabled`) === "Y" ? ["apparmor"] : [];
  const seLinux = existsSync(`${sys}/fs/selinux/enforce`) ? ["selinux"] : [];
  return ["capability", ...appArmor, ...seLinux];
}

const ordinaryDevices = new Set([
  "null",
  "zero",
  "full",
  "random",
  "urandom",
  "tty",
  "console",
  "ptmx",
  "fd",
  "stdin",
  "stdout",
  "stderr",
  "core",
  "pts",
  "shm",
  "mqueue",
  "termination-log",
]);

/** Link to the directory that a process has as its "/". */
const ownRoot = "root";

function devicesOf(folder: string, unread: Unread): string[] {
  const devices = `${folder}/${ownRoot}/dev`;
  let names: string[];
  try {
    names = readdirSync(devices);
  } catch (error) {
    unread.all["devices"] = `${devices} cannot be read (${(error as NodeJS.ErrnoException).code ?? ""})`;
    return [];
  }
  return names
    .filter((name) => !ordinaryDevices.has(name) && isDevice(`${devices}/${name}`))
    .toSorted()
    .slice(0, postureReadLimits.devicesMax)
    .map((name) => `/dev/${name}`);
}

function isDevice(path: string): boolean {
  try {
    const facts = lstatSync(path);
    return facts.isBlockDevice() || facts.isCharacterDevice();
  } catch {
    // Gone meanwhile.
    return false;
  }
}

function kernelOf({ proc, sys }: PostureRoots): PostureFacts["kernel"] {
  return {
    release: lineOf(`${proc}/sys/kernel/osrelease`),
    lockdown: /\[(\w+)\]/.exec(lineOf(`${sys}/kernel/security/lockdown`))?.[1] ?? "",
    ptraceScope: lineOf(`${proc}/sys/kernel/yama/ptrace_scope`),
    corePattern: lineOf(`${proc}/sys/kernel/core_pattern`),
    unprivilegedBpf: lineOf(`${proc}/sys/kernel/unprivileged_bpf_disabled`),
  };
}
