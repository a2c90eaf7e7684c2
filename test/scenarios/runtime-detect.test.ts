// Detection end to end: a real server with its store, the real agent on this machine's kernel, containers of a hand-made image. A reverse shell drill is one security
// event with ordered evidence, its harmless twin none; rules come as resources; audit events are judged at the door, and their bodies kept nowhere.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test, type TestContext } from "node:test";
import { runAgent } from "../../src/apps/agent/main.ts";
import { ServerConfig } from "../../src/apps/server/config.ts";
import { startServer, type RunningServer } from "../../src/apps/server/main.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { openRuncWorkshop, runcMissing, type RuncWorkshop } from "../support/runc-container.ts";
import { skipUnless } from "../support/skip.ts";
import { ask, bearer } from "../support/test-server.ts";

interface SecurityRow {
  readonly cluster: string;
  readonly node: string;
  readonly rule: string;
  readonly severity: string;
  readonly action: string;
  readonly evidence: readonly string[];
  readonly techniques: readonly string[];
  readonly outputFields: readonly string[];
  readonly containerId: string;
  readonly ancestors: readonly string[];
  readonly message: string;
  readonly identityReason: string;
  readonly workload: string;
}

let data: string;
let server: RunningServer;
let workshop: RuncWorkshop | undefined;
let stopAgent: (() => Promise<void>) | undefined;
let auditFile: string;

before(async () => {
  data = await mkdtemp(path.join(tmpdir(), "garrison-detect-"));
  auditFile = path.join(data, "audit.log");
  await writeFile(auditFile, "");
  const config = ServerConfig.parse({
    data,
    console: { port: 0 },
    agents: { port: 0 },
    audit: { files: [`filed=${auditFile}`] },
    shutdown: { drainSeconds: 1 },
  });
  server = await startServer(config, { logger: silentLogger, insertDelayMs: 20 });
});
after(async () => {
  await stopAgent?.();
  workshop?.close();
  await server[Symbol.asyncDispose]();
  await rm(data, { recursive: true, force: true });
});

/** The agent and a place for containers, once; false where this machine has no means for it. */
async function watched(t: TestContext): Promise<RuncWorkshop | undefined> {
  if (!skipUnless(t, runcMissing() === "", runcMissing())) return undefined;
  if (workshop !== undefined) return workshop;
  workshop = openRuncWorkshop();
  const made = await ask(server, {
    method: "POST",
    path: "/api/v1/join-tokens",
    headers: bearer(server.localToken),
    body: { cluster: "local" },
  });
  const stop = new AbortController();
  const ready = Promise.withResolvers<void>();
  const running = runAgent(
    {
      data,
      node: "here",
      server: { address: `127.0.0.1:${server.agentsPort}` },
      join: { token: String(made.json["token"]) },
      sensor: { fidelity: "kernel" },
      policy: { enforce: "never" },
    },
    { logger: silentLogger, signal: stop.signal, ready: () => ready.resolve() },
  );
  await Promise.race([ready.promise, running]);
  stopAgent = async () => {
    stop.abort();
    await running;
  };
  return workshop;
}

async function securityRows(): Promise<readonly SecurityRow[]> {
  const { json } = await ask(server, {
    path: "/api/v1/events?kinds=security&since=1h&limit=1000",
    headers: bearer(server.localToken),
  });
  return (json["rows"] ?? []) as readonly SecurityRow[];
}

async function until<T>(what: string, find: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < 2400; tries += 1) {
    const found = await find();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(
    `never: ${what}; there are: ${(await securityRows()).map(({ rule, containerId }) => `${rule} (${containerId.slice(0, 6)})`).join(", ")}`,
  );
}

const rowOf = (rule: string, containerId: string) =>
  until(`${rule} of ${containerId.slice(0, 6)}`, async () =>
    (await securityRows()).find((row) => row.rule === rule && row.containerId === containerId),
  );

/** Somebody listens (on port 4444, 0x115C) inside the container's own network; nothing leaves it. */
const listener =
  "ip link set lo up; nc -l -p 4444 -e /bin/true & until grep -qs :115C /proc/net/tcp /proc/net/tcp6; do sleep 0.1; done;";

test("a reverse shell drill is one event with its steps in order; the same connection without a shell is none", async (t) => {
  const place = await watched(t);
  if (place === undefined) return;
  const options = { isPrivileged: true };
  const twin = await place.run(["/bin/sh", "-c", `${listener} echo hello | nc 127.0.0.1 4444`], options);
  const drill = await place.run(["/bin/sh", "-c", `${listener} nc 127.0.0.1 4444 -e /bin/sh`], options);
  assert.equal(drill.exitCode, 0, drill.output);
  const row = await rowOf("Reverse shell", drill.id);
  assert.deepEqual([row.cluster, row.node, row.severity, row.action], ["local", "here", "critical", "detected"]);
  assert.ok(row.techniques.includes("T1059.004"));
  assert.deepEqual(
    row.evidence.map((line) => /^\S+Z (\d)/.exec(line)?.[1]),
    ["1", "2", "3"],
    row.evidence.join("\n"),
  );
  assert.match(row.evidence[0] ?? "", /connects.*127\.0\.0\.1:4444/);
  const times = row.evidence.map((line) => line.slice(0, line.indexOf(" ")));
  assert.deepEqual(times, times.toSorted());
  // What was told of the drill has arrived, so that of the twin before it has, too.
  const rows = await securityRows();
  assert.equal(rows.filter(({ rule, containerId }) => rule === "Reverse shell" && containerId === drill.id).length, 1);
  assert.deepEqual(
    rows.filter(({ rule, containerId }) => rule === "Reverse shell" && containerId === twin.id),
    [],
  );
});

