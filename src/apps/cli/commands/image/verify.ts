// garrison image verify: who signed an image, and whether that is who should have.
import { Option } from "commander";
import type { CommandUnit } from "../command.ts";
import { collected, type ImageFlags, withRegistryFlags } from "./image-flags.ts";

export interface VerifyFlags extends ImageFlags {
  readonly output?: "table" | "json";
  readonly key?: readonly string[];
  readonly identity?: string;
  readonly issuer?: string;
  readonly trustedRoot?: string;
  readonly attestation?: readonly string[];
  readonly require: "any" | "all";
  readonly anyRepository?: boolean;
  readonly certificateLog?: boolean;
  readonly policy?: string;
}

export const imageVerify: CommandUnit = {
  name: "verify",
  add(group, run) {
    withRegistryFlags(
      group
        .command("verify")
        .summary("signatures and attestations: cosign's keys, or identities with their issuer")
        .argument("<reference>", "an image in its registry: registry.example/shop/web:1.2 or @sha256:...")
        .addOption(new Option("-o, --output <format>", "how it is printed").choices(["table", "json"])),
    )
      .option("--key <file>", "a public key (PEM) that may have signed it; as often as wanted", collected)
      .option(
        "--identity <name>",
        "who must have signed it: an address or a mail name; * for anything but /, ** for anything",
      )
      .option("--issuer <url>", "who vouches for the identity: https://token.actions.githubusercontent.com")
      .option("--trusted-root <file>", "sigstore's trusted_root.json: what is believed, read from the file alone")
      .option(
        "--attestation <type>",
        "must be attested: slsa, spdx, cyclonedx, openvex, vuln, or a predicate type",
        collected,
      )
      .addOption(new Option("--require <how>", "how many of the signers").choices(["any", "all"]).default("any"))
      .option("--any-repository", "a signature may name another repository: the image was copied with its signatures")
      .option("--no-certificate-log", "certificates need not be logged: a private authority without such a log")
      .option("--policy <file>", "a policy as JSON or YAML in place of these flags")
      .option("--platform <os/arch>", "which platform of several: linux/arm64 (default: this machine's)")
      .addHelpText(
        "after",
        "\nExit code: 0 verified, 3 not signed or not by them, 7 not known (the registry did not answer, or nothing is said of this repository).\n\nExamples:\n  garrison image verify registry.example/shop/web:1.2 --key cosign.pub\n  garrison image verify ghcr.io/shop/web:1.2 --identity 'https://github.com/shop/web/**' --issuer https://token.actions.githubusercontent.com --trusted-root trusted_root.json\n  garrison image verify registry.example/shop/web:1.2 --key cosign.pub --attestation slsa --attestation spdx",
      )
      .action(run<VerifyFlags>(async (context, input) => (await import("./run-verify.ts")).runVerify(context, input)));
  },
};
