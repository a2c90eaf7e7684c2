// The list of detections, and one detection with all that a person needs to judge it. Everything is read; nothing is kept here.
import { stringify } from "yaml";
import { Fault } from "../../../base/fault.ts";
import type { Clock } from "../../../base/clock.ts";
import { deedOf } from "../../../core/detections/deed-of.ts";
import { evidenceOf } from "../../../core/detections/evidence.ts";
import { suggestControls } from "../../../core/detections/suggest-control.ts";
import type { StateStore } from "../../../core/state/ports.ts";
import type { DetectionFound, DetectionTree } from "../../../edge/store/queries/detections-nouns.ts";
import type { Queries } from "../../../edge/store/queries/queries.ts";
import { attackTechnique } from "../../../model/attack-techniques.ts";
import type { Node } from "../../../model/node.ts";
import { runtimeLimits, type runtime } from "../contract/runtime.ts";
import type { QueryOf, ResponseOf } from "../contract/endpoint.ts";
import { nodeOf } from "../nodes.ts";
import { coverOf } from "./detections-cover.ts";
import { keptMarks, marked } from "./detections-marks.ts";
import { pastRulesMax, rulesOf, rulesOfResources, type RuleText } from "./detections-rules.ts";

export interface DetectionParts {
  readonly state: Pick<StateStore, "agents" | "resources">;
  readonly queries: Pick<
    Queries,
    | "listDetections"
    | "findDetection"
    | "relatedDetections"
    | "detectionTree"
    | "detectionRuleSums"
    | "noiseSums"
    | "noiseEvents"
  >;
  readonly clock: Clock;
  /** Rules that come with Garrison. */
  readonly builtin: () => readonly RuleText[];
}

type ListAnswer = ResponseOf<(typeof runtime)["listDetections"]>;
type OneAnswer = ResponseOf<(typeof runtime)["getDetection"]>;
type Query = QueryOf<(typeof runtime)["listDetections"]>;

const aroundMs = 600_000;

export async function detectionsList(parts: DetectionParts, query: Query): Promise<ListAnswer> {
  const [page, marks, nodes] = await Promise.all([
    parts.queries.listDetections({ ...query, q: query?.q ?? "", limit: Number(query?.limit ?? 100) }),
    keptMarks(parts.state),
    reportingNodes(parts),
  ]);
  return {
    rows: page.rows.map((row) => marked(row, marks)),
    ...(page.next === undefined ? {} : { next: page.next }),
    totals: page.totals,
    cover: coverOf(nodes),
    window: page.window,
  };
}

export interface NodeParts {
  readonly state: { readonly agents: Pick<StateStore["agents"], "list"> };
  readonly clock: Pick<Clock, "nowMs">;
}

export async function reportingNodes({ state, clock }: NodeParts): Promise<readonly Node[]> {
  const nowMs = clock.nowMs();
  return (await state.agents.list()).map((agent) => nodeOf(agent, nowMs));
}

/** Throws Fault "runtime/unknown-detection" when nothing of it is kept. */
export async function oneDetection(parts: DetectionParts, id: string): Promise<OneAnswer> {
  const found = await parts.queries.findDetection(id, runtimeLimits.eventsMax);
  if (found === undefined)
    throw new Fault(`no detection ${id} is kept`, {
      code: "runtime/unknown-detection",
      kind: "not-found",
      hint: "It may be older than what is kept; `garrison detections --since 7d` lists what is there.",
    });
  const { sum, events } = found;
  const around = { sinceMs: Date.parse(sum.firstAt) - aroundMs, untilMs: Date.parse(sum.lastAt) + aroundMs };
  const [tree, related, marks, rule] = await Promise.all([
    treeOf(parts, found, around),
    parts.queries.relatedDetections({ sum, window: around, limit: runtimeLimits.relatedMax }),
    keptMarks(parts.state),
    ruleOf(parts, sum.rule, new Date(parts.clock.nowMs() - 7 * 86_400_000).toISOString()),
  ]);
  const evidence = evidenceOf(events, runtimeLimits.evidenceMax);
  return {
    detection: marked(sum, marks),
    techniques: sum.techniques.map((each) => {
      const known = attackTechnique(each);
      return { id: each, name: known?.name ?? "", tactics: [...(known?.tactics ?? [])] };
    }),
    evidence: [...evidence.entries],
    evidenceOmitted: evidence.omitted,
    events,
    eventsOmitted: Math.max(0, found.eventsTotal - events.length),
    tree: tree.nodes,
    treeOmitted: tree.omitted,
    treeBecause: tree.because,
    controls: controlsOf(found, tree),
    rule,
    related: related.rows.map((row) => marked(row, marks)),
    relatedOmitted: related.omitted,
    window: related.window,
  };
}

type Around = { readonly sinceMs: number; readonly untilMs: number };

