// Envoy's and nginx's doors over real sockets and real rules: what is answered, what is held, what becomes an event.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { once } from "node:events";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { silentLogger } from "../../base/logger.ts";
import { createEnvoyClient, wireHeaders, type EnvoyClient, type Loose } from "./envoy/envoy-client.fixture.ts";
import { bodyModes } from "./envoy/messages.ts";
import type { EventRecord } from "./events/record.ts";
import { httpLimits } from "./limits.ts";
import { listenOn, parseListenAddress, type Listener } from "./listeners.ts";
import { createWorkerCore, type WorkerCore } from "./worker/core.ts";

const rules = `
SecRequestBodyAccess On
SecResponseBodyAccess On
SecResponseBodyMimeType text/plain
SecRule ARGS "@contains attack" "id:1001,phase:2,deny,status:403,log,msg:'attack in an argument'"
SecRule REQUEST_HEADERS:X-Bad "@streq 1" "id:1002,phase:1,deny,status:406,log,msg:'bad header'"
SecRule RESPONSE_BODY "@contains secret" "id:1003,phase:4,deny,status:502,log,msg:'leak'"
SecRule REMOTE_ADDR "@ipMatch 203.0.113.9" "id:1004,phase:1,deny,status:403,log,msg:'banned'"
`;

const folder = mkdtempSync(path.join(tmpdir(), "garrison-doors-"));
const records: EventRecord[] = [];
let core: WorkerCore;
let envoy: EnvoyClient;
let listeners: Listener[] = [];
let nginxPort = 0;

before(async () => {
  writeFileSync(path.join(folder, "rules.conf"), rules);
  core = createWorkerCore({
    settings: {
      upstream: undefined,
      workload: undefined,
      trustedProxies: ["127.0.0.0/8"],
      doubleFraming: "refuse",
      onBodyTooLarge: "block",
      limits: { ...httpLimits, heldBytesMax: 100_000 },
    },
    onRecord: (record) => records.push(record) > 0,
    logger: silentLogger,
  });
  const flags = {
    mode: "block",
    paranoia: 1,
    inboundThreshold: 5,
    outboundThreshold: 4,
    responseBodies: true,
    settings: [],
  } as const;
  const loaded = core.load(
    { number: 1, paths: [folder], policies: { flags, policies: [], floor: undefined, nowMs: Date.now() } },
    0,
  );
  assert.ok(loaded.isLoaded, "because" in loaded ? loaded.because : "");
  const socket = `unix:${path.join(folder, "waf.sock")}`;
  const open = (text: string, door: "extproc" | "extauthz" | "authrequest"): Promise<Listener> =>
    listenOn(parseListenAddress(text), door, (connection, source) => core.accept(door, connection, source));
  const authz = await open("127.0.0.1:0", "extauthz");
  const nginx = await open("127.0.0.1:0", "authrequest");
  listeners = [await open(socket, "extproc"), authz, nginx];
  nginxPort = Number(nginx.text.split(":")[1]);
  envoy = createEnvoyClient(socket);
  checks = createEnvoyClient(authz.text);
});
let checks: EnvoyClient;

after(async () => {
  envoy.close();
  checks.close();
  for (const listener of listeners) listener.close();
  await core.close(100);
  rmSync(folder, { recursive: true });
});

const head = (target: string, more: Readonly<Record<string, string>> = {}) =>
  wireHeaders({
    ":method": "POST",
    ":path": target,
    ":authority": "shop.example",
    ":scheme": "http",
    "content-type": "application/x-www-form-urlencoded",
    ...more,
  });

const attributes = {
  "envoy.filters.http.ext_proc": { fields: { "source.address": { string_value: "198.51.100.7:4711" } } },
};

async function lastRow(): Promise<EventRecord["row"]> {
  for (let turn = 0; turn < 12_000 && records.length === 0; turn += 1)
    await new Promise((resolve) => setTimeout(resolve, 5));
  const record = records.pop();
  assert.ok(record !== undefined, "an event was made");
  return record.row;
}

test("ext_proc: a request without a body, in one message, passes with its answer", async () => {
  const stream = envoy.open();
  stream.send({ request_headers: { headers: head("/ok"), end_of_stream: true }, attributes });
  const answer = await stream.next();
  assert.equal(answer["response"], "request_headers");
  stream.send({
    response_headers: { headers: wireHeaders({ ":status": "200", "content-type": "text/plain" }), end_of_stream: true },
  });
  assert.equal((await stream.next())["response"], "response_headers");
  stream.end();
  assert.equal(records.length, 0);
});

