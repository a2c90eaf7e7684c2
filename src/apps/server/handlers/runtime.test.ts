// Detections, rules and noise through a real server's door, with a real state store; the telemetry's answers are stand-ins. Every answer is checked against the contract.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import {
  ask,
  bearer,
  emptyQueries,
  testServer,
  tokenFor,
  type TestServer,
} from "../../../../test/support/test-server.ts";
import type { DetectionSum, NoiseEvent, TreeNode } from "../../../edge/store/queries/detections-nouns.ts";
import { ProcessEvent } from "../../../model/process-event.ts";
import { RuntimePolicy } from "../../../model/runtime-policy.ts";
import { SecurityEvent } from "../../../model/security-event.ts";
import type { Api } from "../contract/api.ts";
import type { ResponseOf } from "../contract/endpoint.ts";

const at = "2026-11-26T10:05:00.000Z";
const atMs = Date.parse(at);
const window = { since: at, until: at, partial: false, partialBecause: "", gaps: [] };
const id = "16rik-a1f00c41d3b2e001";

const sum: DetectionSum = {
  id,
  firstAt: at,
  lastAt: at,
  count: 2,
  severity: "high",
  source: "garrison",
  rule: "Own rule",
  title: "Somebody runs nc",
  message: "",
  tags: [],
  techniques: ["T1059.004", "T9999"],
  action: "detected",
  actions: ["detected"],
  policy: "",
  receipt: "",
  cluster: "c",
  node: "n1",
  namespace: "shop",
  workload: "web",
  workloadKind: "Deployment",
  identityReason: "",
  pod: "web-1",
  pods: 1,
  container: "web",
  image: "shop/web:1",
  process: "nc",
  processId: "30.a.b",
  executable: "/usr/bin/nc",
  ancestors: ["nginx"],
  fidelity: "kernel",
};

const event = SecurityEvent.parse({
  ...sum,
  time: at,
  evidence: ["2026-11-26T10:04:59.000Z exec: /usr/bin/nc"],
  outputFields: ["proc.exepath=/usr/bin/nc"],
});

function treeNode(generation: number, processId: string, parentProcessId: string, executable: string): TreeNode {
  const process = ProcessEvent.parse({
    time: at,
    action: "exec",
    processId,
    parentProcessId,
    executable,
    name: executable.split("/").at(-1),
    startTime: at,
    containerId: "c1",
  });
  return { process, generation, files: [], connections: [], names: [], deedsOmitted: 0 };
}

const noise = (index: number): NoiseEvent => ({
  id: `${index}-a1f00c41d3b2e001`,
  timeMs: atMs + (index % 3) * 86_400_000,
  count: 1,
  severity: "low",
  namespace: "shop",
  workload: "web",
  process: "curl",
  processId: `p${index}`,
  executable: "/usr/bin/curl",
  ancestors: ["sh"],
  image: "shop/web:1",
  outputFields: [],
});

async function server(over: Parameters<typeof emptyQueries>[0] = {}): Promise<TestServer> {
  return await testServer({
    queries: emptyQueries({
      findDetection: async (asked) => (asked === id ? { sum, events: [event], eventsTotal: 3 } : undefined),
      detectionRuleSums: async () => ({
        rules: [
          {
            rule: sum.rule,
            source: "garrison",
            severity: "high",
            techniques: [],
            tags: [],
            policy: "",
            count: 2,
            lastAt: at,
          },
        ],
        window,
      }),
      detectionTree: async () => ({
        nodes: [
          treeNode(-2, "9.a.b", "", "/usr/bin/containerd-shim-runc-v2"),
          treeNode(-1, "20.a.b", "9.a.b", "/usr/sbin/nginx"),
          treeNode(0, "30.a.b", "20.a.b", "/usr/bin/nc"),
        ],
        omitted: 0,
        because: "",
      }),
      listDetections: async () => ({
        rows: [sum],
        totals: { critical: 0, high: 1, medium: 0, low: 0, info: 0 },
        window,
      }),
      noiseEvents: async () => ({
        events: Array.from({ length: 12 }, (_, index) => noise(index)),
        total: 12,
        spokenOf: new Map(),
        window,
      }),
      ...over,
    }),
  });
}

async function get<Name extends keyof Api>(on: TestServer, _name: Name, path: string): Promise<ResponseOf<Api[Name]>> {
  const answer = await ask(on, { path, headers: bearer(await tokenFor(on, "operator")) });
  assert.equal(answer.status, 200, answer.text);
  return answer.json as ResponseOf<Api[Name]>;
}

async function put(on: TestServer, kind: string, name: string, spec: object): Promise<void> {
  const headers = bearer(await tokenFor(on, "operator"));
  const body = { kind, scope: "cluster/c", name, spec };
  const answer = await ask(on, { method: "PUT", path: `/api/v1/resources/${kind}/${name}`, headers, body });
  assert.equal(answer.status, 200, answer.text);
}

