// Traces and what nodes say, through a real server's door: rule ids as rules of now or of the past, and today's answer apart from what was recorded.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { z } from "zod";
import {
  app,
  dbPolicy,
  from,
  networkPolicy,
  policyResource,
  shopClusters,
} from "../../../../test/support/policy-shop.ts";
import { ask, bearer, testServer, type TestServer } from "../../../../test/support/test-server.ts";
import { silentLogger } from "../../../base/logger.ts";
import { openStateStore } from "../../../edge/store/state/open.ts";
import { EnforcementStatus } from "../../../model/enforcement-status.ts";
import type { ResourceStatus } from "../../../model/resource.ts";
import type { policy } from "../contract/policy.ts";

type Trace = z.infer<(typeof policy)["policyTrace"]["response"]>;
type Detail = z.infer<(typeof policy)["policyDetail"]["response"]>;

const dbId = "kubernetes/NetworkPolicy/shop/db";
const name = "networkpolicy.shop.db";
const row = {
  cluster: "c",
  node: "n1",
  time: "2026-11-25T10:00:00.000Z",
  reporter: "destination",
  verdict: "deny",
  verdictBecause: "policy shop/db",
  protocol: "tcp",
  sourceKind: "Deployment",
  sourceNamespace: "ops",
  sourceWorkload: "probe",
  sourcePod: "probe-1",
  sourceAddress: "10.1.1.1",
  destinationKind: "StatefulSet",
  destinationNamespace: "shop",
  destinationWorkload: "db",
  destinationPod: "db-0",
  destinationAddress: "10.1.0.3",
  destinationPort: 5432,
  connectionsFailed: 3,
};

async function answered(server: TestServer, asked: Parameters<typeof ask>[1]): Promise<never> {
  const { status, text, json } = await ask(server, { ...asked, headers: bearer(server.localToken) });
  assert.equal(status, 200, text);
  return json as never;
}

const put = (server: TestServer, manifest: Parameters<typeof policyResource>[0]) =>
  answered(server, { method: "PUT", path: `/api/v1/resources/Policy/${name}`, body: policyResource(manifest, name) });
const trace = (server: TestServer, more: object): Promise<Trace> =>
  answered(server, { method: "POST", path: "/api/v1/policies/trace", body: { ...row, ...more } });
const detail = (server: TestServer): Promise<Detail> =>
  answered(server, { path: `/api/v1/policies/detail?cluster=c&id=${encodeURIComponent(dbId)}` });

test("what was recorded and what is so now stand apart", async () => {
  await using server = await testServer({ clusters: shopClusters() });
  await put(server, dbPolicy);
  const { rules } = await detail(server);
  const [first, end] = rules.map(({ ruleId }) => ruleId);
  const found = await trace(server, { policies: [end, 4_000_000_000] });
  assert.deepEqual(
    found.recorded.rules.map(({ known, rule }) => [known, rule?.tier, rule?.rule]),
    [
      ["now", "default", -1],
      ["unknown", undefined, undefined],
    ],
  );
  assert.deepEqual([found.recorded.verdict, found.recorded.reporter], ["deny", "destination"]);
  assert.equal(found.now.explanation?.now.verdict, "deny");
  assert.ok((found.now.explanation?.nearest.length ?? 0) > 0, "what would allow it");
  assert.equal(found.policies, "unknown", "no generation was recorded");
  assert.equal((await trace(server, { policyGeneration: found.now.generation })).policies, "same");
  assert.equal((await trace(server, { policyGeneration: 5 })).policies, "changed");

  await put(server, networkPolicy("db", { podSelector: app("db"), ingress: [{}, from("web", 5432), from("web", 1)] }));
  const now = await trace(server, { policies: [first, end] });
  assert.equal(now.now.explanation?.now.verdict, "allow", "today");
  assert.equal(now.recorded.verdict, "deny", "then");
});

test("rules of older generations and deleted policies keep their names", async () => {
  await using server = await testServer({ clusters: shopClusters() });
  await put(
    server,
    networkPolicy("db", { podSelector: app("db"), ingress: [from("web", 1), from("web", 2), from("web", 3)] }),
  );
  const ids = (await detail(server)).rules.filter(({ index }) => index >= 0).map(({ ruleId }) => ruleId);
  await put(server, dbPolicy);
  const shorter = await trace(server, { policies: ids });
  assert.deepEqual(
    shorter.recorded.rules.map(({ known, rule }) => [known, rule?.policy, rule?.rule]),
    [
      ["now", dbId, 0],
      ["past", dbId, 1],
      ["past", dbId, 2],
    ],
  );
  assert.match(
    shorter.recorded.rules[1]?.because ?? "",
    /of generation 1 of networkpolicy\.shop\.db, written .* by local/,
  );
  await answered(server, { method: "DELETE", path: `/api/v1/resources/Policy/${name}?scope=cluster/c` });
  const gone = await trace(server, { policies: [ids[0]] });
  assert.equal(gone.recorded.rules[0]?.known, "past");
  assert.match(gone.recorded.rules[0]?.because ?? "", /of generation 2/);
});

