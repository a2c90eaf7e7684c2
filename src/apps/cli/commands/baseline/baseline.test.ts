// garrison baseline as a user meets it: real processes against a real server whose store is a table of facts.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { text } from "node:stream/consumers";
import { emptyQueries, testServer, type TestServer } from "../../../../../test/support/test-server.ts";
import type { BaselineItemKind } from "../../../../model/baseline.ts";
import type {
  BaselineRequest,
  DriftSum,
  WorkloadFact,
  WorkloadLife,
} from "../../../../edge/store/queries/baselines-nouns.ts";

const entry = path.resolve(import.meta.dirname, "../../../../../bin/garrison.js");
const nowMs = Date.now();
const hour = 3_600_000;
const web = {
  cluster: "prod",
  namespace: "shop",
  kind: "Deployment",
  workload: "web",
  imageDigest: "sha256:aaaabbbbccccdddd",
} as const;
const life: WorkloadLife = {
  ...web,
  image: "shop/web:1",
  service: "web",
  hours: 90,
  replicas: 2,
  starts: 3,
  firstMs: nowMs - 100 * hour,
  lastMs: nowMs,
};
const older: WorkloadLife = { ...life, imageDigest: "sha256:0000", lastMs: nowMs - 50 * hour };
const twin: WorkloadLife = { ...life, cluster: "other", workload: "twin" };

function factOf(kind: BaselineItemKind, item: string, firstMs = nowMs - 90 * hour): WorkloadFact {
  return { ...web, fact: { kind, item, firstMs, lastMs: nowMs, count: 7, replicas: 2 } };
}

interface World {
  facts: WorkloadFact[];
  drift: DriftSum[];
}

function isAsked(of: BaselineRequest["of"]): (row: WorkloadLife | WorkloadFact | DriftSum) => boolean {
  return (row) =>
    Object.entries(of).every(([name, value]) => (row as unknown as Record<string, unknown>)[name] === value);
}

function serverOf(world: World): Promise<TestServer> {
  const empty = emptyQueries();
  return testServer({
    queries: emptyQueries({
      baselineSums: async (request) => ({
        ...(await empty.baselineSums(request)),
        lives: [life, older, twin, { ...twin, cluster: "prod" }].filter(isAsked(request.of)),
        facts: world.facts.filter(isAsked(request.of)),
      }),
      baselineDrift: async ({ of }) => ({
        ...(await empty.baselineDrift({ of, limit: 1 })),
        drift: world.drift.filter(isAsked(of)),
      }),
    }),
  });
}