test("one detection: evidence, tree, techniques, a control that can be staged, its rule out of a resource", async () => {
  await using on = await server();
  await put(on, "DetectionRules", "own", {
    text: `- rule: ${sum.rule}\n  condition: evt.type = execve\n  desc: Mine\n  output: It ran\n  priority: ERROR\n`,
  });
  const found = await get(on, "getDetection", `/api/v1/detections/${id}`);
  assert.deepEqual(found.evidence, [{ at: "2026-11-26T10:04:59.000Z", kind: "exec", text: "/usr/bin/nc" }]);
  assert.deepEqual([found.eventsOmitted, found.tree.length], [2, 3]);
  assert.deepEqual(
    found.techniques.map(({ name }) => name),
    ["Unix Shell", ""],
  );
  const [control] = found.controls;
  assert.equal(control?.resource, "RuntimePolicy");
  const policy = RuntimePolicy.parse(control?.spec);
  assert.equal(policy.mode, "dry-run");
  assert.deepEqual(policy.exec[0]?.fromSource, ["/usr/sbin/nginx"], "who started it is named");
  assert.deepEqual((parse(control?.manifest ?? "") as { spec: unknown }).spec, control?.spec);
  assert.deepEqual(
    [found.rule.from, found.rule.description, found.rule.detections],
    ["resource cluster/c/own", "Mine", 2],
  );
});

test("what was stopped has no control that would have stopped it", async () => {
  for (const [action, count] of [
    ["killed", 0],
    ["denied", 0],
    ["would-kill", 1],
  ] as const) {
    await using on = await server({
      findDetection: async () => ({ sum: { ...sum, action }, events: [event], eventsTotal: 1 }),
    });
    const { controls } = await get(on, "getDetection", `/api/v1/detections/${id}`);
    assert.equal(controls.length, count, action);
  }
});

test("an id that nothing is kept of is not found; what is no id is bad input", async () => {
  await using on = await server();
  const headers = bearer(await tokenFor(on, "viewer"));
  assert.equal((await ask(on, { path: `/api/v1/detections/1-${"0".repeat(16)}`, headers })).status, 404);
  assert.equal((await ask(on, { path: "/api/v1/detections/nobody", headers })).status, 400);
});

test("a mark is shown in the list, and protects what is real from being silenced", async () => {
  await using on = await server();
  await put(on, "DetectionMark", id, { verdict: "noise", rule: sum.rule });
  const list = await get(on, "listDetections", "/api/v1/detections");
  assert.equal(list.rows[0]?.mark?.verdict, "noise");
  assert.equal(list.cover.nodesDetecting, 0, "no agent: nobody looks, and the list says so");
  const path =
    "/api/v1/runtime/noise/suggestion?cluster=c&namespace=shop&workload=web&rule=Shell%20started%20by%20a%20server%20program";
  const suggested = await get(on, "noiseSuggest", path);
  assert.deepEqual([suggested.suggestions.length, suggested.covers, suggested.of], [1, 12, 12]);
  assert.match(suggested.text, /proc\.name[\s\S]*exceptions: append/);
  await put(on, "DetectionMark", noise(4).id, { verdict: "real", rule: sum.rule });
  const kept = await get(on, "noiseSuggest", path);
  assert.deepEqual([kept.suggestions, kept.text], [[], ""]);
  assert.match(kept.kept[0]?.because ?? "", /marked/);
  // What is suggested is a resource that can be put: the rule is known here.
  assert.equal(suggested.notHere, "");
  await put(on, "DetectionRules", suggested.resource.name, { format: "falco", text: suggested.text });
  const foreign = await get(on, "noiseSuggest", path.replace(/rule=.*/, "rule=Of%20Falco"));
  assert.match(foreign.notHere, /not of this server/);
  const sequence = await get(on, "noiseSuggest", path.replace(/rule=.*/, "rule=Reverse%20shell"));
  assert.match(sequence.notHere, /GarrisonRule/);
  assert.equal(sequence.text, "");
  const nameless = await get(on, "noiseSuggest", path.replace("&namespace=shop&workload=web", ""));
  assert.equal(nameless.of, 0, "a row without a workload can be asked about: the console leaves empty words out");
});

test("rules: the built-in ones with their texts, and none is called loaded while no node says so", async () => {
  await using on = await server();
  const { rules, nodes } = await get(on, "listRuntimeRules", "/api/v1/runtime/rules");
  const builtin = rules.filter(({ from }) => from === "built-in");
  assert.ok(builtin.length > 50 && builtin.every(({ text }) => text !== ""));
  assert.deepEqual(nodes, []);
  // Those on audit events are judged by the server itself.
  const states = new Set(builtin.filter(({ text }) => !text.includes("k8s_audit")).map(({ state }) => state));
  assert.equal(states.has("loaded"), false, [...states].join());
});
