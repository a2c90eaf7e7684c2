// Reports of packets to rows: denied connections counted once, bounded, with losses told; allowed ones complete rows of the sensor.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { PolicyPacket } from "../../../core/policy/compile/dataplane.ts";
import type { Row } from "../../../model/table.ts";
import { createPolicyEngine } from "../../../core/policy/evaluate/create-engine.ts";
import { endOfTierRule } from "../../../core/policy/evaluate/rule-ids.ts";
import { parseManifests } from "../../../core/policy/parse/parse-policies.ts";
import type { WorldEndpoint } from "../../../core/policy/world.ts";
import { createDenyFlows } from "./deny-flows.ts";
import { enforceLimits } from "./limits.ts";
import { createPacketBook } from "./packet-book.ts";
import { createRuleCounters } from "./rule-counters.ts";
import { createRuleNotes } from "./rule-notes.ts";

const packet = (more: Partial<PolicyPacket> = {}): PolicyPacket => ({
  timeMs: 1000,
  verdict: "deny",
  direction: "ingress",
  ruleId: 7,
  source: "10.1.0.1",
  destination: "10.1.0.2",
  protocol: 6,
  sourcePort: 40_000,
  destinationPort: 5432,
  bytes: 60,
  inInterface: "",
  outInterface: "",
  ...more,
});

const nobody = {
  kind: "External" as const,
  namespace: "",
  workload: "",
  pod: "",
  service: "",
  imageDigest: "",
  reason: "",
  endpoint: "",
};
const denyFlows = () =>
  createDenyFlows({
    endOf: () => nobody,
    wordsOf: (ruleId) => `rule ${ruleId}`,
    generation: () => 9,
    domainOf: () => "",
  });

test("a packet that is sent again is the same connection; rows are deltas", () => {
  const flows = denyFlows();
  for (const timeMs of [1000, 2000, 4000]) flows.take(packet({ timeMs }));
  flows.take(packet({ timeMs: 4100, sourcePort: 40_001 }));
  assert.deepEqual(flows.flush(1500), []);
  const [row] = flows.flush(4200);
  assert.deepEqual(
    [
      row?.connectionsFailed,
      row?.packetsSent,
      row?.durationMs,
      row?.verdictBecause,
      row?.policies,
      row?.policyGeneration,
    ],
    [2, 4, 3100, "rule 7", [7], 9],
  );
  assert.deepEqual(flows.flush(4300), []);
  flows.take(packet({ timeMs: 8000 }));
  const [again] = flows.drain();
  assert.deepEqual([again?.connectionsFailed, again?.packetsSent, again?.flowId], [0, 1, row?.flowId]);
});

test("keys are bounded, and what has no room is a gap", () => {
  const book = createPacketBook({
    book: undefined,
    at: () => undefined,
    probes: { isProbe: () => false },
    domainOf: () => "",
    startMs: 0,
  });
  const packets = Array.from({ length: enforceLimits.denyKeysMax + 5 }, (_, index) =>
    packet({ destinationPort: index + 1 }),
  );
  book.take({ packets, lost: 3, unreadable: 0 });
  assert.equal(book.drain().length, enforceLimits.denyKeysMax);
  assert.deepEqual(
    book.takeGaps(2000).map(({ reason, rows }) => [reason, rows]),
    [
      ["ring-full", 3],
      ["limit", 5],
    ],
  );
  assert.deepEqual(book.takeGaps(3000), []);
});

test("our own probes are no rows", () => {
  const book = createPacketBook({
    book: undefined,
    at: () => undefined,
    probes: { isProbe: () => true },
    domainOf: () => "",
    startMs: 0,
  });
  book.take({ packets: [packet()], lost: 0, unreadable: 0 });
  assert.deepEqual(book.drain(), []);
});

test("rows of the sensor learn which rules let them pass, or why their connect had no answer", () => {
  const notes = createRuleNotes((ruleId) => `policy shop/db rule ${ruleId}`);
  notes.take(packet({ verdict: "allow", direction: "egress", ruleId: 1 }), 9);
  notes.take(packet({ verdict: "allow", ruleId: 2 }), 9);
  notes.take(packet({ destinationPort: 22, ruleId: 3 }), 9);
  const row = (more: Partial<Row<"flows">>) =>
    ({
      level: 2,
      protocol: "tcp",
      sourceAddress: "10.1.0.1",
      destinationAddress: "10.1.0.2",
      destinationPort: 5432,
      verdict: "allow",
      verdictBecause: "established",
      policies: [],
      policyGeneration: 0,
      connectionsFailed: 0,
      ...more,
    }) as unknown as Row<"flows">;
  const allowed = row({});
  notes.complete(allowed);
  assert.deepEqual([allowed.policies, allowed.policyGeneration], [[1, 2], 9]);
  const failed = row({
    destinationPort: 22,
    verdict: "unknown",
    verdictBecause: "connect failed: ETIMEDOUT",
    connectionsFailed: 1,
  });
  notes.complete(failed);
  assert.match(failed.verdictBecause, /ETIMEDOUT; policy shop\/db rule 3/);
  assert.deepEqual(failed.policies, []);
  const merged = row({ level: 3 });
  notes.complete(merged);
  assert.deepEqual(merged.policies, []);
  notes.expire(1000 + enforceLimits.noteKeptMs + 1);
  const late = row({});
  notes.complete(late);
  assert.deepEqual(late.policies, []);
});

test("what the end of a tier denies counts for the policies that end it at that endpoint, and for no other", () => {
  const ends = ["web", "db"].map((name, index): WorldEndpoint => {
    const of = { namespace: "shop", name, labels: { app: name }, serviceAccount: "default", node: "n1", workload: "" };
    const addresses = [`10.1.0.${index + 1}`];
    return { id: `pod/shop/${name}`, kind: "workload", ...of, addresses, ports: [], interfaceName: "" };
  });
  const manifests = ["web", "db"].map((name, document) => ({
    manifest: {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name, namespace: "shop" },
      spec: { podSelector: { matchLabels: { app: name } }, policyTypes: ["Ingress"] },
    },
    place: { file: "", document, line: 1 },
  }));
  const namespaces = [{ name: "shop", labels: {} }];
  const world = { namespaces, serviceAccounts: [], endpoints: ends, services: [], ranges: [], incomplete: "" };
  const engine = createPolicyEngine({ set: parseManifests(manifests).set, world });
  const place = { tier: "default", policy: "", direction: "ingress", rule: endOfTierRule } as const;
  const book = createPacketBook({
    book: undefined,
    at: (address) => ends.find(({ addresses }) => addresses.includes(address)),
    probes: { isProbe: () => false },
    domainOf: () => "",
    startMs: 0,
  });
  book.know(engine, 1);
  const ruleId = engine.ruleIdOf(place);
  book.take({ packets: [packet({ ruleId }), packet({ ruleId, sourcePort: 2 }), packet()], lost: 0, unreadable: 0 });
  const counters = createRuleCounters();
  const of = (name: string) => {
    const policy = `kubernetes/NetworkPolicy/shop/${name}`;
    return counters.of(policy, book.deniedAtEnd(policy));
  };
  assert.deepEqual([of("db"), of("web")], [{ allowed: 0, denied: 2 }, undefined]);
  book.forget();
  assert.equal(of("db"), undefined);
});
