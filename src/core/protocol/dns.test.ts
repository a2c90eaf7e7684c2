// DNS messages: round trips, a real resolver's packets, hostile bytes; and the pairing of questions with answers.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { Resolver } from "node:dns/promises";
import { once } from "node:events";
import { test } from "node:test";
import * as fc from "fast-check";
import type { DnsPacketEvent } from "../sense/sensor.ts";
import { createDnsExchanges } from "./dns-exchange.ts";
import { dnsLimits, readDnsMessage } from "./dns-message.ts";

interface Record {
  readonly name: string;
  readonly type: number;
  readonly ttl: number;
  readonly data: readonly number[];
}

function u16(value: number): number[] {
  return [(value >> 8) & 255, value & 255];
}

function encodeName(name: string): number[] {
  return [...(name === "." ? [] : name.split(".")).flatMap((label) => [label.length, ...Buffer.from(label)]), 0];
}

/** Answers point to the question's name (offset 12), as servers do, when they have the same name. */
function encode(message: {
  id?: number;
  flags?: number;
  question: string;
  type?: number;
  answers?: readonly Record[];
  additional?: readonly Record[];
}): Uint8Array {
  const answers = message.answers ?? [];
  const additional = message.additional ?? [];
  const records = [...answers, ...additional].flatMap((record) => [
    ...(record.name === message.question ? [0xc0, 12] : encodeName(record.name)),
    ...u16(record.type),
    ...u16(1),
    ...u16(Math.floor(record.ttl / 65_536)),
    ...u16(record.ttl % 65_536),
    ...u16(record.data.length),
    ...record.data,
  ]);
  return Uint8Array.from([
    ...u16(message.id ?? 7),
    ...u16(message.flags ?? (answers.length > 0 ? 0x8180 : 0x0100)),
    ...u16(1),
    ...u16(answers.length),
    ...u16(0),
    ...u16(additional.length),
    ...encodeName(message.question),
    ...u16(message.type ?? 1),
    ...u16(1),
    ...records,
  ]);
}

function read(bytes: Uint8Array) {
  const message = readDnsMessage(bytes);
  assert.ok(message.ok, JSON.stringify(message));
  return message;
}

const values: readonly (readonly [number, readonly number[], string, string])[] = [
  [1, [192, 0, 2, 1], "A", "192.0.2.1"],
  [28, [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], "AAAA", "2001:db8::1"],
  [28, Array.from({ length: 16 }, () => 0), "AAAA", "::"],
  [28, [0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 3, 0, 4, 0, 5], "AAAA", "1:0:2::3:4:5"],
  [28, [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], "AAAA", "fe80::"],
  [5, encodeName("Other.Example"), "CNAME", "other.example"],
  [5, [0xc0, 12], "CNAME", "a.example"],
  [12, encodeName("host.local"), "PTR", "host.local"],
  [15, [0, 10, ...encodeName("mail.example")], "MX", "mail.example"],
  [33, [0, 1, 0, 2, 0x1f, 0x90, ...encodeName("srv.example")], "SRV", "srv.example:8080"],
  [16, [5, ...Buffer.from("hello"), 3, 1, 2, 3], "TXT", "hello"],
  [65, [1, 2, 3], "HTTPS", "3 bytes"],
  [1, [1, 2, 3], "A", "3 bytes"],
  [999, [], "TYPE999", "0 bytes"],
];

for (const [type, data, name, value] of values) {
  test(`answer of type ${name}: ${value}`, () => {
    const message = read(
      encode({ question: "a.example", type, answers: [{ name: "a.example", type, ttl: 300, data }] }),
    );
    assert.deepEqual(message.answers, [{ name: "a.example", type: name, ttlSeconds: 300, value }]);
    assert.equal(message.answersCut, false);
  });
}

test("header: response codes, truncation, EDNS with its extended code", () => {
  assert.equal(read(encode({ question: "a", flags: 0x8183 })).responseCode, "NXDOMAIN");
  assert.equal(read(encode({ question: "a", flags: 0x8182 })).responseCode, "SERVFAIL");
  assert.equal(read(encode({ question: "a", flags: 0x818f })).responseCode, "RCODE15");
  assert.equal(read(encode({ question: "a", flags: 0x8380 })).isTruncated, true);
  const edns = read(
    encode({ question: "a", flags: 0x8180, additional: [{ name: ".", type: 41, ttl: 0x0100_0000, data: [] }] }),
  );
  assert.deepEqual([edns.hasEdns, edns.responseCode], [true, "BADVERS"]);
});

