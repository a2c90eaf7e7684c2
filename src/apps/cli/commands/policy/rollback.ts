// garrison policy rollback: takes the newest change of this node back; what was in force before it comes again.
import { Fault } from "../../../../base/fault.ts";
import { ask, type Context } from "../../context.ts";
import type { CommandUnit } from "../command.ts";
import { secondsOf } from "./apply.ts";
import { enforcedOf, printEnforced } from "./enforced-rows.ts";
import { waitForNode } from "./node-statuses.ts";
import { targetOf, withTarget, type TargetFlags } from "./node-target.ts";

export const policyRollback: CommandUnit = {
  name: "rollback",
  add(group, run) {
    withTarget(
      group
        .command("rollback")
        .summary("take the newest change on this node back")
        .argument("[digest]", "the change; default: the one that the node is at"),
    )
      .option("--wait-seconds <n>", "how long to wait for the node's word", "30")
      .addHelpText(
        "after",
        "\nThe resources stay as they are: the next change of any of them is a new change, and `garrison policy apply --confirm DIGEST` brings this one again.\n\nExample:\n  garrison policy rollback",
      )
      .action(
        run<TargetFlags & { waitSeconds: string }>((context, { args, options }) => rollback(context, args[0], options)),
      );
  },
};

async function rollback(
  context: Context,
  given: string | undefined,
  flags: TargetFlags & { readonly waitSeconds: string },
): Promise<number> {
  const target = await targetOf(context, flags);
  const { resources } = await ask(context, "listResources", { params: { kind: "Enforcement" } });
  const scopes = [target.scope, `cluster/${target.cluster}`, "global"];
  const [own] = scopes.flatMap((scope) => resources.filter((one) => one.scope === scope && !one.deleted));
  const said = own?.status.find(({ cluster, node }) => cluster === target.cluster && node === target.node);
  const digest = given ?? said?.enforcement?.digest ?? "";
  if (own === undefined || digest === "") {
    throw new Fault("the node has no change that could be taken back", {
      code: "cli/no-change",
      kind: "conflict",
      hint: "`garrison policy status` shows what it is at",
    });
  }
  // For this node alone, whatever scope decided so far.
  const spec = { ...own.spec, takeBack: digest, confirm: "" };
  const name = own.scope === target.scope ? own.name : "default";
  const body = { apiVersion: "garrison/v1", kind: "Enforcement", scope: target.scope, name, spec } as const;
  await ask(context, "applyResource", { params: { kind: "Enforcement", name }, query: { dryRun: "false" }, body });
  const statuses = await waitForNode(context, target, { seconds: secondsOf(flags.waitSeconds), isDone: () => true });
  const enforced = enforcedOf(statuses);
  await printEnforced(context, enforced);
  return enforced.node?.state === "taken-back" ? 0 : 1;
}
