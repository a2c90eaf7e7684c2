// From recorded flows to least-privilege policies: an allow for what was shown on enough days (or told), and nothing else.
// Never allows a flow that it was not shown or told; see ../README.md for what "shown" means between ends that labels cannot tell apart.
import { protocolName } from "../protocols.ts";
import { unreachable } from "../../../base/assert.ts";
import type { Direction } from "../model.ts";
import type { RecordedFlow, World } from "../world.ts";
import type { PolicyDraft, PortDraft } from "../write/draft.ts";
import { inWords, rulesOf } from "./draft-rules.ts";
import { collectEdges, evidenceOf, type Collected, type Edge, type EdgeTable, type GroupEdges } from "./edges.ts";
import { endsOf, type Ends, type PeerId } from "./ends.ts";
import { foldEdges, type Fold, type FoldOptions } from "./fold.ts";
import { groupsOf, type Group, type Groups } from "./groups.ts";
import { has } from "./lasting-labels.ts";
import {
  type HeldEdge,
  type LeftOut,
  type Recommendation,
  type RecommendedPolicy,
  type RecommendedRule,
  type RecommendOptions,
} from "./recommendation.ts";
import { isFaint, scanners } from "./scans.ts";

const daysMinDefault = 2;
const dnsDefault = { namespace: "kube-system", labels: { "k8s-app": "kube-dns" } };
const dnsPorts: readonly PortDraft[] = [
  { protocol: 6, from: 53, to: 53 },
  { protocol: 17, from: 53, to: 53 },
];

interface Job {
  readonly world: World;
  readonly per: "workload" | "namespace";
  readonly groups: Groups;
  readonly ends: Ends;
  readonly collected: Collected;
  readonly fold: FoldOptions;
  readonly daysMin: number;
  readonly approved: ReadonlySet<string>;
  /** Of those, the ones that no edge had so far. */
  readonly unmet: Set<string>;
  readonly scanning: ReadonlySet<number>;
  readonly dns: NonNullable<RecommendOptions["dns"]>;
  /** By key: both ends of an edge may hold it. */
  readonly held: Map<string, HeldEdge>;
  readonly lost: Map<string, Edge[]>;
}

/** Reads all flows (also those of other namespaces: scans show there), gives policies for the chosen workloads. Sorted; no clock, no chance. */
export function recommend(flows: Iterable<RecordedFlow>, world: World, options: RecommendOptions = {}): Recommendation {
  const per = options.per ?? "workload";
  const groups = groupsOf(world, per);
  const ends = endsOf(world, groups);
  const collected = collectEdges(flows, ends);
  const job: Job = {
    world,
    per,
    groups,
    ends,
    collected,
    fold: {
      names: options.names ?? true,
      publicSourcesMin: options.publicSourcesMin ?? 0,
      ranges: world.ranges,
    },
    daysMin: Math.min(options.daysMin ?? daysMinDefault, Math.max(1, collected.spanDays)),
    approved: new Set(options.approve ?? []),
    unmet: new Set((options.approve ?? []).filter((key) => key !== "*")),
    scanning: scanners(collected, ends),
    dns: options.dns ?? dnsDefault,
    held: new Map(),
    lost: new Map(),
  };
  const policies: RecommendedPolicy[] = [];
  const names = new Map<string, number>();
  const leftOut: LeftOut[] = [...collected.leftOut];
  const silent: string[] = [];
  for (const group of groups.list.filter((one) => isWanted(one, options))) {
    const edges = collected.byGroup.get(group.index);
    if (edges === undefined) silent.push(...group.owners);
    else if (group.because !== "") leftOut.push(unnamed(group, edges));
    else policies.push(policyOf(group, edges, job, nameOf(group, names)));
  }
  for (const [because, lost] of job.lost) {
    const { flows: count, connections } = evidenceOf(lost);
    leftOut.push({ because, flows: count, connections });
  }
  const held = [...job.held.values()].sort((one, other) => (one.key < other.key ? -1 : 1));
  return { policies, held, leftOut, notes: notesOf(job, silent, options), approvedUnknown: [...job.unmet] };
}

