// The floor that holds: narrowest scope first, then by name; other places' do not count.
import assert from "node:assert/strict";
import test from "node:test";
import { floorsInOrder } from "./floor-in-force.ts";

const floors = [
  { scope: "global", name: "base" },
  { scope: "node/prod/gw2", name: "a" },
  { scope: "cluster/prod", name: "z" },
  { scope: "cluster/prod", name: "strict" },
  { scope: "cluster/prod2", name: "a" },
];
const shown = (at?: Parameters<typeof floorsInOrder>[1]) =>
  floorsInOrder(floors, at).map(({ scope, name }) => `${scope} ${name}`);

test("of a cluster, of another one, of what a gateway was sent", () => {
  assert.deepEqual(shown({ cluster: "prod" }), ["cluster/prod strict", "cluster/prod z", "global base"]);
  assert.deepEqual(shown({ cluster: "other" }), ["global base"]);
  assert.equal(shown()[0], "node/prod/gw2 a");
  assert.equal(shown().at(-1), "global base");
});
