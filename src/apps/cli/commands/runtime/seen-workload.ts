// Is there what is to be held? A hold of a name with a slip in it holds nothing, and nobody would notice: it is refused with the name that was meant.
import { Fault, toFault } from "../../../../base/fault.ts";
import type { Workload } from "../../../../model/workload.ts";
import { ask, type Context } from "../../context.ts";
import { nearestWorkload } from "../find-workload.ts";

export interface HoldTarget {
  readonly namespace: string;
  readonly workload: string;
  /** "global", "cluster/CLUSTER", "node/CLUSTER/NODE". */
  readonly scope: string;
}

const seenSince = "24h";
const namesMax = 1000;

/**
 * Throws Fault "cli/no-workload" when nothing was seen of it within a day. Where the server cannot know (its store is away, or was too busy to look at
 * everything), that is said and nothing is thrown: an emergency waits for no store.
 */
export async function requireSeen(context: Context, target: HoldTarget): Promise<void> {
  const text = `${target.namespace}/${target.workload}`;
  const found = await seen(context, `ns:${quoted(target.namespace)} workload:${quoted(target.workload)}`);
  if (typeof found !== "string" && found.rows.some((row) => isTarget(row, target))) return;
  const because = typeof found === "string" ? found : found.because;
  if (because !== "") {
    context.say(
      `note: whether ${text} is there is not known: ${because}; \`garrison runtime status\` says what is held`,
    );
    return;
  }
  const all = await seen(context, "");
  const meant = typeof all === "string" ? undefined : meantBy(target, all.rows);
  const isElsewhere =
    typeof found !== "string" && found.rows.some((row) => isTarget(row, { ...target, scope: "global" }));
  throw new Fault(
    `no workload ${text} was seen within a day${isElsewhere ? ` in ${target.scope}` : ""}, so nothing would be held`,
    {
      code: "cli/no-workload",
      kind: "not-found",
      hint: `${meant === undefined ? `\`garrison workloads --since ${seenSince}\` lists them` : `did you mean ${meant}?`} (--unseen: hold whatever gets this name)`,
    },
  );
}

interface Seen {
  readonly rows: readonly Workload[];
  /** Why a workload may be missing; "". */
  readonly because: string;
}

/** In words why it cannot be known. */
async function seen(context: Context, q: string): Promise<Seen | string> {
  try {
    const { rows, window } = await ask(context, "listWorkloads", { query: { q, since: seenSince, limit: namesMax } });
    return { rows, because: window.partial ? window.partialBecause : "" };
  } catch (error) {
    const fault = toFault(error);
    // A server that cannot be reached is no answer of a server: what follows would fail as well.
    if (fault.kind !== "unavailable" || fault.code.startsWith("cli/")) throw fault;
    return fault.message;
  }
}

function isTarget(
  row: Pick<Workload, "cluster" | "namespace" | "name">,
  { namespace, workload, scope }: HoldTarget,
): boolean {
  const [place, cluster] = scope.split("/");
  return row.namespace === namespace && row.name === workload && (place === "global" || row.cluster === cluster);
}

function meantBy({ namespace, workload, scope }: HoldTarget, rows: readonly Workload[]): string | undefined {
  const [place, cluster] = scope.split("/");
  return nearestWorkload(
    { namespace, name: workload },
    rows.filter((row) => place === "global" || row.cluster === cluster),
  );
}

function quoted(word: string): string {
  return /^[\w.-]+$/.test(word) ? word : JSON.stringify(word);
}
