// An empty answer to a filter that names a workload: whether anything of that name was seen at all, and what it may have been called.
import { nearest } from "../../../base/nearest.ts";
import type { Clause, Filter, Value } from "../../../core/filter/filter.ts";
import { ask, type Context } from "../context.ts";
import { harmless } from "../output/harmless.ts";

interface Asked {
  readonly q: string;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

interface Named {
  readonly namespace: string;
  readonly name: string;
}

const workloadsMax = 1000;
const namesShown = 3;
/** Of a filter with many names the first ones: each costs a question. */
const namesAsked = 3;

/** Says on standard error which of the named workloads nothing was seen of in the window. `free`: words without a field count as names too. */
export async function sayUnseenWorkloads(
  context: Context,
  { q, since, until }: Asked,
  free: "words" | "fields" = "fields",
): Promise<void> {
  const { parseFilter } = await import("../../../core/filter/parse.ts");
  const filter = parseFilter(q);
  const named = filter.clauses.flatMap((clause) => namesIn(clause, free)).slice(0, namesAsked);
  if (named.length === 0) return;
  const window = { ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }) };
  const seen = async (own: string, limit: number): Promise<readonly Named[]> =>
    (await ask(context, "listWorkloads", { query: { q: own, ...window, limit } })).rows;
  for (const value of named) {
    if ((await seen(await withWindow(filter, value), 1)).length > 0) continue;
    const near = nearWorkloads(value.text, await seen(await withWindow(filter), workloadsMax));
    const meant = near.length === 0 ? "`garrison workloads` lists what was" : `did you mean ${near.join(", ")}?`;
    context.say(harmless(`no workload ${value.text} was seen in this window: ${meant}`));
  }
}

function namesIn({ field, negated, values }: Clause, free: "words" | "fields"): readonly Value[] {
  if (negated || !(field === "workload" || (field === "" && free === "words"))) return [];
  return values.filter(({ test }) => test.is === "equals" || test.is === "contains");
}

/** The filter's own window, with one workload or none. */
async function withWindow({ window }: Filter, value?: Value): Promise<string> {
  const { printFilter } = await import("../../../core/filter/print.ts");
  const clause = value?.test.is === "contains" ? "" : "workload";
  const clauses: Clause[] =
    value === undefined ? [] : [{ field: clause, side: "any", negated: false, values: [value], start: 0, end: 0 }];
  return printFilter({ clauses, window });
}

/** "namespace/name" of what may have been meant: the same name elsewhere, then names that begin like it or hold it, then slips of typing. */
export function nearWorkloads(text: string, rows: readonly Named[]): readonly string[] {
  const wanted = text.slice(text.indexOf("/") + 1).toLowerCase();
  if (wanted === "") return [];
  const whole = ({ namespace, name }: Named): string => (namespace === "" ? name : `${namespace}/${name}`);
  const close = nearest(
    wanted.slice(0, 253),
    rows.map(({ name }) => name),
  );
  const rankOf = ({ name }: Named): number => {
    const own = name.toLowerCase();
    if (own === wanted) return 0;
    if (own.startsWith(wanted)) return 1;
    if (own.includes(wanted)) return 2;
    return name === close ? 3 : 4;
  };
  const found = rows.filter((row) => rankOf(row) < 4).toSorted((one, other) => rankOf(one) - rankOf(other));
  return [...new Set(found.map(whole))].slice(0, namesShown);
}
