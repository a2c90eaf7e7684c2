// Words and groups of the layer view: which layers belong together, how a verdict is said, what is not known. Pure.
import type { Api } from "../../../../src/apps/server/contract/api.ts";
import type { ContainerLayers } from "../../../../src/apps/server/contract/profiles.ts";
import type { ResponseOf } from "../../../../src/apps/server/contract/endpoint.ts";
import type { WorkloadKind } from "../../../../src/model/identity.ts";
import type { PostureLayer, PostureLayerName, PostureValue, ProfileKind } from "../../../../src/model/posture.ts";

export type Posture = ResponseOf<Api["workloadPosture"]>;
export type Learnt = ResponseOf<Api["workloadLearnt"]>["containers"][number];
export type Written = ResponseOf<Api["workloadProfile"]>;
export type { ContainerLayers, PostureLayer, PostureValue, ProfileKind };

export interface LayerGroup {
  readonly title: string;
  readonly layers: readonly PostureLayerName[];
}

/** From the outside of a process to the node beneath it. */
export const layerGroups: readonly LayerGroup[] = [
  { title: "Process", layers: ["user", "groups", "user-namespace"] },
  { title: "Kernel permissions", layers: ["capabilities", "no-new-privileges", "apparmor", "selinux"] },
  { title: "System calls", layers: ["seccomp"] },
  { title: "Files", layers: ["root-filesystem", "host-mounts", "proc-paths", "devices"] },
  { title: "Isolation", layers: ["namespaces", "limits"] },
  { title: "Kernel", layers: ["sysctls", "kernel"] },
];

export const layerVerdictWords: Readonly<Record<PostureLayer["verdict"], string>> = {
  good: "Good",
  excess: "More than used",
  differs: "Differs",
  unknown: "Not known",
};

export const levelWords: Readonly<Record<ContainerLayers["levelDeclared"]["level"], string>> = {
  privileged: "Privileged",
  baseline: "Baseline",
  restricted: "Restricted",
  unknown: "Not known",
};

export const profileKindWords: Readonly<Record<ProfileKind, string>> = {
  seccomp: "Seccomp",
  apparmor: "AppArmor",
  capabilities: "Capabilities",
  sysctls: "Sysctls",
};

export interface GroupedLayers {
  readonly title: string;
  readonly layers: readonly PostureLayer[];
}

/** In the order of the groups; a layer of a newer server that no group names comes last, as "Other". */
export function grouped(layers: readonly PostureLayer[]): readonly GroupedLayers[] {
  const known = new Set(layerGroups.flatMap(({ layers: names }) => names));
  const groups = layerGroups.map(({ title, layers: names }) => ({
    title,
    layers: names.flatMap((name) => layers.filter(({ layer }) => layer === name)),
  }));
  const others = layers.filter(({ layer }) => !known.has(layer));
  return [...groups, { title: "Other", layers: others }].filter(({ layers: own }) => own.length > 0);
}

/** Layers by verdict, the worst first. */
export function verdictCounts(
  layers: readonly PostureLayer[],
): readonly (readonly [PostureLayer["verdict"], number])[] {
  return (["differs", "excess", "unknown", "good"] as const).flatMap((verdict) => {
    const count = layers.filter((layer) => layer.verdict === verdict).length;
    return count === 0 ? [] : [[verdict, count] as const];
  });
}

const itemsShown = 6;

/** Names behind a value, cut: the whole list is in its title. */
export function itemsText({ items }: Pick<PostureValue, "items">): string {
  if (items.length === 0) return "";
  const rest = items.length - itemsShown;
  return rest > 0 ? `${items.slice(0, itemsShown).join(", ")} and ${rest} more` : items.join(", ");
}

/** What is there of a container: a live look, a declaration, both, or why not. */
export function lookText({ because, replicas, at }: Pick<ContainerLayers, "because" | "replicas" | "at">): string {
  if (at === undefined) return because === "" ? "no live look in this window" : because;
  return `${replicas} ${replicas === 1 ? "replica" : "replicas"} looked at`;
}

export interface NoLayers {
  readonly title: string;
  readonly hint: string;
  /** What shows the layers of one of its processes, on its node; "" where a container is what is missing. */
  readonly command: string;
}

/** Why there are no layers: of a container because nobody looked; what is no container is not looked at at all. */
export function noLayersText(kind: WorkloadKind, name: string): NoLayers {
  if (kind !== "SystemdUnit" && kind !== "Session" && kind !== "Host")
    return {
      title: "Not looked at",
      hint: "No agent looked at a container of this workload in this window, and no manifest of it is known. Choose a longer time range, or look at Health: is the node's agent connected?",
      command: "",
    };
  const what = { SystemdUnit: "a systemd unit", Session: "a login session", Host: "the machine itself" }[kind];
  const isOfManager = kind === "SystemdUnit" && !name.includes(" ");
  return {
    title: "No container, so nothing is declared for it",
    hint: `This is ${what}: agents tell the layers of containers, and no manifest says what its processes may do. What the kernel lets one of them do can be looked at on its node${isOfManager ? "" : "; the Processes tab has the PIDs"}:`,
    command: `garrison posture --pid ${isOfManager ? `"$(systemctl show -P MainPID ${quoted(name)})"` : "PID"}`,
  };
}

/** A unit's name as a shell takes it: some have a backslash. */
function quoted(name: string): string {
  return /^[\w.@:-]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`;
}
