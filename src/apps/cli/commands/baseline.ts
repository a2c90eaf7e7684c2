// garrison baseline: what workloads do, learnt; drift from it; the ladder learning -> monitoring -> protecting. Each sub-command is a file in baseline/.
import { baselineCommands } from "./baseline/list-commands.ts";
import type { CommandUnit } from "./command.ts";

export const baseline: CommandUnit = {
  name: "baseline",
  add(program, run) {
    const group = program
      .command("baseline")
      .summary("learnt baselines: what workloads do, what drifts from it, and the ladder up to protecting")
      .description(
        "Every workload of one image is learnt from what was recorded. `promote` freezes that (monitoring: drift is told) and goes on to protecting (programs outside it are ended, a dry run first). WORKLOAD: NAME, NAMESPACE/NAME, or CLUSTER/NAMESPACE/KIND/NAME.",
      );
    for (const unit of baselineCommands) unit.add(group, run);
  },
};
