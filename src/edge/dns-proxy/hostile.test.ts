// The proxy against servers and clients that mean harm: spoofed and foreign answers, rebinding, floods of addresses, open-resolver attempts, garbage.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import {
  addressRecord,
  aliasRecord,
  askByTcp,
  askByUdp,
  encodeDns,
  encodeQuestion,
} from "../../../test/support/dns-server.ts";
import { readAnswer } from "../../core/policy/dns/wire.ts";
import { echo, openRig, until } from "./rig.fixture.ts";

const rebindings = [
  ["cluster", "203.0.113.9"],
  ["metadata", "169.254.169.254"],
  ["private", "10.0.0.5"],
  ["loopback", "127.0.0.53"],
  ["no-host", "0.0.0.0"],
] as const;
for (const [because, address] of rebindings) {
  test(`a name with a rule may not lead to ${address} (${because}), not even beside a good address`, async () => {
    await using rig = await openRig({
      answer: (question) => [
        echo(question, { answers: [addressRecord(question.name, "192.0.2.1"), addressRecord(question.name, address)] }),
      ],
    });
    const answer = await rig.ask("www.example.com");
    assert.deepEqual([answer.responseCode, answer.records.length, rig.elements.size], [5, 0, 0]);
    assert.equal(rig.proxy.counters.refused.rebinding, 1);
    assert.match(rig.lookups[0]?.detail ?? "", new RegExp(`leads to ${address} \\(${because}\\)`));
  });
}

test("a foreign name in the answer: refused, nothing of it in any set", async () => {
  await using rig = await openRig({
    answer: (question) => [
      echo(question, {
        answers: [addressRecord(question.name, "192.0.2.1"), addressRecord("bank.example.org", "192.0.2.66")],
      }),
    ],
  });
  assert.equal((await rig.ask("www.example.com")).responseCode, 2);
  assert.equal(rig.elements.size, 0);
  assert.equal(rig.proxy.counters.refused["foreign-name"], 1);
});

test("spoofed answers: wrong id, wrong question, a question instead of an answer are passed over, the true one is taken", async () => {
  await using rig = await openRig({
    answer: (question) => [
      echo(question, { id: question.id ^ 1, answers: [addressRecord(question.name, "192.0.2.66")] }),
      echo(question, { question: "other.example.com", answers: [addressRecord("other.example.com", "192.0.2.66")] }),
      echo(question, { type: 28 }),
      encodeQuestion(question.name, { id: question.id }),
      Buffer.from([1, 2, 3]),
      echo(question, { answers: [addressRecord(question.name, "192.0.2.1")] }),
    ],
  });
  assert.equal((await rig.ask("www.example.com")).records[0]?.value, "192.0.2.1");
  assert.deepEqual([...rig.elements.keys()], ["gr_dom4_x 127.0.0.1 192.0.2.1"]);
  assert.deepEqual(rig.proxy.counters.ignored, {
    "wrong-id": 1,
    "wrong-question": 2,
    "not-a-response": 1,
    unreadable: 1,
  });
});

test("an answer from another port of the server is dropped by the kernel", async () => {
  const { createSocket } = await import("node:dgram");
  const forger = createSocket("udp4");
  await using rig = await openRig({
    answer: (question) => {
      forger.send(
        echo(question, { answers: [addressRecord(question.name, "192.0.2.66")] }),
        question.from.port,
        "127.0.0.1",
      );
      return new Promise((resolve) =>
        setTimeout(() => resolve([echo(question, { answers: [addressRecord(question.name, "192.0.2.1")] })]), 50),
      );
    },
  });
  try {
    assert.equal((await rig.ask("www.example.com")).records[0]?.value, "192.0.2.1");
    assert.deepEqual([...rig.elements.keys()], ["gr_dom4_x 127.0.0.1 192.0.2.1"]);
  } finally {
    forger.close();
  }
});

test("many guesses: the question goes on by TCP, which cannot be guessed into", async () => {
  await using rig = await openRig({
    answer: (question) =>
      question.protocol === "tcp"
        ? [echo(question, { answers: [addressRecord(question.name, "192.0.2.1")] })]
        : Array.from({ length: 20 }, (_, index) =>
            echo(question, {
              id: (question.id + 1 + index) & 0xffff,
              answers: [addressRecord(question.name, "192.0.2.66")],
            }),
          ),
  });
  assert.equal((await rig.ask("www.example.com")).records[0]?.value, "192.0.2.1");
  assert.equal(rig.proxy.counters.askedByTcp, 1);
});

test("10,000 addresses: the limit's worth goes into the kernel, and no more to the client", async () => {
  await using rig = await openRig({
    settings: { addressesPerNameMax: 50 },
    answer: (question) => {
      if (question.protocol === "udp") return [echo(question, { flags: 0x8380 })];
      const first = question.name === "huge.example.com" ? 10_000 : 3000;
      const answers = Array.from({ length: first }, (_, index) =>
        addressRecord(question.name, `198.51.${100 + (index >> 8)}.${index & 255}`),
      );
      const message = echo(question, { answers });
      return [message.subarray(0, 65_535)];
    },
  });
  const answer = await rig.ask("www.example.com", 1, 4096);
  assert.deepEqual([answer.records.length, rig.elements.size], [50, 50]);
  for (const { value } of answer.records) assert.ok(rig.elements.has(`gr_dom4_x 127.0.0.1 ${value}`), value);
  assert.equal(rig.proxy.counters.addressesCut, 2950);
  // Ten thousand do not fit into a DNS message: it is cut in the middle, and refused as a whole.
  assert.equal((await rig.ask("huge.example.com", 1, 4096)).responseCode, 2);
  assert.equal(rig.elements.size, 50);
});

