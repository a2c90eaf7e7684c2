// HTTP/1 and TLS from first bytes: tables, real clients' bytes, every truncation, hostile bytes.
import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { connect } from "node:tls";
import * as fc from "fast-check";
import { httpLimits, httpMethods, readHttpRequest, readHttpResponse } from "./http1.ts";
import { readTlsClientHello } from "./tls-client-hello.ts";

function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}

const requests: readonly (readonly [string, Record<string, unknown>])[] = [
  [
    "GET / HTTP/1.1\r\nHost: shop.local\r\n\r\n",
    { method: "GET", path: "/", host: "shop.local", version: "HTTP/1.1", isCut: false },
  ],
  ["GET /a?token=hunter2 HTTP/1.1\r\nHost: a\r\n\r\n", { path: "/a", host: "a" }],
  ["GET /a#b?c HTTP/1.1\r\n\r\n", { path: "/a" }],
  ["POST /a HTTP/1.0\r\n\r\n", { method: "POST", version: "HTTP/1.0", host: "", isCut: false }],
  ["GET /a HTTP/1.1\nhost:  A.Example:8080 \n\n", { host: "a.example:8080" }],
  ["GET http://bob:hunter2@a.example/x?y HTTP/1.1\r\nHost: other\r\n\r\n", { path: "/x", host: "a.example" }],
  ["GET http://a.example HTTP/1.1\r\n\r\n", { path: "/", host: "a.example" }],
  ["CONNECT db:5432 HTTP/1.1\r\nHost: db\r\n\r\n", { method: "CONNECT", path: "", host: "db:5432" }],
  ["OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", { method: "OPTIONS", path: "" }],
  ["PROPFIND /dav HTTP/1.1\r\n\r\n", { method: "PROPFIND" }],
  ["GET /a HTTP/1.1\r\nAccept: */*\r\nHost: b\r\nX: y", { host: "b", isCut: true }],
  ["GET /a HTTP/1.1\r\nHos", { host: "", isCut: true }],
  ["GET /a HTTP/1.1\r\nHost: <script>\r\n\r\n", { host: "" }],
  ["GET /a HTTP/1.1\r\nX-Host: evil\r\nHost: good\r\n\r\n", { host: "good" }],
  [
    "GET /a HTTP/1.1\r\nTraceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n\r\n",
    { traceId: "4bf92f3577b34da6a3ce929d0e0e4736" },
  ],
  [`GET /${"a".repeat(5000)} HTTP/1.1\r\n\r\n`, { path: `/${"a".repeat(httpLimits.pathLengthMax - 1)}` }],
];

for (const [text, expected] of requests) {
  test(`request ${JSON.stringify(text.slice(0, 60))}`, () => {
    const start = readHttpRequest(bytesOf(text));
    assert.ok(start.ok, JSON.stringify(start));
    assert.deepEqual({ ...start, ...expected }, start);
    assert.ok(!JSON.stringify(start).includes("hunter2"));
  });
}

const noRequests: readonly (readonly [string, string])[] = [
  ["", "not-this-protocol"],
  ["get / HTTP/1.1\r\n\r\n", "not-this-protocol"],
  ["GETX / HTTP/1.1\r\n\r\n", "not-this-protocol"],
  ["GET / HTTP/2.0\r\n\r\n", "not-this-protocol"],
  ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "not-this-protocol"],
  ["GET /a b HTTP/1.1\r\n\r\n", "not-this-protocol"],
  ["GET  / HTTP/1.1\r\n\r\n", "not-this-protocol"],
  ["GET a HTTP/1.1\r\n\r\n", "malformed"],
  ["CONNECT / HTTP/1.1\r\n\r\n", "malformed"],
  ["GET /very/long/without/end", "truncated"],
  ["SSH-2.0-OpenSSH_9.2\r\n", "not-this-protocol"],
  ["*3\r\n$3\r\nSET\r\n", "not-this-protocol"],
  ["\x16\x03\x01\x02\x00", "not-this-protocol"],
  [`${"A".repeat(9000)} / HTTP/1.1\r\n`, "not-this-protocol"],
];

