// Ten known secrets planted in every place of every foreign door of a real server with a real store: afterwards none is in any row of
// any table, nor, as bytes, in any file of the data folder.
import assert from "node:assert/strict";
import { readdir, readFile, mkdtemp, rm } from "node:fs/promises";
import http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import protobuf from "protobufjs";
import { silentLogger } from "../../src/base/logger.ts";
import { ServerConfig } from "../../src/apps/server/config.ts";
import { startServer, type RunningServer } from "../../src/apps/server/main.ts";
import { createTelemetryStore } from "../../src/edge/store/telemetry-store.ts";
import { columnsOf, tableNames } from "../../src/model/table.ts";

/** Each with the ways in which it is really written. Random, so that nothing else on the machine can hold it. */
const random = (length: number) => {
  const letters = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
  const bytes = crypto.getRandomValues(new Uint8Array(length));
  return Array.from(bytes, (byte) => letters[byte % letters.length]).join("");
};
const password = `pw${random(14)}`;
const urlPassword = `up${random(14)}`;
const bearer = `be${random(30)}`;
const basic = Buffer.from(`alice:${random(16)}`).toString("base64");
const cookie = `ck${random(30)}`;
const github = `ghp_${random(36)}`;
const aws = `AKIA${random(16).toUpperCase()}`;
const jwt = `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIx${random(20)}.${random(43)}`;
const query = `qt${random(20)}`;
const slack = `xoxb-123456789012-${random(24)}`;
const secrets = [password, urlPassword, bearer, basic, cookie, github, aws, jwt, query, slack];

/** Texts as they stand in command lines, logs, messages. */
const carriers = [
  `mysql -u root --password=${password} shop`,
  `mysqldump -p${password} shop`,
  `psql postgres://app:${urlPassword}@db:5432/shop`,
  `curl -H "Authorization: Bearer ${bearer}" https://api`,
  `Authorization: Basic ${basic}`,
  `curl -H 'Cookie: session=${cookie}' https://api`,
  `git clone https://${github}@github.example/x`,
  `token ${github} leaked`,
  `AWS_ACCESS_KEY_ID=${aws} aws s3 ls`,
  `{"jwt":"${jwt}"}`,
  `GET /reset?token=${query}&x=1`,
  `slack ${slack}`,
  `DB_PASSWORD=${password} ./run`,
];
const everything = carriers.join("\n");

const now = () => new Date().toISOString();

function falcoItems(): unknown[] {
  return carriers.map((carrier) => ({
    time: now(),
    priority: "Warning",
    rule: `rule ${carrier}`,
    hostname: "node-1",
    output: `Shell (command=${carrier})`,
    tags: [carrier],
    output_fields: {
      "proc.cmdline": carrier,
      "proc.name": "sh",
      "proc.exepath": carrier,
      "container.name": carrier,
      "evt.args": carrier,
      "k8s.pod.name": "p",
    },
  }));
}

function hubbleItems(): unknown[] {
  const flow = {
    time: now(),
    verdict: "FORWARDED",
    IP: { source: "10.0.0.1", destination: "10.0.0.2" },
    l4: { TCP: { source_port: 1, destination_port: 80 } },
    source: { namespace: "a", pod_name: "a-1" },
    destination: { namespace: "b", pod_name: "b-1" },
    traffic_direction: "EGRESS",
  };
  return carriers.flatMap((carrier) => [
    { flow: { ...flow, destination_names: [carrier], drop_reason_desc: carrier, uuid: carrier, Summary: carrier } },
    {
      flow: {
        ...flow,
        l7: {
          type: "RESPONSE",
          http: {
            code: 200,
            method: "GET",
            url: `http://user:${urlPassword}@shop/reset?token=${query}&jwt=${jwt}`,
            headers: [
              { key: "authorization", value: `Bearer ${bearer}` },
              { key: "cookie", value: `session=${cookie}` },
            ],
          },
        },
      },
    },
    { flow: { ...flow, l7: { type: "RESPONSE", http: { code: 200, method: carrier, url: `/x/${github}/${aws}` } } } },
    { flow: { ...flow, l7: { type: "RESPONSE", dns: { query: carrier, ips: [carrier], rcode: 0 } } } },
    { lost_events: { source: carrier, num_events_lost: 1 }, node_name: carrier, time: now() },
  ]);
}