test("ext_proc: a bad header is an immediate response with the page; the client is who Envoy says", async () => {
  const stream = envoy.open();
  stream.send({ request_headers: { headers: head("/x?a=b", { "x-bad": "1" }), end_of_stream: true }, attributes });
  const { immediate_response: answer } = await stream.next();
  assert.equal(answer.status.code, 406);
  assert.match(answer.body.toString(), /Reference/);
  stream.end();
  const row = await lastRow();
  assert.deepEqual(
    [row.door, row.verdict, row.clientAddress, row.clientPort, row.status, row.decidingRule],
    ["extproc", "blocked", "198.51.100.7", 4711, 406, 1002],
  );
});

test("ext_proc, streamed body: chunks are cleared until the verdict, all of it takes the last one's place", async () => {
  const stream = envoy.open();
  stream.send({
    request_headers: { headers: head("/form") },
    protocol_config: { request_body_mode: bodyModes.streamed, response_body_mode: bodyModes.streamed },
  });
  assert.equal((await stream.next())["mode_override"].request_body_mode, bodyModes.streamed);
  stream.send({ request_body: { body: Buffer.from("a=he") } });
  assert.equal((await stream.next())["request_body"].response.body_mutation.clear_body, true);
  stream.send({ request_body: { body: Buffer.from("llo"), end_of_stream: true } });
  assert.equal((await stream.next())["request_body"].response.body_mutation.body.toString(), "a=hello");
  stream.send({ response_headers: { headers: wireHeaders({ ":status": "200", "content-type": "text/plain" }) } });
  await stream.next();
  stream.send({ response_body: { body: Buffer.from("a sec") } });
  assert.equal((await stream.next())["response_body"].response.body_mutation.clear_body, true);
  stream.send({ response_body: { body: Buffer.from("ret"), end_of_stream: true } });
  assert.equal((await stream.next())["immediate_response"].status.code, 502);
  stream.end();
  assert.equal((await lastRow()).decidingRule, 1003);
});

test("ext_proc, full duplex: nothing is sent on before the verdict, then all in pieces", async () => {
  const stream = envoy.open();
  const config = { request_body_mode: bodyModes.fullDuplex, response_body_mode: bodyModes.fullDuplex };
  stream.send({ request_headers: { headers: head("/form") }, protocol_config: config });
  await stream.next();
  const body = `a=${"x".repeat(90_000)}`;
  stream.send({ request_body: { body: Buffer.from(body.slice(0, 50_000)) } });
  stream.send({ request_body: { body: Buffer.from(body.slice(50_000)), end_of_stream: true } });
  let got = "";
  for (let isEnd = false; !isEnd;) {
    const piece = (await stream.next())["request_body"].response.body_mutation.streamed_response;
    got += piece.body.toString();
    isEnd = piece.end_of_stream === true;
  }
  assert.equal(got, body);
  stream.end();
});

test("ext_proc: an attack in the body, a body over the limit, a buffered body", async () => {
  const ask = async (body: string): Promise<Record<string, Loose>> => {
    const stream = envoy.open();
    stream.send({ request_headers: { headers: head("/form") } });
    await stream.next();
    stream.send({ request_body: { body: Buffer.from(body), end_of_stream: body.length < 100_000 } });
    const answer = await stream.next();
    stream.end();
    return answer;
  };
  assert.equal((await ask("a=an+attack"))["immediate_response"].status.code, 403);
  assert.equal((await lastRow()).decidingRule, 1001);
  assert.equal((await ask("a=".padEnd(120_000, "x")))["immediate_response"].status.code, 413);
  const row = await lastRow();
  assert.match(row.because, /limit/);
  const passed = await ask("a=fine");
  assert.deepEqual([passed["response"], passed["request_body"].response.body_mutation], ["request_body", undefined]);
});

test("ext_proc in observability mode answers nothing, and tells", async () => {
  const stream = envoy.open();
  stream.send({ request_headers: { headers: head("/?a=attack"), end_of_stream: true }, observability_mode: true });
  stream.end();
  const row = await lastRow();
  assert.deepEqual([row.decidingRule, row.verdict], [1001, "detected"]);
});

test("ext_proc: what a client says of trailers changes no holding; trailers after a held body end it", async () => {
  for (const more of [{ te: "trailers" }, { trailer: "x" }]) {
    const stream = envoy.open();
    const config = { request_body_mode: bodyModes.streamed, response_body_mode: bodyModes.none };
    stream.send({ request_headers: { headers: head("/form", more) }, protocol_config: config });
    await stream.next();
    stream.send({ request_body: { body: Buffer.from("a=attack") } });
    assert.equal((await stream.next())["request_body"].response.body_mutation.clear_body, true);
    stream.send({ request_body: { body: Buffer.alloc(0), end_of_stream: true } });
    assert.equal((await stream.next())["immediate_response"].status.code, 403);
    stream.end();
    await lastRow();
  }
  const stream = envoy.open();
  stream.send({ request_headers: { headers: head("/form", { te: "trailers" }) } });
  await stream.next();
  stream.send({ request_body: { body: Buffer.from("a=fine") } });
  await stream.next();
  stream.send({ request_trailers: {} });
  assert.equal((await stream.next())["immediate_response"].status.code, 400);
  stream.end();
  await lastRow();
});

