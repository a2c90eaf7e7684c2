// The table that stands for commands which were not read tells the truth about them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { buildProgram } from "../main.ts";
import { commandAsked, unitsFor } from "./asked.ts";
import { allCommands, commandEntries } from "./list.ts";

test("the command is the first word that is no flag and no flag's value", () => {
  const cases = [
    [["flows", "-f"], "flows"],
    [["--data", "flows", "status"], "status"],
    [["--data=flows", "status"], "status"],
    [["-o", "json", "--print-query", "events", "up"], "events"],
    [["help", "detect", "lint"], "detect"],
    [["help"], undefined],
    [["help", "help"], "help"],
    [["--version"], undefined],
    [["--", "flows", "-x:1"], "flows"],
    [[], undefined],
  ] as const;
  for (const [argv, expected] of cases) assert.equal(commandAsked(argv), expected, argv.join(" "));
});

test("help from the table alone is word for word the help of all commands", async () => {
  const { signal } = new AbortController();
  const whole = buildProgram(signal, await allCommands());
  assert.equal(buildProgram(signal, await unitsFor(["help"])).helpInformation(), whole.helpInformation());
  // The table's own words are compared with each command's: without the table's shapes, as commander writes them.
  for (const { name, shape, summary } of commandEntries.flatMap(({ shown }) => shown)) {
    const command = whole.commands.find((each) => each.name() === name);
    assert.ok(command !== undefined, name);
    assert.equal(command.summary(), summary, name);
    const hasOptions = command.options.length > 0 ? ["[options]"] : [];
    const words = command.registeredArguments.map((argument) => {
      const inner = argument.name() + (argument.variadic ? "..." : "");
      return argument.required ? `<${inner}>` : `[${inner}]`;
    });
    assert.equal([...hasOptions, ...words].join(" "), shape, name);
  }
});

test("of a line only its own command is read; completion reads all", async () => {
  const loaded = async (argv: readonly string[]) => {
    const program = buildProgram(new AbortController().signal, await unitsFor(argv));
    return program.commands.filter(({ commands, options }) => commands.length > 0 || options.length > 8).length;
  };
  const whole = await loaded(["completion", "bash"]);
  assert.ok(whole > 15, `${whole}`);
  assert.equal(await loaded(["detections", "show"]), 1);
  assert.equal(await loaded(["nothing"]), 0);
});