function auditList(): unknown {
  const items = carriers.map((carrier, index) => ({
    auditID: `id-${index}`,
    stage: "ResponseComplete",
    verb: "create",
    requestURI: `/api/v1/x?token=${query}&password=${password}`,
    user: { username: carrier, groups: [carrier], extra: { token: [bearer] } },
    userAgent: carrier,
    sourceIPs: ["10.0.0.1"],
    ...(index % 2 === 0 ? { objectRef: { resource: "secrets", name: carrier, namespace: "shop" } } : {}),
    responseStatus: { code: 201, message: carrier },
    requestObject: { data: { all: everything } },
    responseObject: { data: { all: everything } },
    stageTimestamp: now(),
    requestReceivedTimestamp: now(),
    annotations: { "authorization.k8s.io/reason": carrier, other: everything },
  }));
  return { kind: "EventList", apiVersion: "audit.k8s.io/v1", items };
}

function otlpResource() {
  const names = ["service.name", "k8s.pod.name", "container.image.name", "host.name", "process.command_line"];
  return { attributes: names.map((key) => ({ key, value: { stringValue: carriers[0] } })) };
}

function otlpLogs() {
  const nanos = `${Date.now()}000000`;
  const logRecords = carriers.flatMap((carrier) => [
    {
      timeUnixNano: nanos,
      body: { stringValue: carrier },
      severityText: carrier,
      attributes: [{ key: "all", value: { stringValue: everything } }],
    },
    { timeUnixNano: nanos, body: { kvlistValue: { values: [{ key: "request", value: { stringValue: carrier } }] } } },
  ]);
  return { resourceLogs: [{ resource: otlpResource(), scopeLogs: [{ scope: { name: everything }, logRecords }] }] };
}

function otlpTraces() {
  const nanos = `${Date.now()}000000`;
  const spans = carriers.map((carrier) => ({
    traceId: "5b8efff798038103d269b633813fc60c",
    spanId: "eee19b7ec3c1b174",
    name: carrier,
    startTimeUnixNano: nanos,
    endTimeUnixNano: nanos,
    attributes: [
      { key: "http.route", value: { stringValue: `/x?token=${query}` } },
      { key: "server.address", value: { stringValue: carrier } },
      { key: "db.connection_string", value: { stringValue: everything } },
    ],
    status: { code: 2, message: everything },
  }));
  return { resourceSpans: [{ resource: otlpResource(), scopeSpans: [{ spans }] }] };
}

const logsDefinition = `syntax = "proto3";
message AnyValue { oneof value { string string_value = 1; } }
message KeyValue { string key = 1; AnyValue value = 2; }
message Resource { repeated KeyValue attributes = 1; }
message Scope { string name = 1; }
message LogRecord { fixed64 time_unix_nano = 1; string severity_text = 3; AnyValue body = 5; repeated KeyValue attributes = 6; }
message ScopeLogs { Scope scope = 1; repeated LogRecord log_records = 2; }
message ResourceLogs { Resource resource = 1; repeated ScopeLogs scope_logs = 2; }
message Request { repeated ResourceLogs resource_logs = 1; }`;

function logsAsProtobuf(): Uint8Array {
  const type = protobuf.parse(logsDefinition).root.lookupType("Request");
  return type.encode(type.fromObject(otlpLogs())).finish();
}

let folder: string;
let server: RunningServer;

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "garrison-secrets-"));
  const config = ServerConfig.parse({ data: folder, cluster: "local", console: { port: 0 }, agents: { port: 0 } });
  server = await startServer(config, { logger: silentLogger, checksAnswers: true });
});
after(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

interface Sent {
  readonly status: number;
  readonly json: Record<string, unknown>;
}

function send(target: string, body: string | Uint8Array, headers: Record<string, string> = {}): Promise<Sent> {
  const { promise, resolve, reject } = Promise.withResolvers<Sent>();
  const request = http.request(
    {
      host: "127.0.0.1",
      port: server.port,
      path: target,
      method: body.length === 0 ? "GET" : "POST",
      headers: { authorization: `Bearer ${server.localToken}`, "content-type": "application/json", ...headers },
      agent: false,
    },
    (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.once("error", reject);
      response.once("end", () => {
        const text = Buffer.concat(parts).toString();
        for (const secret of secrets) assert.ok(!text.includes(secret), `${target} answers with a secret`);
        resolve({ status: response.statusCode ?? 0, json: JSON.parse(text) as Record<string, unknown> });
      });
    },
  );
  request.once("error", reject);
  request.end(body);
  return promise;
}

/** Every file below the data folder, read whole. */
async function* filesOf(root: string): AsyncGenerator<readonly [string, Buffer]> {
  for (const entry of await readdir(root, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    // The store merges and removes files while we look.
    const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    });
    if (bytes !== undefined) yield [path.relative(root, file), bytes];
  }
}

