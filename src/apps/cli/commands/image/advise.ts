// garrison image advise: what to change in a Dockerfile, or in an image and its base. Dockerfiles need nothing but the file.
import { Option } from "commander";
import { adviceSeverities, type AdviceSeverity } from "../../../../core/image/advice.ts";
import type { CommandUnit } from "../command.ts";
import { withPlaceFlags, type ImageFlags } from "./image-flags.ts";

export const adviceFormats = ["table", "json", "sarif", "markdown"] as const;
export type AdviceFormat = (typeof adviceFormats)[number];

export interface AdviseFlags extends ImageFlags {
  readonly failOn?: AdviceSeverity | "never";
  readonly config?: string | false;
  readonly ignore?: readonly string[];
  readonly trustedRegistry?: readonly string[];
  readonly rules?: boolean;
  readonly compare?: readonly string[];
  readonly db?: string | false;
  readonly dbKey?: string;
}

export const imageAdvise: CommandUnit = {
  name: "advise",
  add(group, run) {
    withPlaceFlags(
      group
        .command("advise")
        .summary("what to change in a Dockerfile, or in an image and its base")
        .description(
          "Advice on Dockerfiles (files, folders, - for standard input) or on an image. Without an argument: ./Dockerfile or ./Containerfile. Rules carry Hadolint's numbers where it has them; .hadolint.yaml and its comments are heeded.",
        )
        .argument("[what...]", "Dockerfiles, folders, -, or one image's reference"),
    )
      .addOption(
        new Option("--fail-on <severity>", "exit 3 when a finding is at least this bad (default: error)").choices([
          ...adviceSeverities,
          "never",
        ]),
      )
      .option("--config <file>", "settings, as Hadolint has them (default: .hadolint.yaml of this folder)")
      .option("--no-config", "heed no settings file")
      .option("--ignore <rule...>", "leave rules out: DL3008, dockerfile/no-digest, image/shell")
      .option("--trusted-registry <host...>", "tell images of any other registry: docker.io, *.example.com")
      .option(
        "--compare <name=path...>",
        "another base at hand (archive, OCI layout, folder): recognised, and counted: debian:13-slim=slim.tar",
      )
      .option(
        "--db <folder>",
        "the advisory database to count with (default: the data folder's advisories, when there is one)",
      )
      .option("--no-db", "count no vulnerabilities")
      .option("--db-key <file>", "the public key that the database must be signed with")
      .option("--secrets", "search an image's layers for secrets too")
      .option("--rules", "list the rules and end")
      .addOption(new Option("-o, --output <format>", "how data is printed").choices(adviceFormats))
      .addHelpText(
        "after",
        "\nExamples:\n  garrison image advise\n  garrison image advise services/ --fail-on warning -o sarif\n  garrison image advise --archive app.tar --secrets",
      )
      .action(run<AdviseFlags>(async (context, input) => (await import("./run-advise.ts")).runAdvise(context, input)));
  },
};
