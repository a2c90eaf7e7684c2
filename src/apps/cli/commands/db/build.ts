// garrison db build: feeds -> database.
import type { CommandUnit } from "../command.ts";
import type { DbPlaceFlags } from "./flags.ts";
import { withPlace } from "./flags.ts";

export interface DbBuildFlags extends DbPlaceFlags {
  readonly from?: readonly string[];
  readonly feed?: readonly string[];
  readonly into?: string;
  readonly signingKey?: string;
  readonly shrinkMax: string;
  readonly drop?: readonly string[];
  readonly debianMirror?: readonly string[];
  readonly release?: string;
}

export const dbBuild: CommandUnit = {
  name: "build",
  add(group, run) {
    withPlace(
      group
        .command("build")
        .summary("read advisory feeds from files and make, or renew, the database")
        .option("--from <path...>", "folders and files of feeds; each is recognised by its content, packed or not")
        .option("--feed <importer=path...>", "the same, read by this importer whatever it looks like")
        .option("--into <folder>", "the database's folder (the same as --db)")
        .option("--signing-key <file>", "Ed25519 private key (PEM) to sign it with")
        .option("--shrink-max <percent>", "a feed that lost more records than this keeps the one before", "20")
        .option("--drop <feed...>", "take this feed out when nothing of it is among the sources")
        .option(
          "--debian-mirror <place...>",
          "read fixes out of the changelogs of a Debian mirror (URL or folder) or its security archive",
        )
        .option("--release <codename>", "with --debian-mirror: bookworm, trixie, ..."),
    )
      .addHelpText(
        "after",
        "\nExamples:\n  garrison db build --from feeds/\n  garrison db build --from go.zip --from known_exploited_vulnerabilities.json --signing-key key.pem\n  garrison db build --debian-mirror /srv/mirror/debian-security --release bookworm",
      )
      .action(run<DbBuildFlags>(async (context, input) => (await import("./run-build.ts")).runBuild(context, input)));
  },
};