function isWanted(group: Group, { namespaces, workloads }: RecommendOptions): boolean {
  const inNamespace =
    namespaces === undefined || namespaces.length === 0
      ? group.namespace !== "kube-system"
      : namespaces.includes(group.namespace);
  if (!inNamespace || workloads === undefined || workloads.length === 0) return inNamespace;
  return group.owners.some((owner) => workloads.some((asked) => owner === asked || owner.endsWith(`/${asked}`)));
}

function unnamed(group: Group, { ingress, egress }: GroupEdges): LeftOut {
  const { flows, connections } = evidenceOf([...ingress.list, ...egress.list]);
  return { because: `${group.owners.join(", ")}: ${group.because}`, flows, connections };
}

/** "recommended-web"; a second one of the namespace gets its kind as well, then a number. */
function nameOf(group: Group, taken: Map<string, number>): string {
  const [owner = ""] = group.owners;
  const [, kind = "", workload = ""] = owner.split("/");
  const isWhole = Object.keys(group.labels).length === 0;
  const base = `recommended-${isWhole ? "namespace" : workload}`.toLowerCase().replaceAll(/[^a-z0-9.-]/g, "-");
  for (const name of [base, `${base}-${kind.toLowerCase()}`]) {
    const key = `${group.namespace}/${name}`;
    if (taken.has(key)) continue;
    taken.set(key, 1);
    return name.slice(0, 240);
  }
  const key = `${group.namespace}/${base}`;
  const count = (taken.get(key) ?? 1) + 1;
  taken.set(key, count);
  return `${base.slice(0, 230)}-${count}`;
}

function policyOf(group: Group, edges: GroupEdges, job: Job, name: string): RecommendedPolicy {
  const rules = (["ingress", "egress"] as const).flatMap((direction) => {
    const folds = kept(direction, group, edges[direction], job);
    const [dns, shown] = direction === "egress" ? split(folds, job) : [[], folds];
    return [...told(direction, group, job, dns), ...rulesOf(direction, shown)];
  });
  const draft: PolicyDraft = {
    namespace: group.namespace,
    name,
    labels: group.labels,
    directions: ["ingress", "egress"],
    rules: rules.map(({ rule }) => rule),
    annotations: {
      "garrison/workloads": group.owners.join(", ").slice(0, 1000),
      "garrison/evidence": inWords(evidenceOf([...edges.ingress.list, ...edges.egress.list])),
    },
  };
  return { draft, workloads: group.owners, rules, notes: notesOn(group, job) };
}

function notesOn(group: Group, job: Job): readonly string[] {
  if (job.per === "namespace" || group.owners.length === 1) return [];
  return [`no lasting label tells ${group.owners.join(" and ")} apart: what one was seen to do, all may`];
}

/** Cluster DNS, for whoever may send at all; and for cluster DNS itself, whoever asks. */
function told(direction: Direction, group: Group, job: Job, seen: readonly Fold[]): readonly RecommendedRule[] {
  const { namespace, labels } = job.dns;
  const common = { ports: dnsPorts, comment: "cluster DNS", direction } as const;
  if (direction === "egress") {
    const rule = { ...common, peer: { kind: "pods", namespace, labels } } as const;
    const evidence = seen.length === 0 ? {} : { evidence: evidenceOf(seen.flatMap(({ edges }) => edges)) };
    return [{ rule, ...evidence, confidence: 1, from: "dns" }];
  }
  if (!isDns(group, job)) return [];
  return [{ rule: { ...common, peer: { kind: "any" } }, confidence: 1, from: "dns" }];
}

/** What the rule for cluster DNS allows anyway, and the rest. */
function split(folds: readonly Fold[], job: Job): readonly [readonly Fold[], readonly Fold[]] {
  const isTold = ({ port, edges }: Fold): boolean => {
    const group = job.ends.groupOf(edges[0]?.peer ?? -1);
    const isPort = dnsPorts.some(({ protocol, from }) => protocol === port.protocol && from === port.from);
    return isPort && group !== undefined && isDns(group, job) && samePods(group, job);
  };
  return [folds.filter(isTold), folds.filter((fold) => !isTold(fold))];
}

/** The rule's labels take in all pods of the group. */
function samePods(group: Group, { dns, world, groups }: Job): boolean {
  const wanted = Object.entries(dns.labels);
  return world.endpoints.every((pod) => groups.byEndpoint.get(pod.id) !== group || has(pod.labels, wanted));
}