for (const [text, refusal] of noRequests) {
  test(`no request ${JSON.stringify(text.slice(0, 40))}`, () => {
    const start = readHttpRequest(bytesOf(text));
    assert.ok(!start.ok);
    assert.equal(start.refusal, refusal);
  });
}

const responses: readonly (readonly [string, number | string])[] = [
  ["HTTP/1.1 200 OK\r\n", 200],
  ["HTTP/1.0 404 Not Found\r\n", 404],
  ["HTTP/1.1 204 \r\n", 204],
  ["HTTP/1.1 500\r\n", 500],
  ["HTTP/1.1 503", 503],
  ["HTTP/1.1 99 x", "not-this-protocol"],
  ["HTTP/1.1 2000", "not-this-protocol"],
  ["HTTP/1.1 600 x", "not-this-protocol"],
  ["HTTP/2 200", "not-this-protocol"],
  ["HTTP/1.1 2", "truncated"],
  ["SSH-2.0", "not-this-protocol"],
];

for (const [text, expected] of responses) {
  test(`response ${JSON.stringify(text)}`, () => {
    const start = readHttpResponse(bytesOf(text));
    assert.equal(start.ok ? start.status : start.refusal, expected);
  });
}

test("HTTP round trip over methods, paths and hosts; any prefix is read or refused", () => {
  const path = fc
    .array(fc.string({ unit: fc.constantFrom(..."abcXYZ019-_.~%".split("")), minLength: 1, maxLength: 12 }), {
      maxLength: 6,
    })
    .map((parts) => `/${parts.join("/")}`);
  const host = fc.domain();
  fc.assert(
    fc.property(
      fc.constantFrom(...httpMethods.filter((method) => method !== "CONNECT")),
      path,
      host,
      fc.nat(200),
      (method, target, name, cut) => {
        const bytes = bytesOf(
          `${method} ${target}?secret=hunter2 HTTP/1.1\r\nCookie: a=hunter2\r\nHost: ${name}\r\n\r\n`,
        );
        const start = readHttpRequest(bytes);
        assert.ok(start.ok);
        assert.deepEqual([start.method, start.path, start.host], [method, target, name.toLowerCase()]);
        assert.ok(!JSON.stringify([start, readHttpRequest(bytes.subarray(0, cut))]).includes("hunter2"));
      },
    ),
  );
});

/** What a client sends first to a server that only listens. */
async function firstBytesOf(
  dial: (port: number) => { destroy(): void; on(name: "error", listener: () => void): unknown },
): Promise<Uint8Array> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const accepted = once(server, "connection");
  const client = dial((server.address() as AddressInfo).port);
  client.on("error", () => undefined);
  const [socket] = await accepted;
  const [bytes] = await once(socket, "data");
  client.destroy();
  socket.destroy();
  server.close();
  return bytes;
}

test("a real HTTP client's first bytes", async () => {
  const bytes = await firstBytesOf((port) =>
    request({ port, host: "127.0.0.1", path: "/a/b?c=d", method: "PUT", headers: { host: "shop.local" } }).end(),
  );
  const start = readHttpRequest(bytes);
  assert.ok(start.ok);
  assert.deepEqual([start.method, start.path, start.host, start.isCut], ["PUT", "/a/b", "shop.local", false]);
});

