// What of the console lives in the URL, so that a link shows the same view: filter, time range, scope, and a screen's own choices.
// Unknown or broken parameters are dropped, never an error page.
import { parseRange, rangeDefault, type TimeRange } from "./time-range.ts";

export interface UrlState {
  /** The filter, as typed. */
  readonly q?: string | undefined;
  /** See time-range.ts. */
  readonly range?: string | undefined;
  readonly cluster?: string | undefined;
  readonly ns?: string | undefined;
  /** Events: comma-separated kinds. */
  readonly kinds?: string | undefined;
  /** Workload page: which part is shown. */
  readonly tab?: string | undefined;
  /** "1": the live list was paused. */
  readonly paused?: string | undefined;
  /** Live lists: the row whose details are open (kit/row-mark.ts). */
  readonly row?: string | undefined;
  /** Graph: namespace, service, workload or endpoint. */
  readonly level?: string | undefined;
  /** Graph: "table" (of vertices) or "edges" instead of the picture. */
  readonly as?: string | undefined;
  /** Graph: id of the chosen vertex or edge. */
  readonly pick?: string | undefined;
  /** Graph: namespaces ("cluster/ns", comma-separated) that are not shown, and that are shown dimmed. */
  readonly hide?: string | undefined;
  readonly dim?: string | undefined;
  /** Graph: ids of single vertices that are not shown; of "more" vertices that are opened. */
  readonly without?: string | undefined;
  readonly open?: string | undefined;
  /** Graph: id of the vertex whose neighbours alone are shown. */
  readonly near?: string | undefined;
  /** Graph: how long before the window the compared one lies ("1h", "1d"). */
  readonly before?: string | undefined;
  /** Graph: most vertices asked for; whether idle workloads are asked for too. */
  readonly most?: string | undefined;
  readonly idle?: string | undefined;
  /** Images: comma-separated choices that narrow the list ("running,kev,critical"). */
  readonly only?: string | undefined;
}

const urlKeys = [
  "q",
  "range",
  "cluster",
  "ns",
  "kinds",
  "tab",
  "paused",
  "row",
  "level",
  "as",
  "pick",
  "hide",
  "dim",
  "without",
  "open",
  "near",
  "before",
  "most",
  "idle",
  "only",
] as const satisfies readonly (keyof UrlState)[];
const valueLengthMax = 4096;

/** Keeps the known keys with non-empty text values. */
export function readUrlState(search: Readonly<Record<string, unknown>>): UrlState {
  const entries = urlKeys.flatMap((key) => {
    const value = search[key];
    if (typeof value !== "string" || value === "" || value.length > valueLengthMax) return [];
    if (key === "range" && parseRange(value) === undefined) return [];
    return [[key, value] as const];
  });
  return Object.fromEntries(entries);
}

/** Plain `a=b&c=d`, readable in an address bar; the router's own form would put JSON there. */
export function parseSearch(text: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(text));
}

export function stringifySearch(search: Readonly<Record<string, unknown>>): string {
  const parameters = new URLSearchParams();
  for (const key of urlKeys) {
    const value = search[key];
    if (typeof value === "string" && value !== "") parameters.set(key, value);
  }
  const text = parameters.toString();
  return text === "" ? "" : `?${text}`;
}

export function rangeOf(state: UrlState): TimeRange {
  const fallback: TimeRange = { kind: "relative", text: rangeDefault, lengthMs: 3_600_000 };
  return parseRange(state.range ?? rangeDefault) ?? fallback;
}

/** A value as the filter grammar reads it: quoted unless it is plain. */
export function quoteValue(value: string): string {
  return /^[\w./@*-]+$/.test(value) ? value : `"${value.replace(/["\\]/g, "\\$&")}"`;
}

/** The scope and the typed filter as one filter text. */
export function filterOf(state: UrlState): string {
  const parts = [
    state.cluster === undefined ? "" : `cluster:${quoteValue(state.cluster)}`,
    state.ns === undefined ? "" : `ns:${quoteValue(state.ns)}`,
    state.q ?? "",
  ];
  return parts.filter((part) => part !== "").join(" ");
}

/** How many characters of `filterOf` come before the typed filter: error positions are counted from there. */
export function filterOffset(state: UrlState): number {
  return filterOf(state).length - (state.q ?? "").length;
}