test("no open resolver: an unknown client, and a client that asks us and not a server, hear nothing, by UDP and TCP", async () => {
  await using stranger = await openRig({ answer: () => [], clients: ["127.0.0.9"] });
  assert.equal(await askByUdp(encodeQuestion("a.example.com"), { ...stranger.to, waitMs: 300 }), undefined);
  assert.deepEqual(await askByTcp([encodeQuestion("a.example.com")], stranger.to), []);
  await until(() => stranger.proxy.counters.dropped["unknown-client"] >= 2);
  assert.equal(stranger.proxy.counters.dropped["unknown-client"], 2);

  await using direct = await openRig({ answer: () => [], original: () => undefined });
  assert.equal(await askByUdp(encodeQuestion("a.example.com"), { ...direct.to, waitMs: 300 }), undefined);
  await until(() => direct.proxy.counters.dropped["not-redirected"] >= 1);
  assert.equal(direct.proxy.counters.dropped["not-redirected"], 1);
  assert.equal(direct.server.asked.length + stranger.server.asked.length, 0);
  let own = { address: "", port: 0 };
  await using self = await openRig({ answer: () => [], original: () => own });
  own = { address: self.to.address, port: self.to.port };
  assert.equal(await askByUdp(encodeQuestion("a.example.com"), { ...self.to, waitMs: 300 }), undefined);
  await until(() => self.proxy.counters.dropped["not-redirected"] >= 1);
  assert.equal(self.proxy.counters.dropped["not-redirected"], 1);
});

test("only listed servers are asked", async () => {
  await using rig = await openRig({ answer: () => [], upstreams: ["127.0.0.1:1", "nonsense"] });
  assert.equal((await rig.ask("www.example.com")).responseCode, 5);
  assert.deepEqual([rig.server.asked.length, rig.proxy.counters.refused["unlisted-upstream"]], [0, 1]);
});

test("zone transfers and other operations are not passed on", async () => {
  await using rig = await openRig({ answer: () => [] });
  assert.equal((await rig.ask("example.com", 252)).responseCode, 4);
  const notify = encodeQuestion("www.example.com");
  notify[2] = 0x21;
  const answer = readAnswer((await askByUdp(notify, rig.to)) ?? Buffer.alloc(0));
  assert.ok(answer.ok && answer.responseCode === 4);
  assert.equal(rig.server.asked.length, 0);
});

test("garbage from clients and servers: never a throw, the next question is answered", async () => {
  let garbage: Uint8Array = new Uint8Array();
  await using rig = await openRig({
    answer: (question) =>
      question.name === "good.example.com"
        ? [echo(question, { answers: [addressRecord(question.name, "192.0.2.1")] })]
        : [Buffer.from([question.id >> 8, question.id & 255, 0x81, 0x80, ...garbage])],
    limits: { attemptMs: 40, tcpAttemptMs: 40 },
  });
  const { createSocket } = await import("node:dgram");
  const socket = createSocket("udp4");
  try {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 300 }), async (asked, said) => {
        garbage = said;
        socket.send(asked, rig.to.port, "127.0.0.1");
        await rig.ask("bad.example.com");
      }),
      { numRuns: 60 },
    );
    // So little time is given to servers that a slow machine may be late with the good answer, too.
    let good = await rig.ask("good.example.com");
    for (let round = 0; round < 200 && good.records.length === 0; round += 1) good = await rig.ask("good.example.com");
    assert.equal(good.records.length, 1);
  } finally {
    socket.close();
  }
});

test("an alias chain in a circle, two aliases of a name, another class: refused", async () => {
  const answers: Record<string, Parameters<typeof encodeDns>[0]["answers"]> = {
    "circle.example.com": [aliasRecord("circle.example.com", "b.net"), aliasRecord("b.net", "circle.example.com")],
    "two.example.com": [
      aliasRecord("two.example.com", "b.net"),
      aliasRecord("two.example.com", "c.net"),
      addressRecord("c.net", "192.0.2.1"),
    ],
    "class.example.com": [{ ...addressRecord("class.example.com", "192.0.2.1"), class: 3 }],
    "both.example.com": [aliasRecord("both.example.com", "b.net"), addressRecord("both.example.com", "192.0.2.1")],
    "short.example.com": [{ name: "short.example.com", type: 1, ttl: 1, data: [1, 2, 3] }],
  };
  await using rig = await openRig({
    answer: (question) => [echo(question, { answers: answers[question.name] ?? [] })],
  });
  for (const name of Object.keys(answers)) assert.equal((await rig.ask(name)).responseCode, 2, name);
  assert.equal(rig.elements.size, 0);
  const { refused } = rig.proxy.counters;
  assert.deepEqual([refused["broken-chain"], refused["foreign-class"], refused["answer-malformed"]], [3, 1, 1]);
});
