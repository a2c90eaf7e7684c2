// Advice for what is no pod: what a systemd unit would say instead of a pod's security context. Options: systemd.exec(5), systemd.resource-control(5).
import type { PostureLayer, PostureLayerName } from "../../../model/posture.ts";

/** Where a process lives, by its cgroup. */
export type Place = "pod" | "unit" | "elsewhere";

const options: Readonly<Partial<Record<PostureLayerName, string>>> = {
  user: "User= with a user of its own, or DynamicUser=yes",
  "user-namespace": "PrivateUsers=yes makes root of the unit an ordinary user of the machine",
  capabilities: "CapabilityBoundingSet= with what it needs and no more",
  "no-new-privileges": "NoNewPrivileges=yes",
  seccomp: "SystemCallFilter=@system-service, or the calls that a profile of it names",
  "root-filesystem": "ProtectSystem=strict, and ReadWritePaths= or StateDirectory= where it writes",
  "host-mounts": "ReadOnlyPaths= and InaccessiblePaths= for what it need not change or see",
  "proc-paths": "ProtectKernelTunables=yes, ProcSubset=pid",
  namespaces: "PrivateTmp=yes, PrivateIPC=yes; PrivateNetwork=yes where it needs no network",
  devices: "PrivateDevices=yes, DevicePolicy=closed",
  kernel: "ProtectKernelModules=yes, ProtectKernelLogs=yes",
  limits: "MemoryMax= and TasksMax=",
};

/** By the lines of /proc/PID/cgroup: "/kubepods.slice/...", "/system.slice/nginx.service". A container's scope is no unit that somebody wrote. */
export function placeOf(cgroups: string): Place {
  if (/kubepods/.test(cgroups)) return "pod";
  const paths = cgroups.split("\n").map((line) => line.slice(line.indexOf("/")).trimEnd());
  return paths.some((path) => path.endsWith(".service") && !path.includes(".scope/")) ? "unit" : "elsewhere";
}

/** The layers with the advice of that place: a unit's options, none where neither a pod nor a unit could take it. */
export function advisedFor<Layer extends Pick<PostureLayer, "layer" | "advice">>(
  layers: readonly Layer[],
  place: Place,
): Layer[] {
  if (place === "pod") return [...layers];
  return layers.map((one) => {
    if (one.advice === "") return one;
    return { ...one, advice: place === "unit" ? (options[one.layer] ?? "") : "" };
  });
}
