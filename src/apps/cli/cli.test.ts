// The command line as a user meets it: real processes against a small server that speaks the contract.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { parseAllDocuments } from "yaml";
import { exitCodes } from "./commands/exit-codes.ts";

const entry = path.resolve(import.meta.dirname, "../../../bin/garrison.js");
const time = "2026-11-23T08:00:00.000Z";
const window = { since: time, until: time, partial: false, partialBecause: "", gaps: [] };
const flow = {
  time,
  node: "local",
  verdict: "allow",
  verdictBecause: "established",
  protocol: "tcp",
  sourceNamespace: "host",
  sourceWorkload: "session-3",
  sourceAddress: "::ffff:127.0.0.1",
  destinationNamespace: "",
  destinationWorkload: "",
  destinationAddress: "::ffff:10.0.0.9",
  destinationDomain: "db.example",
  destinationPort: 5432,
  process: "curl",
  pid: 77,
  reporter: "source",
  connectionsOpened: 1,
  connectionsFailed: 0,
  bytesSent: 1536,
  bytesReceived: 0,
  rttUs: { "40": 1 },
  executable: "/usr/bin/curl",
  image: "",
  tls: "not-seen",
  serverName: "",
  flowId: "f1",
};

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** A server that answers by path, and a data folder that points at it. */
async function world(t: TestContext, answers: Readonly<Record<string, Answer>>): Promise<string> {
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      const { pathname } = new URL(request.url ?? "", "http://x");
      const answer = answers[`${request.method} ${pathname}`];
      if (request.headers.authorization !== "Bearer secret") problem(response, 401, "auth/bad");
      else if (answer === undefined) problem(response, 404, "api/unknown");
      else answer(request, response, body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const data = await mkdtemp(path.join(os.tmpdir(), "garrison-cli-"));
  t.after(() => rm(data, { recursive: true }));
  await mkdir(path.join(data, "run"));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await writeFile(path.join(data, "run", "cli.json"), JSON.stringify({ url, token: "secret" }));
  return data;
}

function problem(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { "content-type": "application/problem+json" });
  response.end(
    JSON.stringify({ type: "about:blank", title: code, status, detail: `because of ${code}`, code, hint: "do this" }),
  );
}

function json(value: unknown): Answer {
  return (_, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(value));
  };
}

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

async function garrison(
  data: string,
  args: readonly string[],
  options: {
    stdin?: string;
    killAfter?: RegExp;
    onOutput?: (text: string) => void;
    environment?: Record<string, string | undefined>;
  } = {},
): Promise<Ran> {
  const child = spawn(process.execPath, [entry, ...args], {
    env: { ...process.env, GARRISON_DATA: data, NO_COLOR: "1", TZ: "UTC", ...options.environment },
  });
  let out = "";
  let err = "";
  const killWhenSaid = () => {
    if (options.killAfter?.test(out + err) === true) child.kill("SIGINT");
  };
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString();
    options.onOutput?.(out);
    killWhenSaid();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    err += chunk.toString();
    killWhenSaid();
  });
  child.stdin.end(options.stdin ?? "");
  return await new Promise((resolve) => child.on("close", (code) => resolve({ code, out, err })));
}

