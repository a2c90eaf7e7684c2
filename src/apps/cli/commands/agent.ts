// garrison agent: the nodes that are watched, tokens to join with, and taking an agent's certificate back.
import type { Node } from "../../../model/node.ts";
import { ask } from "../context.ts";
import { render, type Sheet } from "../output/format.ts";
import { age } from "../output/units.ts";
import type { CommandUnit } from "./command.ts";

export const agent: CommandUnit = {
  name: "agent",
  add(program, run) {
    const group = program.command("agent").summary("nodes, join tokens, revocation");
    group
      .command("list")
      .summary("nodes and how they are seen")
      .action(
        run(async (context) => {
          const { nodes } = await ask(context, "listNodes", {});
          await context.print(
            render(nodes, sheet(context.nowMs()), { format: context.flags.output ?? "table", width: context.width }),
          );
        }),
      );
    group
      .command("token")
      .summary("make a token that an agent joins with; shown once")
      .requiredOption("--cluster <name>", "the cluster that it is bound to")
      .option("--uses <n>", "how many agents may join with it", "1")
      .option("--minutes <n>", "how long it is valid", "60")
      .addHelpText(
        "after",
        "\nExample:\n  garrison agent token --cluster shop --uses 3\n  garrison run agent --join-token TOKEN --server-address HOST:8687 --data /var/lib/garrison",
      )
      .action(
        run<{ cluster: string; uses: string; minutes: string }>(async (context, { options }) => {
          const body = {
            cluster: options.cluster,
            uses: Number(options.uses),
            expiresInSeconds: Number(options.minutes) * 60,
          };
          const made = await ask(context, "createJoinToken", { body });
          await context.print(
            context.flags.output === "json" ? `${JSON.stringify(made, undefined, 2)}\n` : `${made.token}\n`,
          );
          context.say(
            `valid until ${made.info.expiresAt} for ${made.info.usesLeft} agent(s) of cluster ${made.info.cluster}`,
          );
        }),
      );
    group
      .command("revoke")
      .summary("take an agent's certificate back; it must join again")
      .argument("<cluster>")
      .argument("<node>")
      .action(
        run(async (context, { args }) => {
          const [cluster = "", node = ""] = args;
          await ask(context, "revokeAgent", { params: { cluster, node } });
          await context.print(`${cluster}/${node} revoked\n`);
        }),
      );
  },
};

/** Detection on the node: rules loaded, and which of them say nothing there. "-": its agent is older than rules. */
function rulesOf({ detection }: Node): string {
  if (detection === undefined) return "-";
  if (!detection.enabled) return "off";
  const less = [
    ...(detection.blind > 0 ? [`${detection.blind} blind`] : []),
    ...(detection.refused > 0 ? [`${detection.refused} refused`] : []),
  ];
  return `${detection.loaded}${less.length > 0 ? ` (${less.join(", ")})` : ""}`;
}

function sheet(nowMs: number): Sheet<Node> {
  return {
    name: (node) => `${node.cluster}/${node.name}`,
    columns: [
      { title: "cluster", value: (node) => node.cluster },
      { title: "node", value: (node) => node.name },
      { title: "state", value: (node) => node.state },
      { title: "sees by", value: (node) => node.fidelity },
      { title: "kernel", value: (node) => node.kernel || "-", isWide: true },
      { title: "agent", value: (node) => node.agentVersion },
      { title: "seen", value: (node) => age(Date.parse(node.lastSeenAt), nowMs), align: "right" },
      {
        title: "certificate",
        value: (node) => `${age(nowMs, Date.parse(node.certificateExpiresAt))} left`,
        align: "right",
      },
      { title: "rules", value: rulesOf },
      { title: "because", value: (node) => node.fidelityBecause || "-" },
    ],
  };
}
