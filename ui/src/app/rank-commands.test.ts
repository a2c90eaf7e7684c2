import assert from "node:assert/strict";
import { test } from "node:test";
import { rankCommands } from "./rank-commands.ts";

const commands = [
  { title: "Flows", note: "g f" },
  { title: "nginx-flow", note: "Deployment in web" },
  { title: "overflow", note: "" },
  { title: "web", note: "overflow in notes" },
  { title: "fancy-lions-own", note: "" },
  { title: "other", note: "" },
];

test("the best match comes first, what does not match not at all", () => {
  assert.deepEqual(
    rankCommands(commands, " FLOW ").map(({ title }) => title),
    ["Flows", "nginx-flow", "overflow", "web", "fancy-lions-own"],
  );
  assert.deepEqual(rankCommands(commands, "zzz"), []);
  assert.equal(rankCommands(commands, "").length, commands.length);
});
