// garrison clusters: the table, what is missing on standard error, an unknown name with a suggestion.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import path from "node:path";
import { test } from "node:test";
import { text } from "node:stream/consumers";
import type { Cluster, ClusterMachine } from "../../../model/cluster.ts";
import type { ClustersSide } from "../../server/clusters/clusters-side.ts";
import { testServer, type TestServer } from "../../../../test/support/test-server.ts";

const demo: Cluster = {
  name: "demo",
  simulated: true,
  state: "connected",
  because: "",
  source: "kubeconfig /data/clusters/demo.kubeconfig",
  version: "v1.36.3+garrison.simulated",
  gaps: [{ resource: "cronjobs.batch", state: "forbidden", because: "no", since: "2026-11-25T10:00:00.000Z" }],
  objectsRefused: { Pod: 2 },
  counts: { nodes: 3, namespaces: 4, workloads: 12, services: 11, pods: 40, podsNotReady: 1 },
  coverage: { nodesWithAgent: 3, nodesSeeing: 2, podsCovered: 30 },
};
const edge: Cluster = {
  ...demo,
  name: "edge",
  simulated: false,
  state: "agents-only",
  because: "no Kubernetes API is given for it",
  gaps: [],
  objectsRefused: {},
  counts: undefined,
};
const machine: ClusterMachine = { cluster: "demo", name: "node-1", pods: 14, podsNotReady: 0 };

const side: ClustersSide = {
  list: async () => [demo, edge],
  machines: async (cluster) => (cluster === "demo" ? [machine] : undefined),
  view: () => undefined,
  gapOf: () => "",
  ownPolicies: () => undefined,
  notices: () => [],
  [Symbol.asyncDispose]: async () => undefined,
};

const entry = path.resolve(import.meta.dirname, "../../../../bin/garrison.js");

async function garrison(server: TestServer, ...words: readonly string[]) {
  const child = spawn(process.execPath, [entry, ...words, "--data", server.data], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await ended, out, err };
}

test("clusters, the nodes of one, and what is missing on standard error", async () => {
  await using server = await testServer({ clusters: side });
  const all = await garrison(server, "clusters");
  assert.equal(all.code, 0, all.err);
  assert.match(all.out, /^NAME +STATE +VERSION +AGENTS +WORKLOADS/);
  assert.match(all.out, /^demo +connected \(demo\) +v1\.36\.3\+garrison\.simulated +2\/3 +12 +11 +40 +1 +1/m);
  assert.match(all.out, /^edge +agents-only +\S+ +2 +\? +\?/m);
  assert.match(all.err, /gap: demo cronjobs\.batch forbidden/);
  assert.match(all.err, /demo: a demonstration, nothing in it is real/);
  assert.match(all.err, /demo: 2 objects of kind Pod could not be read/);
  assert.match(all.err, /edge is agents-only: no Kubernetes API is given for it/);

  const nodes = await garrison(server, "clusters", "demo", "-o", "name");
  assert.deepEqual([nodes.code, nodes.out], [0, "demo/node-1\n"]);
  const json = await garrison(server, "clusters", "-o", "json");
  assert.deepEqual(
    (JSON.parse(json.out) as { items: { name: string }[] }).items.map(({ name }) => name),
    ["demo", "edge"],
  );
  const unknown = await garrison(server, "clusters", "dem");
  assert.equal(unknown.code, 5);
  assert.match(unknown.err, /did you mean "demo"/);
});
