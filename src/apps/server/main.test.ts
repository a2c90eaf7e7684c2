// The server with its real parts: store process, agents' door, queries, foreign telemetry; stopped and started again.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { silentLogger } from "../../base/logger.ts";
import { ask, bearer, type Answer } from "../../../test/support/test-server.ts";
import { ServerConfig } from "./config.ts";
import { api, type OperationName } from "./contract/api.ts";
import type { Endpoint } from "./contract/endpoint.ts";
import { runServer, startServer, type RunningServer } from "./main.ts";

const falcoEvent = {
  time: new Date().toISOString(),
  rule: "Terminal shell in container",
  priority: "Notice",
  source: "syscall",
  output: "A shell was spawned",
  hostname: "node-1",
  output_fields: { "proc.name": "bash", "container.id": "abc" },
  tags: ["shell"],
};

function start(data: string): Promise<RunningServer> {
  const config = ServerConfig.parse({ data, console: { port: 0 }, agents: { port: 0 }, shutdown: { drainSeconds: 1 } });
  return startServer(config, { logger: silentLogger, checksAnswers: true, streamTickMs: 50 });
}

async function until(ask: () => Promise<Answer>, isDone: (answer: Answer) => boolean): Promise<Answer> {
  for (let tries = 0; tries < 2400; tries += 1) {
    const answer = await ask();
    if (isDone(answer)) return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("it did not come to pass");
}

/** What operations cannot be asked without. */
const needed: Partial<Record<OperationName, string>> = {
  graphDiff: "?since=1h&beforeSince=2h&beforeUntil=1h",
  policyDetail: "?cluster=nowhere&id=kubernetes/NetworkPolicy/shop/db",
  policyWorkload: "?cluster=nowhere&workload=shop/Deployment/web",
  policyFlows: "?cluster=nowhere",
  wafEvent: "?cluster=nowhere&transactionId=t1&time=2026-11-23T00:00:00.000Z",
  wafModePreview: "?cluster=local&namespace=shop&workload=web",
  getImage: "?digest=nowhere",
  imageSbom: "?digest=nowhere&format=spdx",
  explainMatch: "?digest=nowhere&vulnerability=CVE-2026-1",
  imageVulnerability: "?id=nowhere",
  noiseSuggest: "?cluster=local&namespace=shop&workload=web&rule=none",
  getBaseline: "?cluster=nowhere&namespace=shop&kind=Deployment&workload=web",
  previewBaseline: "?cluster=nowhere&namespace=shop&kind=Deployment&workload=web&to=monitoring",
};

test(
  "with its real parts the server takes, keeps and shows telemetry, and goes on after a restart",
  { timeout: 300_000 },
  async (context) => {
    const data = await mkdtemp(path.join(tmpdir(), "garrison-main-"));
    context.after(() => rm(data, { recursive: true, force: true }));
    {
      await using server = await start(data);
      const headers = bearer(server.localToken);
      assert.ok(server.agentsPort > 0);
      assert.deepEqual((await ask(server, { path: "/readyz" })).json, { ready: true });
      for (const [name, endpoint] of Object.entries(api) as [OperationName, Endpoint][]) {
        if (endpoint.method !== "GET" || endpoint.path.includes(":") || endpoint.stream === true) continue;
        const search = needed[name] ?? "";
        const answer = await ask(server, { path: `${endpoint.path}${search}`, headers });
        // Questions about one cluster: there is none yet.
        const status = search.includes("nowhere") ? 404 : 200;
        assert.equal(answer.status, status, `${name}: ${answer.text.slice(0, 300)}`);
      }
      const live = await fetch(`${server.url}/api/v1/events/stream?kinds=security`, { headers });
      const reader = live.body?.pipeThrough(new TextDecoderStream()).getReader();
      assert.match((await reader?.read())?.value ?? "", /^id: \S+\ndata: \{"rows":\[\],"skipped":0\}\n\n$/);
      const given = await ask(server, { method: "POST", path: "/api/v1/ingest/falco", headers, body: falcoEvent });
      assert.deepEqual([given.status, given.json["accepted"]], [200, 1], given.text);
      // Heartbeats may come before it.
      for (let text = ""; !text.includes("Terminal shell in container");) {
        const part = await reader?.read();
        assert.equal(part?.done, false);
        text += part.value;
      }
      await reader?.cancel();
      const own = await ask(server, {
        method: "POST",
        path: "/api/v1/ingest/falco?cluster=local",
        headers,
        body: falcoEvent,
      });
      assert.deepEqual([own.status, own.json["code"]], [403, "foreign/agent-cluster"]);
      const status = await ask(server, { path: "/api/v1/status", headers });
      assert.deepEqual(
        (status.json["parts"] as { name: string; state: string }[])
          .slice(0, 3)
          .map(({ name, state }) => `${name} ${state}`),
        ["server ok", "store ok", "state ok"],
      );
      assert.ok((status.json["store"] as { diskTotalBytes: number }).diskTotalBytes > 0);
    }
    await using again = await start(data);
    const shown = await until(
      () => ask(again, { path: "/api/v1/events?kinds=security&since=1h", headers: bearer(again.localToken) }),
      ({ json }) => (json["rows"] as unknown[] | undefined)?.length === 1,
    );
    const [row] = shown.json["rows"] as { cluster: string; rule: string }[];
    assert.deepEqual([row?.cluster, row?.rule], ["foreign", "Terminal shell in container"]);
  },
);

test("as an app it says when it is ready and ends with its signal", { timeout: 300_000 }, async (context) => {
  const data = await mkdtemp(path.join(tmpdir(), "garrison-main-"));
  context.after(() => rm(data, { recursive: true, force: true }));
  const config = ServerConfig.parse({ data, console: { port: 0 }, agents: { port: 0 }, shutdown: { drainSeconds: 1 } });
  const stop = new AbortController();
  const said: { url: string; notices: readonly string[] }[] = [];
  await runServer(config, {
    logger: silentLogger,
    signal: stop.signal,
    ready: (ready) => {
      said.push(ready);
      stop.abort();
    },
  });
  assert.match(said[0]?.url ?? "", /^http:\/\/127\.0\.0\.1:\d+\/#token=got_/);
});

test(
  "a store that is not there is waited for: the server serves and says so",
  { timeout: 300_000 },
  async (context) => {
    const data = await mkdtemp(path.join(tmpdir(), "garrison-main-"));
    context.after(() => rm(data, { recursive: true, force: true }));
    const config = ServerConfig.parse({
      data,
      console: { port: 0 },
      agents: { port: 0 },
      store: { start: false },
      shutdown: { drainSeconds: 1 },
    });
    await using server = await startServer(config, { logger: silentLogger, checksAnswers: true });
    const headers = bearer(server.localToken);
    assert.equal((await ask(server, { path: "/readyz" })).status, 503);
    assert.equal((await ask(server, { path: "/api/v1/flows", headers })).status, 503);
    assert.equal((await ask(server, { path: "/api/v1/me", headers })).status, 200);
    const accepted = await ask(server, { method: "POST", path: "/api/v1/ingest/falco", headers, body: falcoEvent });
    assert.equal(accepted.status, 200, "taken into the spool");
    const { startStoreProcess } = await import("../../edge/store/supervisor.ts");
    const entry = new URL("../store/process.ts", import.meta.url).pathname;
    await using _store = await startStoreProcess({ dataFolder: data, entry, logger: silentLogger });
    await until(
      () => ask(server, { path: "/readyz" }),
      ({ status }) => status === 200,
    );
    await until(
      () => ask(server, { path: "/api/v1/events?kinds=security&since=1h", headers }),
      ({ json }) => (json["rows"] as unknown[] | undefined)?.length === 1,
    );
  },
);

/** The store process that this process started on this data folder. */
function storePid(data: string): number | undefined {
  const children = execFileSync("ps", ["-o", "pid=,args=", "--ppid", String(process.pid)], { encoding: "utf8" });
  const line = children.split("\n").find((child) => child.includes("store/process") && child.includes(data));
  return line === undefined ? undefined : Number(line.trim().split(" ")[0]);
}

test("a store that is killed is back without anybody's doing", { timeout: 300_000 }, async (context) => {
  const data = await mkdtemp(path.join(tmpdir(), "garrison-main-"));
  context.after(() => rm(data, { recursive: true, force: true }));
  await using server = await start(data);
  const killed = storePid(data);
  assert.ok(killed !== undefined);
  process.kill(killed, "SIGKILL");
  const ready = () => ask(server, { path: "/readyz" });
  const isBack = () => ![killed, undefined].includes(storePid(data));
  await until(ready, ({ status }) => isBack() && status === 200);
  const flows = await ask(server, { path: "/api/v1/flows", headers: bearer(server.localToken) });
  assert.equal(flows.status, 200, flows.text);
});

test(
  "a ClickHouse server by URL that is away does not keep the server from serving; a missing password file does",
  { timeout: 300_000 },
  async (context) => {
    const data = await mkdtemp(path.join(tmpdir(), "garrison-main-"));
    context.after(() => rm(data, { recursive: true, force: true }));
    const config = (store: object) =>
      ServerConfig.parse({ data, console: { port: 0 }, agents: { port: 0 }, store, shutdown: { drainSeconds: 1 } });
    const missing = config({ url: "http://127.0.0.1:1", passwordFile: path.join(data, "nothing") });
    await assert.rejects(startServer(missing, { logger: silentLogger }), {
      code: "server/store-password",
      where: "store.passwordFile",
    });
    await using server = await startServer(config({ url: "http://127.0.0.1:1" }), {
      logger: silentLogger,
      checksAnswers: true,
    });
    const { json } = await ask(server, { path: "/api/v1/status", headers: bearer(server.localToken) });
    assert.deepEqual([json["ready"], (json["store"] as { kind: string }).kind], [false, "clickhouse"]);
  },
);