async function treeOf(parts: DetectionParts, { sum }: DetectionFound, window: Around): Promise<DetectionTree> {
  const none = (because: string): DetectionTree => ({ nodes: [], omitted: 0, because });
  if (isHold(sum)) return none("it is about the whole workload, not about one process");
  if (sum.processId === "") return none(`${sum.source} told no process id`);
  const { cluster, node, processId } = sum;
  const { ancestorsMax, descendantsMax, descendantDepthMax: depthMax, deedsMax } = runtimeLimits;
  const limits = { ancestorsMax, descendantsMax, depthMax, deedsMax };
  const tree = await parts.queries.detectionTree({ cluster, node, processId, window }, limits);
  if (tree.nodes.length > 0 || tree.because !== "") return tree;
  return none("nothing of this process is kept: it is older than what is kept, or its start was not seen");
}

/** Somebody stopped a workload where it stands, or cut it off. */
function isHold({ action }: Pick<DetectionFound["sum"], "action">): boolean {
  return action === "frozen" || action === "isolated";
}

/** Runtimes start a container's main program; it is not theirs. */
const runtimePrograms = /\/(runc|crun|containerd-shim[\w-]*|conmon|dockerd|containerd|kubelet|tini|dumb-init|systemd)$/;

function controlsOf({ sum, events }: DetectionFound, tree: DetectionTree): OneAnswer["controls"] {
  const [newest] = events;
  // What was stopped needs nothing that would have stopped it.
  if (newest === undefined || sum.action === "killed" || sum.action === "denied" || isHold(sum)) return [];
  const { entries } = evidenceOf([newest], runtimeLimits.evidenceMax);
  const { outputFields, techniques, tags, executable } = newest;
  const deed = deedOf({
    // Foreign sensors give their fields as evidence.
    outputFields: [...outputFields, ...newest.evidence],
    evidenceKinds: entries.map(({ kind }) => kind),
    evidenceTexts: entries.map(({ text }) => text),
    executable,
    techniques,
    tags,
  });
  const own = tree.nodes.find(({ generation }) => generation === 0);
  const parent = tree.nodes.find(({ process }) => process.processId === own?.process.parentProcessId);
  const isInside = (path: string): boolean => path !== "" && !runtimePrograms.test(path);
  // The farthest ancestor of the same container is its main program.
  const main = tree.nodes.find(
    ({ generation, process }) =>
      generation <= 0 && process.containerId === own?.process.containerId && isInside(process.executable),
  );
  const controls = suggestControls({
    rule: sum.rule,
    cluster: sum.cluster,
    namespace: sum.namespace,
    workload: sum.workload,
    executable,
    deed,
    mainExecutable: own?.process.containerId === "" ? "" : (main?.process.executable ?? ""),
    parentExecutable: isInside(parent?.process.executable ?? "") ? (parent?.process.executable ?? "") : "",
  });
  return controls.map(({ spec, ...control }) => {
    const scope = `cluster/${sum.cluster}`;
    if (spec === undefined) return { ...control, scope: "", manifest: "" };
    const manifest = stringify({ apiVersion: "garrison/v1", kind: control.resource, scope, name: control.name, spec });
    return { ...control, scope, spec: { ...spec }, manifest };
  });
}

async function ruleOf(parts: DetectionParts, name: string, since: string): Promise<OneAnswer["rule"]> {
  const { rules } = await knownRules(parts, since, name);
  const found = rules.find((rule) => rule.name === name);
  if (found === undefined) throw new Error(`rule ${name} spoke and is not known`);
  return found;
}

/** All rules that are known here, with how often they spoke; with `rule` only this one's detections are counted. */
export async function knownRules(parts: DetectionParts, since: string | undefined, rule?: string) {
  const [resources, past, nodes, sums] = await Promise.all([
    parts.state.resources.list("DetectionRules"),
    parts.state.resources.past("DetectionRules", pastRulesMax),
    reportingNodes(parts),
    parts.queries.detectionRuleSums({ since: since ?? "24h", ...(rule === undefined ? {} : { rule }) }),
  ]);
  const texts = [...parts.builtin(), ...rulesOfResources(resources)];
  return {
    rules: rulesOf({ texts, past: rulesOfResources(past), nodes, sums: sums.rules }),
    nodes,
    window: sums.window,
  };
}

export async function rulesList(
  parts: DetectionParts,
  query: QueryOf<(typeof runtime)["listRuntimeRules"]>,
): Promise<ResponseOf<(typeof runtime)["listRuntimeRules"]>> {
  const { rules, nodes, window } = await knownRules(parts, query?.since);
  return {
    rules: rules.slice(0, runtimeLimits.rulesMax),
    rulesOmitted: Math.max(0, rules.length - runtimeLimits.rulesMax),
    nodes: nodes
      .filter(({ state, gateway }) => state !== "revoked" && gateway === undefined)
      .map(({ cluster, name, state, detection }) => ({
        cluster,
        node: name,
        isConnected: state === "connected",
        enabled: detection?.enabled ?? false,
        because: detection === undefined ? "its agent tells nothing of detection" : detection.because,
        loaded: detection?.loaded ?? 0,
        blind: detection?.blind ?? 0,
        refused: detection?.refused ?? 0,
        suppressed: detection?.suppressed ?? 0,
        unjudged: detection?.unjudged ?? 0,
        problems: detection?.problems ?? [],
      })),
    window,
  };
}
