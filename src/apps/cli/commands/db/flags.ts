// The flags that the db commands share.
import { Option, type Command } from "commander";

export interface DbPlaceFlags {
  readonly db?: string;
  readonly publicKey?: string;
}

export function withPlace(command: Command): Command {
  return command
    .addOption(new Option("-o, --output <format>", "how it is printed").choices(["table", "json"]))
    .option("--db <folder>", "the database's folder (default: advisories in the data folder)")
    .option(
      "--public-key <file>",
      "Ed25519 public key (PEM) that must have signed it (default: advisories.pub in the data folder, when it is there)",
    );
}

export interface DbGateFlags {
  readonly shrinkMax?: string;
  readonly force?: boolean;
}
