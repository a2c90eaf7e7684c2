// garrison graph as a user meets it: a real process against a real server whose store is made up.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import path from "node:path";
import { after, before, test } from "node:test";
import { counts, end, flowSums, httpSums, outside } from "../../../test/support/graph-sums.ts";
import { emptyQueries, testServer, type TestServer } from "../../../test/support/test-server.ts";
import { ServiceGraph } from "../../model/graph.ts";
import type { GraphRequest, GraphSums } from "../../edge/store/queries/queries.ts";
import { earlier, filterOf, vertexCount } from "./commands/graph.ts";

const entry = path.resolve(import.meta.dirname, "../../../bin/garrison.js");
const since = "2026-11-25T10:00:00.000Z";
const until = "2026-11-25T11:00:00.000Z";
const asked: GraphRequest[] = [];
let server: TestServer;

const web = end({ service: "web" });
const now = [
  flowSums({ source: web }),
  flowSums({
    source: web,
    destination: { ...outside, domain: "api.example.com" },
    port: 443,
    atSource: counts({ opened: 80, failed: 20, bytesSent: 2048 }),
  }),
  ...Array.from({ length: 8 }, (_, index) =>
    flowSums({ source: end({ workload: `batch-${index}`, namespace: "jobs" }), atSource: counts({ opened: 1 }) }),
  ),
];

before(async () => {
  const graphSums = async (request: GraphRequest): Promise<GraphSums> => {
    asked.push(request);
    const isBefore = request.since?.endsWith("ms") === true;
    return {
      flows: isBefore ? now.slice(0, 1) : now,
      http: [httpSums({ source: web, requestsAtSource: 100, latencyAtSource: { "48": 100 } })],
      usual: [],
      lookedAt: { sinceMs: Date.parse(since), untilMs: Date.parse(until) },
      window: { since, until, partial: request.q.includes("partial"), partialBecause: "a limit", gaps: [] },
    };
  };
  server = await testServer({ queries: emptyQueries({ graphSums }) });
});
after(async () => server[Symbol.asyncDispose]());

const garrison = (...words: readonly string[]) => run("graph", ...words);

async function run(...words: readonly string[]) {
  asked.length = 0;
  const environment = { ...process.env, NO_COLOR: "1", GARRISON_TOKEN: undefined, GARRISON_SERVER: undefined };
  const child = spawn(process.execPath, [entry, ...words, "--data", server.data], { env: environment });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  const code = await new Promise((resolve) => child.once("close", resolve));
  return { code, out, err };
}

test("a table: who is in trouble first, things outside by name, what is left out on standard error", async () => {
  const { code, out, err } = await garrison("--max", "6");
  assert.equal(code, 0, err);
  const [titles = "", first = "", second = ""] = out.split("\n");
  assert.match(titles, /^FROM +TO +PORTS +CONN +FAILED +BYTES +REQ +5XX +P50 +HEALTH$/);
  assert.match(
    first,
    /^shop\/web +api\.example\.com +tcp\/443 +80 +20 .* failing: 20 % of connections failed \(20 of 100\)$/,
  );
  assert.match(second, /tcp\/5432 +10 +0 +1\.1K +100 +0 +4\.5ms +ok$/);
  assert.match(err, /^and 6 more in jobs: --open more\/service\/c\/jobs$/m);
  assert.match(err, /^5 of 11 vertices are shown by themselves/m);
});

test("a namespace and terms are one filter, and the flags reach the server", async () => {
  await garrison("shop", "to:db", "--level", "workload", "--since", "2h", "--until", "1h", "--idle");
  assert.deepEqual(asked, [
    {
      q: 'ns:"shop" to:db',
      since: "2h",
      until: "1h",
      level: "workload",
      idle: "workloads",
      open: "",
      verticesMax: 120,
    },
  ]);
});

test("as data: JSON is the answer, CSV has a column for each figure, YAML and names come too", async () => {
  const json = JSON.parse((await garrison("-o", "json")).out) as { apiVersion: string; graph: unknown };
  assert.equal(json.apiVersion, "garrison/v1");
  assert.equal(ServiceGraph.parse(json.graph).edges.length, 10);
  const csv = (await garrison("-o", "csv")).out.split("\r\n");
  assert.match(csv[0] ?? "", /^connections,failed,.*,cluster,from,to,ports,health,because/);
  assert.equal(csv.length, 12);
  assert.match((await garrison("-o", "yaml")).out, /^apiVersion: garrison\/v1\ngraph:/);
  assert.match((await garrison("-o", "name")).out, /^external\/c\/api\.example\.com\n/);
});

test("as a picture", async () => {
  const dot = await garrison("-o", "dot");
  assert.equal(dot.err, "");
  assert.match(dot.out, /^digraph garrison \{\n/);
  assert.match((await garrison("-o", "mermaid")).out, /^flowchart LR\n/);
});

test("against an earlier window: what came and what changed", async () => {
  const { code, out, err } = await garrison("--diff", "1h");
  assert.equal(code, 0, err);
  const windows = asked.map((request) => `${request.since} until ${request.until ?? "now"}`);
  assert.deepEqual(new Set(windows), new Set(["1h until now", "7200000ms until 3600000ms"]));
  assert.match(out, /^STATE +FROM +TO +CHANGES\nadded +/);
  assert.match(out, /^added +shop\/web +api\.example\.com +tcp\/443$/m);
  assert.match(err, /edges: 9 added, 0 removed, 0 changed, 1 same; before: /);
});

test("what cannot be is refused with the way out; a partial answer says so", async () => {
  const { code, err } = await garrison("--diff", "1h", "-o", "dot");
  assert.deepEqual([code, /hint: garrison graph --help/.test(err)], [2, true], err);
  const flows = await run("flows", "-o", "dot");
  assert.deepEqual([flows.code, /flows does not print dot/.test(flows.err)], [2, true], flows.err);
  const partial = await garrison("partial");
  assert.deepEqual([partial.code, partial.err.includes("partial: a limit")], [7, true]);
});

test("words before they are sent", () => {
  for (const text of ["3", "2001", "many"]) assert.throws(() => vertexCount(text), { kind: "usage" });
  for (const text of ["soon", "0s"]) assert.throws(() => earlier({ since: "1h" }, text), { kind: "usage" });
  assert.throws(() => earlier({ since: "yesterday" }, "1h"), { kind: "usage" });
  assert.equal(filterOf([]), "");
  assert.equal(filterOf(["shop", "payments"]), 'ns:"shop" payments');
  assert.equal(filterOf(["to:db", "shop"]), "to:db shop");
  assert.deepEqual(earlier({ since: "15m" }, "1d"), { beforeSince: "87300000ms", beforeUntil: "86400000ms" });
  assert.deepEqual(earlier({ since, until }, "1h"), {
    beforeSince: "2026-11-25T09:00:00.000Z",
    beforeUntil: "2026-11-25T10:00:00.000Z",
  });
});