test("ends that are gone are asked for by what is left of them, and the answer says so", async () => {
  await using server = await testServer({ clusters: shopClusters() });
  await put(server, dbPolicy);
  const cases = [
    [{ destinationPod: "db-9" }, /the destination's pod shop\/db-9 is gone: shop\/db-0 of the same workload/, "deny"],
    [{ sourcePod: "" }, /the source's pod was not kept: ops\/probe-1 of ops\/Deployment\/probe/, "deny"],
    [{ sourcePod: "old-1", sourceWorkload: "old" }, /the source ops\/old-1 is gone: only its address 10.1.1.1/, "deny"],
    [
      { sourcePod: "", sourceWorkload: "", sourceAddress: "::" },
      /of the source neither a pod of today nor an address/,
      undefined,
    ],
  ] as const;
  for (const [more, because, verdict] of cases) {
    const { now } = await trace(server, more);
    assert.match(now.because, because);
    assert.equal(now.explanation?.now.verdict, verdict, JSON.stringify(more));
  }
});

test("nodes' words about a policy: with a receipt, silent, another generation, off", async () => {
  await using server = await testServer({ clusters: shopClusters() });
  await put(server, dbPolicy);
  await using state = openStateStore({
    url: `sqlite:${server.data}/state.sqlite`,
    clock: { nowMs: () => Date.now() },
    logger: silentLogger,
  });
  const nowMs = Date.now();
  for (const [node, seenMs] of [
    ["a", nowMs],
    ["b", nowMs],
    ["c", nowMs - 3_600_000],
    ["d", nowMs],
    ["e", nowMs],
  ] as const) {
    await state.agents.issued({ cluster: "c", node, serial: node, expiresAtMs: nowMs + 1e9 });
    await state.agents.seen("c", node, undefined, seenMs);
  }
  const status = (rest: Partial<ResourceStatus>): ResourceStatus => ({
    kind: "Policy",
    scope: "cluster/c",
    name,
    generation: 1,
    state: "applied",
    because: "",
    ...rest,
  });
  const probe = {
    source: "pod/shop/web-1",
    destination: "pod/shop/db-0",
    address: "10.1.0.3",
    protocol: "tcp",
    port: 5432,
  } as const;
  const receipt = {
    timeMs: nowMs,
    readBack: "",
    probes: [
      { ...probe, expected: "allow", outcome: "open", isProved: true },
      { ...probe, expected: "deny", outcome: "timeout", isProved: true },
    ],
  } as const;
  const enforced = EnforcementStatus.parse({ state: "enforced", receipt, policyGeneration: 9 });
  await state.resources.recordStatus("c", "a", [status({ enforcement: enforced })]);
  await state.resources.recordStatus("c", "b", [status({ state: "refused", because: "it would cut 4 of 9 flows" })]);
  await state.resources.recordStatus("c", "c", [status({ enforcement: enforced })]);
  await state.resources.recordStatus("c", "d", [status({ generation: 7 })]);
  const enforcement = { kind: "Enforcement", scope: "cluster/c", name: "default", spec: { mode: "enforce" } };
  await answered(server, { method: "PUT", path: "/api/v1/resources/Enforcement/default", body: enforcement });
  const { card } = await detail(server);
  assert.deepEqual(
    card.enforcement.nodes.map(({ node, state: is, because }) => [node, is, because]),
    [
      ["b", "refused", "it would cut 4 of 9 flows"],
      ["c", "waiting", 'the agent is gone; its last word was "enforced"'],
      ["d", "waiting", "the node tells of generation 7"],
      ["e", "waiting", "nothing was told of it yet"],
      ["a", "enforced", "rules read back; 1 allowed and 1 denied connections tried and proved"],
    ],
  );
  assert.deepEqual(card.enforcement.states, { refused: 1, waiting: 3, enforced: 1 });
  const off = { ...enforcement, spec: { mode: "off" } };
  await answered(server, { method: "PUT", path: "/api/v1/resources/Enforcement/default", body: off });
  assert.equal(
    (await detail(server)).card.enforcement.states.off,
    2,
    "who said nothing of this generation does not enforce it",
  );
});
