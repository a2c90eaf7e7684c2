// garrison policy prove: whether invariants hold for every flow that can be; a counter-example with its trace when one does not. For CI.
import type { CommandUnit } from "../command.ts";
import { type WorldFlags, withInput } from "./flags.ts";

export interface ProveFlags extends WorldFlags {
  readonly invariants: readonly string[];
  readonly staged?: boolean;
}

export const policyProve: CommandUnit = {
  name: "prove",
  add(group, run) {
    withInput(
      group
        .command("prove")
        .summary("do invariants hold for every flow that can be? a counter-example when not")
        .argument("[files...]", "files, folders or -; policies and pods may stand together"),
    )
      .requiredOption("--invariants <file...>", "what must hold; the format is in docs/guides/policy.md")
      .option("--staged", "as if staged policies were enforced")
      .addHelpText(
        "after",
        "\nExit 3 when an invariant is not proved: it fails, or cannot be decided.\n\nExample:\n  garrison policy prove policies/ --world pods.yaml --invariants invariants.yaml",
      )
      .action(run<ProveFlags>(async (context, input) => (await import("./run-prove.ts")).runProve(context, input)));
  },
};
