// The graph screen's address as a question to the server, and the ways between levels. Pure.
import { graphLevels, type Edge, type GraphLevel, type Vertex } from "../../../../src/model/graph.ts";
import { rangeEnds, rangeQuery } from "../../app/time-range.ts";
import { filterOf, quoteValue, rangeOf, type UrlState } from "../../app/url-state.ts";
import { shellQuote } from "../../kit/format.ts";
import { withTerm } from "../../kit/filter-text.ts";

export const mostChoices = [120, 480, 780, 2000] as const;
const mostDefault = 120;

export function levelOf(state: UrlState): GraphLevel {
  return graphLevels.find((level) => level === state.level) ?? "service";
}

export function mostOf(state: UrlState): number {
  return mostChoices.find((most) => String(most) === state.most) ?? mostDefault;
}

export function graphQuery(state: UrlState) {
  return {
    q: filterOf(state),
    ...rangeQuery(rangeOf(state)),
    level: levelOf(state),
    verticesMax: mostOf(state),
    open: state.open ?? "",
    idle: state.idle === "1" ? ("workloads" as const) : ("none" as const),
  };
}

/** What a remembered layout belongs to: hiding, dimming and another time do not move anything. */
export function layoutSubject(state: UrlState): string {
  return JSON.stringify([levelOf(state), filterOf(state), mostOf(state), state.open, state.near, state.idle]);
}

export const beforeChoices = [
  ["1h", "an hour before", 3_600_000],
  ["1d", "a day before", 86_400_000],
  ["7d", "a week before", 604_800_000],
  ["window", "the window right before", 0],
] as const;

/** The compared window: as long as the shown one, so much earlier. Undefined when nothing is compared. */
export function beforeWindow(state: UrlState, nowMs: number) {
  const choice = beforeChoices.find(([id]) => id === state.before);
  if (choice === undefined) return undefined;
  const [since, until] = rangeEnds(rangeOf(state), nowMs);
  const back = choice[2] === 0 ? until - since : choice[2];
  return {
    beforeSince: new Date(since - back).toISOString(),
    beforeUntil: new Date(until - back).toISOString(),
    words: choice[1],
  };
}

export type Dive =
  | { readonly kind: "level"; readonly patch: UrlState }
  | { readonly kind: "page" }
  | { readonly kind: "none" };

const cleared = { pick: undefined, near: undefined, open: undefined, without: undefined } satisfies UrlState;

/** What double-click and Enter lead to. */
export function diveOf(vertex: Vertex, state: UrlState): Dive {
  const cluster = vertex.cluster === "" ? state.cluster : vertex.cluster;
  const place = { ...cleared, cluster, ns: vertex.namespace };
  switch (vertex.kind) {
    case "namespace":
      return { kind: "level", patch: { ...place, level: "service" } };
    case "service":
      return { kind: "level", patch: { ...place, level: "workload", q: withTerm(state.q ?? "", serviceTerm(vertex)) } };
    case "workload":
      return {
        kind: "level",
        patch: {
          ...place,
          level: "endpoint",
          q: withTerm(withoutServices(state.q ?? ""), `workload:${quoteValue(vertex.name)}`),
        },
      };
    case "endpoint":
      return { kind: "page" };
    case "more": {
      const open = [...new Set([...(state.open ?? "").split(","), vertex.id])].filter((id) => id !== "");
      return { kind: "level", patch: { open: open.join(",") } };
    }
    case "external":
    case "unknown":
      return { kind: "none" };
  }
}

function serviceTerm({ name }: Vertex): string {
  return `to:${quoteValue(name)}`;
}

/** The terms that a dive put in are taken out by the next one, or by going up. */
function withoutServices(q: string): string {
  return q.replace(/(?:^|\s)(?:to|workload|service):(?:"[^"]*"|\S+)$/, "").trim();
}

/** One level up; undefined at the top. Leaves the scope that the level was entered with. */
export function upOf(state: UrlState): UrlState | undefined {
  const level = levelOf(state);
  const q = withoutServices(state.q ?? "");
  const kept = { ...cleared, q: q === "" ? undefined : q };
  switch (level) {
    case "endpoint":
      return { ...kept, level: "workload" };
    case "workload":
      return { ...kept, level: "service" };
    case "service":
      return { ...cleared, level: "namespace", ns: undefined };
    case "namespace":
      return state.ns === undefined && state.cluster === undefined
        ? undefined
        : { ...cleared, ns: undefined, cluster: undefined };
  }
}

export interface Crumb {
  readonly title: string;
  /** Undefined for where one is. */
  readonly patch: UrlState | undefined;
}

/** The way down: everything, then the scope that one dived into. */
export function crumbsOf(state: UrlState): readonly Crumb[] {
  const top = { ...cleared, level: "namespace", ns: undefined, cluster: undefined, q: undefined };
  const crumbs: Crumb[] = [{ title: "All namespaces", patch: top }];
  if (state.ns !== undefined) {
    const place = state.cluster === undefined ? state.ns : `${state.ns} · ${state.cluster}`;
    crumbs.push({ title: place, patch: { ...cleared, level: "service", q: undefined } });
  } else if (state.cluster !== undefined)
    crumbs.push({ title: state.cluster, patch: { ...cleared, level: "service" } });
  const entered = /(?:^|\s)(?:to|workload):("[^"]*"|\S+)$/.exec(state.q ?? "")?.[1];
  const level = levelOf(state);
  if (entered !== undefined && (level === "workload" || level === "endpoint"))
    crumbs.push({ title: entered.replaceAll('"', ""), patch: undefined });
  return crumbs.map((crumb, index) => (index === crumbs.length - 1 ? { ...crumb, patch: undefined } : crumb));
}

/** The same picture on the command line. */
export function graphCommand(state: UrlState, term = ""): string {
  const range = rangeQuery(rangeOf(state));
  const words = ["npx garrison graph", `--level ${levelOf(state)}`, `--since ${shellQuote(range.since)}`];
  if (range.until !== undefined) words.push(`--until ${shellQuote(range.until)}`);
  if (mostOf(state) !== mostDefault) words.push(`--max ${mostOf(state)}`);
  if (state.idle === "1") words.push("--idle");
  if (state.before !== undefined && state.before !== "window") words.push(`--diff ${shellQuote(state.before)}`);
  const filter = [filterOf(state), term].filter((part) => part !== "").join(" ");
  if (filter !== "") words.push(shellQuote(filter));
  return words.join(" ");
}

/** Ids are made of encoded parts, so a comma never stands in one. */
export function listOf(text: string | undefined): readonly string[] {
  return (text ?? "").split(",").filter((part) => part !== "");
}

export function withItem(text: string | undefined, item: string): string {
  return [...new Set([...listOf(text), item])].join(",");
}

export function withoutItem(text: string | undefined, item: string): string | undefined {
  const rest = listOf(text).filter((each) => each !== item);
  return rest.length === 0 ? undefined : rest.join(",");
}

export type Picked =
  | { readonly kind: "vertex"; readonly vertex: Vertex }
  | { readonly kind: "edge"; readonly edge: Edge; readonly source: Vertex; readonly destination: Vertex };
