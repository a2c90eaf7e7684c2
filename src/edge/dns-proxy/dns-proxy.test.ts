// The proxy with real sockets on loopback: what it passes on, and that the kernel comes before the client.
// Redirection itself (nftables, connection tracking) is in test/scenarios/policy-dns.test.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  addressRecord,
  aliasRecord,
  askByTcp,
  askByUdp,
  encodeName,
  encodeQuestion,
} from "../../../test/support/dns-server.ts";
import { readAnswer } from "../../core/policy/dns/wire.ts";
import { client, echo, openRig, until } from "./rig.fixture.ts";

test("an answer fills the client's set, with its time, before the client has it", async () => {
  await using rig = await openRig({
    answer: (question) => [
      echo(question, {
        answers: [aliasRecord(question.name, "edge.cdn.net", 100), addressRecord("edge.cdn.net", "192.0.2.7", 300)],
      }),
    ],
  });
  const answer = await rig.ask("www.Example.com");
  assert.deepEqual(answer.records.at(-1)?.value, "192.0.2.7");
  assert.deepEqual(rig.steps, ["program", "told"]);
  const life = rig.elements.get("gr_dom4_x 127.0.0.1 192.0.2.7");
  assert.ok(life !== undefined && life > 109_000 && life <= 110_000, `the least of the chain and the grace: ${life}`);
  assert.deepEqual(rig.policy.namesOf("pod/shop/web", "192.0.2.7"), ["www.example.com"]);
  const [lookup] = rig.lookups;
  assert.equal(lookup?.refusal, "");
  assert.equal(lookup?.server.port, rig.server.port);
  assert.notEqual(rig.server.asked[0]?.id, 7, "upstream sees an id of ours");
});

test("names without a rule pass and fill nothing, wherever they lead", async () => {
  await using rig = await openRig({
    answer: (question) => [echo(question, { answers: [addressRecord(question.name, "10.96.0.1")] })],
  });
  assert.equal((await rig.ask("db.shop.svc.cluster.local")).records[0]?.value, "10.96.0.1");
  assert.equal((await rig.ask("example.com")).records.length, 1);
  assert.deepEqual(rig.steps, ["told", "told"]);
  assert.equal(rig.elements.size, 0);
  assert.deepEqual(rig.policy.sharedBy("10.96.0.1", 0), ["db.shop.svc.cluster.local", "example.com"]);
});

test("each question has a port and an id of its own upstream", async () => {
  await using rig = await openRig({
    answer: (question) => [echo(question, { answers: [addressRecord(question.name, "192.0.2.1")] })],
  });
  for (let round = 0; round < 20; round += 1) await rig.ask(`a${round}.example.com`);
  const ports = new Set(rig.server.asked.map(({ from }) => from.port));
  assert.ok(ports.size >= 19, `${ports.size} ports for 20 questions`);
  // Both are drawn: of 20 two may be equal by chance.
  const ids = new Set(rig.server.asked.map(({ id }) => id));
  assert.ok(ids.size >= 19, `${ids.size} ids for 20 questions`);
});

test("a truncated answer is asked for by TCP; what still does not fit is cut for the client, who comes by TCP", async () => {
  const many = (name: string) => Array.from({ length: 40 }, (_, index) => addressRecord(name, `192.0.2.${index + 1}`));
  await using rig = await openRig({
    answer: (question) => [
      question.protocol === "udp"
        ? echo(question, { flags: 0x8380, answers: [addressRecord(question.name, "192.0.2.200")] })
        : echo(question, { answers: many(question.name) }),
    ],
  });
  const small = await rig.ask("www.example.com");
  assert.deepEqual([small.isTruncated, small.records.length], [true, 0]);
  const large = await rig.ask("www.example.com", 1, 1232);
  assert.deepEqual([large.isTruncated, large.records.length], [false, 40]);
  assert.ok(!rig.elements.has("gr_dom4_x 127.0.0.1 192.0.2.200"), "parts of an answer are not believed");
  const [bytes] = await askByTcp([encodeQuestion("www.example.com")], rig.to);
  const byTcp = readAnswer(bytes ?? Buffer.alloc(0));
  assert.ok(byTcp.ok);
  assert.equal(byTcp.records.length, 40);
});

test("rotating answers: the oldest addresses leave the kernel when the name's limit is reached, counted", async () => {
  let round = 0;
  await using rig = await openRig({
    settings: { addressesPerNameMax: 4 },
    answer: (question) => [
      echo(question, {
        answers: [0, 1].map((offset) => addressRecord(question.name, `192.0.2.${(round += 1) + offset * 100}`)),
      }),
    ],
  });
  for (let index = 0; index < 5; index += 1) await rig.ask("www.example.com");
  assert.equal(rig.elements.size, 4);
  assert.equal(rig.policy.stats.addressesEvicted, 6);
});

test("connection tracking that cannot be asked: no answer, and it is told", async () => {
  await using rig = await openRig({
    answer: () => [],
    original: () => {
      throw new Error("no buffer space");
    },
  });
  assert.equal(await askByUdp(encodeQuestion("a.example.com"), { ...rig.to, waitMs: 300 }), undefined);
  await until(() => rig.proxy.counters.dropped["original-unreadable"] > 0);
  assert.equal(rig.proxy.counters.dropped["original-unreadable"], 1);
  assert.equal(rig.troubles[0]?.code, "dns-proxy/original-unreadable");
});

