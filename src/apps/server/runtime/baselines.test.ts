// The ladder through a real server over a real store: learning is seen, frozen, drifts, is accepted, protects (a dry run first), steps down; versions and the ledger keep all of it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ask, testServer, type TestServer } from "../../../../test/support/test-server.ts";
import { bash, minute, nowMs, shopToDb } from "../../../../test/support/queries-world.ts";
import { type ScratchStore, startScratchStore } from "../../../../test/support/scratch-store.ts";
import { manualClock } from "../../../base/clock.ts";
import { createQueries } from "../../../edge/store/queries/create-queries.ts";
import type { baselines } from "../contract/baselines.ts";
import type { ResponseOf } from "../contract/endpoint.ts";

type Detail = ResponseOf<(typeof baselines)["getBaseline"]>;
type List = ResponseOf<(typeof baselines)["listBaselines"]>;
type Preview = ResponseOf<(typeof baselines)["previewBaseline"]>;
type Learnt = ResponseOf<(typeof baselines)["learnBaseline"]>;

let store: ScratchStore;
let server: TestServer;
const clock = manualClock(nowMs);
const imageDigest = "sha256:0123456789abcdef";
const key = { cluster: "c", namespace: "shop", kind: "Deployment", workload: "web", imageDigest };
const hour = 60 * minute;
const day = 24 * hour;

const nginx = {
  ...bash,
  imageDigest,
  image: "shop/web:1",
  containerId: "c1",
  pod: "web-1",
  name: "nginx",
  executable: "/usr/sbin/nginx",
  ancestors: ["containerd-shim"],
};

