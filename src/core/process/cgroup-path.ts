// From the lines of /proc/PID/cgroup (v1, hybrid, v2) to what the process belongs to: a container, a pod, a systemd unit, a login session
// or the host. Promise: a path of no known form is "unknown" or "host" with a reason, never a wrong container.
import { cgroupLimits, containerHints, helperPrefixes, runtimeByPrefix } from "./cgroup-forms.ts";
import type { ContainerRuntime } from "./cgroup-forms.ts";

export type CgroupKind = "container" | "pod" | "systemd-unit" | "session" | "host" | "unknown";
export type QualityOfService = "guaranteed" | "burstable" | "besteffort";

export interface CgroupIdentity {
  readonly kind: CgroupKind;
  /** 64 hex digits; for LXC the container's name; "" when kind is not "container". */
  readonly containerId: string;
  /** With dashes as in the API; 32 hex digits for static pods; "" outside Kubernetes. */
  readonly podUid: string;
  /** "" when the path does not tell. */
  readonly runtime: ContainerRuntime | "";
  readonly qualityOfService: QualityOfService | "";
  /** Unit name with its suffix, e.g. "nginx.service"; "" when there is none. */
  readonly unit: string;
  /** logind's session id, e.g. "3"; "" when there is none. */
  readonly session: string;
  /** Owner of the user slice, or -1. */
  readonly uid: number;
  /** Why it is not known better; "" when it is known. */
  readonly reason: string;
}

const nothing: CgroupIdentity = {
  kind: "host",
  containerId: "",
  podUid: "",
  runtime: "",
  qualityOfService: "",
  unit: "",
  session: "",
  uid: -1,
  reason: "",
};

/** The identity of a process about whose cgroup nothing is known, because. */
export function unknownCgroup(reason: string): CgroupIdentity {
  return { ...nothing, kind: "unknown", reason };
}

const containerSegment = /^(?:([a-z][a-z0-9_-]{0,40})-)?([0-9a-f]{64})(?:\.scope)?$/;
/** What containerd makes when it is given a systemd path but runs with the cgroupfs driver (falcosecurity/libs issue 63). */
const colonSegment = /^(.{0,120}):([a-z][a-z-]{0,40}):([0-9a-f]{64})$/;
const podSegment =
  /(?:^|-)pod([0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12}|[0-9a-f]{32})(?:\.slice)?$/;
const kubepodsSegment = /(?:^|-)kubepods(?:[.-]|$)/;
const qualitySegment = /(?:^|-)(burstable|besteffort)(?:[.-]|$)/;
const lxcSegment = /^lxc\.payload\.([A-Za-z0-9_.-]{1,253})$/;
const unitSegment = /^_?(.+\.(?:service|scope|socket|mount|swap))$/;
const sessionSegment = /^session-([A-Za-z0-9]{1,32})\.scope$/;
const userSliceSegment = /^user-(\d{1,10})\.slice$/;
const userManagerSegment = /^user@(\d{1,10})\.service$/;

interface PathReading {
  readonly identity: CgroupIdentity;
  /** All container ids on the way, outermost first: two hierarchies agree when one chain contains the other's innermost id. */
  readonly containerIds: readonly string[];
}

/** Reads one path below a hierarchy's root, e.g. "/system.slice/docker-<id>.scope". Total: never throws; longer than the limit is "unknown". */
export function readCgroupPath(path: string): CgroupIdentity {
  return readPath(path).identity;
}

/**
 * Reads the text of /proc/PID/cgroup: lines "<hierarchy>:<controllers>:<path>" (cgroups(7)). Containers win over units; when two
 * hierarchies name different containers that are not nested in each other the answer is unknown, because they disagree.
 */
export function readCgroupLines(text: string): CgroupIdentity {
  if (text.length > cgroupLimits.textLengthMax) return unknownCgroup("cgroup file is longer than its limit");
  const readings: { readonly rank: number; readonly reading: PathReading }[] = [];
  const seen = new Map<string, PathReading>();
  for (const line of text.split("\n", cgroupLimits.linesMax)) {
    const first = line.indexOf(":");
    const second = line.indexOf(":", first + 1);
    if (first <= 0 || second < 0) continue;
    const path = line.slice(second + 1);
    const reading = seen.get(path) ?? readPath(path);
    seen.set(path, reading);
    readings.push({ rank: hierarchyRank(line.slice(first + 1, second)), reading });
  }
  if (readings.length === 0) return unknownCgroup("cgroup file was empty");
  readings.sort((left, right) => left.rank - right.rank);
  return combine(readings.map((ranked) => ranked.reading));
}

/** Who manages processes first: v2 (no controllers), then systemd's own v1 hierarchy, then the resource controllers. */
function hierarchyRank(controllers: string): number {
  if (controllers === "") return 0;
  return controllers === "name=systemd" ? 1 : 2;
}

function combine(readings: readonly PathReading[]): CgroupIdentity {
  const containers = readings.filter((reading) => reading.identity.kind === "container");
  const deepest = containers.reduce<PathReading | undefined>(
    (best, reading) => (best === undefined || reading.containerIds.length > best.containerIds.length ? reading : best),
    undefined,
  );
  if (deepest !== undefined) {
    const agreed = containers.every((reading) => deepest.containerIds.includes(reading.identity.containerId));
    return agreed ? deepest.identity : unknownCgroup("cgroup hierarchies name different containers");
  }
  for (const kind of ["unknown", "pod", "session", "systemd-unit"] as const) {
    const found = readings.find((reading) => reading.identity.kind === kind);
    if (found !== undefined) return found.identity;
  }
  // The hierarchy that manages processes decides: a group that only limits resources (v1) makes nobody less of a host's process.
  return readings[0]?.identity ?? nothing;
}