test("flows prints the documented table, wide, json, jsonl, yaml, csv and name", async (t) => {
  const data = await world(t, { "GET /api/v1/flows": json({ rows: [flow], window }) });
  const cases = [
    [
      "table",
      /^TIME +SOURCE +DESTINATION +PORT +PROCESS +CONNS +SENT +RECEIVED +RTT +VERDICT\n.*host\/session-3 +db\.example \(10\.0\.0\.9\) +5432\/tcp +curl\[77\] +1 +1\.5K +0B +1\.1ms +allow established\n$/,
    ],
    ["wide", /EXECUTABLE.*\n.*\/usr\/bin\/curl/],
    ["json", /"apiVersion": "garrison\/v1"/],
    ["jsonl", /^\{"time":"2026-11-23T08:00:00.000Z"/],
    ["yaml", /^apiVersion: garrison\/v1\nitems:/],
    ["csv", /^time,node,verdict/],
    ["name", /^f1\n$/],
  ] as const;
  for (const [format, expected] of cases) {
    const ran = await garrison(data, ["flows", "-o", format, "--now", time]);
    assert.equal(ran.code, 0, ran.err);
    assert.match(ran.out, expected, format);
  }
});

test("what polling cannot count is a dash, not a zero", async (t) => {
  const polled = { ...flow, fidelity: "polled", bytesSent: 0, bytesReceived: 0, rttUs: {} };
  const data = await world(t, { "GET /api/v1/flows": json({ rows: [polled], window }) });
  for (const [format, expected] of [
    ["table", / 5432\/tcp +curl\[77\] +1 +- +- +- +allow established\n$/],
    ["wide", / 1 +- +- +- +\/usr\/bin\/curl /],
  ] as const) {
    const ran = await garrison(data, ["flows", "-o", format, "--now", time]);
    assert.equal(ran.code, 0, ran.err);
    assert.match(ran.out, expected);
  }
});

test("a window that begins before anything was kept says so", async (t) => {
  const data = await world(t, {
    "GET /api/v1/flows": json({ rows: [], window: { ...window, dataSince: "2026-11-23T08:30:00.000Z" } }),
    "GET /api/v1/events": json({ rows: [], window: { ...window, dataSince: "2026-11-23T07:30:00.000Z" } }),
  });
  const flows = await garrison(data, ["flows"]);
  assert.equal(flows.code, 0);
  assert.match(flows.err, /nothing kept before 2026-11-23T08:30:00.000Z/);
  assert.doesNotMatch((await garrison(data, ["events"])).err, /nothing kept/);
});

test("gaps are said once for each table, node, reason and kind", async (t) => {
  const gap = { time, cluster: "c", node: "local", table: "flows", reason: "ring-full", rows: 7, detail: "7 events" };
  const gaps = [
    gap,
    { ...gap, rows: 5, detail: "5 events" },
    { ...gap, table: "process_events", detail: "no\u001b[2J" },
  ];
  const data = await world(t, { "GET /api/v1/flows": json({ rows: [], window: { ...window, gaps } }) });
  const { err, code } = await garrison(data, ["flows", "-o", "json"]);
  assert.equal(
    err,
    "gap: flows on local: ring-full, 12 rows in 2 gaps: events\ngap: process_events on local: ring-full, 7 rows, no\ufffd[2J\n",
  );
  assert.equal(code, 0);
});

test("exit codes say what happened, and every error says what and how to fix it", async (t) => {
  const data = await world(t, {
    "GET /api/v1/flows": json({
      rows: [],
      window: { ...window, partial: true, partialBecause: "the row limit was reached" },
    }),
    "GET /api/v1/events": (_, response) => problem(response, 500, "store/broken"),
    "GET /api/v1/workloads": (_, response) => problem(response, 400, "filter/unknown-field"),
    "GET /api/v1/nodes": (_, response) => problem(response, 403, "auth/role"),
  });
  const cases = [
    [["exit-codes"], 0],
    [["events"], 1],
    [["flows", "--lastt", "3"], 2],
    [["flows", "--last", "many"], 2],
    [["workloads"], 2],
    [["agent", "list"], 4],
    [["status"], 5],
    [["flows", "--server", "http://127.0.0.1:9", "--token", "x"], 6],
    [["flows"], 7],
    [["flows", "--token", "wrong"], 4],
    [["run", "servr"], 2],
    [["completion", "tcsh"], 2],
  ] as const;
  for (const [args, expected] of cases) {
    const ran = await garrison(data, args);
    assert.equal(ran.code, expected, `${args.join(" ")}: ${ran.err}`);
    if (expected === 7) assert.match(ran.err, /partial: the row limit was reached/);
    else if (expected !== 0) assert.match(ran.err, /^error\[[a-z]+\/[a-z-]+\]: .*\n(?:.*\n)*hint: /, args.join(" "));
  }
  assert.deepEqual(
    exitCodes.map(([code]) => code),
    [0, 1, 2, 3, 4, 5, 6, 7, 130],
  );
});

test("an agent by itself takes the default data folder and says in plain words why it has not joined", async (t) => {
  const home = await mkdtemp(path.join(os.tmpdir(), "garrison-cli-"));
  t.after(() => rm(home, { recursive: true }));
  const environment = { GARRISON_DATA: undefined, XDG_DATA_HOME: home };
  const args = ["run", "agent", "--sensor-fidelity", "polled", "--server-address", "127.0.0.1:9"];
  const { err } = await garrison("", args, { killAfter: /agent {4}not connected.*\n/, environment });
  assert.match(err, /^agent {4}connecting to 127\.0\.0\.1:9 \.\.\.$/m);
  assert.match(err, /^agent {4}not connected to 127\.0\.0\.1:9: .*has not joined.*garrison agent token.*$/m);
  const folder = path.join(home, "garrison");
  assert.equal((await stat(folder)).mode & 0o777, 0o700);
  assert.ok((await stat(path.join(folder, "agent"))).isDirectory());
  const wrong = await garrison("", ["run", "agent", "--spool-bytes-max", "much"], { environment });
  assert.deepEqual(
    [wrong.code, wrong.err.includes("`garrison config explain --app agent spool.bytesMax`")],
    [2, true],
    wrong.err,
  );
  const file = path.join(home, "agent.yaml");
  await writeFile(file, "node: n1\n");
  assert.equal((await garrison("", ["config", "check", file, "--app", "agent"], { environment })).code, 0);
});

test("follows a stream, goes on from the last event after a lost connection, and ends on Ctrl-C with 130", async (t) => {
  const seen: (string | undefined)[] = [];
  let breakOff: (() => void) | undefined;
  const data = await world(t, {
    "GET /api/v1/flows/stream": (request, response) => {
      const last = request.headers["last-event-id"] as string | undefined;
      seen.push(last);
      response.writeHead(200, { "content-type": "text/event-stream" });
      const name = last === undefined ? "first" : "second";
      response.write(
        `: hello\n\nid: ${name}\ndata: ${JSON.stringify({ rows: [{ ...flow, process: name }], skipped: 0 })}\n\n`,
      );
      breakOff = last === undefined ? () => response.destroy() : undefined;
    },
  });

  // The connection is lost when what came by it was shown.
  const onOutput = (text: string) => (text.includes("first") ? breakOff?.() : undefined);
  const ran = await garrison(data, ["flows", "-f", "-o", "jsonl"], { killAfter: /second/, onOutput });

  assert.deepEqual(seen, [undefined, "first"]);
  assert.equal(ran.out.trim().split("\n").length, 2);
  assert.match(ran.err, /connection lost/);
  assert.equal(ran.code, 130);
});

test("a followed stream begins with the history that --since asks for, and says where it was cut", async (t) => {
  const asked: (string | null)[] = [];
  const data = await world(t, {
    "GET /api/v1/flows/stream": (request, response) => {
      const { searchParams } = new URL(request.url ?? "", "http://x");
      const last = searchParams.get("last");
      asked.push(last, searchParams.get("since"));
      response.writeHead(200, { "content-type": "text/event-stream" });
      const rows = Array.from({ length: Number(last) }, () => flow);
      response.write(`id: a\ndata: ${JSON.stringify({ rows, skipped: 0 })}\n\n`);
      response.write(`id: b\ndata: ${JSON.stringify({ rows: [{ ...flow, process: "live" }], skipped: 0 })}\n\n`);
    },
  });

  const ran = await garrison(data, ["flows", "-f", "--since", "5m", "-o", "jsonl"], { killAfter: /"live"/ });
  const plain = await garrison(data, ["flows", "-f", "-o", "jsonl"], { killAfter: /"live"/ });
  const tooMany = await garrison(data, ["flows", "-f", "--last", "1001"]);

  assert.deepEqual(asked, ["1000", "5m", "0", null]);
  assert.match(ran.err, /history begins with the newest 1000 flows/);
  assert.doesNotMatch(plain.err, /history begins/);
  assert.equal(tooMany.code, 2, tooMany.err);
});

test("aliases that multiply are refused by themselves, with their file and line", async (t) => {
  const data = await world(t, {
    "PUT /api/v1/resources/Visibility/web": json({ outcome: "unchanged", resource: {}, changes: [] }),
  });
  const nine = (name: string): string => Array.from({ length: 9 }, () => name).join(", ");
  const bomb = `a: &a [${nine("x")}]\nb: &b [${nine("*a")}]\nc: &c [${nine("*b")}]\nd: [${nine("*c")}]\n`;
  const text = `${bomb}---\nkind: Visibility\nname: web\nspec: {}\n`;

  const ran = await garrison(data, ["apply", "-f", "-"], { stdin: text });

  assert.match(ran.err, /^-:1: Excessive alias count/);
  assert.match(ran.out, /^Visibility\/web unchanged/);
});

test("apply takes good documents, names bad ones by file and line, and tells a partial result", async (t) => {
  const taken: unknown[] = [];
  const resource = {
    kind: "Visibility",
    scope: "global",
    name: "web",
    spec: {},
    generation: 1,
    author: "a",
    time,
    apiVersion: "garrison/v1",
  };
  const data = await world(t, {
    "PUT /api/v1/resources/Visibility/web": (_, response, body) => {
      taken.push(JSON.parse(body));
      json({ outcome: "created", resource, changes: [{ path: "http", before: false, after: true }] })(
        _,
        response,
        body,
      );
    },
    "PUT /api/v1/resources/Visibility/bad": (_, response) => problem(response, 400, "resource/invalid"),
  });
  const text =
    "kind: Visibility\nname: web\nspec: { http: true }\n---\nkind: Visibility\nname: bad\nspec: {}\n---\nkind: Visibility\nname: Not Valid\nspec: {}\n";

  const ran = await garrison(data, ["apply", "-f", "-"], { stdin: text });
  const dry = await garrison(data, ["diff", "-f", "-"], {
    stdin: "kind: Visibility\nname: web\nspec: { http: true }\n",
  });

  assert.equal(ran.code, 7);
  assert.match(ran.out, /^Visibility\/web created\n {2}http: false -> true\n$/);
  assert.match(ran.err, /-:5: because of resource\/invalid/);
  assert.match(ran.err, /-:9: name: /);
  assert.equal(taken.length, 2);
  assert.equal(dry.code, 3);
});

test("get -o yaml can be applied again", async (t) => {
  const stored = {
    apiVersion: "garrison/v1",
    kind: "Visibility",
    scope: "global",
    name: "web",
    spec: { http: true },
    generation: 3,
    author: "a",
    time,
    deleted: false,
    status: [],
  };
  const data = await world(t, {
    "GET /api/v1/resources/Visibility": json({ resources: [stored, { ...stored, name: "api" }] }),
  });

  const ran = await garrison(data, ["get", "Visibility", "-o", "yaml"]);
  const documents = parseAllDocuments(ran.out);

  assert.ok(Array.isArray(documents));
  assert.deepEqual(
    documents.map((document) => (document.toJS() as { name: string }).name),
    ["web", "api"],
  );
  assert.deepEqual(Object.keys(documents[0]?.toJS() as object).sort(), ["apiVersion", "kind", "name", "scope", "spec"]);
});

test("a reader that goes away ends the command quietly", async (t) => {
  const rows = Array.from({ length: 1000 }, () => flow);
  const data = await world(t, { "GET /api/v1/flows": json({ rows, window, next: "more" }) });
  const child = spawn("sh", ["-c", `"${process.execPath}" "${entry}" flows --last 20000 -o jsonl | head -1`], {
    env: { ...process.env, GARRISON_DATA: data },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let err = "";
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));

  await new Promise((resolve) => child.on("close", resolve));

  assert.equal(err, "");
});
