// What the sensors of a place deliver, in the words of rules: event types and groups of fields.
import type { Supply } from "./contract.ts";
import { watchedCalls } from "../sense/deed-events.ts";

export interface SensorMeans {
  /** polled: only programs and connections, no arguments of calls. */
  readonly fidelity: "kernel" | "polled" | "notified";
  /** File deeds and watched calls arrive (core/sense/deed-events.ts); false on the base sensor alone. */
  readonly hasFiles: boolean;
  readonly hasCalls: boolean;
  /** Execs carry ExecFacts. */
  readonly hasExecFacts: boolean;
  readonly hasDns: boolean;
  readonly hasUdp: boolean;
  /** A container runtime can be asked: images and names. */
  readonly hasContainers: boolean;
  /** The runtime also says what is privileged and what is mounted. */
  readonly hasContainerDetails: boolean;
  readonly inKubernetes: boolean;
  /** Execs carry the variables of their environment that rules ask for. */
  readonly hasEnvironment: boolean;
  /** Names of the machine's users are known. */
  readonly hasUsers: boolean;
  /** Single calls that this kernel does not tell, with the reason. */
  readonly missingCalls?: ReadonlyMap<string, string>;
}

const openTypes = ["open", "openat", "openat2", "creat"] as const;
const fileTypes = [
  ...openTypes,
  "rename",
  "renameat",
  "renameat2",
  "unlink",
  "unlinkat",
  "rmdir",
  "mkdir",
  "mkdirat",
  "chmod",
  "fchmod",
  "fchmodat",
  "fchmodat2",
  "chown",
  "lchown",
  "fchown",
  "fchownat",
  "link",
  "linkat",
  "symlink",
  "symlinkat",
  "mount",
  "umount",
  "umount2",
] as const;
/** Spellings of a call that the sensor tells by one name: rules that ask for any of them are judged by it (engine/told-types.ts). */
const spellings: Readonly<Record<string, readonly string[]>> = {
  "clone-namespaces": ["clone", "clone3"],
  dup: ["dup", "dup2", "dup3"],
  accept: ["accept", "accept4"],
};

export function supplyOfSensor(means: SensorMeans): Supply {
  const because = new Map(means.missingCalls ?? []);
  const calls = watchedCalls.filter((call) => means.hasCalls && !because.has(call));
  const eventTypes = new Set<string>([
    "execve",
    "execveat",
    "clone",
    "clone3",
    "fork",
    "vfork",
    "procexit",
    "connect",
    "accept",
    "accept4",
    ...(means.hasUdp ? ["sendto", "sendmsg", "sendmmsg", "recvfrom", "recvmsg", "recvmmsg"] : []),
    ...(means.hasFiles ? fileTypes : []),
    ...calls.flatMap((call) => spellings[call] ?? [call]),
  ]);
  const groups = new Set<string>([
    "event",
    "process",
    "ancestry",
    "descriptor",
    ...(means.hasExecFacts ? ["exec-facts"] : []),
    // Told by the same kernel programs, of the files that they see.
    ...(means.hasExecFacts && means.hasFiles ? ["host-folders"] : []),
    ...(means.hasUsers ? ["user"] : []),
    ...(means.hasEnvironment ? ["environment"] : []),
    ...(means.hasDns ? ["dns"] : []),
    "container",
    ...(means.hasContainerDetails ? ["container-runtime"] : []),
    ...(means.inKubernetes ? ["kubernetes"] : []),
    ...calls.map((call) => `call:${call}`),
  ]);
  if (!means.hasEnvironment) because.set("environment", "environments are read by the kernel's programs alone");
  because.set("buffer", "what is read and written is not copied out of the kernel");
  return { eventTypes, groups, because };
}

/** Everything that Garrison's kernel sensor can tell: what `garrison detect lint` goes by. */
export const fullSensorSupply: Supply = supplyOfSensor({
  fidelity: "kernel",
  hasFiles: true,
  hasCalls: true,
  hasExecFacts: true,
  hasEnvironment: true,
  hasDns: true,
  hasUdp: true,
  hasContainers: true,
  hasContainerDetails: true,
  inKubernetes: true,
  hasUsers: true,
});

/** Events of a Kubernetes audit log and nothing else. */
export const auditSupply: Supply = { eventTypes: new Set(["k8s_audit"]), groups: new Set(["event", "audit"]) };

/** Both: of a place that judges sensors and audit. */
export const everySupply: Supply = {
  ...fullSensorSupply,
  eventTypes: new Set([...fullSensorSupply.eventTypes, "k8s_audit"]),
  groups: new Set([...fullSensorSupply.groups, "audit"]),
};
