// Takes our table out of the kernel and leaves the file that keeps it out; or removes the file.
import { hostname, userInfo } from "node:os";
import { Fault, toFault } from "../../../../base/fault.ts";
import { silentLogger } from "../../../../base/logger.ts";
import { tableName } from "../../../../core/policy/compile/settings.ts";
import { openNftables } from "../../../../edge/dataplane/nftables/open-nftables.ts";
import { dataFolderOf, type Context } from "../../context.ts";
import type { BreakGlassFlags } from "./break-glass.ts";

export function runBreakGlass(context: Context, flags: BreakGlassFlags): Promise<number> {
  return flags.end === true ? endIt(context) : breakIt(context, flags.because);
}

async function breakIt(context: Context, because: string): Promise<number> {
  // The table first: packets pass again whatever becomes of the file, on a full disk, too. And the file whatever becomes of the table.
  let trouble: unknown;
  try {
    await context.print(removeTable() ? `${removed}: every packet passes\n` : `${what} was not in the kernel\n`);
  } catch (error) {
    trouble = error;
  }
  const folder = await writeFile(context, because);
  if (trouble !== undefined) throw trouble;
  // An agent that put the table back before it saw the file takes it out by itself; where that one has stopped, this does.
  if (removeTable()) await context.print(`${removed} once more: an agent had put it back\n`);
  await context.print(`break-glass: no agent of ${folder} enforces anything from now on\n`);
  context.say("lift it with: garrison policy break-glass --end");
  return 0;
}

const what = `table inet ${tableName}`;
const removed = `removed ${what}`;

/** Whether it was there. */
function removeTable(): boolean {
  const dataplane = openNftables({ table: tableName, clock: { nowMs: Date.now }, logger: silentLogger });
  try {
    const nothing = { table: { family: "inet", name: tableName }, digest: "", sets: [], chains: [] } as const;
    const { isThere } = dataplane.readBack(nothing, { elements: false });
    dataplane.remove();
    return isThere;
  } finally {
    dataplane.close();
  }
}

/** The file that keeps agents out; its folder. Throws a Fault "policy/break-glass-file": then the table is out, but may come back. */
async function writeFile(context: Context, because: string): Promise<string> {
  const { enforceFolder, writeBreakGlass } = await import("../../../agent/enforce/break-glass.ts");
  const folder = enforceFolder(dataFolderOf(context));
  const by = `${userName()}@${hostname()}`;
  try {
    writeBreakGlass(folder, { sinceMs: context.nowMs(), by, because: because.slice(0, 500) });
  } catch (error) {
    throw new Fault(
      `the table is out of the kernel, but break-glass does not last: its file cannot be written in ${folder} (${toFault(error).message}), so an agent that runs may put the table back at any moment`,
      {
        code: "policy/break-glass-file",
        kind: "unavailable",
        hint: "Stop the agent, or free the disk or name the agent's data folder (--data, GARRISON_DATA), and run it again.",
        cause: error,
      },
    );
  }
  return folder;
}

/** Users without an entry in the machine's list have no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${process.getuid?.() ?? "unknown"}`;
  }
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
