// garrison vuln explain: why a vulnerability holds for an image, or why not: every package that could be meant, every record, every comparison.
import type { CommandUnit } from "../command.ts";
import { withPlace, type DbPlaceFlags } from "../db/flags.ts";
import { collected, withPlaceFlags, type ImageFlags } from "../image/image-flags.ts";

export interface VulnExplainFlags extends DbPlaceFlags, ImageFlags {
  readonly vex?: readonly string[];
  readonly exceptions?: readonly string[];
  readonly all?: boolean;
}

export const vulnExplain: CommandUnit = {
  name: "explain",
  add(group, run) {
    withPlace(
      withPlaceFlags(
        group
          .command("explain")
          .summary("why a vulnerability holds for an image, or why it does not, and what nobody can tell")
          .argument("<id>", "a CVE or any other name of it")
          .argument("[reference]", "an image in its registry; or one of --archive, --oci, --root, --sbom, ..."),
      ),
    )
      .option("--vex <file>", "VEX documents that are laid over the findings, as often as wanted", collected)
      .option("--exceptions <file>", "manifests of kind Exception, as often as wanted", collected)
      .option("--all", "show every step, also the many that are alike")
      .addHelpText(
        "after",
        "\nExamples:\n  garrison vuln explain CVE-2024-28757 --oci web-image\n  garrison vuln explain CVE-2021-44228 registry.example:5000/shop/web:1.2 -o json\n" +
          "\nExit code 0 with an answer, 7 when what is missing could change it.",
      )
      .action(
        run<VulnExplainFlags>(async (context, input) => (await import("./run-explain.ts")).runExplain(context, input)),
      );
  },
};
