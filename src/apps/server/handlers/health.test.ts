// One word for many agents: the silent and the half-blind are said, also beside those that are well.
import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { ask, bearer, emptyQueries, testServer, type TestServer } from "../../../../test/support/test-server.ts";
import { silentLogger } from "../../../base/logger.ts";
import { openStateStore } from "../../../edge/store/state/open.ts";
import type { AgentReport } from "../../../model/agent-protocol.ts";
import { AgentCounters, type Node } from "../../../model/node.ts";
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

test("what agents lost is said with the others, the first of many", () => {
  const live = [node("a", "connected"), node("b", "connected", "polled")];
  const part = agentPart(live, ["one lost", "two lost", "three lost", "four lost", "five lost"]);
  assert.equal(part.state, "degraded");
  assert.equal(part.because, "b: no BPF; one lost; two lost; three lost; 2 more agents lost data");
  assert.equal(agentPart([node("a", "connected")], ["one lost"]).because, "one lost");
});

const systemClock = { nowMs: () => Date.now() };
const startedAt = new Date(Date.now() - 60_000).toISOString();

/** What the agent "n" of cluster "c" says now: 100 events seen, so many lost. */
async function report(server: TestServer, lost: number, fidelity: AgentReport["fidelity"] = "kernel"): Promise<void> {
  const url = `sqlite:${path.join(server.data, "state.sqlite")}`;
  await using state = openStateStore({ url, clock: systemClock, logger: silentLogger });
  const nowMs = Date.now();
  if ((await state.agents.get("c", "n")) === undefined) {
    await state.agents.issued({ cluster: "c", node: "n", serial: "5", expiresAtMs: nowMs + 86_400_000 });
  }
  const counters = AgentCounters.parse({ eventsByType: { exec: 100 }, ringDropsByType: { exec: lost } });
  const plain = { boot: "b", number: 0, resources: [], capabilities: [], kernel: "", operatingSystem: "" };
  const rest = { architecture: "", bootId: "", lagMs: 0, agentVersion: "1", fidelityBecause: "" };
  await state.agents.seen("c", "n", { ...plain, ...rest, startedAt, fidelity, counters }, nowMs);
}

interface StatusAnswer {
  readonly state: string;
  readonly ready: boolean;
  readonly notices: readonly string[];
  readonly parts: readonly { readonly name: string; readonly state: string; readonly because: string }[];
}

async function statusOf(server: TestServer): Promise<StatusAnswer & { readonly agent: string | undefined }> {
  const { json } = await ask(server, { path: "/api/v1/status", headers: bearer(server.localToken) });
  const answer = json as unknown as StatusAnswer;
  return { ...answer, agent: answer.parts.find(({ name }) => name === "agent")?.because };
}

test("an agent that lost events is not all well, from its counters and from gaps; the server stays ready", async () => {
  let told = 0;
  const lost = { cluster: "c", node: "n", reason: "ring-full", eventType: "exec" };
  const queries = emptyQueries({ lossesSince: async () => (told === 0 ? [] : [{ ...lost, rows: told }]) });
  await using server = await testServer({ queries });
  await report(server, 0);
  const before = await statusOf(server);
  assert.deepEqual([before.agent, before.ready], ["", true]);
  await report(server, 300);
  const counted = await statusOf(server);
  const because = "agent n lost 300 of 400 events in the last hour: ring-full (exec 300); see gaps";
  assert.deepEqual([counted.state, counted.agent, counted.ready], ["degraded", because, true]);
  assert.ok(counted.notices.includes(`agent: ${because}`), counted.notices.join());
  assert.equal((await ask(server, { path: "/readyz" })).status, 200);

  told = 7;
  await using younger = await testServer({ queries });
  await report(younger, 0);
  assert.equal(
    (await statusOf(younger)).agent,
    "agent n lost 7 of 107 events in the last hour: ring-full (exec 7); see gaps",
  );
});

test("ready waits for an agent only where one is expected, and a polled one will do", async () => {
  await using server = await testServer();
  assert.equal((await statusOf(server)).ready, true, "nobody asked for an agent");
  const body = { cluster: "c" };
  await ask(server, { method: "POST", path: "/api/v1/join-tokens", headers: bearer(server.localToken), body });
  assert.equal((await statusOf(server)).ready, false, "one may come with the token");
  await report(server, 0, "polled");
  const found = await statusOf(server);
  assert.deepEqual([found.ready, found.state], [true, "degraded"]);
});
