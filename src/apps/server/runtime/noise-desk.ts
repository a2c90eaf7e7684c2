// How much detections speak: per day, rule and workload against a budget; and what would end the noise of one rule on one workload.
import { budgetOf, trendOf } from "../../../core/noise/budget.ts";
import { exceptionResourceName, exceptionText } from "../../../core/noise/exception-text.ts";
import type { NoiseDetection } from "../../../core/noise/noise-fields.ts";
import { suggestExceptions } from "../../../core/noise/suggest.ts";
import type { NoiseEvent, NoiseSums } from "../../../edge/store/queries/detections-nouns.ts";
import type { Node } from "../../../model/node.ts";
import { severities } from "../../../model/security-event.ts";
import type { ClustersSide } from "../clusters/clusters-side.ts";
import { runtimeLimits, type NoiseRow, type runtime } from "../contract/runtime.ts";
import type { ResponseOf } from "../contract/endpoint.ts";
import { coverOf } from "./detections-cover.ts";
import { reportingNodes, type DetectionParts, type NodeParts } from "./detections-desk.ts";
import { keptMarks, markKey } from "./detections-marks.ts";
import { pastRulesMax, rulesOfResources, type RuleText } from "./detections-rules.ts";

type Board = ResponseOf<(typeof runtime)["noiseBoard"]>;
type Suggested = ResponseOf<(typeof runtime)["noiseSuggest"]>;

const dayMs = 86_400_000;

interface BoardParts extends NodeParts {
  readonly queries: Pick<DetectionParts["queries"], "noiseSums">;
  readonly clusters: Pick<ClustersSide, "view">;
}

export async function noiseBoard(
  parts: BoardParts,
  { q, days }: { readonly q: string; readonly days: number },
): Promise<Board> {
  const [sums, nodes] = await Promise.all([parts.queries.noiseSums({ q, days }), reportingNodes(parts)]);
  const first = Math.floor(sums.lookedAt.sinceMs / dayMs);
  const numbers = Array.from({ length: days }, (_, index) => first + index);
  const series = (perDay: ReadonlyMap<number, number>): number[] => numbers.map((day) => perDay.get(day) ?? 0);
  const totals = new Map(sums.clusters.map(({ cluster, last24h }) => [cluster, last24h]));
  // A cluster whose agents told nothing is no row of the store; a filter may leave it out on purpose.
  const covers = coversOf(nodes);
  const silent = q === "" ? [...covers.keys()].filter((cluster) => !totals.has(cluster)).toSorted() : [];
  const none = silent.map((cluster) => ({ cluster, perDay: new Map<number, number>(), last24h: 0 }));
  return {
    days: numbers.map((day) => new Date(day * dayMs).toISOString()),
    clusters: [...sums.clusters, ...none].map(({ cluster, perDay, last24h }) => {
      const pods = parts.clusters.view(cluster)?.counts().pods;
      return {
        cluster,
        perDay: series(perDay),
        last24h,
        budget: budgetOf(pods),
        ...(pods === undefined ? {} : { pods }),
        cover: covers.get(cluster) ?? coverOf([]),
      };
    }),
    cover: coverOf(nodes),
    rows: sums.rows
      .slice(0, runtimeLimits.noiseMax)
      .map((row) => rowOf(row, series(row.perDay), totals.get(row.cluster) ?? 0)),
    rowsOmitted: sums.omitted,
    window: sums.window,
  };
}

/** Of each cluster with a node that could detect. */
function coversOf(nodes: readonly Node[]): ReadonlyMap<string, Board["cover"]> {
  const groups = [...Map.groupBy(nodes, ({ cluster }) => cluster)];
  return new Map(
    groups.map(([cluster, own]) => [cluster, coverOf(own)] as const).filter(([, { nodes: watched }]) => watched > 0),
  );
}

function rowOf({ perDay: _perDay, ...row }: NoiseSums["rows"][number], perDay: number[], total: number): NoiseRow {
  return { ...row, perDay, trend: trendOf(perDay, row.last24h), share: total === 0 ? 0 : row.last24h / total };
}

interface Asked {
  readonly cluster: string;
  readonly namespace: string;
  readonly workload: string;
  readonly rule: string;
  readonly days: number;
}

export async function noiseSuggest(parts: DetectionParts, asked: Asked): Promise<Suggested> {
  const { cluster, namespace, workload, rule, days } = asked;
  const [found, marks, resources, past] = await Promise.all([
    parts.queries.noiseEvents({ cluster, rule, since: `${days}d` }),
    keptMarks(parts.state),
    parts.state.resources.list("DetectionRules"),
    parts.state.resources.past("DetectionRules", pastRulesMax),
  ]);
  const gone = rulesOfResources(past).find(({ name }) => name === rule);
  const written = [...parts.builtin(), ...rulesOfResources(resources)].findLast(({ name }) => name === rule);
  const detections = found.events.map(detectionOf);
  const isReal = ({ id }: NoiseDetection): boolean => marks.get(markKey(cluster, id))?.verdict === "real";
  const result = suggestExceptions({
    namespace,
    workload,
    detections,
    real: new Set(detections.filter(isReal).map(({ id }) => id)),
    spokenOf: new Map([...found.spokenOf].map(([process, severity]) => [process, severities.indexOf(severity)])),
  });
  const hasExceptions = written === undefined || written.format === "falco";
  return {
    suggestions: result.suggestions.map((each) => ({ ...each, fields: [...each.fields], others: [...each.others] })),
    kept: [...result.kept],
    covers: result.covers,
    of: result.of,
    ruleTotal: result.ruleTotal,
    text: hasExceptions ? exceptionText({ rule, namespace, workload, suggestions: result.suggestions }) : "",
    resource: { scope: `cluster/${cluster}`, name: exceptionResourceName({ rule, namespace, workload }) },
    notHere: notHere(written, gone),
    because: result.because,
    window: found.window,
  };
}

/** Exceptions are added to rules that this server knows, and only Falco's language has them. */
function notHere(written: RuleText | undefined, gone: RuleText | undefined): string {
  if (written === undefined && gone !== undefined)
    return `the rule is no longer there: it was of ${gone.from}, which was changed or deleted since`;
  if (written === undefined)
    return "the rule is not of this server: put the text into the rules of the sensor or node that it is of";
  if (written.format === "falco") return "";
  const language = written.format === "garrison" ? "a GarrisonRule" : "a Sigma rule";
  return `the rule is ${language}, which has no exceptions: add the fields to its condition`;
}

function detectionOf({ severity, ...event }: NoiseEvent): NoiseDetection {
  return { ...event, severityRank: severities.indexOf(severity) };
}
