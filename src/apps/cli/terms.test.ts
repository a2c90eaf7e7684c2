import assert from "node:assert/strict";
import { test } from "node:test";
import { allCommands } from "./commands/list.ts";
import { buildProgram, commandOf, termsLast } from "./main.ts";

test("filter terms with a minus are no flags", () => {
  const cases = [
    [
      ["flows", "-verdict:allow", "-f"],
      ["flows", "-f", "--", "-verdict:allow"],
    ],
    [
      ["flows", "--since", "1h", "-from.ns:shop port:5"],
      ["flows", "--since", "1h", "--", "-from.ns:shop port:5"],
    ],
    [
      ["flows", "-o", "wide", "port:1"],
      ["flows", "-o", "wide", "port:1"],
    ],
    [
      ["flows", "--", "-verdict:allow"],
      ["flows", "--", "-verdict:allow"],
    ],
  ] as const;
  for (const [given, expected] of cases) assert.deepEqual(termsLast(given), expected);
});

test("the hint of an unknown option names the command that was meant, with its group", async () => {
  const program = buildProgram(new AbortController().signal, await allCommands());
  const cases = [
    [["policy", "apply", "--rollback", "30s"], "policy apply "],
    [["--data", "folder", "policy", "apply", "apply", "--x"], "policy apply "],
    [["policy", "--x", "lint"], "policy lint "],
    [["policy", "nothing", "lint"], "policy "],
    [["flows", "--x"], "flows "],
    [["nothing", "--x"], ""],
    [[], ""],
  ] as const;
  for (const [words, expected] of cases) assert.equal(commandOf(words, program), expected, words.join(" "));
});
