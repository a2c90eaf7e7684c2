// garrison detections rules.
import type { RuntimeRule } from "../../../server/contract/runtime.ts";
import { ask, type Context } from "../../context.ts";
import { render, type Sheet } from "../../output/format.ts";
import { age } from "../../output/units.ts";
import { sayWindow } from "../rows.ts";

export async function printRules(context: Context, since: string): Promise<number> {
  const { rules, rulesOmitted, nodes, window } = await ask(context, "listRuntimeRules", { query: { since } });
  const format = context.flags.output ?? "table";
  await context.print(render(rules, sheet(context.nowMs()), { format, width: context.width }));
  if (rulesOmitted > 0) context.say(`and ${rulesOmitted} more rules`);
  for (const { node, enabled, isConnected, because } of nodes)
    if (isConnected && !enabled) context.say(`${node} does not detect: ${because}`);
  for (const problem of new Set(nodes.flatMap(({ problems }) => problems))) context.say(`refused: ${problem}`);
  return sayWindow(context, window, false);
}

function sheet(nowMs: number): Sheet<RuntimeRule> {
  return {
    name: ({ name }) => name,
    columns: [
      { title: "state", value: ({ state }) => state },
      { title: "spoke", value: ({ detections }) => String(detections), align: "right" },
      {
        title: "last",
        value: ({ lastAt }) => (lastAt === undefined ? "-" : age(Date.parse(lastAt), nowMs)),
        align: "right",
      },
      { title: "severity", value: ({ severity }) => severity || "-" },
      { title: "from", value: ({ from }) => from },
      { title: "techniques", value: ({ techniques }) => techniques.join(",") || "-", isWide: true },
      { title: "because", value: ({ because }) => because || "-", isWide: true },
      { title: "rule", value: ({ name }) => name },
    ],
  };
}
