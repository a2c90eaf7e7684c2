// garrison runtime plan: what this node can promise for each rule of policy files, and why. No server needed; nothing is attached.
import { Option } from "commander";
import type { CommandUnit } from "../command.ts";

export interface RuntimePlanFlags {
  readonly json?: boolean;
  readonly failOn: "detect" | "kill-late" | "kill" | "never";
}

export const runtimePlan: CommandUnit = {
  name: "plan",
  add(group, run) {
    group
      .command("plan")
      .summary(
        "per rule: prevent, kill or only detect on this node, and why (tries the kernel, attaches nothing; root sees the truth)",
      )
      .argument("<policy...>", "files with RuntimePolicies, KubeArmorPolicies, TracingPolicies")
      .addOption(new Option("-o, --output <format>", "how it is printed").choices(["table", "json", "yaml"]))
      .option("--json", "the same as -o json")
      .addOption(
        new Option("--fail-on <guarantee>", "exit 3 when a blocking rule gets no better than this")
          .choices(["detect", "kill-late", "kill", "never"])
          .default("never"),
      )
      .addHelpText(
        "after",
        "\nExamples:\n  garrison runtime plan shop-policies.yaml\n  garrison runtime plan kubearmor/*.yaml --fail-on detect --json\n\n" +
          "Exit code 2: a policy is refused; 3: at the gate, or with a gate something is left out; 7: without a gate something is left out.",
      )
      .action(run<RuntimePlanFlags>(async (context, input) => (await import("./run-plan.ts")).runPlan(context, input)));
  },
};