async function garrison(server: TestServer, ...words: readonly string[]) {
  const child = spawn(process.execPath, [entry, "baseline", ...words, "--data", server.data], {
    env: { ...process.env, NO_COLOR: "1", NODE_COMPILE_CACHE: path.join(server.data, "compiled") },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await ended, out, err };
}

test("from learning to protecting and back, each step told", { timeout: 600_000 }, async () => {
  const world: World = {
    facts: [factOf("executables", "/usr/sbin/nginx"), factOf("parents", "runtime -> /usr/sbin/nginx")],
    drift: [],
  };
  await using server = await serverOf(world);
  const listed = await garrison(server, "list");
  assert.equal(listed.code, 0, listed.err);
  assert.match(listed.out, /^WORKLOAD +KIND +IMAGE +STEP +CONFIDENCE +DRIFT/);
  assert.match(listed.out, /^shop\/web +Deployment +shop\/web:1 aaaabbbbcccc +learning +high 100 +- +1/m);

  const shown = await garrison(server, "show", "shop/web");
  assert.equal(shown.code, 0, shown.err);
  assert.match(shown.err, /of 2 images the one seen last/);
  assert.match(shown.out, /step +learning\nconfidence +high, 100 of 100/);
  assert.match(shown.out, /EXECUTABLES 1 .*\n +\/usr\/sbin\/nginx +7/);

  const frozen = await garrison(server, "promote", "web", "--to", "monitoring");
  assert.equal(frozen.code, 0, frozen.err);
  assert.match(frozen.out, /no recorded row would be drift\n/);
  assert.match(frozen.out, /Baseline\/shop-web\.deployment\.aaaabbbbcccc version 1: monitoring/);

  world.facts.push(factOf("executables", "/usr/bin/nc", nowMs - hour));
  world.drift.push({
    ...web,
    rule: "Drift: executable not in the baseline",
    itemKind: "executables",
    item: "/usr/bin/nc",
    severity: "medium",
    count: 4,
    firstMs: nowMs - hour,
    lastMs: nowMs,
    process: "nc",
    evidence: "exec: /usr/bin/nc -l (parent sh)",
    action: "detected",
  });
  const drifting = await garrison(server, "list", "--drift", "--json");
  assert.equal(drifting.code, 3);
  assert.deepEqual(
    (JSON.parse(drifting.out) as { items: { drift: number }[] }).items.map(({ drift }) => drift),
    [1],
  );
  const diff = await garrison(server, "diff", "web");
  assert.equal(diff.code, 3);
  assert.match(diff.out, /^\+ +executables +\/usr\/bin\/nc +7 +seen, not in the baseline/m);
  const preview = await garrison(server, "promote", "web", "--to", "protecting", "--preview");
  assert.equal(preview.code, 3);
  assert.match(preview.out, /programs that would be ended:\n +executables: \/usr\/bin\/nc/);

  const accepted = await garrison(server, "accept", "web", "/usr/bin/nc", "--reason", "health check");
  assert.equal(accepted.code, 0, accepted.err);
  assert.match(accepted.out, /version 2: 1 of 1 added/);
  assert.equal((await garrison(server, "diff", "web")).code, 0);
  const unknown = await garrison(server, "accept", "web", "/nobody/saw");
  assert.equal(unknown.code, 5);
  assert.match(unknown.err, /needs its kind/);

  const early = await garrison(server, "promote", "web", "--to", "protecting", "--enforce");
  assert.equal(early.code, 1);
  assert.match(early.err, /a dry run comes first/);
  assert.match((await garrison(server, "promote", "web", "--to", "protecting")).out, /protecting, dry run/);
  assert.match((await garrison(server, "list")).out, /protecting \(dry run\)/);
  assert.match(
    (await garrison(server, "promote", "web", "--to", "protecting", "--enforce")).out,
    /version 4: protecting;/,
  );
  assert.match((await garrison(server, "demote", "web", "--to", "learning")).out, /deleted: it learns again/);
});

test("export, edit, import: a new version; what is broken changes nothing", { timeout: 600_000 }, async () => {
  await using server = await serverOf({ facts: [factOf("executables", "/usr/sbin/nginx")], drift: [] });
  const exported = await garrison(server, "export", "web");
  assert.equal(exported.code, 0, exported.err);
  assert.match(exported.err, /this is what freezing would make now/);
  assert.match(exported.out, /kind: Baseline\nscope: cluster\/prod\nname: shop-web\.deployment\.aaaabbbbcccc/);
  const file = path.join(server.data, "web.yaml");
  await writeFile(file, exported.out.replace("- /usr/sbin/nginx", "- /usr/sbin/nginx\n      - /opt/tools/"));
  const dry = await garrison(server, "import", "-f", file, "--dry-run");
  assert.match(dry.out, /created \(dry run\)/);
  const imported = await garrison(server, "import", "-f", file);
  assert.equal(imported.code, 0, imported.err);
  const again = await garrison(server, "export", "web", "--json");
  assert.deepEqual((JSON.parse(again.out) as { spec: { items: { executables: string[] } } }).spec.items.executables, [
    "/usr/sbin/nginx",
    "/opt/tools/",
  ]);
  const learnt = await garrison(server, "learn", "web");
  assert.equal(learnt.code, 0, learnt.err);
  assert.match(learnt.err, /nothing to change/);
  await writeFile(file, exported.out.replace("mode: monitoring", "mode: shouting"));
  const broken = await garrison(server, "import", "-f", file);
  assert.equal(broken.code, 2);
  assert.match(broken.err, /document 1: spec\.mode/);
});

test("names: not found with a suggestion, ambiguous with the choices, usage", { timeout: 600_000 }, async () => {
  await using server = await serverOf({ facts: [], drift: [] });
  const typo = await garrison(server, "show", "shop/wbe");
  assert.equal(typo.code, 5);
  assert.match(typo.err, /did you mean "shop\/web"\?/);
  const two = await garrison(server, "show", "twin");
  assert.equal(two.code, 2);
  assert.match(
    two.err,
    /other\/shop\/Deployment\/twin, prod\/shop\/Deployment\/twin|prod\/shop\/Deployment\/twin, other\/shop\/Deployment\/twin/,
  );
  assert.equal((await garrison(server, "show", "other/shop/Deployment/twin")).code, 0);
  assert.equal((await garrison(server, "show", "web", "--image", "0000")).code, 0);
  assert.equal((await garrison(server, "show", "web", "--image", "ffff")).code, 5);
  assert.equal((await garrison(server, "promote", "web", "--to", "heaven")).code, 2);
  assert.equal((await garrison(server, "accept", "web")).code, 2);
  assert.equal((await garrison(server, "accept", "web", "executables:/x")).code, 5, "it is learning");
});

test("promote names what was drift and leaves it out, unless it is taken", { timeout: 600_000 }, async () => {
  const drift: DriftSum = {
    ...web,
    rule: "Drift: executable not in the baseline",
    itemKind: "executables",
    item: "/usr/bin/nc",
    severity: "medium",
    count: 4,
    firstMs: nowMs - hour,
    lastMs: nowMs,
    process: "nc",
    evidence: "",
    action: "detected",
  };
  const facts = [factOf("executables", "/usr/sbin/nginx"), factOf("executables", "/usr/bin/nc", nowMs - hour)];
  await using server = await serverOf({ facts, drift: [drift] });
  const out = await garrison(server, "promote", "shop/web", "--to", "monitoring", "--preview");
  assert.equal(out.code, 3, out.err);
  assert.match(
    out.out,
    /left out, for it may be an attack's:\n +executables: \/usr\/bin\/nc \(7 times, last \S+: it was drift/,
  );
  const taken = await garrison(server, "promote", "shop/web", "--to", "monitoring", "--preview", "--take-suspects");
  assert.equal(taken.code, 0, taken.err);
  assert.match(taken.out, /learnt, though it may be an attack's:/);
});
