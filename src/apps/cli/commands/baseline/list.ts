// garrison baseline list: the ladder of every workload and image.
import { ask } from "../../context.ts";
import { render, type Sheet } from "../../output/format.ts";
import { age } from "../../output/units.ts";
import type { CommandUnit } from "../command.ts";
import { sayWindow } from "../rows.ts";
import { formatOf, imageText, type Ladder } from "./find-workload.ts";

export interface BaselineListFlags {
  readonly cluster?: string;
  readonly namespace?: string;
  readonly since: string;
  readonly drift?: boolean;
  readonly json?: boolean;
}

export const baselineList: CommandUnit = {
  name: "list",
  add(group, run) {
    group
      .command("list")
      .summary("workloads with their step, confidence, what was seen and what drifted; drift first")
      .option("--cluster <name>", "of one cluster")
      .option("-n, --namespace <name>", "of one namespace")
      .option("--since <time>", "seen since: 7d, 24h or RFC 3339", "7d")
      .option("--drift", "only those that drift; exit code 3 when there are any")
      .option("--json", "as -o json")
      .addHelpText("after", "\nExamples:\n  garrison baseline list\n  garrison baseline list --drift -n shop")
      .action(
        run<BaselineListFlags>(async (context, { options }) => {
          const { cluster, namespace, since } = options;
          const query = {
            since,
            ...(cluster === undefined ? {} : { cluster }),
            ...(namespace === undefined ? {} : { namespace }),
          };
          const answer = await ask(context, "listBaselines", { query });
          const rows = options.drift === true ? answer.rows.filter(({ drift }) => drift > 0) : answer.rows;
          const format = formatOf(context, options);
          await context.print(render(rows, sheet(context.nowMs()), { format, width: context.width }));
          if (rows.length === 0 && format === "table") context.say(emptyText(options));
          if (answer.omitted > 0)
            context.say(`${answer.omitted} more workloads are not shown: narrow with -n or --cluster`);
          const code = sayWindow(context, answer.window);
          return options.drift === true && rows.length > 0 ? 3 : code;
        }),
      );
  },
};

function emptyText({ drift }: BaselineListFlags): string {
  return drift === true
    ? "nothing drifts from a baseline; workloads that still learn have none to drift from"
    : "nothing was seen: start an agent (garrison status), and look again when workloads have run";
}

export function stepText({ step, baseline }: Pick<Ladder, "step" | "baseline">): string {
  return step === "protecting" && baseline?.dryRun === true ? "protecting (dry run)" : step;
}

/** No drift that nobody could tell is not none. */
export function driftText({ drift, step, nodesJudging }: Pick<Ladder, "drift" | "step" | "nodesJudging">): string {
  return step === "learning" || (drift === 0 && nodesJudging === 0) ? "-" : String(drift);
}

function sheet(nowMs: number): Sheet<Ladder> {
  const count = (pick: (seen: Ladder["seen"]) => number) => (row: Ladder) => String(pick(row.seen));
  return {
    name: ({ cluster, namespace, kind, workload }) =>
      [cluster, namespace, kind, workload].map(encodeURIComponent).join("/"),
    columns: [
      { title: "workload", value: ({ namespace, workload }) => `${namespace}/${workload}`, squeeze: "never" },
      { title: "kind", value: ({ kind }) => kind },
      { title: "image", value: imageText, squeeze: "first" },
      { title: "step", value: stepText },
      { title: "confidence", value: ({ confidence }) => `${confidence.level} ${confidence.score}` },
      { title: "drift", value: driftText, align: "right" },
      { title: "programs", value: count(({ executables }) => executables), align: "right", squeeze: "first" },
      { title: "destinations", value: count(({ destinations }) => destinations), align: "right", squeeze: "first" },
      { title: "names", value: count(({ domains }) => domains), align: "right", squeeze: "first" },
      { title: "seen", value: ({ lastSeen }) => age(Date.parse(lastSeen), nowMs), align: "right" },
      { title: "cluster", value: ({ cluster }) => cluster, isWide: true },
      {
        title: "baseline",
        value: ({ baseline }) => (baseline === undefined ? "-" : `${baseline.name} v${baseline.generation}`),
        isWide: true,
      },
      { title: "because", value: ({ confidence }) => confidence.because.join("; "), isWide: true },
    ],
  };
}
