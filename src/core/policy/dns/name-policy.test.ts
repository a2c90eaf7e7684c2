// Judgements about answers without a network: which sets a look-up fills, how long, what is guarded, what is adopted; and that no bytes throw.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { createGuardedRanges } from "./guarded-ranges.ts";
import { createNamePolicy, upstreamKey, type NameKnowledge } from "./name-policy.ts";
import {
  readAnswer,
  readQuestion,
  writeReply,
  type AnswerMessage,
  type AnswerRecord,
  type DnsQuestion,
} from "./wire.ts";

const knowledge: NameKnowledge = {
  sets: [
    { set4: "api4", set6: "api6", names: ["api.example.com"], clients: ["web", "db"] },
    { set4: "any4", set6: "any6", names: ["*.example.com", "*.*.bad"], clients: ["web"] },
  ],
  clients: [
    { id: "web", addresses: ["10.0.0.1", "FD00::1"] },
    { id: "db", addresses: ["10.0.0.2"] },
  ],
  clusterRanges: ["198.51.100.0/24", "203.0.113.7"],
  upstreams: ["10.96.0.10", "[fd00::53]:5353", "192.0.2.53:54", "not an address"],
  settings: {
    ttlSecondsMin: 60,
    addressesPerNameMax: 2,
    namesPerClientMax: 10,
    privateAllowed: ["10.20.0.0/16", "169.254.169.254", "169.254.0.0/16"],
  },
};

function question(name: string, type = 1): DnsQuestion {
  return {
    ok: true,
    id: 1,
    opcode: 0,
    recursionDesired: true,
    name,
    type,
    class: 1,
    end: 12,
    udpLengthMax: 512,
    hasEdns: false,
  };
}

function answer(
  name: string,
  records: readonly Partial<AnswerRecord>[],
  more: Partial<AnswerMessage> = {},
): AnswerMessage {
  const all = records.map((record) => ({ name, type: 1, class: 1, ttlSeconds: 300, value: "", ...record }));
  return { ok: true, id: 1, isTruncated: false, responseCode: 0, name, type: 1, class: 1, records: all, ...more };
}

function known() {
  const policy = createNamePolicy();
  assert.deepEqual(policy.know(knowledge, 0), { add: [], remove: [] });
  const judge = (client: string, name: string, records: readonly Partial<AnswerRecord>[], nowMs = 0) => {
    const asker = policy.clientOf(client);
    assert.ok(asker);
    return policy.judge(
      { client: asker, question: question(name), bytes: new Uint8Array(12) },
      answer(name, records),
      nowMs,
    );
  };
  const filled = (judged: ReturnType<typeof judge>) =>
    judged.do === "program"
      ? judged.change.add.flatMap(({ set, elements }) =>
          elements.map(({ key, timeoutMs }) => `${set} ${key.map(String).join(" ")} ${timeoutMs}`),
        )
      : judged.do;
  return { policy, judge, filled };
}

test("a look-up fills the sets of this client whose names have the asked name, and no other", () => {
  const { judge, filled } = known();
  const to = [{ value: "192.0.2.1" }];
  assert.deepEqual(filled(judge("10.0.0.1", "api.example.com", to)), [
    "api4 10.0.0.1 192.0.2.1 310000",
    "any4 10.0.0.1 192.0.2.1 310000",
  ]);
  assert.deepEqual(filled(judge("10.0.0.2", "api.example.com", to)), ["api4 10.0.0.2 192.0.2.1 310000"]);
  assert.equal(filled(judge("10.0.0.2", "www.example.com", to)), "release");
  // The name that was asked counts: whoever owns another name cannot lend an allowed one by an alias.
  const alias = [
    { type: 5, value: "api.example.com" },
    { name: "api.example.com", value: "192.0.2.6" },
  ];
  assert.equal(filled(judge("10.0.0.2", "evil.example.org", alias)), "release");
});

