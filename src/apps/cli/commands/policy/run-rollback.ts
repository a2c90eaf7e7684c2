// Tells a node to take its newest change back, and waits for its word.
import { Fault } from "../../../../base/fault.ts";
import { ask, type Context } from "../../context.ts";
import { enforcedOf, printEnforced } from "./enforced-rows.ts";
import { waitForNode } from "./node-statuses.ts";
import { targetOf } from "./node-target.ts";
import type { RollbackFlags } from "./rollback.ts";
import { secondsOf } from "./seconds.ts";

export async function runRollback(
  context: Context,
  { args: [given], options: flags }: { readonly args: readonly string[]; readonly options: RollbackFlags },
): Promise<number> {
  const target = await targetOf(context, flags);
  const { resources } = await ask(context, "listResources", { params: { kind: "Enforcement" } });
  const scopes = [target.scope, `cluster/${target.cluster}`, "global"];
  const [own] = scopes.flatMap((scope) => resources.filter((one) => one.scope === scope && !one.deleted));
  const said = own?.status.find(({ cluster, node }) => cluster === target.cluster && node === target.node);
  const digest = said?.enforcement?.digest ?? "";
  if (own === undefined || digest === "") {
    throw new Fault("the node has no change that could be taken back", {
      code: "cli/no-change",
      kind: "conflict",
      hint: "`garrison policy status` shows what it is at",
    });
  }
  // Stored, it would wait for a change that may never come.
  if (given !== undefined && given !== digest) {
    throw new Fault(`node ${target.node} is at no change ${given}`, {
      code: "cli/no-such-change",
      kind: "not-found",
      hint: `it is at ${digest}; without a digest it is that one that is taken back`,
    });
  }
  // For this node alone, whatever scope decided so far.
  const spec = { ...own.spec, takeBack: digest, confirm: "", hold: "" };
  const name = own.scope === target.scope ? own.name : "default";
  const body = { apiVersion: "garrison/v1", kind: "Enforcement", scope: target.scope, name, spec } as const;
  await ask(context, "applyResource", { params: { kind: "Enforcement", name }, query: { dryRun: "false" }, body });
  const statuses = await waitForNode(context, target, { seconds: secondsOf(flags.waitSeconds), isDone: () => true });
  const enforced = enforcedOf(statuses);
  await printEnforced(context, enforced);
  return enforced.node?.state === "taken-back" ? 0 : 1;
}
