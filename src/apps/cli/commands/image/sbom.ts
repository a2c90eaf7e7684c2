// garrison image sbom: what is in an image as a document that other programs read. The same image gives the same bytes.
import { Option } from "commander";
import type { CommandUnit } from "../command.ts";
import { collected, withImageFlags, type ImageFlags } from "./image-flags.ts";

export const sbomFormats = ["cyclonedx", "spdx", "json", "table"] as const;

export interface SbomFlags extends ImageFlags {
  readonly output?: string;
  readonly outputFile?: readonly string[];
  readonly createdAt?: string;
}

export const imageSbom: CommandUnit = {
  name: "sbom",
  add(group, run) {
    withImageFlags(
      group
        .command("sbom")
        .summary(
          "the software bill of materials: CycloneDX 1.6 or SPDX 2.3, reproducible; also converts between formats",
        )
        .addOption(new Option("-o, --output <format>", "the format (default: cyclonedx)").choices(sbomFormats)),
    )
      .option(
        "--output-file <format=path>",
        "written to a file instead, as often as wanted: spdx=web.spdx.json",
        collected,
      )
      .option(
        "--created-at <time>",
        "the time that the document carries (default: SOURCE_DATE_EPOCH, then the image's own)",
      )
      .addHelpText(
        "after",
        "\nExamples:\n  garrison image sbom nginx:1.27 > nginx.cdx.json\n  garrison image sbom --archive web.tar -o spdx\n  garrison image sbom --sbom web.spdx.json -o cyclonedx",
      )
      .action(run<SbomFlags>(async (context, input) => (await import("./run-sbom.ts")).runSbom(context, input)));
  },
};