test("ext_proc: without bodies a request is judged at its headers; one whose answer never comes is told at the end", async () => {
  const config = { request_body_mode: bodyModes.none, response_body_mode: bodyModes.none };
  const judged = envoy.open();
  judged.send({ request_headers: { headers: head("/x?a=attack") }, protocol_config: config });
  assert.equal((await judged.next())["immediate_response"].status.code, 403);
  judged.end();
  assert.equal((await lastRow()).decidingRule, 1001);
  const silent = envoy.open();
  silent.send({ request_headers: { headers: head("/y?a=attack") } });
  await silent.next();
  silent.end();
  assert.deepEqual([(await lastRow()).decidingRule], [1001]);
});

test("ext_authz: headers and a body, yes and no", async () => {
  const question = (http: object, address = "198.51.100.7") => ({
    attributes: {
      source: { address: { socket_address: { address, port_value: 99 } } },
      request: { http: { method: "POST", path: "/x", host: "shop", protocol: "HTTP/1.1", ...http } },
    },
  });
  const form = { "content-type": "application/x-www-form-urlencoded" };
  const yes = await checks.check(question({ headers: form, raw_body: Buffer.from("a=b") }));
  assert.deepEqual([yes["status"].code ?? 0, yes["http_response"]], [0, "ok_response"]);
  const no = await checks.check(question({ headers: form, raw_body: Buffer.from("a=attack") }));
  assert.equal(no["status"].code, 7);
  assert.equal(no["denied_response"].status.code, 403);
  assert.match(no["denied_response"].body, /Reference/);
  const row = await lastRow();
  assert.deepEqual([row.door, row.clientAddress, row.path], ["extauthz", "198.51.100.7", "/x"]);
  assert.equal((await checks.check(question({}, "203.0.113.9")))["status"].code, 7);
  records.length = 0;
  const raw = Buffer.from("a=".padEnd(8192, "x"));
  const partial = { key: "x-envoy-auth-partial-body", raw_value: Buffer.from("true") };
  const typed = { key: "content-type", raw_value: Buffer.from(form["content-type"]) };
  for (const http of [
    { headers: { ...form, [partial.key]: "true" }, size: 9000, raw_body: raw },
    { header_map: { headers: [typed, partial] }, size: -1, raw_body: raw },
    { headers: { ...form, "content-length": "9000" }, raw_body: raw },
  ]) {
    const cut = await checks.check(question(http));
    assert.deepEqual([cut["status"].code, cut["denied_response"].status.code], [7, 413]);
    const told = await lastRow();
    assert.deepEqual(
      [told.because, told.notInspected],
      ["limit: request body: Envoy sent a part of it", ["request body: Envoy sent a part of it"]],
    );
  }
  assert.equal((await checks.check(question({ headers: { ...form, "content-length": "9" } })))["status"].code ?? 0, 0);
  records.length = 0;
});

test("auth_request: the original's address and headers are judged; its own are not, and doubt is 500", async () => {
  const ask = async (headers: Readonly<Record<string, string>>): Promise<number> => {
    const request = httpRequest({ port: nginxPort, path: "/_waf", headers });
    request.end();
    const [answer] = (await once(request, "response")) as [IncomingMessage];
    answer.resume();
    return answer.statusCode ?? 0;
  };
  assert.equal(await ask({ "x-original-uri": "/a?b=c", "x-original-method": "POST", host: "shop" }), 204);
  assert.equal(await ask({ "x-original-uri": "/a?b=attack", host: "shop" }), 403);
  const row = await lastRow();
  assert.deepEqual([row.door, row.path, row.host], ["authrequest", "/a", "shop"]);
  assert.equal(await ask({ "x-original-uri": "/", "x-real-ip": "203.0.113.9" }), 403, "nginx's word");
  const lie = { "x-original-uri": "/?a=attack", "x-real-ip": "192.0.2.1", "x-original-remote-addr": "6.6.6.6" };
  assert.equal(await ask(lie), 403);
  assert.equal((await lastRow()).clientAddress, "192.0.2.1");
  assert.equal(await ask({ "x-original-url": "https://shop/x?y=attack" }), 403);
  assert.equal(await ask({ "x-original-url": "https://shop/x?y=attack", "x-original-uri": "/harmless" }), 500);
  assert.equal(await ask({ host: "shop" }), 500, "nothing says what the original was");
});
