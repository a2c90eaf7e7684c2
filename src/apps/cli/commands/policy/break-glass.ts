// garrison policy break-glass: all enforcement off on this machine, now, without server and agent; and the way back.
import { hostname, userInfo } from "node:os";
import { silentLogger } from "../../../../base/logger.ts";
import { tableName } from "../../../../core/policy/compile/settings.ts";
import { openNftables } from "../../../../edge/dataplane/nftables/open-nftables.ts";
import { dataFolderOf, type Context } from "../../context.ts";
import type { CommandUnit } from "../command.ts";

export const policyBreakGlass: CommandUnit = {
  name: "break-glass",
  add(group, run) {
    group
      .command("break-glass")
      .summary("take all enforcement out of this machine's kernel, without server and agent")
      .option("--because <text>", "why; kept in the file and shown in statuses", "")
      .option("--end", "lift it: the agent enforces again what its resources say")
      .addHelpText(
        "after",
        "\nRemoves the table `inet garrison` and writes a file into the data folder; while it is there no agent of that folder enforces anything.\n\nExamples:\n  sudo garrison policy break-glass --because 'payments are down'\n  sudo garrison policy break-glass --end",
      )
      .action(
        run<{ because: string; end?: true }>((context, { options }) =>
          options.end === true ? endIt(context) : breakIt(context, options.because),
        ),
      );
  },
};

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