test("a name is lower case without its dot; odd bytes are escaped; the root is a dot", () => {
  assert.equal(read(encode({ question: "ExAmple.COM" })).question, "example.com");
  assert.equal(read(encode({ question: "." })).question, ".");
  assert.equal(read(encode({ question: "a\u0007b\\c" })).question, "a\\x07b\\x5cc");
});

const refusals: readonly (readonly [string, Uint8Array, string])[] = [
  ["nothing", new Uint8Array(), "truncated"],
  ["header only", new Uint8Array(12), "malformed"],
  ["pointer to itself", Uint8Array.from([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12, 0, 1, 0, 1]), "malformed"],
  ["pointer forward", Uint8Array.from([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 14, 0, 0, 1, 0, 1]), "malformed"],
  ["reserved label kind", Uint8Array.from([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 1, 0, 1]), "malformed"],
  ["name over 255", encode({ question: Array.from({ length: 6 }, () => "x".repeat(60)).join(".") }), "malformed"],
  ["label past the end", Uint8Array.from([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 63, 1, 2]), "truncated"],
];

for (const [name, bytes, refusal] of refusals) {
  test(`refused: ${name}`, () => {
    const message = readDnsMessage(bytes);
    assert.ok(!message.ok);
    assert.equal(message.refusal, refusal);
  });
}

test("many answers are cut at the limit and said so", () => {
  const record = { name: "a.example", type: 1, ttl: 1, data: [1, 2, 3, 4] };
  const message = read(encode({ question: "a.example", answers: Array.from({ length: 40 }, () => record) }));
  assert.deepEqual([message.answers.length, message.answersCut], [dnsLimits.answersMax, true]);
});

const label = fc.string({
  unit: fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz0123456789-_".split("")),
  minLength: 1,
  maxLength: 20,
});
const domain = fc.array(label, { minLength: 1, maxLength: 8 }).map((labels) => labels.join("."));

test("round trip: what is encoded is read", () => {
  const answer = fc.record({
    name: domain,
    ttl: fc.nat(0x7fff_ffff),
    address: fc.uint8Array({ minLength: 4, maxLength: 4 }),
  });
  fc.assert(
    fc.property(domain, fc.nat(65_535), fc.array(answer, { minLength: 1, maxLength: 10 }), (question, id, answers) => {
      const message = read(
        encode({
          id,
          question,
          answers: answers.map(({ name, ttl, address }) => ({ name, type: 1, ttl, data: [...address] })),
        }),
      );
      assert.deepEqual(
        [message.id, message.question, message.questionType, message.isResponse],
        [id, question, "A", true],
      );
      assert.deepEqual(
        message.answers,
        answers.map(({ name, ttl, address }) => ({ name, type: "A", ttlSeconds: ttl, value: address.join(".") })),
      );
    }),
  );
});

test("any bytes, and any prefix or damage of a message: a message or a refusal, never a throw", () => {
  const whole = encode({
    question: "www.example.org",
    answers: [
      { name: "www.example.org", type: 5, ttl: 9, data: [0xc0, 16] },
      { name: "example.org", type: 1, ttl: 9, data: [1, 2, 3, 4] },
    ],
  });
  for (let length = 0; length <= whole.length; length++) {
    const message = readDnsMessage(whole.subarray(0, length));
    assert.ok(!message.ok || message.question === "www.example.org");
    if (message.ok && length < whole.length) assert.equal(message.answersCut, true);
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), fc.nat(whole.length - 1), fc.nat(255), (noise, at, byte) => {
      readDnsMessage(noise);
      const damaged = whole.slice();
      damaged[at] = byte;
      const message = readDnsMessage(damaged);
      if (message.ok) for (const { value } of message.answers) assert.ok(value.length <= 1200);
    }),
    { numRuns: 3000 },
  );
});

test("a real resolver's question is read, and it understands our encoder's answer", async () => {
  const server = createSocket("udp4");
  const seen: string[] = [];
  server.on("message", (packet, from) => {
    const message = read(packet);
    seen.push(`${message.question} ${message.questionType} ${String(message.isResponse)}`);
    const answer = encode({
      id: message.id,
      question: message.question,
      answers: [{ name: message.question, type: 1, ttl: 60, data: [192, 0, 2, 9] }],
    });
    server.send(answer, from.port, from.address);
  });
  server.bind(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const resolver = new Resolver();
    resolver.setServers([`127.0.0.1:${server.address().port}`]);
    assert.deepEqual(await resolver.resolve4("Shop.Example.org"), ["192.0.2.9"]);
    assert.ok(seen.includes("shop.example.org A false"), seen.join());
  } finally {
    server.close();
  }
});

