import assert from "node:assert/strict";
import { test } from "node:test";
import { joinCommand } from "./join-command.ts";

test("the command names the door that is really there", () => {
  for (const [address, names, expected, isNoted] of [
    ["127.0.0.1", [], "127.0.0.1:41987", true],
    ["0.0.0.0", [], "console.example:41987", false],
    ["10.0.0.7", [], "10.0.0.7:41987", false],
    ["fd00::7", [], "[fd00::7]:41987", false],
    ["0.0.0.0", ["garrison.example"], "garrison.example:41987", false],
  ] as const) {
    const made = joinCommand({ address, names: [...names], port: 41_987 }, "gj1.x", "console.example");
    assert.equal(made?.command, `npx garrison run agent --join-token gj1.x --server-address ${expected}`);
    assert.equal(made.note !== "", isNoted);
  }
  assert.equal(joinCommand(undefined, "gj1.x", "console.example"), undefined);
  assert.equal(joinCommand({ address: "127.0.0.1", names: [], port: 0 }, "gj1.x", "console.example"), undefined);
});
