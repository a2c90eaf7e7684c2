// garrison policy on files as a user meets it: real processes, the example folder of the guide, no server.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import { parse, parseAllDocuments } from "yaml";
import { skipUnless } from "../../../test/support/skip.ts";

const root = path.resolve(import.meta.dirname, "../../..");
const entry = path.join(root, "bin/garrison.js");
const example = "docs/examples/policy";
const policies = `${example}/policies`;
const world = ["--world", `${example}/world.yaml`];
const flows = ["--flows", `${example}/flows.jsonl`];

async function garrison(
  args: readonly string[],
  stdin = "",
  more: Readonly<Record<string, string>> = {},
): Promise<{ code: number | null; out: string; err: string }> {
  const environment = {
    ...process.env,
    NO_COLOR: "1",
    TZ: "UTC",
    GARRISON_TOKEN: undefined,
    GARRISON_SERVER: undefined,
    ...more,
  };
  const child = spawn(process.execPath, [entry, "policy", ...args], { cwd: root, env: environment });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  child.stdin.on("error", () => undefined);
  child.stdin.end(stdin);
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, out, err };
}

async function folder(t: TestContext, files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const made = await mkdtemp(path.join(os.tmpdir(), "garrison-policy-"));
  t.after(() => rm(made, { recursive: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(made, name), text);
  return made;
}

/** A server that answers everything with what `answer` makes of address and body; the environment that leads to it. */
async function answering(
  t: TestContext,
  answer: (url: URL, body: string) => object,
): Promise<Readonly<Record<string, string>>> {
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify(answer(new URL(request.url ?? "", "http://x"), body)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { GARRISON_SERVER: `http://127.0.0.1:${port}`, GARRISON_TOKEN: "secret" };
}

const asked = ["--from", "shop/web", "--to", "shop/db", "--port", "5432/tcp"];

test("lint finds what is planted in the example, gates by severity, and says what it did not look at", async () => {
  const found = await garrison(["lint", policies, ...world]);
  assert.equal(found.code, 0, found.err);
  assert.match(found.out, /^warning {2}kubernetes\/NetworkPolicy\/shop\/api {2}dns-not-allowed$/m);
  assert.match(found.out, /web ingress\[1\] {2}peer-selects-nothing/);
  assert.match(found.out, /docs\/examples\/policy\/policies\/web\.yaml:\d+/);
  assert.match(found.err, /3 policies looked at: 0 errors, 2 warnings/);
  assert.equal((await garrison(["lint", policies, ...world, "--fail-on", "warning"])).code, 3);
  const blind = await garrison(["lint", policies]);
  assert.match(blind.err, /peer-selects-nothing: not looked, no pods were given/);
});

test("a broken document is refused by file and line, the rest is looked at", async (t) => {
  const made = await folder(t, {
    "a.yaml":
      "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a, namespace: x}\nspec: {podSelector: {}, ingres: []}\n---\n{ not: [yaml\n",
    "b.yaml":
      "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: b, namespace: x}\nspec: {podSelector: {}}\n",
  });
  const found = await garrison(["lint", made, "-o", "json"]);
  assert.equal(found.code, 3);
  const { findings, policies: count } = JSON.parse(found.out) as {
    findings: { message: string; place: { line: number } }[];
    policies: number;
  };
  assert.equal(count, 1);
  assert.ok(
    findings.some(({ message, place }) => /ingres/.test(message) && place.line === 4),
    found.out,
  );
  const evaluated = await garrison(["evaluate", made, "--from", "10.0.0.1", "--to", "10.0.0.2"]);
  assert.equal(evaluated.code, 7);
  assert.match(evaluated.err, /a\.yaml:4: error: .*ingres/);
});

test("evaluate prints a table, json and yaml; --expect is a gate; names that are not there are errors", async () => {
  const table = await garrison(["evaluate", policies, ...world, ...asked]);
  assert.equal(table.code, 0, table.err);
  const [head = "", row = ""] = table.out.split("\n");
  assert.match(head, /^SOURCE +DESTINATION +PORT +VERDICT +BECAUSE$/);
  assert.match(row, /^shop\/web-\S+ +shop\/db-0 +5432\/tcp +deny +ingress: no ingress rule of shop\/db allows it$/);
  const json = await garrison(["evaluate", policies, ...world, ...asked, "-o", "json", "--expect", "allow"]);
  assert.equal(json.code, 3);
  const { items } = JSON.parse(json.out) as { items: { verdict: string; ingress: { verdict: string } }[] };
  assert.deepEqual(
    items.map(({ verdict, ingress }) => [verdict, ingress.verdict]),
    [["deny", "deny"]],
  );
  const yaml = await garrison([
    "evaluate",
    policies,
    ...world,
    "--from",
    "shop/api",
    "--to",
    "shop/db",
    "--port",
    "5432",
    "-o",
    "yaml",
  ]);
  assert.equal((parse(yaml.out) as { items: { verdict: string }[] }).items[0]?.verdict, "allow");
  const wrong = await garrison(["evaluate", policies, ...world, "--from", "shop/wep", "--to", "shop/db"]);
  assert.equal(wrong.code, 5);
  assert.match(wrong.err, /there is no "shop\/wep" in the world\nhint: did you mean "shop\/web"\?/);
  for (const [args, message] of [
    [["evaluate", ...asked], /no file was given/],
    [["evaluate", "nowhere.yaml", ...asked], /cannot read nowhere\.yaml/],
    [["evaluate", policies, ...world, ...asked, "-o", "csv"], /csv/],
  ] as const) {
    const ran = await garrison(args);
    assert.equal(ran.code, 2, args.join(" "));
    assert.match(ran.err, message);
  }
});

test("policies come from standard input, and recorded flows are judged one by one", async () => {
  const text =
    "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: none, namespace: shop}\nspec: {podSelector: {}, policyTypes: [Ingress]}\n";
  const one = await garrison(
    ["evaluate", "-", ...world, "--from", "shop/api", "--to", "shop/db", "--port", "5432"],
    text,
  );
  assert.match(one.out, /deny/);
  const all = await garrison(["evaluate", policies, ...world, ...flows, "-o", "json"]);
  const { items } = JSON.parse(all.out) as { items: { verdict: string }[] };
  assert.equal(items.length, 13);
  assert.ok(items.some(({ verdict }) => verdict === "deny") && items.some(({ verdict }) => verdict === "allow"));
});

test("explain shows the walk of both directions and what would allow it", async () => {
  const { code, out } = await garrison(["explain", policies, ...world, ...asked]);
  assert.equal(code, 0);
  assert.match(
    out,
    /^shop\/web-\S+ -> shop\/db-0 5432\/tcp: deny, because ingress: no ingress rule of shop\/db allows it$/m,
  );
  assert.match(out, /default +shop\/db +ingress\[0\] +no-match +source shop\/\S*web has app=web; asked is /);
  assert.match(out, /^what would allow it$/m);
  const json = await garrison(["explain", policies, ...world, ...asked, "-o", "json"]);
  const { now, nearest } = JSON.parse(json.out) as { now: { verdict: string }; nearest: { manifest: string }[] };
  assert.equal(now.verdict, "deny");
  assert.ok(nearest.length > 0);
});

test("simulate shows which flows turn, and gates", async () => {
  const beside = ["simulate", policies, ...world, "--with", `${example}/proposed`, ...flows];
  const change = [...beside, "--without", "shop/api"];
  const { code, out, err } = await garrison(change);
  assert.equal(code, 0, err);
  assert.match(
    out,
    /shop\/Deployment\/api +shop\/StatefulSet\/db +5432\/tcp +9430 +allow -> deny +end of tier default/,
  );
  assert.match(out, /api\.payments\.example +443\/tcp +930 +deny -> allow/);
  assert.match(
    err,
    /68785 connections of 13 flow keys: 51385 the same, 7970 newly allowed, 9430 newly denied, 0 uncertain/,
  );
  assert.equal((await garrison([...change, "--fail-on-deny"])).code, 3);
  const both = await garrison(beside);
  assert.match(both.err, /comes beside kubernetes\/[^]+7970 newly allowed, 0 newly denied/);
  const nothing = await garrison(["simulate", policies, ...world, ...flows]);
  assert.match(nothing.err, /nothing is proposed/);
});

test("recommend prints evidence, holds what is rare, and its manifests are good policies", async (t) => {
  const recommend = ["recommend", `${example}/world.yaml`, ...flows];
  const table = await garrison(recommend);
  assert.equal(table.code, 0, table.err);
  assert.match(table.out, /^shop\/recommended-db {2}app=db {2}shop\/StatefulSet\/db$/m);
  assert.match(table.out, /from +shop\/app=api +5432\/tcp +1\.00 +9430 connections on 7 days, last \S+ ago/);
  assert.match(table.out, /shop\/Deployment\/api -> shop\/Deployment\/web 8443\/tcp +rare/);
  for (const dialect of ["kubernetes", "cluster", "calico"]) {
    const yaml = await garrison([...recommend, "--dialect", dialect, "-o", "yaml"]);
    assert.ok(parseAllDocuments(yaml.out).length >= 3, dialect);
    const made = await folder(t, { "recommended.yaml": yaml.out });
    const end = (text: string) =>
      text.includes("/") ? { endpoint: text, address: "" } : { endpoint: "", address: text };
    const flow = (from: string, to: string, port: number, domains: readonly string[]) =>
      JSON.stringify({
        source: end(from),
        destination: end(to),
        protocol: 6,
        sourcePort: 0,
        destinationPort: port,
        domains,
        connections: 1,
        bytes: 1,
        firstMs: 0,
        lastMs: 0,
        days: 1,
        verdict: "allow",
        sourceWorkload: "",
        destinationWorkload: "",
      });
    const [api, web, db] = ["pod/shop/api-5b8c7d6f9-m4n7t", "pod/shop/web-7d9f8c6b5-x2k4p", "pod/shop/db-0"] as const;
    const lines = [
      flow(api, db, 5432, []),
      flow(web, db, 5432, []),
      flow(api, "203.0.113.99", 443, ["api.payments.example"]),
    ];
    const judged = await garrison(["evaluate", made, ...world, "--flows", "-", "-o", "json"], lines.join("\n"));
    const { items } = JSON.parse(judged.out) as { items: { verdict: string }[] };
    assert.deepEqual(
      items.map(({ verdict }) => verdict),
      ["allow", "deny", dialect === "kubernetes" ? "deny" : "allow"],
      dialect,
    );
  }
  const approved = await garrison([...recommend, "--approve", "shop/Deployment/api -> shop/Deployment/web 8443/tcp"]);
  assert.doesNotMatch(approved.out, /Held back/);
});

test("prove: a counter-example with its trace, exit 3; proved invariants exit 0", async (t) => {
  const { code, out } = await garrison(["prove", policies, ...world, "--invariants", `${example}/invariants.yaml`]);
  assert.equal(code, 3);
  assert.match(out, /^proved +only the api reaches the database/m);
  assert.match(out, /^failed +the database reaches nothing outside/m);
  assert.match(out, /shop\/db-0 -> \S+ 443\/tcp: allow/);
  const made = await folder(t, {
    "good.yaml": "invariants:\n- name: db\n  allowOnly: {from: {workloads: [api]}, to: {workloads: [db]}}\n",
    "bad.yaml": "invariants:\n- name: db\n  deny:\n    fron: {}\n",
  });
  assert.equal((await garrison(["prove", policies, ...world, "--invariants", path.join(made, "good.yaml")])).code, 0);
  const bad = await garrison(["prove", policies, ...world, "--invariants", path.join(made, "bad.yaml")]);
  assert.equal(bad.code, 2);
  assert.match(bad.err, /bad\.yaml:3: invariants\.0\.deny: .*fron/);
});

test("flows come from the server with --since: what it left out is said, and no flows is an error", async (t) => {
  const asked: string[] = [];
  const line = (await readFile(path.join(root, example, "flows.jsonl"), "utf8")).split("\n")[2] ?? "";
  const access = await answering(t, (url) => {
    asked.push(url.search);
    const flows = url.searchParams.get("cluster") === "shop" ? [JSON.parse(line) as object] : [];
    const time = "2026-11-25T00:00:00.000Z";
    const window = { since: time, until: time, partial: false, partialBecause: "", gaps: [] };
    return { flows, looked: { keys: 1, connections: 1, omitted: 5 }, window };
  });
  const recommend = ["recommend", `${example}/world.yaml`, "--since", "7d", "--filter", "to:db"];
  const found = await garrison([...recommend, "--cluster", "shop"], "", access);
  assert.equal(found.code, 7, found.err);
  assert.match(found.out, /9120 connections on 7 days/);
  assert.match(found.err, /5 more flow keys are not looked at/);
  assert.match(asked[0] ?? "", /cluster=shop.*since=7d.*q=to%3Adb/);
  const none = await garrison(recommend, "", access);
  assert.equal(none.code, 2);
  assert.match(none.err, /no flows of cluster "local" since 7d/);
  assert.match((await garrison([...recommend, ...flows])).err, /exclude each other/);
});

test("recommend without files asks the server, for one namespace", async (t) => {
  const time = "2026-11-25T00:00:00.000Z";
  const evidence = { keys: 1, connections: 7, bytes: 1, firstAt: time, lastAt: time, days: 3 };
  const rule = {
    direction: "egress",
    words: "to pods app=db in shop on 5432/tcp",
    from: "shown",
    confidence: 0.5,
    evidence,
  };
  const answer = {
    policies: [
      { workloads: ["shop/Deployment/api"], manifest: "kind: NetworkPolicy\n", rules: [rule], notes: ["look at it"] },
    ],
    policiesOmitted: 0,
    held: [{ key: "a -> b 80/tcp", workloads: ["a"], direction: "egress", words: "to b", because: "rare", evidence }],
    heldOmitted: 0,
    leftOut: [{ because: "it did not connect", keys: 2, connections: 3 }],
    notes: [],
    flows: { keys: 1, connections: 7, omitted: 0 },
    world: { endpoints: 3, incomplete: "" },
    window: { since: time, until: time, partial: false, partialBecause: "", gaps: [] },
  };
  const bodies: string[] = [];
  const access = await answering(t, (_, body) => {
    bodies.push(body);
    return answer;
  });
  const recommend = ["recommend", "--since", "7d", "--cluster", "demo"];
  const found = await garrison([...recommend, "--namespace", "shop", "--dialect", "calico"], "", access);
  assert.equal(found.code, 0, found.err);
  assert.match(
    found.out,
    /^shop\/Deployment\/api\n {2}egress +to pods app=db in shop on 5432\/tcp +0\.50 +7 connections on 3 days/m,
  );
  assert.match(found.out, /a -> b 80\/tcp +rare/);
  assert.match(found.err, /left out: 2 flows, 3 connections: it did not connect/);
  const { namespace, dialect } = JSON.parse(bodies[0] ?? "") as { namespace: string; dialect: string };
  assert.deepEqual([namespace, dialect], ["shop", "calico"]);
  const yaml = await garrison([...recommend, "--namespace", "shop", "-o", "yaml"], "", access);
  assert.equal(yaml.out, "kind: NetworkPolicy\n");
  const wide = await garrison(recommend, "", access);
  assert.equal(wide.code, 2);
  assert.match(wide.err, /one namespace/);
});

test("verify counts probes and explains disagreements, from .json and .json.gz", async (t) => {
  const pods = ["a", "b"].map((name, index) => ({
    ns: "x",
    name,
    labels: { pod: name },
    ip: `10.0.0.${index + 1}`,
    containers: [{ name: "c", port: 80, protocol: "TCP" }],
  }));
  const policy = {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: "p", namespace: "x" },
    spec: { podSelector: { matchLabels: { pod: "b" } }, policyTypes: ["Ingress"] },
  };
  const probe = {
    from: "x/a",
    to: "x/b",
    port: 80,
    portName: "",
    protocol: "TCP",
    ingress: false,
    egress: true,
    allowed: false,
  };
  const table = (probes: readonly object[]) =>
    JSON.stringify([
      {
        description: "made up",
        tags: [],
        steps: [{ namespaces: { x: {} }, pods, policies: [policy], probes, skipped: 0 }],
      },
    ]);
  const made = await folder(t, {
    "good.json": table([probe, { ...probe, from: "x/b", to: "x/a", ingress: true, allowed: true }]),
    "bad.json.gz": gzipSync(table([probe, { ...probe, egress: false }])),
    "none.json": "{}",
    "broken.json": "[",
  });
  const good = await garrison(["verify", path.join(made, "good.json")]);
  assert.deepEqual([good.code, good.out, good.err], [0, "2 agreed, 0 disagreed\n", ""]);
  const bad = await garrison(["verify", path.join(made, "good.json"), path.join(made, "bad.json.gz")]);
  assert.deepEqual([bad.code, bad.out], [3, "3 agreed, 1 disagreed\n"]);
  assert.match(
    bad.err,
    /made up, step 1: x\/a -> x\/b 80\/TCP\n {2}expected: deny \(egress deny, ingress deny\)\n {2}engine: {3}deny \(egress allow/,
  );
  for (const name of ["none.json", "broken.json", "absent.json"])
    assert.equal((await garrison(["verify", path.join(made, name)])).code, 2, name);
});

test("verify agrees with all of the shared truth tables", async (t) => {
  const file = path.resolve(root, "../shared/cases/policy/reachability-truth-tables.json.gz");
  if (!skipUnless(t, existsSync(file), "shared/cases/policy")) return;
  const { code, out } = await garrison(["verify", file]);
  assert.deepEqual([code, out], [0, "90135 agreed, 0 disagreed\n"]);
});

test("compile prints one table of nft, for all pods or those of a node", async () => {
  const all = await garrison(["compile", policies, ...world]);
  assert.equal(all.code, 0, all.err);
  assert.match(all.out, /^table inet garrison \{$/m);
  assert.match(all.err, /5 endpoints, 3 policy objects/);
  const one = await garrison(["compile", policies, ...world, "--node", "node-b"]);
  assert.match(one.err, /2 endpoints/);
  assert.ok(one.out.length < all.out.length);
  assert.equal((await garrison(["compile", policies, ...world, "--node", "nowhere"])).code, 2);
});