test("a silent server is asked twice, then the client is told; a dead one at once", async () => {
  await using rig = await openRig({ answer: () => [], limits: { attemptMs: 100 } });
  assert.equal((await rig.ask("www.example.com")).responseCode, 2);
  assert.deepEqual(
    [rig.server.asked.length, rig.proxy.counters.resent, rig.proxy.counters.refused["upstream-timeout"]],
    [2, 1, 1],
  );
  const port = rig.server.port;
  await rig.server.close();
  await using dead = await openRig({
    answer: () => [],
    original: () => ({ address: "127.0.0.1", port }),
    upstreams: [`127.0.0.1:${port}`],
  });
  assert.equal((await dead.ask("www.example.com")).responseCode, 2);
  assert.equal(dead.proxy.counters.refused["upstream-unreachable"], 1);
});

test("a kernel that does not take the addresses: the answer is not released", async () => {
  await using rig = await openRig({
    answer: (question) => [echo(question, { answers: [addressRecord(question.name, "192.0.2.1")] })],
    program: () => {
      throw new Error("no such set");
    },
  });
  const answer = await rig.ask("www.example.com");
  assert.deepEqual([answer.responseCode, answer.records.length], [2, 0]);
  assert.deepEqual([rig.proxy.counters.refused["program-failed"], rig.proxy.counters.released], [1, 0]);
});

test("questions that wait are limited per client and in all, and a repeated one is asked once", async () => {
  await using rig = await openRig({ answer: () => [], limits: { inFlightPerClientMax: 3, attemptMs: 600_000 } });
  const silent = { ...rig.to, waitMs: 100 };
  const answers = await Promise.all(
    [1, 2, 3, 4, 5].map((id) => askByUdp(encodeQuestion("www.example.com", { id }), silent)),
  );
  assert.deepEqual(
    answers.filter((answer) => answer !== undefined),
    [],
  );
  await until(() => rig.proxy.counters.dropped["too-many-of-client"] >= 2);
  assert.equal(rig.proxy.counters.dropped["too-many-of-client"], 2);
  assert.equal(rig.proxy.counters.inFlight, 3);
  const { createSocket } = await import("node:dgram");
  const socket = createSocket("udp4");
  const again = await openRig({ answer: () => [], limits: { attemptMs: 600_000 } });
  try {
    for (let round = 0; round < 3; round += 1)
      socket.send(encodeQuestion("www.example.com"), again.to.port, "127.0.0.1");
    await until(() => again.proxy.counters.questions >= 3);
    assert.deepEqual([again.proxy.counters.dropped.repeated, again.proxy.counters.inFlight], [2, 1]);
  } finally {
    socket.close();
    await again[Symbol.asyncDispose]();
  }
});

test("several questions on one connection; one that is none ends it", async () => {
  await using rig = await openRig({
    answer: (question) => [echo(question, { answers: [addressRecord(question.name, "192.0.2.1")] })],
  });
  const questions = [1, 2, 3].map((id) => encodeQuestion(`a${id}.example.com`, { id }));
  const answers = await askByTcp(questions, rig.to);
  assert.deepEqual(
    answers.map((bytes) => bytes.readUInt16BE(0)).toSorted((a, b) => a - b),
    [1, 2, 3],
  );
  assert.deepEqual(await askByTcp([Buffer.alloc(5)], rig.to), []);
  assert.deepEqual(await askByTcp([Buffer.alloc(5000)], rig.to), []);
  assert.equal(rig.proxy.counters.dropped.malformed, 2);
});

test("IPv6 addresses go into the other set; EDNS comes through", async () => {
  const data = [0x20, 1, 0xd, 0xb8, ...Array.from({ length: 11 }, () => 0), 1];
  await using rig = await openRig({
    clients: [client, "2001:db8:1::5"],
    answer: (question) => [echo(question, { answers: [{ name: question.name, type: 28, ttl: 5, data }] })],
  });
  await rig.ask("www.example.com", 28, 1232);
  assert.deepEqual([...rig.elements.keys()], ["gr_dom6_x 2001:db8:1::5 2001:db8::1"]);
  const seen = rig.server.asked[0]?.bytes ?? Buffer.alloc(0);
  assert.equal(seen.readUInt16BE(10), 1, "the OPT record was passed on");
});

test("a door that cannot be opened is told, the others work; doors follow the addresses", async () => {
  await using rig = await openRig({
    answer: (question) => [echo(question, { answers: [addressRecord(question.name, "192.0.2.1")] })],
  });
  await assert.rejects(rig.proxy.listen(["127.0.0.1", "192.0.2.77"]), { code: "dns-proxy/no-door" });
  assert.deepEqual(rig.proxy.addresses, ["127.0.0.1"]);
  await rig.proxy.listen(["127.0.0.1", "127.0.0.2"]);
  assert.deepEqual(rig.proxy.addresses, ["127.0.0.1", "127.0.0.2"]);
  await rig.proxy.listen(["127.0.0.2"]);
  assert.deepEqual(rig.proxy.addresses, ["127.0.0.2"]);
  assert.ok(await askByUdp(encodeQuestion("www.example.com"), { ...rig.to, address: "127.0.0.2" }));
  assert.deepEqual(encodeName("."), [0]);
});

test("over IPv6: client, door and server, by UDP and TCP", async () => {
  const data = [0x20, 1, 0xd, 0xb8, ...Array.from({ length: 11 }, () => 0), 9];
  await using rig = await openRig({
    address: "::1",
    answer: (question) => [echo(question, { answers: [{ name: question.name, type: 28, ttl: 5, data }] })],
  });
  assert.equal((await rig.ask("www.example.com", 28)).records[0]?.value, "2001:db8::9");
  const [bytes] = await askByTcp([encodeQuestion("www.example.com", { type: 28 })], rig.to);
  assert.ok(bytes !== undefined && (bytes[3] ?? 0) % 16 === 0);
  assert.deepEqual([...rig.elements.keys()], ["gr_dom6_x ::1 2001:db8::9"]);
});