test("times: the least of the chain, at least the floor, at most a week; ends are told before they come", () => {
  const { policy, judge, filled } = known();
  const chain = (alias: number, address: number) => [
    { type: 5, value: "cdn.net", ttlSeconds: alias },
    { name: "cdn.net", value: "192.0.2.1", ttlSeconds: address },
  ];
  assert.deepEqual(filled(judge("10.0.0.2", "api.example.com", chain(5, 400))), ["api4 10.0.0.2 192.0.2.1 70000"]);
  assert.deepEqual(policy.due(50_000, 10_000), []);
  assert.deepEqual(
    policy.due(61_000, 10_000).map(({ address }) => address),
    ["192.0.2.1"],
  );
  assert.deepEqual(filled(judge("10.0.0.1", "api.example.com", chain(0x7fff_ffff, 0x7fff_ffff))).length, 2);
  assert.equal(policy.due(604_799_000, 12_000).length, 2);
  policy.expire(604_811_000);
  assert.deepEqual([policy.stats.pairs, policy.stats.names], [0, 0]);
});

test("more addresses than the limit: the first go into the kernel, and only they to the client", () => {
  const { judge } = known();
  const judged = judge(
    "10.0.0.2",
    "api.example.com",
    [1, 2, 3, 4].map((last) => ({ value: `192.0.2.${last}` })),
  );
  assert.ok(judged.do === "program");
  assert.equal(judged.addressesCut, 2);
  assert.deepEqual([...(judged.bytes ?? [])].slice(-4), [192, 0, 2, 2]);
});

test("errors and empty answers pass and fill nothing; a broken one for a name with a rule does not pass", () => {
  const { policy, judge, filled } = known();
  assert.equal(filled(judge("10.0.0.2", "api.example.com", [])), "release");
  const client = policy.clientOf("10.0.0.2");
  assert.ok(client);
  const asked = { client, question: question("api.example.com"), bytes: new Uint8Array(12) };
  const records = [{ name: "api.example.com", type: 1, class: 1, ttlSeconds: 1, value: "192.0.2.1" }];
  assert.equal(policy.judge(asked, answer("api.example.com", records, { responseCode: 3 }), 0).do, "release");
  const foreign = judge("10.0.0.2", "api.example.com", [{ value: "192.0.2.1" }, { name: "x.org", value: "192.0.2.2" }]);
  assert.deepEqual(foreign.do === "refuse" && foreign.refusal, "foreign-name");
  // The redirection of a subtree comes with the alias that it makes.
  const subtree = [
    { name: "example.com", type: 39, value: "example.net" },
    { type: 5, value: "api.example.net" },
    { name: "api.example.net", value: "192.0.2.1" },
  ];
  assert.equal(judge("10.0.0.2", "api.example.com", subtree).do, "program");
  const mail = { client, question: question("api.example.com", 15), bytes: new Uint8Array(12) };
  assert.equal(policy.judge(mail, answer("api.example.com", records, { type: 15 }), 0).do, "release");
});

const guarded: readonly (readonly [string, string | undefined])[] = [
  ["192.0.2.1", undefined],
  ["8.8.8.8", undefined],
  ["2001:db8::1", undefined],
  ["198.51.100.3", "cluster"],
  ["203.0.113.7", "cluster"],
  ["203.0.113.8", undefined],
  ["10.1.2.3", "private"],
  ["10.20.1.1", undefined],
  ["172.31.255.255", "private"],
  ["172.32.0.1", undefined],
  ["192.168.7.7", "private"],
  ["100.64.0.1", "private"],
  ["127.0.0.53", "loopback"],
  ["::1", "loopback"],
  ["169.254.1.1", undefined],
  ["169.254.169.254", undefined],
  ["169.254.170.2", "metadata"],
  ["100.100.100.200", "metadata"],
  ["168.63.129.16", "metadata"],
  ["fd00:ec2::254", "metadata"],
  ["fd12::1", "private"],
  ["fe80::1", "link-local"],
  ["0.0.0.0", "no-host"],
  ["255.255.255.255", "no-host"],
  ["224.0.0.1", "no-host"],
  ["ff02::1", "no-host"],
  ["::", "no-host"],
  ["::ffff:192.0.2.1", "embedded"],
  ["64:ff9b::a00:1", "embedded"],
  ["2002:a00:1::1", "embedded"],
  ["nonsense", "no-host"],
];

