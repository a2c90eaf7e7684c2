// garrison runtime: what processes of workloads may do. `plan` says without a server what this node could promise; the others talk to the server.
import type { CommandUnit } from "./command.ts";
import { runtimeHoldCommands } from "./runtime/hold.ts";
import { runtimePlan } from "./runtime/plan.ts";
import { runtimeStatus } from "./runtime/status.ts";

export const runtime: CommandUnit = {
  name: "runtime",
  add(program, run) {
    const group = program
      .command("runtime")
      .summary("runtime policies: what this node can promise for each rule, what is in force; freeze, isolate, release")
      .description(
        "RuntimePolicy resources, KubeArmorPolicies and a subset of TracingPolicies: processes, files, connections, capabilities, calls.",
      );
    for (const unit of [runtimePlan, runtimeStatus, ...runtimeHoldCommands]) unit.add(group, run);
  },
};
