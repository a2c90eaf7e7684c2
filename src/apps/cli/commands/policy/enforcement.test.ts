// The enforcement commands as real processes: against a small server with a node that says its word, and in a network namespace of the test's own.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { createNamespace, mayMakeNamespaces, runInNetns } from "../../../../../test/support/netns/namespace.ts";
import { skipUnless } from "../../../../../test/support/skip.ts";
import { silentLogger } from "../../../../base/logger.ts";
import { openNftables } from "../../../../edge/dataplane/nftables/open-nftables.ts";
import type { EnforcementStatus } from "../../../../model/enforcement-status.ts";
import type { ResourceManifest } from "../../../../model/resource.ts";

const entry = path.resolve(import.meta.dirname, "../../../../../bin/garrison.js");
const bootId = (): string => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
const time = "2026-11-25T08:00:00.000Z";

const policy = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: db, namespace: shop }
spec: { podSelector: {} }
`;

const probe = {
  source: "pod/shop/web",
  destination: "pod/shop/db",
  address: "10.1.0.2",
  protocol: "tcp" as const,
  port: 5432,
  expected: "deny" as const,
  outcome: "timeout",
  isProved: true,
};

/** What the node says of a policy and of itself. */
type Say = (
  kind: string,
  spec: Record<string, unknown>,
) => { readonly enforcement: Partial<EnforcementStatus>; readonly because: string };

/** As if the change denied what one connection of the last day did. */
function previewOf({ changed }: { readonly changed: string }) {
  const group = {
    source: "shop/Deployment/web",
    destination: "shop/Deployment/db",
    protocol: "tcp",
    port: 5432,
    before: "allow",
    after: "deny",
    connections: 7,
    keys: 1,
    uncertain: "",
  };
  const id = "kubernetes/NetworkPolicy/shop/db";
  return {
    problems: [],
    objects: changed.includes('"db"') ? [{ id, change: "added" }] : [],
    totals: {
      keys: 1,
      connections: 7,
      same: 0,
      newlyAllowed: 0,
      newlyDenied: 7,
      uncertain: 0,
      recordedOtherwise: 0,
    },
    groups: [group],
    groupsOmitted: 0,
    endpoints: [],
    endpointsOmitted: 0,
    flows: { keys: 1, connections: 7, omitted: 0 },
    world: { endpoints: 2, incomplete: "" },
    window: { since: time, until: time, partial: false, partialBecause: "", gaps: [] },
  };
}

async function scene(t: TestContext, say: Say) {
  const kept = new Map<string, ResourceManifest & { generation: number }>();
  const puts: ResourceManifest[] = [];
  const dryPuts: ResourceManifest[] = [];
  const node = {
    cluster: "home",
    name: "n1",
    state: "connected",
    fidelity: "kernel",
    bootId: bootId(),
    agentVersion: "0",
  };
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      const [, , , what = "", kind = "", name = ""] = new URL(request.url ?? "", "http://x").pathname.split("/");
      const answer = (value: unknown) => {
        response.writeHead(200, { "content-type": "application/json" });
        response.end(JSON.stringify(value));
      };
      if (what === "nodes") return answer({ nodes: [node, { ...node, name: "demo-1", fidelity: "simulated" }] });
      if (what === "policies") return answer(previewOf(JSON.parse(body) as { changed: string }));
      if (request.method === "PUT") {
        const manifest = JSON.parse(body) as ResourceManifest;
        if (request.url?.includes("dryRun=true") === true) {
          dryPuts.push(manifest);
          const resource = { ...manifest, generation: 1, author: "t", time, deleted: false };
          return answer({ outcome: "created", resource, changes: [] });
        }
        puts.push(manifest);
        const generation = (kept.get(`${kind}/${name}`)?.generation ?? 0) + 1;
        kept.set(`${kind}/${name}`, { ...manifest, generation });
        const resource = { ...manifest, generation, author: "t", time, deleted: false };
        return answer({ outcome: "created", resource, changes: [] });
      }
      const resources = [...kept.values()]
        .filter((one) => one.kind === kind)
        .map((one) => {
          const { enforcement, because } = say(kind, one.spec);
          const { kind: ofKind, scope, name: named, generation } = one;
          const full = { digest: "", policyGeneration: 0, endpoints: 1, problems: [], ...enforcement };
          const status = {
            kind: ofKind,
            scope,
            name: named,
            generation,
            state: "applied",
            because,
            enforcement: full,
            cluster: "home",
            node: "n1",
          };
          return { ...one, author: "t", time, deleted: false, status: [status] };
        });
      return answer({ resources });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const data = await mkdtemp(path.join(os.tmpdir(), "garrison-cli-"));
  await mkdir(path.join(data, "run"));
  await writeFile(path.join(data, "policy.yaml"), policy);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await writeFile(path.join(data, "run", "cli.json"), JSON.stringify({ url, token: "secret" }));
  t.after(async () => {
    server.closeAllConnections();
    server.close();
    await rm(data, { recursive: true });
  });
  return { data, puts, dryPuts };
}

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

async function ended(child: ReturnType<typeof spawn>): Promise<Ran> {
  let out = "";
  let err = "";
  child.stdout?.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (err += chunk.toString()));
  return await new Promise((resolve) => child.on("close", (code) => resolve({ code, out, err })));
}

const environment = (data: string) => ({ env: { ...process.env, GARRISON_DATA: data, NO_COLOR: "1" } });
const garrison = (data: string, args: readonly string[]): Promise<Ran> =>
  ended(spawn(process.execPath, [entry, "policy", ...args], environment(data)));

const nodeOf = (more: object = {}) => ({
  mode: "enforce" as const,
  policies: 1,
  isConfirmed: true,
  connectionsCut: 0,
  repairs: 0,
  ...more,
});

test("apply puts the time limit first, holds the node back until policies and namespaces are there, and prints receipts", async (t) => {
  const { data, puts } = await scene(t, (kind) =>
    kind === "Enforcement"
      ? {
          enforcement: {
            state: "enforced",
            digest: "00000000000000aa",
            node: nodeOf({ takenBackAtMs: Date.now() + 60_000 }),
          },
          because: "in force",
        }
      : {
          enforcement: {
            state: "enforced",
            receipt: { timeMs: 1, readBack: "", probes: kind === "Policy" ? [probe] : [] },
          },
          because: "enforced",
        },
  );
  const file = path.join(data, "policy.yaml");
  const ran = await garrison(data, [
    "apply",
    file,
    "--netns",
    "no-such=app=web,namespace=shop,name=web",
    "--rollback-after",
    "60s",
    "--width",
    "200",
  ]);
  assert.equal(ran.code, 0, ran.err);
  assert.deepEqual(
    puts.map(({ kind, scope, name }) => `${kind} ${scope} ${name}`),
    [
      "Enforcement node/home/n1 default",
      "Policy node/home/n1 networkpolicy.shop.db",
      "LocalEndpoint node/home/n1 shop.web",
      "Enforcement node/home/n1 default",
    ],
  );
  for (const at of [0, 3])
    assert.deepEqual([puts[at]?.spec["mode"], puts[at]?.spec["rollbackAfterSeconds"]], ["enforce", 60]);
  assert.match(String(puts[0]?.spec["hold"]), /^[0-9a-f-]{36}$/);
  assert.equal(puts[3]?.spec["hold"], undefined);
  assert.match(ran.out, /networkpolicy\.shop\.db +enforced/);
  assert.match(ran.out, /proved +networkpolicy\.shop\.db: shop\/web -> shop\/db 5432\/tcp is denied \(timeout\)/);
  assert.match(ran.err, /taken back in (59|60) s unless confirmed: garrison policy apply --confirm 00000000000000aa/);
});

test("a refused change ends with 3; --confirm without a digest takes the node's own; rollback names it too", async (t) => {
  const { data, puts } = await scene(t, (kind, spec) => {
    const isBack = spec["takeBack"] === "00000000000000bb";
    const state = spec["confirm"] === "00000000000000bb" ? "enforced" : isBack ? "taken-back" : "refused";
    return kind === "Enforcement"
      ? {
          enforcement: { state, digest: "00000000000000bb", node: nodeOf() },
          because: "it would cut 9 of 10 live connections",
        }
      : { enforcement: { state: "enforced" }, because: "" };
  });
  const file = path.join(data, "policy.yaml");
  const refused = await garrison(data, ["apply", file]);
  assert.equal(refused.code, 3);
  assert.match(refused.err, /node: refused, it would cut 9 of 10 live connections/);
  assert.equal((await garrison(data, ["status"])).code, 3);
  assert.equal((await garrison(data, ["apply", "--confirm"])).code, 0);
  assert.equal(puts.at(-1)?.spec["confirm"], "00000000000000bb");
  const before = puts.length;
  const unknown = await garrison(data, ["rollback", "00000000000000cc"]);
  assert.equal(unknown.code, 5, unknown.err);
  assert.match(unknown.err, /is at no change 00000000000000cc\nhint: it is at 00000000000000bb/);
  assert.equal(puts.length, before);
  const back = await garrison(data, ["rollback", "-o", "json"]);
  assert.equal(back.code, 0, back.err);
  assert.equal(puts.at(-1)?.spec["takeBack"], "00000000000000bb");
  assert.equal((JSON.parse(back.out) as { node: { state: string } }).node.state, "taken-back");
});

test("a dry run on a node that enforces stores nothing, puts no Enforcement, and says what would become of recorded connections", async (t) => {
  const { data, puts, dryPuts } = await scene(t, () => ({
    enforcement: { state: "enforced", node: nodeOf() },
    because: "",
  }));
  const file = path.join(data, "policy.yaml");
  assert.equal((await garrison(data, ["apply", file])).code, 0);
  const before = puts.length;
  dryPuts.length = 0;
  const dry = await garrison(data, ["apply", file, "--dry-run", "--width", "200"]);
  assert.equal(dry.code, 0, dry.err);
  assert.deepEqual(puts.slice(before), []);
  assert.deepEqual(
    dryPuts.map(({ kind }) => kind),
    ["Policy"],
  );
  assert.match(dry.out, /shop\/Deployment\/web +shop\/Deployment\/db +5432\/tcp +7 +allow -> deny/);
  assert.match(dry.err, /7 connections: 0 the same, 0 newly allowed, 7 newly denied/);
  assert.match(dry.err, /open connections were not judged: pods of home are known to its agents alone/);
  assert.match(dry.err, /dry run: nothing is stored/);
  const asJson = await garrison(data, ["apply", file, "--dry-run", "-o", "json"]);
  assert.equal(
    (JSON.parse(asJson.out) as { preview: { totals: { newlyDenied: number } } }).preview.totals.newlyDenied,
    7,
  );
  assert.equal((await garrison(data, ["apply", "--dry-run", "--confirm"])).code, 2);
});

test("what is in the kernel and not proved ends with 7; wrong flags and nodes are usage", async (t) => {
  const { data } = await scene(t, (kind) =>
    kind === "Enforcement"
      ? { enforcement: { state: "enforced", node: nodeOf() }, because: "" }
      : { enforcement: { state: "unproved" }, because: "applied, not proved: no two ends of it are here" },
  );
  const file = path.join(data, "policy.yaml");
  assert.equal((await garrison(data, ["apply", file])).code, 7);
  for (const args of [["apply"], ["apply", file, "--netns", "web=app"], ["apply", file, "--rollback-after", "soon"]])
    assert.equal((await garrison(data, args)).code, 2, args.join(" "));
  assert.equal((await garrison(data, ["apply", file, "--node", "n9"])).code, 5);
});

test("break-glass takes the table out and says so, without a server; --end lifts it", async (t) => {
  if (!skipUnless(t, mayMakeNamespaces(), "MISSING root: network namespaces cannot be made")) return;
  const own = createNamespace("glass");
  t.after(() => own.close());
  const data = await mkdtemp(path.join(os.tmpdir(), "garrison-glass-"));
  t.after(() => rm(data, { recursive: true }));
  const dataplane = openNftables({
    netns: own.path,
    table: "garrison",
    clock: { nowMs: Date.now },
    logger: silentLogger,
  });
  t.after(() => dataplane.close());
  const table = { table: { family: "inet", name: "garrison" }, digest: "d", sets: [], chains: [] } as const;
  dataplane.apply(table);
  const inside = (args: readonly string[]) =>
    ended(runInNetns(own, [process.execPath, entry, "policy", ...args], environment(data)));
  assert.match((await inside(["status", "--kernel"])).out, /table inet garrison is in the kernel/);
  const broken = await inside(["break-glass", "--because", "a test"]);
  assert.equal(broken.code, 0, broken.err);
  assert.match(broken.out, /removed table inet garrison/);
  assert.equal(dataplane.readBack(table, { elements: false }).isThere, false);
  assert.match((await inside(["status", "--kernel"])).out, /not in the kernel.*\nbreak-glass is in force/);
  assert.match((await inside(["break-glass", "--end"])).out, /break-glass is over/);
  assert.match((await inside(["break-glass", "--end"])).out, /was not in force/);
});

test("break-glass takes the table out even where its file cannot be written, and says that it may come back", async (t) => {
  if (!skipUnless(t, mayMakeNamespaces(), "MISSING root: network namespaces cannot be made")) return;
  const own = createNamespace("glassfull");
  t.after(() => own.close());
  const data = await mkdtemp(path.join(os.tmpdir(), "garrison-glass-"));
  t.after(() => rm(data, { recursive: true }));
  const file = path.join(data, "a-file");
  await writeFile(file, "");
  const clock = { nowMs: Date.now };
  const dataplane = openNftables({ netns: own.path, table: "garrison", clock, logger: silentLogger });
  t.after(() => dataplane.close());
  const table = { table: { family: "inet", name: "garrison" }, digest: "d", sets: [], chains: [] } as const;
  dataplane.apply(table);
  const command = [process.execPath, entry, "policy", "break-glass"] as const;
  const broken = await ended(runInNetns(own, command, environment(path.join(file, "x"))));
  assert.equal(dataplane.readBack(table, { elements: false }).isThere, false, broken.err);
  assert.notEqual(broken.code, 0);
  assert.match(broken.out, /removed table inet garrison/);
  assert.match(broken.err, /policy\/break-glass-file[^]*an agent that runs may put the table back/);
  assert.doesNotMatch(broken.err, /^\s+at /m);
});
