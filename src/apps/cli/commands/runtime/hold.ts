// garrison runtime freeze, isolate, release: a running workload is stopped where it stands or cut off, until a time, as a RuntimePolicy that everybody sees.
import { Option } from "commander";
import { Fault, toFault } from "../../../../base/fault.ts";
import type { Resource } from "../../../../model/resource.ts";
import { RuntimePolicy } from "../../../../model/runtime-policy.ts";
import { ask, type Context } from "../../context.ts";
import type { CommandUnit } from "../command.ts";
import { requireSeen } from "./seen-workload.ts";

interface HoldFlags {
  readonly scope: string;
  readonly minutes: string;
  readonly reason: string;
  readonly unseen?: true;
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
const reasonMin = 3;

function holdCommand(action: "freeze" | "isolate", summary: string): CommandUnit {
  return {
    name: action,
    add(group, run) {
      group
        .command(action)
        .summary(summary)
        .argument("<workload>", "namespace/workload, or /cgroup/path outside Kubernetes")
        .requiredOption("--reason <text>", "needed: why, 3 characters or more; kept with the resource")
        .option("--minutes <n>", `how long at most, 1 to ${minutesMax}`, "60")
        .addOption(
          new Option("--scope <scope>", "global, cluster/<cluster> or node/<cluster>/<node>").default("global"),
        )
        .option("--unseen", "also a workload of which nothing was seen within a day: what gets this name is held")
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
          await deleteHold(context, args[0], options.scope);
          const name = holdName(args[0]);
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
  { action, minutes, reason, scope, unseen }: HoldFlags & { readonly action: "freeze" | "isolate" },
): Promise<void> {
  const length = Number(minutes);
  if (!Number.isInteger(length) || length < 1 || length > minutesMax)
    throw new Fault(`--minutes ${minutes} is none`, {
      code: "cli/usage",
      kind: "usage",
      hint: `a whole number from 1 to ${minutesMax}`,
    });
  if (reason.trim().length < reasonMin)
    throw usage(`--reason ${JSON.stringify(reason)} says too little`, `${reasonMin} characters or more: who asks why`);
  const target = targetOf(workload);
  if ("workload" in target && unseen !== true) await requireSeen(context, { ...target, scope });
  const name = holdName(workload);
  const until = new Date(context.nowMs() + length * 60_000).toISOString();
  const spec = { target, mode: "enforce", hold: { action, until, reason } };
  const { outcome } = await ask(context, "applyResource", {
    params: { kind: "RuntimePolicy", name },
    query: {},
    body: { apiVersion: "garrison/v1", kind: "RuntimePolicy", scope, name, spec },
  });
  await context.print(`RuntimePolicy/${name} ${outcome}: ${action} until ${until}\n`);
  if ("cgroup" in target)
    context.say("note: only its node knows whether this cgroup is there: `garrison runtime status` says what is held");
}

type Target = { readonly cgroup: string } | { readonly namespace: string; readonly workload: string };

function targetOf(workload: string): Target {
  if (workload.startsWith("/")) return { cgroup: workload };
  const [namespace = "", name = "", ...more] = workload.split("/");
  if (namespace !== "" && name !== "" && more.length === 0) return { namespace, workload: name };
  throw new Fault(`"${workload}" names no workload`, {
    code: "cli/usage",
    kind: "usage",
    hint: "namespace/workload (--scope cluster/NAME for one cluster), or a cgroup's path with its leading slash",
  });
}

/** Throws Fault "cli/no-hold" with what is held when this is not. */
async function deleteHold(context: Context, workload: string, scope: string): Promise<void> {
  const name = holdName(workload);
  try {
    await ask(context, "deleteResource", { params: { kind: "RuntimePolicy", name }, query: { scope } });
  } catch (error) {
    const fault = toFault(error);
    if (fault.code !== "resource/not-found") throw fault;
    const { resources } = await ask(context, "listResources", { params: { kind: "RuntimePolicy" } });
    const held = resources.flatMap(heldText);
    throw new Fault(`nothing holds ${workload} in scope ${scope}`, {
      code: "cli/no-hold",
      kind: "not-found",
      hint:
        held.length === 0
          ? "no freeze and no isolation is there"
          : `held are: ${held.slice(0, heldShown).join(", ")}${held.length > heldShown ? ", ..." : ""}`,
    });
  }
}

const heldShown = 8;

/** What a hold of ours holds, as `release` takes it. */
function heldText({ deleted, name, scope, spec }: Resource): readonly string[] {
  const parsed = RuntimePolicy.safeParse(spec);
  if (deleted || !name.startsWith("hold.") || !parsed.success || parsed.data.hold === undefined) return [];
  const { cgroup, namespace, workload } = parsed.data.target;
  const target = cgroup === "" ? `${namespace}/${workload}` : cgroup;
  return [scope === "global" ? target : `${target} --scope ${scope}`];
}

/** "hold.shop.checkout". */
function holdName(workload: string): string {
  const text = workload
    .toLowerCase()
    .replaceAll(/[^a-z0-9.]+/g, ".")
    .replaceAll(/^\.+|\.+$/g, "");
  return `hold.${text}`.slice(0, 253);
}
