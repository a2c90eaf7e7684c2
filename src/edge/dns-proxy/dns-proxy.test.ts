// The proxy with real sockets on loopback: what it passes on, what it refuses, and that the kernel comes before the client.
// Redirection itself (nftables, connection tracking) is in test/scenarios/policy-dns.test.ts; here a table says where a client meant to go.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import {
  addressRecord,
  aliasRecord,
  askByTcp,
  askByUdp,
  encodeDns,
  encodeName,
  encodeQuestion,
  openDnsServer,
  type ServerQuestion,
} from "../../../test/support/dns-server.ts";
import type { Fault } from "../../base/fault.ts";
import type { FillChange } from "../../core/policy/dns/name-book.ts";
import { createNamePolicy, type NameSettings } from "../../core/policy/dns/name-policy.ts";
import { readAnswer, type AnswerMessage } from "../../core/policy/dns/wire.ts";
import { createDnsProxy, type ProxyLookup } from "./dns-proxy.ts";
import type { DnsProxyLimits } from "./limits.ts";

const client = "127.0.0.1";
const settings: NameSettings = {
  ttlSecondsMin: 60,
  addressesPerNameMax: 50,
  namesPerClientMax: 500,
  privateAllowed: [],
};

interface RigOptions {
  readonly answer: (question: ServerQuestion) => readonly Uint8Array[] | Promise<readonly Uint8Array[]>;
  readonly settings?: Partial<NameSettings>;
  readonly limits?: Partial<DnsProxyLimits>;
  readonly program?: (change: FillChange) => void;
  /** Where clients meant to go; default: the server. */
  readonly original?: () => { address: string; port: number } | undefined;
  readonly upstreams?: readonly string[];
  readonly clients?: readonly string[];
}

/** A server, a proxy before it and a policy for one client: *.example.com. */
async function openRig(options: RigOptions) {
  const server = await openDnsServer("127.0.0.1", options.answer);
  const at = { address: "127.0.0.1", port: server.port };
  const policy = createNamePolicy();
  const steps: string[] = [];
  const elements = new Map<string, number>();
  const lookups: ProxyLookup[] = [];
  const troubles: Fault[] = [];
  policy.know(
    {
      sets: [{ set4: "gr_dom4_x", set6: "gr_dom6_x", names: ["*.example.com"], clients: ["pod/shop/web"] }],
      clients: [{ id: "pod/shop/web", addresses: options.clients ?? [client] }],
      clusterRanges: ["203.0.113.0/24"],
      upstreams: options.upstreams ?? [`127.0.0.1:${server.port}`],
      settings: { ...settings, ...options.settings },
    },
    0,
  );
  let id = 40_000;
  const proxy = createDnsProxy({
    port: 0,
    policy,
    originalOf: () => (options.original === undefined ? at : options.original()),
    program: (change) => {
      options.program?.(change);
      steps.push("program");
      for (const { set, elements: removed } of change.remove)
        for (const { key } of removed) elements.delete(`${set} ${key.map(String).join(" ")}`);
      for (const { set, elements: added } of change.add) {
        for (const { key, timeoutMs } of added) elements.set(`${set} ${key.map(String).join(" ")}`, timeoutMs ?? 0);
      }
    },
    monotonicMs: () => performance.now(),
    randomId: () => (id += 1),
    onLookup: (lookup) => {
      lookups.push(lookup);
      steps.push("told");
    },
    onTrouble: (fault) => troubles.push(fault),
    limits: { attemptMs: 300, tcpAttemptMs: 1000, ...options.limits },
  });
  await proxy.listen(["127.0.0.1"]);
  const to = { address: "127.0.0.1", port: proxy.port, waitMs: 5000 };
  return {
    server,
    proxy,
    policy,
    steps,
    elements,
    lookups,
    troubles,
    to,
    ask: async (name: string, type = 1, udpLength?: number): Promise<AnswerMessage> => {
      const bytes = await askByUdp(
        encodeQuestion(name, { type, ...(udpLength === undefined ? {} : { udpLength }) }),
        to,
      );
      assert.ok(bytes, `no answer for ${name}`);
      const answer = readAnswer(bytes);
      assert.ok(answer.ok);
      assert.equal(answer.id, 7, "the client's own id comes back");
      return answer;
    },
    [Symbol.asyncDispose]: async () => {
      await proxy.close();
      await server.close();
    },
  };
}

