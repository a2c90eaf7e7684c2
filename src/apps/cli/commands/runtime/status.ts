// garrison runtime status: every runtime policy on every node: in force or not, the proof, what happened so far.
import { ask, type Context } from "../../context.ts";
import { render, type Sheet } from "../../output/format.ts";
import type { CommandUnit } from "../command.ts";

export interface RuntimeStatusRow {
  readonly policy: string;
  readonly cluster: string;
  readonly node: string;
  readonly mode: string;
  readonly state: string;
  readonly inScope: number;
  readonly happened: string;
  readonly proof: string;
  readonly because: string;
  readonly problems: readonly string[];
}

export const runtimeStatus: CommandUnit = {
  name: "status",
  add(group, run) {
    group
      .command("status")
      .summary("policies per node: state, workloads in scope, what happened, and what proves it")
      .addHelpText("after", "\nExamples:\n  garrison runtime status\n  garrison runtime status -o wide")
      .action(run((context) => runStatus(context)));
  },
};

async function runStatus(context: Context): Promise<void> {
  const { resources } = await ask(context, "listResources", { params: { kind: "RuntimePolicy" } });
  const rows = resources.flatMap((resource) =>
    resource.status.map((status): RuntimeStatusRow => {
      const { enforcement } = status;
      const counts = Object.entries(enforcement?.runtime?.countsByOutcome ?? {});
      return {
        policy: resource.name,
        cluster: status.cluster,
        node: status.node,
        mode: enforcement?.runtime?.mode ?? "-",
        state: enforcement?.state ?? status.state,
        inScope: enforcement?.endpoints ?? 0,
        happened: counts.map(([outcome, count]) => `${count} ${outcome}`).join(", "),
        proof: enforcement?.runtime?.receipt ?? "",
        because: status.because,
        problems: enforcement?.problems ?? [],
      };
    }),
  );
  const format = context.flags.output ?? "table";
  await context.print(render(rows, sheet, { format, width: context.width }));
  if (rows.length === 0 && (format === "table" || format === "wide")) context.say(emptyText(resources.length));
  for (const { policy, problems } of rows) for (const problem of problems) context.say(`note: ${policy}: ${problem}`);
}

function emptyText(policies: number): string {
  return policies === 0
    ? "no runtime policy is there: garrison apply -f FILE puts one (baselines that protect: garrison baseline list)"
    : `${policies} runtime ${policies === 1 ? "policy is" : "policies are"} there, and no node has spoken of ${policies === 1 ? "it" : "them"} yet: ask again`;
}

/** Where reasons need the room, names stay whole and counts go: wider terminals and -o wide have them. */
export const sheet: Sheet<RuntimeStatusRow> = {
  name: ({ policy }) => policy,
  columns: [
    { title: "policy", value: ({ policy }) => policy, squeeze: "never" },
    { title: "node", value: ({ cluster, node }) => `${cluster}/${node}`, squeeze: "never" },
    { title: "mode", value: ({ mode }) => mode, squeeze: "never" },
    { title: "state", value: ({ state }) => state, squeeze: "never" },
    { title: "in scope", value: ({ inScope }) => String(inScope), align: "right", squeeze: "first" },
    { title: "happened", value: ({ happened }) => happened || "-", squeeze: "first" },
    { title: "because", value: ({ because }) => because, wraps: true },
    { title: "proof", value: ({ proof }) => proof, isWide: true },
  ],
};