test("where no answer may lead, and what settings lift", () => {
  const ranges = createGuardedRanges({ cluster: knowledge.clusterRanges, allowed: knowledge.settings.privateAllowed });
  for (const [address, because] of guarded) assert.equal(ranges.because(address), because, address);
  const wide = createGuardedRanges({ cluster: [], allowed: ["0.0.0.0/0", "::/0"] });
  assert.equal(wide.because("169.254.169.254"), "metadata", "a wide prefix does not hand out credentials");
  assert.equal(wide.because("0.0.0.0"), "no-host");
  assert.equal(wide.because("10.0.0.1"), undefined);
});

test("clients and servers by canonical address", () => {
  const { policy } = known();
  assert.equal(policy.clientOf("fd00::1")?.id, "web");
  assert.equal(policy.clientOf("10.0.0.9"), undefined);
  const servers: readonly (readonly [string, number, boolean])[] = [
    ["10.96.0.10", 53, true],
    ["10.96.0.10", 54, false],
    ["fd00::53", 5353, true],
    ["192.0.2.53", 54, true],
    ["192.0.2.53", 53, false],
  ];
  for (const [address, port, expected] of servers)
    assert.equal(policy.isUpstream(address, port), expected, `${address} ${port}`);
  for (const text of ["", "a", "1.2.3.4:0", "1.2.3.4:70000", "[::1]:x", "1.2.3.4:5:6"])
    assert.equal(upstreamKey(text), undefined, text);
  assert.equal(upstreamKey("FD00::53"), "fd00::53 53");
});

test("elements of an earlier run are kept, have no names, and leave with their set", () => {
  const { policy } = known();
  policy.adopt({ set: "api4", client: "10.0.0.2", address: "192.0.2.1", leftMs: 5000 }, 0);
  policy.adopt({ set: "other4", client: "10.0.0.2", address: "192.0.2.2", leftMs: 5000 }, 0);
  policy.adopt({ set: "any4", client: "10.0.0.2", address: "192.0.2.3", leftMs: 5000 }, 0);
  assert.deepEqual(
    policy.due(0, 10_000).map(({ address }) => address),
    ["192.0.2.1"],
  );
  assert.deepEqual(policy.namesOf("db", "192.0.2.1"), []);
  assert.deepEqual(policy.know(knowledge, 10), { add: [], remove: [] });
  const [set] = policy.keep(policy.due(10, 10_000), 10);
  assert.deepEqual(set, { set: "api4", elements: [{ key: ["10.0.0.2", "192.0.2.1"], timeoutMs: 70_000 }] });
  const change = policy.know({ ...knowledge, sets: knowledge.sets.slice(1) }, 20);
  assert.equal(change.remove.length, 1);
  assert.equal(policy.stats.pairs, 0);
});

test("any bytes as question and answer: a message or a refusal, never a throw; our replies are read back", () => {
  const header = fc
    .tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255))
    .map((bytes) => [...bytes, 0, 1, 0, 2, 0, 0, 0, 1]);
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc
      .tuple(header, fc.uint8Array({ maxLength: 200 }))
      .map(([head, rest]) => Uint8Array.from([...head, 1, 97, 0, 0, 1, 0, 1, ...rest])),
    fc
      .uint8Array({ maxLength: 60 })
      .map((rest) => Uint8Array.from([0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, 97, 98, 99, 0, 0, 1, 0, 1, ...rest])),
  );
  fc.assert(
    fc.property(bytes, (given) => {
      const said = readAnswer(given);
      if (said.ok)
        createNamePolicy().judge(
          { client: { id: "x", addresses: [] }, question: question(said.name), bytes: given },
          said,
          0,
        );
      const asked = readQuestion(given);
      if (!asked.ok) return;
      assert.ok(asked.end <= given.length);
      const reply = readAnswer(writeReply(given, asked, { code: 2, extendedError: 22 }));
      assert.ok(reply.ok);
      assert.deepEqual([reply.id, reply.name, reply.type, reply.responseCode], [asked.id, asked.name, asked.type, 2]);
    }),
    { numRuns: 3000 },
  );
});
