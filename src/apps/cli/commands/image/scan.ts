// garrison image scan: what is in an image, what is wrong with it and why; for people, for CI, for other programs.
import { Option } from "commander";
import type { CommandUnit } from "../command.ts";
import { collected, withImageFlags, type ImageFlags } from "./image-flags.ts";

export const scanFormats = [
  "table",
  "json",
  "sarif",
  "cyclonedx",
  "spdx",
  "openvex",
  "junit",
  "csv",
  "markdown",
] as const;
export type ScanFormat = (typeof scanFormats)[number];

export interface ScanFlags extends ImageFlags {
  readonly output?: string;
  readonly outputFile?: readonly string[];
  readonly severity?: string;
  readonly onlyFixed?: boolean;
  readonly failOn?: readonly string[];
  readonly failOnGaps?: boolean;
  readonly vex?: readonly string[];
  readonly exceptions?: readonly string[];
  readonly db?: string | false;
  readonly dbKey?: string;
  readonly why?: boolean;
  readonly all?: boolean;
  readonly suppressed?: boolean;
  readonly upload?: boolean;
  readonly createdAt?: string;
}

export const imageScan: CommandUnit = {
  name: "scan",
  add(group, run) {
    withImageFlags(
      group
        .command("scan")
        .summary("vulnerabilities, secrets and gaps of an image, an archive, a folder, a container or an SBOM")
        .addOption(new Option("-o, --output <format>", "how it is printed").choices(scanFormats)),
    )
      .option("--output-file <format=path>", "also written to a file, as often as wanted: sarif=scan.sarif", collected)
      .option("--severity <list>", "only these: critical,high")
      .option("--only-fixed", "only what a newer version fixes")
      .option(
        "--fail-on <gates>",
        "exit 3, with commas: critical, high, medium, low, negligible (that or worse), unknown (nobody rated it), kev (known to be exploited), secret, upstream-only, any",
        collected,
      )
      .option("--fail-on-gaps", "exit 7 when something could not be looked at")
      .option("--vex <file>", "statements that suppress: OpenVEX, CSAF, CycloneDX", collected)
      .option("--exceptions <file>", "accepted findings: manifests of kind Exception", collected)
      .option("--secrets", "look for keys and tokens in every layer, too")
      .option("--db <folder>", "the advisory database (default: the data folder's advisories)")
      .option("--no-db", "look up no vulnerability: packages and secrets only; the result then has a gap")
      .option("--db-key <file>", "public key that the database must be signed by")
      .option("--why", "under each finding: record, comparison, ownership, risk")
      .option("--all", "every row of the table")
      .option("--suppressed", "suppressed findings in the table, too")
      .option("--upload", "send the analysis to the server, which keeps it and matches it from then on")
      .option("--created-at <time>", "the time that documents carry (default: the image's own)")
      .addHelpText(
        "after",
        "\nExamples:\n  garrison image scan nginx:1.27\n  garrison image scan --archive web.tar --why\n  garrison image scan --oci build/web:1.2 --fail-on high,kev --output-file sarif=web.sarif" +
          "\n  garrison image scan --root / --only-fixed\n  garrison image scan --sbom web.cdx.json --vex vendor.json -o json",
      )
      .action(run<ScanFlags>(async (context, input) => (await import("./run-scan.ts")).runScan(context, input)));
  },
};
