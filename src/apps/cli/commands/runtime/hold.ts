// garrison runtime freeze, isolate, release: a running workload is stopped where it stands or cut off, until a time, as a RuntimePolicy that everybody sees.
import { Option } from "commander";
import { Fault } from "../../../../base/fault.ts";
import { ask, type Context } from "../../context.ts";
import type { CommandUnit } from "../command.ts";

interface HoldFlags {
  readonly scope: string;
  readonly minutes: string;
  readonly reason: string;
}

interface ReleaseFlags {
  readonly scope: string;
  readonly pinned?: boolean;
  readonly pinFolder: string;
}

function usage(message: string, hint: string): Fault {
  return new Fault(message, { code: "cli/usage", kind: "usage", hint });
}

const minutesMax = 7 * 24 * 60;

function holdCommand(action: "freeze" | "isolate", summary: string): CommandUnit {
  return {
    name: action,
    add(group, run) {
      group
        .command(action)
        .summary(summary)
        .argument("<workload>", "namespace/workload, or /cgroup/path outside Kubernetes")
        .requiredOption("--reason <text>", "why; kept with the resource")
        .option("--minutes <n>", `how long at most, 1 to ${minutesMax}`, "60")
        .addOption(
          new Option("--scope <scope>", "global, cluster/<cluster> or node/<cluster>/<node>").default("global"),
        )
        .action(run<HoldFlags>((context, { args, options }) => hold(context, args[0] ?? "", { action, ...options })));
    },
  };
}

const release: CommandUnit = {
  name: "release",
  add(group, run) {
    group
      .command("release")
      .summary("ends a freeze or an isolation; --pinned: frees what a dead agent left in force on this machine")
      .argument("[workload]", "as it was given")
      .addOption(new Option("--scope <scope>", "as it was given").default("global"))
      .option("--pinned", "this machine's pinned policies, of all agents; offline, as root")
      .option("--pin-folder <folder>", "with --pinned: the agent's guard.pinFolder, when it is not the default", "")
      .action(
        run<ReleaseFlags>(async (context, { args, options }) => {
          if (options.pinned === true) {
            if (args[0] !== undefined) throw usage("--pinned frees the whole machine", "leave the workload out");
            return (await import("./release-pinned.ts")).releasePinned(context, options.pinFolder);
          }
          if (args[0] === undefined) throw usage("no workload is named", "name one, or give --pinned");
          const name = holdName(args[0]);
          await ask(context, "deleteResource", {
            params: { kind: "RuntimePolicy", name },
            query: { scope: options.scope },
          });
          await context.print(`RuntimePolicy/${name} deleted: ${args[0]} goes on within seconds\n`);
        }),
      );
  },
};

export const runtimeHoldCommands: readonly CommandUnit[] = [
  holdCommand("freeze", "stops every process of a workload where it stands, for a time"),
  holdCommand("isolate", "drops all packets of a workload, for a time"),
  release,
];

async function hold(
  context: Context,
  workload: string,
  { action, minutes, reason, scope }: HoldFlags & { readonly action: "freeze" | "isolate" },
): Promise<void> {
  const length = Number(minutes);
  if (!Number.isInteger(length) || length < 1 || length > minutesMax)
    throw new Fault(`--minutes ${minutes} is none`, {
      code: "cli/usage",
      kind: "usage",
      hint: `a whole number from 1 to ${minutesMax}`,
    });
  const name = holdName(workload);
  const until = new Date(context.nowMs() + length * 60_000).toISOString();
  const spec = { target: targetOf(workload), mode: "enforce", hold: { action, until, reason } };
  const { outcome } = await ask(context, "applyResource", {
    params: { kind: "RuntimePolicy", name },
    query: {},
    body: { apiVersion: "garrison/v1", kind: "RuntimePolicy", scope, name, spec },
  });
  await context.print(`RuntimePolicy/${name} ${outcome}: ${action} until ${until}\n`);
}

function targetOf(workload: string): object {
  if (workload.startsWith("/")) return { cgroup: workload };
  const [namespace = "", name = ""] = workload.split("/");
  if (namespace !== "" && name !== "") return { namespace, workload: name };
  throw new Fault(`"${workload}" names no workload`, {
    code: "cli/usage",
    kind: "usage",
    hint: "namespace/workload, or a cgroup's path with its leading slash",
  });
}

/** "hold.shop.checkout". */
function holdName(workload: string): string {
  const text = workload
    .toLowerCase()
    .replaceAll(/[^a-z0-9.]+/g, ".")
    .replaceAll(/^\.+|\.+$/g, "");
  return `hold.${text}`.slice(0, 253);
}
