// One word for many agents: the silent and the half-blind are said, also beside those that are well.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Node } from "../../../model/node.ts";
import { nodeOf } from "../nodes.ts";
import { agentPart } from "./health.ts";

const seenMs = Date.parse("2026-11-23T00:00:00Z");

function node(name: string, state: Node["state"], fidelity: Node["fidelity"] = "kernel"): Node {
  const agent = { cluster: "c", serial: "1", expiresAtMs: seenMs, revoked: false, lastSeenAtMs: seenMs };
  const fidelityBecause = fidelity === "kernel" ? "" : "no BPF";
  return { ...nodeOf({ ...agent, node: name, report: undefined }, seenMs), state, fidelity, fidelityBecause };
}

test("agents are ok only when each of them is", () => {
  const many = ["a", "b", "c", "d", "e", "f"].map((name) => node(name, "gone"));
  const cases: readonly (readonly [readonly Node[], string, string])[] = [
    [[], "absent", "no agent has joined"],
    [[node("a", "connected")], "ok", ""],
    [[node("a", "connected"), node("b", "revoked")], "ok", ""],
    [[node("a", "stale"), node("b", "gone")], "down", "2 agents are silent"],
    [[node("a", "connected"), node("b", "stale")], "degraded", "1 of 2 agents are silent: b"],
    [[node("z", "connected"), ...many], "degraded", "6 of 7 agents are silent: a, b, c, d, e, ..."],
    [[node("a", "connected", "polled")], "degraded", "a: no BPF"],
    [[node("a", "connected", "polled"), node("b", "gone")], "degraded", "1 of 2 agents are silent: b; a: no BPF"],
  ];
  for (const [nodes, state, because] of cases) {
    const part = agentPart(nodes);
    assert.deepEqual([part.state, part.because], [state, because]);
  }
});
