// garrison workloads: what runs, busiest first. On a machine without Kubernetes a workload is a container, a unit or a session.
import type { Workload } from "../../../model/workload.ts";
import { workloadId } from "../../../model/workload.ts";
import { ask } from "../context.ts";
import { render, type Sheet } from "../output/format.ts";
import { age, bytes } from "../output/units.ts";
import type { CommandUnit } from "./command.ts";
import { sayWindow } from "./rows.ts";
import { sayUnseenWorkloads } from "./unseen-workload.ts";

const rowsMax = 1000;

export const workloads: CommandUnit = {
  name: "workloads",
  add(program, run) {
    program
      .command("workloads")
      .summary("what runs, busiest first")
      .argument("[filter...]", "filter terms: ns:host kind:Container NAME or NAMESPACE/NAME")
      .option("--since <time>", "seen since: 15m, 2h, 7d or RFC 3339", "1h")
      .addHelpText(
        "after",
        "\nExamples:\n  garrison workloads\n  garrison workloads --since 24h kind:SystemdUnit -o wide",
      )
      .action(
        run<{ since: string }>(async (context, { args, options }) => {
          const query = { q: args.join(" "), since: options.since, limit: rowsMax };
          const found = await ask(context, "listWorkloads", { query });
          const format = context.flags.output ?? "table";
          await context.print(render(found.rows, sheet(context.nowMs()), { format, width: context.width }));
          if (found.next !== undefined) context.say(`only the busiest ${rowsMax} are shown: narrow the filter`);
          if (found.rows.length === 0) await sayUnseenWorkloads(context, query, "words");
          return sayWindow(context, found.window);
        }),
      );
  },
};

function sheet(nowMs: number): Sheet<Workload> {
  return {
    name: workloadId,
    columns: [
      { title: "cluster", value: (row) => row.cluster },
      { title: "namespace", value: (row) => row.namespace, squeeze: "never" },
      { title: "kind", value: (row) => row.kind },
      { title: "name", value: (row) => row.name, squeeze: "never" },
      { title: "processes", value: (row) => String(row.processes), align: "right" },
      { title: "connections", value: (row) => String(row.connections), align: "right" },
      { title: "failed", value: (row) => String(row.connectionsFailed), align: "right", squeeze: "first" },
      { title: "dns", value: (row) => String(row.dnsQuestions), align: "right", squeeze: "first" },
      { title: "sent", value: (row) => bytes(row.bytesSent), align: "right", squeeze: "first" },
      { title: "received", value: (row) => bytes(row.bytesReceived), align: "right", squeeze: "first" },
      { title: "seen", value: (row) => age(Date.parse(row.lastSeen), nowMs), align: "right" },
      { title: "nodes", value: (row) => row.nodes.join(","), isWide: true },
      { title: "images", value: (row) => row.images.join(",") || "-", isWide: true },
    ],
  };
}
