// What a node made of its policies, by the server's word or by the kernel's.
import { toFault } from "../../../../base/fault.ts";
import { silentLogger } from "../../../../base/logger.ts";
import { tableName } from "../../../../core/policy/compile/settings.ts";
import { openNftables } from "../../../../edge/dataplane/nftables/open-nftables.ts";
import { dataFolderOf, type Context } from "../../context.ts";
import { codeOf, enforcedOf, printEnforced } from "./enforced-rows.ts";
import { statusOf } from "./node-statuses.ts";
import { targetOf } from "./node-target.ts";
import type { StatusFlags } from "./status.ts";
import type { TargetFlags } from "./target-flags.ts";
import { formatOf, printDocument } from "./words.ts";

export function runStatus(context: Context, flags: StatusFlags): Promise<number> {
  return flags.kernel === true ? ofKernel(context) : ofServer(context, flags);
}

async function ofServer(context: Context, flags: TargetFlags): Promise<number> {
  const target = await targetOf(context, flags);
  const { statuses, waiting } = await statusOf(context, target);
  const enforced = enforcedOf(statuses);
  await printEnforced(context, enforced);
  if (!target.isConnected)
    context.say(`the agent of ${target.cluster}/${target.node} is not connected: this is its last word`);
  for (const resource of waiting) context.say(`${resource}: the node has not taken up its newest generation`);
  return codeOf(enforced);
}

async function ofKernel(context: Context): Promise<number> {
  const { enforceFolder, readBreakGlass } = await import("../../../agent/enforce/break-glass.ts");
  const glass = readBreakGlass(enforceFolder(dataFolderOf(context)));
  const kernel = lookAtKernel();
  const format = formatOf(context);
  if (format !== "table") {
    await printDocument(context, format, { ...kernel, ...(glass === undefined ? {} : { breakGlass: glass }) });
    return 0;
  }
  await context.print(`${kernel.words}\n`);
  if (glass !== undefined) await context.print("break-glass is in force: garrison policy break-glass --end lifts it\n");
  return 0;
}

function lookAtKernel() {
  try {
    const dataplane = openNftables({ table: tableName, clock: { nowMs: Date.now }, logger: silentLogger });
    try {
      const nothing = { table: { family: "inet", name: tableName }, digest: "", sets: [], chains: [] } as const;
      const { isThere, digest } = dataplane.readBack(nothing, { elements: false });
      const rules = isThere ? dataplane.counters().length : 0;
      const words = isThere
        ? `table inet ${tableName} is in the kernel: digest ${digest}, ${rules} rules with counters`
        : `table inet ${tableName} is not in the kernel: nothing is enforced here`;
      return { isThere, digest, rules, words };
    } finally {
      dataplane.close();
    }
  } catch (error) {
    return { because: toFault(error).message, words: `the kernel cannot be asked: ${toFault(error).message}` };
  }
}