test("rules come as a resource, are judged on the node, and the node says what it made of them", async (t) => {
  const place = await watched(t);
  if (place === undefined) return;
  const headers = bearer(server.localToken);
  const text = [
    "- rule: Shop reads the day's message",
    "  desc: d",
    "  condition: evt.type in (open, openat, openat2) and container.id != host and fd.name = /etc/motd",
    "  output: message read (file=%fd.name command=%proc.cmdline)",
    "  priority: WARNING",
    "  tags: [T1083]",
    "- rule: Shop asks for what is read",
    "  desc: d",
    "  condition: evt.type = openat and evt.buffer contains PASSWORD",
    "  output: o",
    "  priority: NOTICE",
  ].join("\n");
  const resource = { kind: "DetectionRules", name: "shop", spec: { format: "falco", text } };
  const put = await ask(server, {
    method: "PUT",
    path: "/api/v1/resources/DetectionRules/shop",
    headers,
    body: resource,
  });
  assert.equal(put.status, 200, put.text);
  const because = await until("a status of the node", async () => {
    const { json } = await ask(server, { path: "/api/v1/resources/DetectionRules/shop", headers });
    const [status] = json["status"] as { node: string; state: string; because: string }[];
    return status === undefined ? undefined : `${status.node} ${status.state}: ${status.because}`;
  });
  assert.equal(because, "here applied: 2 loaded; 1 blind on this node");
  const read = await place.run(["/bin/cat", "/etc/motd", "--", "--password=hunter2hunter2"]);
  const row = await rowOf("Shop reads the day's message", read.id);
  assert.equal(row.severity, "medium");
  assert.ok(
    row.outputFields.some((field) => field === "fd.name=/etc/motd"),
    row.outputFields.join(),
  );
  assert.ok(!JSON.stringify(row).includes("hunter2hunter2"), JSON.stringify(row));
  const { json } = await ask(server, { path: "/api/v1/nodes", headers });
  const [node] = json["nodes"] as {
    detection?: { enabled: boolean; loaded: number; blind: number; refused: number; events: number };
  }[];
  assert.equal(node?.detection?.enabled, true);
  assert.ok(
    (node?.detection?.loaded ?? 0) >= 40 && (node?.detection?.blind ?? 0) >= 1,
    JSON.stringify(node?.detection),
  );
  assert.equal(node?.detection?.refused, 0);
});

function anonymous(auditID: string): object {
  return {
    kind: "Event",
    apiVersion: "audit.k8s.io/v1",
    level: "Request",
    auditID,
    stage: "ResponseComplete",
    requestURI: "/api/v1/namespaces/shop/configmaps",
    verb: "create",
    user: { username: "system:anonymous", groups: ["system:unauthenticated"] },
    sourceIPs: ["203.0.113.5"],
    objectRef: { resource: "configmaps", namespace: "shop", name: "c" },
    responseStatus: { code: 201 },
    requestObject: { data: { note: "marker-of-the-body", key: "-----BEGIN RSA PRIVATE KEY-----" } },
    stageTimestamp: new Date().toISOString(),
    annotations: { "authorization.k8s.io/decision": "allow" },
  };
}

test("audit events are judged whole at the door and from a file; no body is kept", async () => {
  const headers = bearer(server.localToken);
  const body = { kind: "EventList", items: [anonymous("by-door")] };
  const given = await ask(server, { method: "POST", path: "/api/v1/ingest/audit?cluster=shop", headers, body });
  assert.deepEqual([given.status, given.json["accepted"]], [200, 1], given.text);
  await writeFile(auditFile, `${JSON.stringify(anonymous("by-file"))}\n`);
  for (const [cluster, id] of [
    ["shop", "by-door"],
    ["filed", "by-file"],
  ] as const) {
    const rows = await until(`rows of ${cluster}`, async () => {
      const found = (await securityRows()).filter((row) => row.cluster === cluster);
      return found.length >= 2 ? found : undefined;
    });
    assert.deepEqual(rows.map(({ rule }) => rule).toSorted(), [
      "Anonymous request is allowed",
      "ConfigMap holds credentials",
    ]);
    for (const row of rows) {
      assert.ok(row.outputFields.includes(`ka.auditid=${id}`), row.outputFields.join());
      assert.equal(row.identityReason, "not a service account of the cluster");
      assert.equal(row.evidence.length, 1);
    }
  }
  const all = await ask(server, { path: "/api/v1/events?kinds=audit,security&since=1h&limit=1000", headers });
  assert.ok(all.text.includes("by-door"), "the audit events are among them");
  assert.ok(!all.text.includes("marker-of-the-body") && !all.text.includes("PRIVATE KEY"));
});
