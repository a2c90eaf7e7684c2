// The tables of the cgroup path grammar: which name prefix belongs to which container runtime, and the limits of reading.
// A new runtime is one line here and one line in the test's table.

export type ContainerRuntime = "containerd" | "cri-o" | "docker" | "podman" | "lxc" | "garden";

/** Prefix of "<prefix>-<id>.scope", or the folder right above a bare "<id>". */
export const runtimeByPrefix: ReadonlyMap<string, ContainerRuntime> = new Map([
  ["cri-containerd", "containerd"],
  ["containerd", "containerd"],
  ["nerdctl", "containerd"],
  ["crio", "cri-o"],
  ["docker", "docker"],
  ["libpod", "podman"],
  ["libpod-payload", "podman"],
  ["garden", "garden"],
]);

/** The runtime's monitors: processes of the host that sit beside the container, not in it. */
export const helperPrefixes: ReadonlySet<string> = new Set(["crio-conmon", "libpod-conmon"]);

/** Words that make a path of no known form "unknown" rather than "host". */
export const containerHints =
  /^(?:kubepods|docker|buildkit|lxc|ecs|crio|libpod|podman|containerd|garden|actions_job|machine\.slice)(?:[-_.:]|$)|[0-9a-f]{64}/;

export const cgroupLimits = {
  /** cgroups(7) has at most one line per hierarchy: 12 v1 controllers, named ones, one v2. */
  linesMax: 64,
  textLengthMax: 65_536,
  /** PATH_MAX of Linux. */
  pathLengthMax: 4096,
  segmentsMax: 128,
} as const;
