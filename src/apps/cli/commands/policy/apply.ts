// garrison policy apply: policies into the kernel of this node, by its agent, with receipts; or without server and agent in the foreground.
import type { CommandUnit } from "../command.ts";
import { type TargetFlags, withTarget } from "./target-flags.ts";

export interface ApplyFlags extends TargetFlags {
  readonly netns?: readonly string[];
  readonly rollbackAfter?: string;
  readonly confirm?: string | true;
  readonly dryRun?: true;
  readonly cutConnections?: true;
  readonly foreground?: true;
  readonly waitSeconds: string;
}

export const policyApply: CommandUnit = {
  name: "apply",
  add(group, run) {
    withTarget(
      group
        .command("apply")
        .summary("enforce policies on this node: in the kernel, read back and tried")
        .argument("[files...]", "files, folders or - with policies; none with --confirm"),
    )
      .option(
        "--netns <name=labels...>",
        "a network namespace of this machine as a workload: web=app=web,namespace=shop,name=web",
      )
      .option("--rollback-after <time>", "take the change back after so long (60s, 5m) unless it is confirmed")
      .option(
        "--confirm [digest]",
        "confirm the change that was refused or waits; without a digest the one that the node is at",
      )
      .option("--cut-connections", "end open connections that the new policies deny")
      .option("--dry-run", "say what the change would do; store nothing, change nothing")
      .option("--foreground", "no server, no agent: enforce from this process until Ctrl-C")
      .option("--wait-seconds <n>", "how long to wait for the node's word", "30")
      .addHelpText("after", helpText)
      .action(run<ApplyFlags>(async (context, input) => (await import("./run-apply.ts")).runApply(context, input)));
  },
};

const helpText = `
Examples:
  garrison policy apply policies/ --netns web=app=web,namespace=shop --netns db=app=db,namespace=shop
  garrison policy apply policies/ --rollback-after 60s
  garrison policy apply --confirm
Exit code 3: refused until it is confirmed. 7: applied, but not all of it proved.`;