before(async () => {
  store = await startScratchStore();
  const hours = Array.from({ length: 80 }, (_, index) => nowMs - (index + 2) * hour);
  await store.insert(
    "process_events",
    hours.map((time) => ({ ...nginx, time })),
  );
  await store.insert("process_events", [
    { ...nginx, time: nowMs - 30 * minute, executable: "/bin/once", name: "once", ancestors: ["nginx"] },
    {
      ...nginx,
      time: nowMs - hour,
      workload: "job",
      workloadKind: "SystemdUnit",
      namespace: "host",
      imageDigest: "",
      image: "",
    },
  ]);
  await store.insert("flows", [{ ...shopToDb, time: nowMs - hour, sourceImageDigest: imageDigest }]);
  server = await testServer({ queries: createQueries({ store: store.store, clock }), clock });
});
after(async () => {
  await server[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
});

async function call<T>(method: string, path: string, body?: object): Promise<{ status: number; json: T }> {
  const headers = { authorization: `Bearer ${server.localToken}` };
  const answer = await ask(server, { method, path, headers, ...(body === undefined ? {} : { body }) });
  return { status: answer.status, json: answer.json as T };
}

const query = (of: object): string => new URLSearchParams(Object.entries(of) as [string, string][]).toString();
const detail = async (): Promise<Detail> =>
  (await call<Detail>("GET", `/api/v1/baselines/workload?${query(key)}`)).json;
const step = async (name: string, more: object) =>
  call<{ code?: string; resource?: { generation: number; spec: Record<string, unknown> } }>(
    "POST",
    `/api/v1/baselines/${name}`,
    { ...key, ...more },
  );

test("while learning: on the ladder with confidence and reasons, units of the host too", async () => {
  const { rows, window } = (await call<List>("GET", "/api/v1/baselines")).json;
  const web = rows.find(({ workload }) => workload === "web");
  assert.equal(web?.step, "learning");
  assert.equal(web?.image, "shop/web:1");
  assert.deepEqual([web?.seen.executables, web?.seen.parents, web?.seen.destinations], [2, 2, 1]);
  assert.ok((web?.confidence.hours ?? 0) >= 80);
  assert.match(web?.confidence.because.join(" ") ?? "", /within the last hour/);
  assert.deepEqual([web?.confidence.replicas, web?.confidence.restarts], [1, 1]);
  assert.ok(
    rows.some(
      ({ workload, kind, imageDigest: digest }) => workload === "job" && kind === "SystemdUnit" && digest === "",
    ),
  );
  assert.equal(window.partial, false);
  assert.equal(web?.seen.reads, undefined, "not looked at for a list");
  assert.equal(typeof (await detail()).ladder.seen.reads, "number");
  const named = (await call<List>("GET", "/api/v1/baselines?workload=job")).json.rows;
  assert.deepEqual([...new Set(named.map(({ workload }) => workload))], ["job"]);
});

test("a preview says what came new within a day and what speaks against the step; nothing is written", async () => {
  const { json } = await call<Preview>("GET", `/api/v1/baselines/preview?${query({ ...key, to: "monitoring" })}`);
  assert.deepEqual(json.wouldDrift, [], "what was learnt is no drift");
  assert.deepEqual(json.newInLastDay.map(({ item }) => item).sort(), [
    "/bin/once",
    "nginx -> /bin/once",
    "workload shop/db 5432/tcp",
  ]);
  assert.match(json.cautions.join(" "), /came new within the last day/);
  assert.match(json.cautions.join(" "), /not judged.*writes/);
  assert.equal((await detail()).ladder.step, "learning");
});

test("steps that are not the next one are refused with how to go on", async () => {
  const early = await step("promote", { to: "protecting" });
  assert.deepEqual([early.status, early.json.code], [409, "baselines/step"]);
  assert.equal(
    (await step("accept", { items: [{ kind: "executables", item: "/x" }] })).json.code,
    "baselines/learning",
  );
  assert.equal((await step("learn", { dryRun: false })).json.code, "baselines/step");
  const nobody = await call<{ code: string }>(
    "GET",
    `/api/v1/baselines/workload?${query({ ...key, workload: "nobody" })}`,
  );
  assert.deepEqual([nobody.status, nobody.json.code], [404, "baselines/not-seen"]);
});

test("freezing makes the resource; drift of agents is open until somebody accepts it, which is a new version", async () => {
  const frozen = await step("promote", { to: "monitoring" });
  assert.equal(frozen.status, 200);
  const looked = await detail();
  assert.deepEqual(looked.ladder.baseline, {
    scope: "cluster/c",
    name: "shop-web.deployment.0123456789ab",
    generation: 1,
    dryRun: true,
  });
  assert.ok(looked.items.every(({ inBaseline }) => inBaseline));
  const drift = {
    ...nginx,
    time: nowMs - minute,
    source: "garrison",
    severity: "medium",
    rule: "Drift: executable not in the baseline",
    action: "detected",
    count: 2,
  };
  await store.insert("security_events", [
    {
      ...drift,
      outputFields: ["drift.kind=executables", "drift.item=/usr/bin/nc"],
      evidence: ["exec: nc"],
      process: "nc",
    },
  ]);
  await store.insert("process_events", [
    { ...nginx, time: nowMs - minute, name: "nc", executable: "/usr/bin/nc", ancestors: ["nginx"] },
  ]);
  const drifted = await detail();
  assert.equal(drifted.ladder.drift, 1);
  assert.equal(drifted.ladder.nodesJudging, 0, "nobody said that it took the baseline");
  assert.deepEqual(
    drifted.drift.map(({ item, count, isAccepted }) => [item, count, isAccepted]),
    [["/usr/bin/nc", 2, false]],
  );
  const preview = (await call<Preview>("GET", `/api/v1/baselines/preview?${query({ ...key, to: "protecting" })}`)).json;
  assert.deepEqual(
    preview.wouldKill.map(({ item }) => item),
    ["/usr/bin/nc"],
  );
  assert.match(preview.cautions.join(" "), /1 program of this window would have been ended/);
  const accepted = await step("accept", {
    items: [{ kind: "executables", item: "/usr/bin/nc" }],
    reason: "health check",
  });
  assert.equal(accepted.json.resource?.generation, 2);
  const after2 = await detail();
  assert.equal(after2.ladder.drift, 0);
  assert.equal(
    after2.items.find(({ item }) => item === "/usr/bin/nc")?.accepted?.startsWith("health check, by "),
    true,
  );
});

test("learning again tells what joins; a short look ages nothing out; the change is a version only when asked", async () => {
  const dry = (await call<Learnt>("POST", "/api/v1/baselines/learn", key)).json;
  assert.deepEqual(dry.added, [{ kind: "parents", item: "nginx -> /usr/bin/nc" }]);
  assert.deepEqual(dry.removed, []);
  assert.match(dry.ageOutBecause, /fewer than 30/);
  assert.equal(dry.resource, undefined);
  clock.advance(2 * day);
  await store.insert("process_events", [{ ...nginx, time: nowMs + 2 * day - minute }]);
  const aged = (await call<Learnt>("POST", "/api/v1/baselines/learn", { ...key, ageOutDays: 1, since: "6d" })).json;
  clock.advance(-2 * day);
  assert.deepEqual(aged.removed.map(({ item }) => item).sort(), [
    "/bin/once",
    "nginx -> /bin/once",
    "workload shop/db 5432/tcp",
  ]);
  const saved = (await call<Learnt>("POST", "/api/v1/baselines/learn", { ...key, dryRun: false })).json;
  assert.equal(saved.resource?.generation, 3);
});

test("protecting begins with a dry run; stepping down keeps the history", async () => {
  assert.equal((await step("promote", { to: "protecting", dryRun: false })).json.code, "baselines/dry-run-first");
  const dry = await step("promote", { to: "protecting" });
  assert.deepEqual([dry.json.resource?.spec["mode"], dry.json.resource?.spec["dryRun"]], ["protecting", true]);
  const stale = await step("promote", { to: "protecting", dryRun: false, ifGeneration: 1 });
  assert.equal(stale.status, 409, "somebody else changed it meanwhile");
  const enforced = await step("promote", { to: "protecting", dryRun: false });
  assert.equal(enforced.json.resource?.spec["dryRun"], false);
  assert.equal((await step("promote", { to: "monitoring" })).json.code, "baselines/step");
  assert.equal((await step("demote", { to: "monitoring" })).json.resource?.spec["mode"], "monitoring");
  assert.equal((await step("demote", { to: "learning" })).status, 200);
  assert.equal((await detail()).ladder.step, "learning");
  const history = await call<{ generations: unknown[] }>(
    "GET",
    "/api/v1/resources/Baseline/shop-web.deployment.0123456789ab/history?scope=cluster/c",
  );
  assert.equal(history.json.generations.length, 7);
});

test("a baseline of another image is not this one's; one that nobody sees any more stays on the ladder", async () => {
  const spec = {
    target: { namespace: "shop", workload: "web", kind: "Deployment", imageDigest: "sha256:old" },
    items: { executables: ["/old"] },
  };
  const put = await call("PUT", "/api/v1/resources/Baseline/old", {
    kind: "Baseline",
    scope: "cluster/c",
    name: "old",
    spec,
  });
  assert.equal(put.status, 200);
  const { rows } = (await call<List>("GET", "/api/v1/baselines?cluster=c&namespace=shop")).json;
  assert.deepEqual(
    rows.map(({ imageDigest: digest, step: at, otherImages }) => [digest, at, otherImages]),
    [
      [imageDigest, "learning", 1],
      ["sha256:old", "monitoring", 0],
    ],
  );
});

test("what was drift, or came with a critical detection, is not learnt by freezing anew unless somebody takes it", async () => {
  const owner = { ...key, workload: "attacked" };
  const own = { ...nginx, workload: "attacked", pod: "attacked-1", containerId: "c9" };
  const attackMs = nowMs - 3 * hour;
  await store.insert("process_events", [
    { ...own, time: nowMs - 90 * hour },
    { ...own, time: attackMs - 2000, name: "perl", executable: "/usr/bin/perl", ancestors: ["nginx"] },
    { ...own, time: attackMs, name: "sh", executable: "/usr/bin/dash", ancestors: ["perl", "nginx"] },
    { ...own, time: nowMs - 2 * hour, name: "nc", executable: "/usr/bin/nc", ancestors: ["nginx"] },
    { ...own, time: nowMs - 2 * hour, name: "date", executable: "/usr/bin/date", ancestors: ["nginx"] },
  ]);
  const said = { ...own, source: "garrison", action: "detected", count: 1, evidence: [] };
  const drifted = (item: string) => ({
    ...said,
    time: nowMs - 2 * hour,
    severity: "medium",
    rule: "Drift: executable not in the baseline",
    outputFields: ["drift.kind=executables", `drift.item=${item}`],
  });
  await store.insert("security_events", [
    {
      ...said,
      time: attackMs,
      severity: "critical",
      rule: "Reverse shell",
      process: "sh",
      executable: "/usr/bin/dash",
      ancestors: ["perl", "nginx"],
    },
    drifted("/usr/bin/nc"),
    drifted("/usr/bin/date"),
  ]);
  // The baseline of then, gone since, in which somebody had accepted one of the drifts.
  const name = "shop-attacked.deployment.0123456789ab";
  const target = { namespace: "shop", workload: "attacked", kind: "Deployment", imageDigest };
  const spec = { target, items: { executables: ["/usr/sbin/nginx", "/usr/bin/date"] } };
  const manifest = { kind: "Baseline", scope: "cluster/c", name, spec };
  assert.equal((await call("PUT", `/api/v1/resources/Baseline/${name}`, manifest)).status, 200);
  const of = async (method: "GET" | "POST", what: string, more: object) =>
    method === "GET"
      ? (await call<Preview>("GET", `/api/v1/baselines/${what}?${query({ ...owner, ...more })}`)).json
      : (await call<Preview>("POST", `/api/v1/baselines/${what}`, { ...owner, ...more })).json;
  await of("POST", "demote", { to: "learning" });

  const preview = await of("GET", "preview", { to: "monitoring" });
  const out = ["/usr/bin/dash", "/usr/bin/nc", "/usr/bin/perl", "nginx -> /usr/bin/perl", "perl -> /usr/bin/dash"];
  assert.deepEqual(preview.suspects.map(({ item }) => item).sort(), out);
  assert.match(preview.suspects.find(({ item }) => item === "/usr/bin/dash")?.because ?? "", /Reverse shell/);
  assert.match(
    preview.cautions.join(" "),
    /5 things came as drift or with a critical or high detection and are left out/,
  );
  assert.deepEqual(preview.items.executables, ["/usr/bin/date", "/usr/sbin/nginx"]);
  assert.deepEqual(preview.wouldDrift.map(({ item }) => item).sort(), out, "which they are, when they come again");

  const taken = await of("GET", "preview", { to: "monitoring", suspects: "take" });
  assert.ok(taken.items.executables.includes("/usr/bin/nc"));
  assert.match(taken.cautions.join(" "), /would be learnt all the same/);

  const frozen = (await of("POST", "promote", { to: "monitoring" })) as unknown as {
    resource: { spec: { items: { executables: string[] } } };
  };
  assert.deepEqual(frozen.resource.spec.items.executables, ["/usr/bin/date", "/usr/sbin/nginx"]);
});
