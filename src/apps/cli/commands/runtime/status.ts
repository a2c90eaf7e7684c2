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
  await context.print(render(rows, sheet, { format: context.flags.output ?? "table", width: context.width }));
  for (const { policy, problems } of rows) for (const problem of problems) context.say(`note: ${policy}: ${problem}`);
}

const sheet: Sheet<RuntimeStatusRow> = {
  name: ({ policy }) => policy,
  columns: [
    { title: "policy", value: ({ policy }) => policy },
    { title: "node", value: ({ cluster, node }) => `${cluster}/${node}` },
    { title: "mode", value: ({ mode }) => mode },
    { title: "state", value: ({ state }) => state },
    { title: "in scope", value: ({ inScope }) => String(inScope), align: "right" },
    { title: "happened", value: ({ happened }) => happened || "-" },
    { title: "because", value: ({ because }) => because },
    { title: "proof", value: ({ proof }) => proof, isWide: true },
  ],
};