test("ten secrets at every foreign door leave no trace", async () => {
  const gzip = { "content-encoding": "gzip" };
  const lines = hubbleItems().map((item) => JSON.stringify(item));
  const answers = [
    await send("/api/v1/ingest/falco?cluster=f", JSON.stringify(falcoItems())),
    await send(
      "/api/v1/ingest/hubble?cluster=h",
      [...lines, everything.replaceAll("\n", " "), `{"flow":{"verdict":"${github}"}}`].join("\n"),
    ),
    await send("/api/v1/ingest/audit?cluster=a", gzipSync(JSON.stringify(auditList())), gzip),
    await send("/v1/logs", JSON.stringify(otlpLogs())),
    await send("/v1/logs", gzipSync(logsAsProtobuf()), { ...gzip, "content-type": "application/x-protobuf" }),
    await send("/v1/traces", JSON.stringify(otlpTraces())),
  ];
  assert.deepEqual(
    answers.map((answer) => answer.status),
    [200, 200, 200, 200, 200, 200],
  );
  assert.equal(answers[0]?.json["accepted"], carriers.length);
  assert.equal(answers[1]?.json["accepted"], lines.length);
  assert.equal(answers[1]?.json["refused"], 2);
  assert.equal(answers[2]?.json["accepted"], carriers.length);
  // Doors that refuse must not repeat what they refuse either.
  const refused = [
    await send("/v1/logs", `{"broken": "${github}`),
    await send("/v1/traces", everything, { "content-type": "text/plain" }),
    await send("/v1/logs", Buffer.from(everything), { "content-type": "application/x-protobuf" }),
    await send("/api/v1/ingest/falco?cluster=local", JSON.stringify(falcoItems())),
  ];
  assert.deepEqual(
    refused.map((answer) => answer.status),
    [400, 400, 400, 403],
  );

  const rows = carriers.length * (1 + 4 + 1 + 2 + 2 + 1);
  await stored(rows);
  await nothingInTables(rows);
  for await (const [file, bytes] of filesOf(folder)) {
    for (const secret of secrets) assert.equal(bytes.includes(secret), false, `${file} holds a secret`);
  }
});

/** Waits until the rows are in the store, over the API as a user would look. */
async function stored(rows: number): Promise<void> {
  const deadline = Date.now() + 30_000;
  let seen = 0;
  while (seen < rows) {
    assert.ok(Date.now() < deadline, `only ${seen} of ${rows} rows arrived`);
    const events = await send("/api/v1/events?since=1h&limit=1000", "");
    const flows = await send("/api/v1/flows?since=1h&limit=1000", "");
    for (const answer of [events, flows]) assert.equal(answer.status, 200, JSON.stringify(answer.json));
    seen = [events, flows].reduce((sum, answer) => sum + (answer.json["rows"] as unknown[]).length, 0);
  }
}

/** Files are compressed: so every column of every table is asked as well. That the look finds what is there is shown by "‹redacted:". */
async function nothingInTables(rows: number): Promise<void> {
  await using store = createTelemetryStore({ address: { kind: "embedded", dataFolder: folder } });
  let seen = 0;
  let redacted = 0;
  for (const table of tableNames) {
    const all = columnsOf(table).map(({ name }) => `toString(${name})`);
    const sql = `SELECT count() AS seen, countIf(position(line, '‹redacted:') > 0) AS redacted,
countIf(multiSearchAnyCaseInsensitiveUTF8(line, {secrets:Array(String)})) AS leaked, anyIf(line, multiSearchAnyCaseInsensitiveUTF8(line, {secrets:Array(String)})) AS sample
FROM (SELECT concatWithSeparator('|', ${all.join(", ")}) AS line FROM ${table})`;
    const result = await store.query<{ seen: number; redacted: number; leaked: number; sample: string }>(sql, {
      params: { secrets },
    });
    const found = result.rows[0];
    assert.equal(found?.leaked, 0, `${table}: ${found?.sample ?? ""}`);
    seen += found.seen;
    redacted += found.redacted;
  }
  assert.ok(seen >= rows, `${seen} rows looked at`);
  assert.ok(redacted > rows / 2, `${redacted} rows were redacted`);
}