const echo = (question: ServerQuestion, more: Partial<Parameters<typeof encodeDns>[0]>) =>
  encodeDns({ id: question.id, question: question.name, type: question.type, ...more });

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

test("each question has a port and an id of its own upstream", async () => {
  await using rig = await openRig({
    answer: (question) => [echo(question, { answers: [addressRecord(question.name, "192.0.2.1")] })],
  });
  for (let round = 0; round < 20; round += 1) await rig.ask(`a${round}.example.com`);
  const ports = new Set(rig.server.asked.map(({ from }) => from.port));
  assert.ok(ports.size >= 19, `${ports.size} ports for 20 questions`);
  assert.equal(new Set(rig.server.asked.map(({ id }) => id)).size, 20);
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

test("no open resolver: an unknown client, and a client that asks us and not a server, hear nothing, by UDP and TCP", async () => {
  await using stranger = await openRig({ answer: () => [], clients: ["127.0.0.9"] });
  assert.equal(await askByUdp(encodeQuestion("a.example.com"), { ...stranger.to, waitMs: 300 }), undefined);
  assert.deepEqual(await askByTcp([encodeQuestion("a.example.com")], stranger.to), []);
  assert.equal(stranger.proxy.counters.dropped["unknown-client"], 2);

  await using direct = await openRig({ answer: () => [], original: () => undefined });
  assert.equal(await askByUdp(encodeQuestion("a.example.com"), { ...direct.to, waitMs: 300 }), undefined);
  assert.equal(direct.proxy.counters.dropped["not-redirected"], 1);
  assert.equal(direct.server.asked.length + stranger.server.asked.length, 0);
  let own = { address: "", port: 0 };
  await using self = await openRig({ answer: () => [], original: () => own });
  own = { address: self.to.address, port: self.to.port };
  assert.equal(await askByUdp(encodeQuestion("a.example.com"), { ...self.to, waitMs: 300 }), undefined);
  assert.equal(self.proxy.counters.dropped["not-redirected"], 1);
});

test("connection tracking that cannot be asked: no answer, and it is told", async () => {
  await using rig = await openRig({
    answer: () => [],
    original: () => {
      throw new Error("no buffer space");
    },
  });
  assert.equal(await askByUdp(encodeQuestion("a.example.com"), { ...rig.to, waitMs: 300 }), undefined);
  assert.equal(rig.proxy.counters.dropped["original-unreadable"], 1);
  assert.equal(rig.troubles[0]?.code, "dns-proxy/original-unreadable");
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
  await using rig = await openRig({ answer: () => [], limits: { inFlightPerClientMax: 3, attemptMs: 150 } });
  const silent = { ...rig.to, waitMs: 100 };
  const answers = await Promise.all(
    [1, 2, 3, 4, 5].map((id) => askByUdp(encodeQuestion("www.example.com", { id }), silent)),
  );
  assert.deepEqual(
    answers.filter((answer) => answer !== undefined),
    [],
  );
  assert.equal(rig.proxy.counters.dropped["too-many-of-client"], 2);
  assert.equal(rig.proxy.counters.inFlight, 3);
  const { createSocket } = await import("node:dgram");
  const socket = createSocket("udp4");
  const again = await openRig({ answer: () => [], limits: { attemptMs: 150 } });
  try {
    for (let round = 0; round < 3; round += 1)
      socket.send(encodeQuestion("www.example.com"), again.to.port, "127.0.0.1");
    while (again.proxy.counters.questions < 3) await new Promise((resolve) => setTimeout(resolve, 5));
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
    assert.equal((await rig.ask("good.example.com")).records.length, 1);
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