function isDns(group: Group, { dns, world, groups }: Job): boolean {
  if (group.namespace !== dns.namespace) return false;
  const wanted = Object.entries(dns.labels);
  return world.endpoints.some((pod) => groups.byEndpoint.get(pod.id) === group && has(pod.labels, wanted));
}

/** The folds that were seen often enough or approved; the others are held. */
function kept(direction: Direction, group: Group, edges: EdgeTable, job: Job): readonly Fold[] {
  const { folds, lost } = foldEdges(direction, edges, job.ends, job.fold);
  for (const [because, list] of lost) {
    if (list.length > 0) job.lost.set(because, [...(job.lost.get(because) ?? []), ...list]);
  }
  return folds.filter((fold) => {
    const evidence = evidenceOf(fold.edges);
    const isScan = fold.edges.every((edge) => isFaint(edge) && job.scanning.has(sourceOf(direction, group, edge.peer)));
    const isSure = !isScan && evidence.days >= job.daysMin;
    if (isSure && job.unmet.size === 0) return true;
    const [own, far] = [group.owners.join("+"), peerWords(fold, job.ends)];
    const key = `${direction === "egress" ? `${own} -> ${far}` : `${far} -> ${own}`} ${portWords(fold.port)}`;
    // An approval of what is sure by now is no mistake.
    job.unmet.delete(key);
    if (isSure) return true;
    if (job.approved.has(key) || job.approved.has("*")) return true;
    const { peer, port } = fold;
    if (!job.held.has(key) || direction === "egress")
      job.held.set(key, {
        key,
        workloads: group.owners,
        direction,
        peer,
        port,
        evidence,
        because: isScan ? "scan" : "rare",
      });
    return false;
  });
}

function sourceOf(direction: Direction, group: Group, peer: PeerId): PeerId {
  return direction === "egress" ? group.index : peer;
}

function peerWords({ peer, edges, from }: Fold, ends: Ends): string {
  switch (peer.kind) {
    case "pods":
      return ends.groupOf(edges[0]?.peer ?? -1)?.owners.join("+") ?? "?";
    case "nets":
      return from === "public" ? "public" : peer.nets.join(",");
    case "domains":
      return peer.names.join(",");
    case "any":
      return "any";
    default:
      return unreachable(peer);
  }
}

export function portWords({ protocol, from, to }: PortDraft): string {
  const name = protocolName(protocol);
  if (from === 0 && to === 65_535) return name;
  return from === to ? `${from}/${name}` : `${from}-${to}/${name}`;
}

function notesOf(job: Job, silent: readonly string[], options: RecommendOptions): readonly string[] {
  const { daysMin = daysMinDefault } = options;
  const notes: string[] = [];
  const { spanDays } = job.collected;
  if (spanDays === 0) notes.push("no flows were given");
  else if (spanDays < daysMin)
    notes.push(
      `the flows span ${spanDays} day${spanDays === 1 ? "" : "s"}: what is rare cannot be told, nothing was held for it`,
    );
  const named = job.fold.names ? 0 : namedEdges(job, options);
  if (named > 0)
    notes.push(
      `${named} outside address${named === 1 ? " goes" : "es go"} by name: they may change, and this dialect cannot say names`,
    );
  if (silent.length > 0) {
    const some = silent.slice(0, 5).join(", ");
    const more = silent.length > 5 ? ` and ${silent.length - 5} more` : "";
    notes.push(`no flows of ${some}${more}: no policy is recommended for them`);
  }
  if (job.world.incomplete !== "") notes.push(`the world is not whole: ${job.world.incomplete}`);
  return notes;
}

/** Outside addresses of the chosen workloads that a look-up explains. */
function namedEdges({ collected, ends, groups }: Job, options: RecommendOptions): number {
  const named = new Set<PeerId>();
  for (const [index, { egress }] of collected.byGroup) {
    const group = groups.list[index];
    if (group === undefined || !isWanted(group, options)) continue;
    for (const { peer, names } of egress.list)
      if (names.length > 0 && ends.groupOf(peer) === undefined) named.add(peer);
  }
  return named.size;
}
