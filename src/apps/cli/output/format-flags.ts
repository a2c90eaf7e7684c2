// The flags that every command takes, added to the program and to each sub-command so that they may stand anywhere.
import { Option, type Command } from "commander";
import { Fault } from "../../../base/fault.ts";
import { formats, pictureFormats, reportFormats } from "./format.ts";

/**
 * A command that prints more than rows has its own --output. The program's own takes what any command takes: it is read before it is known
 * which command will run, and `checkOutput` refuses the rest.
 */
export function addGlobalFlags(command: Command): Command {
  if (!command.options.some(({ long }) => long === "--output")) {
    const choices = command.parent === null ? [...formats, ...pictureFormats, ...reportFormats] : formats;
    command.addOption(new Option("-o, --output <format>", "how data is printed").choices(choices));
  }
  return command
    .addOption(new Option("--server <url>", "the server's address (default: the one of the data folder)"))
    .addOption(new Option("--token <token>", "API token (default: GARRISON_TOKEN, then the data folder's)"))
    .addOption(new Option("--data <folder>", "the data folder (default: GARRISON_DATA or ~/.local/share/garrison)"))
    .addOption(new Option("--color <when>", "colours").choices(["auto", "always", "never"]).default("auto"))
    .addOption(new Option("--print-query", "show the API call on standard error"))
    .addOption(new Option("--width <columns>").hideHelp())
    .addOption(new Option("--now <time>").hideHelp());
}

/** Throws a Fault when the command does not print that format. */
export function checkOutput(command: Command, output: string | undefined): void {
  const choices = command.options.find(({ long }) => long === "--output")?.argChoices;
  if (output === undefined || choices === undefined || choices.includes(output)) return;
  throw new Fault(`garrison ${command.name()} does not print ${output}`, {
    code: "cli/usage",
    kind: "usage",
    hint: `-o takes ${choices.join(", ")} here`,
  });
}
