// Takes our table out of the kernel and leaves the file that keeps it out; or removes the file.
import { hostname, userInfo } from "node:os";
import { silentLogger } from "../../../../base/logger.ts";
import { tableName } from "../../../../core/policy/compile/settings.ts";
import { openNftables } from "../../../../edge/dataplane/nftables/open-nftables.ts";
import { dataFolderOf, type Context } from "../../context.ts";
import type { BreakGlassFlags } from "./break-glass.ts";

export function runBreakGlass(context: Context, flags: BreakGlassFlags): Promise<number> {
  return flags.end === true ? endIt(context) : breakIt(context, flags.because);
}

async function breakIt(context: Context, because: string): Promise<number> {
  const { enforceFolder, writeBreakGlass } = await import("../../../agent/enforce/break-glass.ts");
  const folder = enforceFolder(dataFolderOf(context));
  // The file first: else an agent that runs would put the table back.
  writeBreakGlass(folder, {
    sinceMs: context.nowMs(),
    by: `${userInfo().username}@${hostname()}`,
    because: because.slice(0, 500),
  });
  await context.print(`break-glass: no agent of ${folder} enforces anything from now on\n`);
  const dataplane = openNftables({ table: tableName, clock: { nowMs: Date.now }, logger: silentLogger });
  try {
    const nothing = { table: { family: "inet", name: tableName }, digest: "", sets: [], chains: [] } as const;
    const { isThere } = dataplane.readBack(nothing, { elements: false });
    dataplane.remove();
    await context.print(
      isThere
        ? `removed table inet ${tableName}: every packet passes\n`
        : `table inet ${tableName} was not in the kernel\n`,
    );
  } finally {
    dataplane.close();
  }
  context.say("lift it with: garrison policy break-glass --end");
  return 0;
}

async function endIt(context: Context): Promise<number> {
  const { endBreakGlass, enforceFolder } = await import("../../../agent/enforce/break-glass.ts");
  const folder = enforceFolder(dataFolderOf(context));
  const wasThere = endBreakGlass(folder);
  await context.print(
    wasThere
      ? "break-glass is over: the agent enforces again what its resources say\n"
      : `break-glass was not in force in ${folder}\n`,
  );
  return 0;
}