test("a real TLS client's hello: name and protocols; at every truncation TLS is still seen", async () => {
  const bytes = await firstBytesOf((port) =>
    connect({ port, host: "127.0.0.1", servername: "Shop.Example.org", ALPNProtocols: ["h2", "http/1.1"] }),
  );
  const hello = readTlsClientHello(bytes);
  assert.deepEqual(hello, { ok: true, serverName: "shop.example.org", protocols: ["h2", "http/1.1"], isCut: false });
  for (let length = 0; length < bytes.length; length++) {
    const cut = readTlsClientHello(bytes.subarray(0, length));
    if (length < 6) assert.ok(!cut.ok && cut.refusal === "truncated");
    else assert.ok(cut.ok && cut.isCut && ["", "shop.example.org"].includes(cut.serverName), `at ${length}`);
  }
  assert.equal(readHttpRequest(bytes).ok, false);
});

function u16(value: number): number[] {
  return [(value >> 8) & 255, value & 255];
}

/** A ClientHello made by hand; `split` spreads the message over two records. */
function hello(extensions: readonly number[] | undefined, split = 0): Uint8Array {
  const body = [
    3,
    3,
    ...Array.from({ length: 32 }, () => 7),
    0,
    0,
    2,
    0x13,
    1,
    1,
    0,
    ...(extensions === undefined ? [] : [...u16(extensions.length), ...extensions]),
  ];
  const message = [1, 0, ...u16(body.length), ...body];
  const parts = split === 0 ? [message] : [message.slice(0, split), message.slice(split)];
  return Uint8Array.from(parts.flatMap((part) => [22, 3, 1, ...u16(part.length), ...part]));
}

function nameExtension(name: string): number[] {
  const bytes = [...Buffer.from(name, "latin1")];
  return [0, 0, ...u16(bytes.length + 5), ...u16(bytes.length + 3), 0, ...u16(bytes.length), ...bytes];
}

const hellos: readonly (readonly [string, Uint8Array, string, boolean])[] = [
  ["no extensions", hello(undefined), "", false],
  ["no server name", hello([0, 23, 0, 0]), "", false],
  ["a server name", hello(nameExtension("a.example")), "a.example", false],
  ["a name over two records", hello(nameExtension("a.example"), 20), "a.example", false],
  ["a name that is none", hello(nameExtension("a b<c>")), "", false],
  ["a name over the limit", hello(nameExtension("a".repeat(300))), "", false],
  ["an extension longer than the list", hello([0, 0, 255, 255, 1]), "", true],
];

for (const [what, bytes, serverName, isCut] of hellos) {
  test(`ClientHello with ${what}`, () => {
    const result = readTlsClientHello(bytes);
    assert.ok(result.ok);
    assert.deepEqual([result.serverName, result.isCut], [serverName, isCut]);
  });
}

test("not TLS: other records, other versions, other messages", () => {
  for (const bytes of [
    [0x17, 3, 3, 0, 5, 1],
    [0x16, 2, 0, 0, 5, 1],
    [0x16, 3, 1, 0, 5, 2],
    [...Buffer.from("GET / HTTP/1.1")],
  ]) {
    const result = readTlsClientHello(Uint8Array.from(bytes));
    assert.ok(!result.ok && result.refusal === "not-this-protocol");
  }
});

test("any bytes, any damage: a result or a refusal, never a throw", () => {
  const whole = hello([...nameExtension("a.example"), 0, 16, 0, 5, 0, 3, 2, 0x68, 0x32]);
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 300 }),
      fc.nat(whole.length - 1),
      fc.nat(255),
      fc.nat(whole.length),
      (noise, at, byte, cut) => {
        const damaged = whole.slice(0, cut);
        if (at < damaged.length) damaged[at] = byte;
        for (const bytes of [
          noise,
          damaged,
          Uint8Array.from([22, 3, 1, ...noise]),
          Uint8Array.from([22, 3, 1, 1, 0, 1, ...noise]),
        ]) {
          const result = readTlsClientHello(bytes);
          if (result.ok) assert.match(result.serverName, /^[a-z0-9_.-]{0,253}$/);
          readHttpRequest(bytes);
          readHttpResponse(bytes);
        }
      },
    ),
    { numRuns: 3000 },
  );
});
