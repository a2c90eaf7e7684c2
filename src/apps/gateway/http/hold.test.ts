// Bodies that wait: never more than the book allows, small ones are not kept out by large ones, and whoever holds most makes room.
import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { test } from "node:test";
import * as fc from "fast-check";
import { createHold, createHoldBook, createLook, type Hold } from "./hold.ts";
import { dial, startRig } from "./side.fixture.ts";

interface Named {
  readonly name: string;
  readonly hold: Hold;
}

function world(bytesMax: number) {
  const book = createHoldBook(bytesMax);
  const gone: string[] = [];
  const connections = new Map<string, object>();
  /** "a1x": address a, connection a1, message x. */
  const open = (name: string): Named => {
    const connection = connections.get(name.slice(0, 2)) ?? {};
    connections.set(name.slice(0, 2), connection);
    const hold = createHold(book, 100, { address: name.slice(0, 1), connection });
    hold.onEvict = () => {
      gone.push(name);
    };
    return { name, hold };
  };
  return { book, gone, open };
}

const add = ({ hold }: Named, bytes: number): boolean => hold.add(Buffer.alloc(bytes)) === "";

test("who makes room: the address, the connection, the message that holds most; never a smaller one", () => {
  const cases: readonly (readonly [held: readonly (readonly [string, number])[], mine: string, expected: string])[] = [
    [
      [
        ["a1x", 100],
        ["b1x", 100],
      ],
      "c1x",
      "a1x",
    ],
    [
      [
        ["a1x", 60],
        ["a2x", 60],
        ["b1x", 80],
      ],
      "c1x",
      "a1x",
    ],
    [
      [
        ["a1x", 50],
        ["a2x", 70],
        ["b1x", 80],
      ],
      "c1x",
      "a2x",
    ],
    [
      [
        ["a1x", 90],
        ["a2x", 60],
        ["a2y", 50],
      ],
      "a3x",
      "a2x",
    ],
    [
      [
        ["a1x", 40],
        ["a1y", 90],
        ["a1z", 70],
      ],
      "a1m",
      "a1y",
    ],
    [
      [
        ["a1x", 95],
        ["b1x", 5],
        ["b2x", 100],
      ],
      "b2y",
      "b2x",
    ],
  ];
  for (const [held, mine, expected] of cases) {
    const { open, gone, book } = world(200);
    for (const [name, bytes] of held) assert.ok(add(open(name), bytes), name);
    assert.ok(add(open(mine), 10), mine);
    assert.deepEqual(gone, [expected], JSON.stringify(held));
    assert.ok(book.bytes <= 200);
  }
});

test("what only waits to be sent again goes first; equals do not push each other out", () => {
  const { open, gone, book } = world(100);
  const spare = open("a1x");
  assert.ok(add(spare, 60));
  spare.hold.spare();
  const other = open("b1x");
  assert.ok(add(other, 50));
  assert.equal(spare.hold.bytes, 0);
  assert.ok(add(open("c1x"), 50));
  assert.ok(!add(open("d1x"), 50), "it would hold as much as they");
  assert.deepEqual([gone, book.bytes, book.evicted], [[], 100, 0]);
  other.hold.drop();
  assert.equal(book.bytes, 50);
});

test("the book is the sum of what is held and never over its limit, whatever comes", () => {
  const step = fc.record({
    who: fc.constantFrom("a1x", "a1y", "a2x", "b1x", "b2x", "c1x"),
    bytes: fc.nat(60),
    what: fc.constantFrom("add", "add", "add", "drop", "spare"),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const { open, book } = world(150);
      const all = new Map<string, Named>();
      for (const { who, bytes, what } of steps) {
        const one = all.get(who) ?? open(who);
        all.set(who, one);
        if (what === "add") add(one, bytes);
        else one.hold[what]();
        const sum = [...all.values()].reduce((total, { hold }) => total + hold.bytes, 0);
        assert.equal(book.bytes, sum);
        assert.ok(sum <= 150);
        for (const { hold } of all.values())
          assert.equal(
            hold.bytes,
            hold.chunks.reduce((total, chunk) => total + chunk.length, 0),
          );
      }
    }),
  );
});

test("bodies that pass on are bounded in sum, and each counts for what is kept of it at most", () => {
  const book = { bytes: 0, bytesMax: 100 };
  const [one, two] = [createLook(book, 60), createLook(book, 60)];
  assert.ok(one.take(1000));
  assert.ok(one.take(1000));
  assert.equal(book.bytes, 60);
  assert.ok(two.take(40));
  assert.ok(!two.take(1));
  one.drop();
  assert.ok(two.take(1));
  two.drop();
  assert.equal(book.bytes, 0);
});

async function post(port: number, bytes: number): Promise<number | undefined> {
  const request = httpRequest({ port, method: "POST", headers: { "content-length": bytes }, agent: false });
  request.end(Buffer.alloc(bytes, "a"));
  const [answer] = (await once(request, "response")) as [IncomingMessage];
  answer.resume();
  return answer.statusCode;
}

test("slow uploads that fill the book keep no small body out: the largest of them is refused, and told", async () => {
  const rig = await startRig((request, answer) => void request.resume().on("end", () => answer.end("ok")), {
    script: { wantsRequestBody: true },
    limits: { heldBytesMax: 1000, heldBytesTotalMax: 2000 },
  });
  const slow = await Promise.all([dial(rig.port), dial(rig.port)]);
  const answers = slow.map((socket, index) => {
    const size = index === 0 ? 900 : 1000;
    socket.write(`POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n${"x".repeat(size)}`);
    return once(socket, "data") as Promise<[Buffer]>;
  });
  while (rig.side.figures.heldBytes < 1900) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(await post(rig.port, 300), 200);
  const [refused] = await (answers[1] as Promise<[Buffer]>);
  assert.match(refused.toString(), /^HTTP\/1\.1 413/);
  const told = rig.seen.flatMap(({ outcome }) => outcome?.notInspected ?? []);
  assert.deepEqual(told, ["request body: all held bodies over 2000 bytes"]);
  for (const socket of slow) socket.destroy();
  await rig.close();
});

test("in detection mode bodies pass on when too many are looked at, and that is told", async () => {
  let received = 0;
  const rig = await startRig(
    (request, answer) => {
      request.on("data", (chunk: Buffer) => (received += chunk.length));
      request.on("end", () => answer.end("ok"));
    },
    { script: { mayBlock: false, wantsRequestBody: true }, limits: { lookedBytesMax: 500, lookedBytesTotalMax: 1000 } },
  );
  const slow = await Promise.all([dial(rig.port), dial(rig.port)]);
  for (const socket of slow)
    socket.write(`POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n${"x".repeat(900)}`);
  while (rig.side.figures.heldBytes < 1000) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(await post(rig.port, 300), 200);
  const [one] = rig.seen.filter(({ outcome }) => outcome !== undefined);
  assert.deepEqual(one?.outcome?.notInspected, ["request body: all bodies that are looked at over 1000 bytes"]);
  assert.equal(received, 2100);
  for (const socket of slow) socket.destroy();
  while (rig.side.figures.heldBytes > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(await post(rig.port, 300), 200);
  assert.equal(rig.seen.at(-1)?.requestBytes, 300);
  await rig.close();
});
