// garrison db keygen: a pair of keys to sign databases with.
import type { CommandUnit } from "../command.ts";

export interface DbKeygenFlags {
  readonly privateKey: string;
  readonly publicKey: string;
}

export const dbKeygen: CommandUnit = {
  name: "keygen",
  add(group, run) {
    group
      .command("keygen")
      .summary("make an Ed25519 pair to sign and verify databases with")
      .option("--private-key <file>", "where the private key goes (only its owner can read it)", "advisories.key")
      .option("--public-key <file>", "where the public key goes", "advisories.pub")
      .addHelpText(
        "after",
        "\nExamples:\n  garrison db keygen\n\nKeep the private key where databases are built. Give the public one to readers: as advisories.pub in their data folder, or with --public-key.",
      )
      .action(
        run<DbKeygenFlags>(async (context, { options }) => {
          const { writeKeyPair } = await import("../../../../edge/advisories/signing.ts");
          context.say(
            `key ${writeKeyPair(options.privateKey, options.publicKey)}: ${options.privateKey}, ${options.publicKey}`,
          );
        }),
      );
  },
};
