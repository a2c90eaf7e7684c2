import assert from "node:assert/strict";
import { test } from "node:test";
import { followedOf, specText, type ShownResource } from "./resource-text.ts";

function resource(...states: readonly (readonly [node: string, generation: number, state: "applied" | "refused"])[]) {
  const key = { kind: "Visibility", scope: "global", name: "shop" };
  const status = states.map(([node, generation, state]) => {
    const because = state === "refused" ? "no BPF" : "";
    return { ...key, generation, state, because, cluster: "local", node };
  });
  const time = "2026-11-23T08:00:00.000Z";
  const made: ShownResource = {
    ...key,
    apiVersion: "garrison/v1",
    spec: {},
    generation: 3,
    author: "admin",
    time,
    deleted: false,
    status,
  };
  return made;
}

test("only agents that follow this generation count as applied", () => {
  const mixed = resource(["a", 3, "applied"], ["b", 2, "applied"], ["c", 3, "refused"]);
  assert.deepEqual(followedOf(mixed, "agents"), {
    tone: "warning",
    word: "applied 1/3",
    because: "local/c refused: no BPF",
  });
  assert.equal(followedOf(resource(["a", 3, "applied"]), "agents").tone, "good");
  assert.equal(followedOf(resource(), "agents").word, "no agent has answered");
  assert.equal(followedOf(resource(), "server").word, "in force");
});

test("a spec in a line", () => {
  assert.equal(specText({ days: { flows: 7 }, bytesMax: 0, match: {} }), "days.flows 7, bytesMax 0");
});