function packet(payload: Uint8Array, timeMs: number, more: Partial<DnsPacketEvent> = {}): DnsPacketEvent {
  return {
    type: "dns",
    timeMs,
    process: { pid: 42, startMs: 1000 },
    comm: "curl",
    cgroupId: 3,
    payload,
    payloadCut: false,
    direction: "outbound",
    localAddress: "10.0.0.2",
    localPort: 40_000,
    remoteAddress: "10.0.0.53",
    remotePort: 53,
    ...more,
  };
}

const answerBytes = encode({
  question: "a.example",
  answers: [
    { name: "a.example", type: 1, ttl: 30, data: [1, 2, 3, 4] },
    { name: "a.example", type: 1, ttl: 20, data: [1, 2, 3, 5] },
  ],
});

test("an answer completes its question: latency, answers, the smallest TTL, the asking process", () => {
  const exchanges = createDnsExchanges();
  assert.equal(exchanges.observe(packet(encode({ question: "a.example" }), 1000)), undefined);
  const exchange = exchanges.observe(
    packet(answerBytes, 1002.5, { direction: "inbound", process: { pid: 0, startMs: 0 }, comm: "swapper" }),
  );
  assert.deepEqual(exchange, {
    timeMs: 1000,
    process: { pid: 42, startMs: 1000 },
    comm: "curl",
    cgroupId: 3,
    question: "a.example",
    questionType: "A",
    responseCode: "NOERROR",
    answers: ["1.2.3.4", "1.2.3.5"],
    ttlSeconds: 20,
    latencyUs: 2500,
    server: "10.0.0.53",
    serverPort: 53,
    clientAddress: "10.0.0.2",
    clientPort: 40_000,
  });
  assert.equal(exchanges.stats().open, 0);
});

test("latency is exact to the microsecond where the kernel stamped both packets", () => {
  const exchanges = createDnsExchanges();
  exchanges.observe(packet(encode({ question: "a.example" }), 1000, { sinceBootUs: 70_000_010 }));
  const exchange = exchanges.observe(packet(answerBytes, 1000, { direction: "inbound", sinceBootUs: 70_000_095 }));
  assert.equal(exchange?.latencyUs, 85);
});

test("a question without an answer is a timeout after five seconds, once; a repeated question is the same exchange", () => {
  const exchanges = createDnsExchanges();
  exchanges.observe(packet(encode({ question: "a.example" }), 1000));
  exchanges.observe(packet(encode({ question: "a.example" }), 3000));
  assert.deepEqual(exchanges.expire(5999), []);
  const [expired, ...rest] = exchanges.expire(6000);
  assert.deepEqual(
    [expired?.responseCode, expired?.question, expired?.timeMs, rest.length],
    ["timeout", "a.example", 1000, 0],
  );
  assert.deepEqual(exchanges.expire(9000), []);
});

test("an answer to nobody's question is reported without latency; the server's own side is passed over", () => {
  const exchanges = createDnsExchanges();
  const exchange = exchanges.observe(packet(answerBytes, 5, { direction: "inbound" }));
  assert.deepEqual([exchange?.latencyUs, exchange?.timeMs], [0, 5]);
  assert.equal(
    exchanges.observe(
      packet(encode({ question: "a.example" }), 6, { direction: "inbound", localPort: 53, remotePort: 40_000 }),
    ),
    undefined,
  );
  assert.equal(
    exchanges.observe(packet(answerBytes, 7, { direction: "outbound", localPort: 53, remotePort: 40_000 })),
    undefined,
  );
  assert.deepEqual([exchanges.stats().unasked, exchanges.stats().serverSide], [1, 2]);
});

test("another id, port or type is another exchange; at the cap the oldest leaves as a timeout and is counted", () => {
  const exchanges = createDnsExchanges({ openMax: 3 });
  exchanges.observe(packet(encode({ question: "a.example", id: 1 }), 1));
  exchanges.observe(packet(encode({ question: "a.example", id: 2 }), 2));
  exchanges.observe(packet(encode({ question: "a.example", id: 2, type: 28 }), 3));
  const pushedOut = exchanges.observe(packet(encode({ question: "a.example", id: 2 }), 4, { localPort: 1 }));
  assert.deepEqual(
    [pushedOut?.responseCode, pushedOut?.timeMs, exchanges.stats().pushedOut, exchanges.stats().open],
    ["timeout", 1, 1, 3],
  );
});

test("refused packets are counted by reason", () => {
  const exchanges = createDnsExchanges();
  exchanges.observe(packet(new Uint8Array(3), 1));
  exchanges.observe(packet(new Uint8Array(12), 1));
  assert.deepEqual([exchanges.stats().refused.truncated, exchanges.stats().refused.malformed], [1, 1]);
});
