// The flags that every command takes, added to the program and to each sub-command so that they may stand anywhere.
import { Option, type Command } from "commander";
import { formats } from "./format.ts";

/** A command that prints more than rows has its own --output. */
export function addGlobalFlags(command: Command): Command {
  if (!command.options.some(({ long }) => long === "--output"))
    command.addOption(new Option("-o, --output <format>", "how data is printed").choices(formats));
  return command
    .addOption(new Option("--server <url>", "the server's address (default: the one of the data folder)"))
    .addOption(new Option("--token <token>", "API token (default: GARRISON_TOKEN, then the data folder's)"))
    .addOption(new Option("--data <folder>", "the data folder (default: GARRISON_DATA or ~/.local/share/garrison)"))
    .addOption(new Option("--color <when>", "colours").choices(["auto", "always", "never"]).default("auto"))
    .addOption(new Option("--print-query", "show the API call on standard error"))
    .addOption(new Option("--width <columns>").hideHelp())
    .addOption(new Option("--now <time>").hideHelp());
}