function readPath(path: string): PathReading {
  if (path.length > cgroupLimits.pathLengthMax) {
    return { identity: unknownCgroup("cgroup path is longer than its limit"), containerIds: [] };
  }
  const live = path.endsWith(" (deleted)") ? path.slice(0, -" (deleted)".length) : path;
  const segments = live.split("/", cgroupLimits.segmentsMax).filter((segment) => segment !== "" && segment !== "..");
  return readContainers(segments) ?? { identity: readOutsideContainers(segments), containerIds: [] };
}

/** Walks from the root; each container found replaces the one before (innermost wins) and takes the pod named on its way. */
function readContainers(segments: readonly string[]): PathReading | undefined {
  const containerIds: string[] = [];
  let found: CgroupIdentity | undefined;
  let pod = nothing;
  for (const [index, segment] of segments.entries()) {
    pod = readPodSegment(pod, segment);
    const next = readContainerSegment(segment, segments[index - 1] ?? "", pod);
    if (next === undefined) continue;
    found = next;
    if (next.containerId !== "") containerIds.push(next.containerId);
    pod = nothing;
  }
  if (pod.podUid !== "") {
    found = { ...pod, kind: "pod", reason: "in the pod's group, outside its containers" };
  } else if (found === undefined && pod.qualityOfService !== "") {
    found = { ...nothing, kind: "unknown", reason: "below kubepods, but in no pod of a known form" };
  }
  return found === undefined ? undefined : { identity: found, containerIds };
}

/** Adds what a segment says about the pod: "kubepods", a quality class, "pod<uid>", alone or joined by dashes as in systemd slices. */
function readPodSegment(pod: CgroupIdentity, segment: string): CgroupIdentity {
  const colon = colonSegment.exec(segment)?.[1] ?? segment;
  const isKubepods = kubepodsSegment.test(colon);
  if (!isKubepods && pod.qualityOfService === "") return pod;
  const quality = qualitySegment.exec(colon)?.[1] as QualityOfService | undefined;
  const uid = podSegment.exec(colon)?.[1];
  return {
    ...pod,
    qualityOfService: quality ?? (pod.qualityOfService === "" ? "guaranteed" : pod.qualityOfService),
    podUid: uid === undefined ? pod.podUid : uid.replaceAll("_", "-"),
  };
}

function readContainerSegment(segment: string, before: string, pod: CgroupIdentity): CgroupIdentity | undefined {
  const lxc = lxcSegment.exec(segment)?.[1] ?? (before === "lxc" ? segment : undefined);
  if (lxc !== undefined) return { ...nothing, kind: "container", containerId: lxc, runtime: "lxc" };
  const colon = colonSegment.exec(segment);
  const plain = containerSegment.exec(segment);
  const id = colon?.[3] ?? plain?.[2];
  if (id === undefined) return undefined;
  const prefix = colon?.[2] ?? plain?.[1] ?? "";
  if (helperPrefixes.has(prefix)) {
    return { ...nothing, kind: "systemd-unit", unit: prefix, podUid: pod.podUid };
  }
  const runtime = prefix === "" ? (runtimeByPrefix.get(before) ?? "") : runtimeByPrefix.get(prefix);
  if (runtime === undefined) return unknownCgroup(`container of an unknown runtime "${prefix}"`);
  const { podUid } = pod;
  return {
    ...pod,
    kind: "container",
    containerId: id,
    runtime,
    qualityOfService: podUid === "" ? "" : pod.qualityOfService,
  };
}

/** Units as systemd reads its own paths: the first unit below slices, and below a user's manager the first unit of that manager. */
function readOutsideContainers(segments: readonly string[]): CgroupIdentity {
  let uid = -1;
  let manager = "";
  for (const segment of segments) {
    const slice = userSliceSegment.exec(segment);
    if (slice !== null) uid = Number(slice[1]);
    const session = sessionSegment.exec(segment);
    if (session !== null && manager === "") return { ...nothing, kind: "session", session: session[1] ?? "", uid };
    const userManager = userManagerSegment.exec(segment);
    if (userManager !== null && manager === "") {
      uid = Number(userManager[1]);
      manager = segment;
      continue;
    }
    const unit = unitSegment.exec(segment);
    if (unit !== null) return { ...nothing, kind: "systemd-unit", unit: unit[1] ?? "", uid };
  }
  if (manager !== "") return { ...nothing, kind: "systemd-unit", unit: manager, uid };
  return readRest(segments);
}

function readRest(segments: readonly string[]): CgroupIdentity {
  if (segments.every((segment) => segment.endsWith(".slice"))) return nothing;
  const hint = segments.find((segment) => containerHints.test(segment));
  if (hint !== undefined)
    return unknownCgroup(`looks like a container, but the form is not known: "${hint.slice(0, 80)}"`);
  return { ...nothing, reason: `group of no known form: "${(segments[0] ?? "").slice(0, 80)}"` };
}
