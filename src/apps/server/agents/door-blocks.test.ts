// Blocks at the real door: exactly once, whose they are, what is refused with which code, and what survives a restart.
import { deepEqual, equal, ok } from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { Fault } from "../../../base/fault.ts";
import { sealBlock, type SealedBlock } from "../../../edge/blocks/seal-block.ts";
import { post } from "../../../edge/uplink/session.ts";
import { agentPaths, blockHeaderName, BlockAcknowledgement } from "../../../model/agent-protocol.ts";
import {
  bootOf,
  codeOf,
  doorWorld,
  largeSessionOf,
  rowOf,
  sealedEvents,
  sendBlock,
  sessionOf,
  unavailable,
  until,
} from "../../../../test/support/agents-door.ts";
import { blockToken } from "./block-origin.ts";
import { spoolLimits } from "./limits.ts";

const boot = bootOf("one");

test("a block is stored once with the certificate's identity, however often it is sent", async () => {
  await using world = await doorWorld();
  const session = await sessionOf(world, await world.joinNode("a"));
  const block = sealedEvents(boot, 1);
  const answers = await Promise.all([sendBlock(session, block), sendBlock(session, block), sendBlock(session, block)]);
  const again = await sendBlock(session, block);
  deepEqual(
    [...answers, again].map((answer) => answer.status),
    [200, 200, 200, 200],
  );
  const acknowledgements = [...answers, again].map((answer) => BlockAcknowledgement.parse(JSON.parse(answer.text)));
  equal(acknowledgements.filter(({ duplicate }) => !duplicate).length, 1);
  ok(acknowledgements.every(({ windowBytes }) => windowBytes > 0));
  await until("the block in the store", () => world.store.appended.length === 1);
  const [stored] = world.store.appended;
  deepEqual([stored?.cluster, stored?.node, stored?.rows, stored?.encoding], ["home", "a", 3, "zstd"]);
  equal(stored?.token, blockToken({ cluster: "home", node: "a", boot, sequence: 1 }));
  deepEqual(stored?.body, Buffer.from(block.body));
  await until("an empty spool", () => world.door.counters().spoolBlocks === 0);
  equal(world.store.calls, 1);
  session.destroy();
});

test("one agent cannot use up another's sequence", async () => {
  await using world = await doorWorld();
  const sessionA = await sessionOf(world, await world.joinNode("a"));
  const sessionB = await sessionOf(world, await world.joinNode("b"));
  // A sends B's very block first; B's own is stored nevertheless, each under its certificate.
  const block = sealedEvents(boot, 1);
  equal((await sendBlock(sessionA, block)).status, 200);
  equal(JSON.parse((await sendBlock(sessionB, block)).text).duplicate, false);
  await until("both blocks", () => world.store.appended.length === 2);
  deepEqual(world.store.appended.map(({ node }) => node).sort(), ["a", "b"]);
  sessionA.destroy();
  sessionB.destroy();
});

function changed(block: SealedBlock, change: Record<string, unknown>): string {
  return JSON.stringify({ ...block.header, ...change });
}

function withBody(block: SealedBlock, body: Buffer, change: Record<string, unknown> = {}): SealedBlock {
  const sha256 = createHash("sha256").update(body).digest("hex");
  return { body, header: { ...block.header, sha256, ...change } };
}

test("what is wrong with a block is refused by its code, and the next block is not touched", async () => {
  await using world = await doorWorld();
  const session = await sessionOf(world, await world.joinNode("a"));
  const good = sealedEvents(boot, 1);
  const zeros = Buffer.alloc(64 * 1024 * 1024);
  const bomb = zstdCompressSync(zeros);
  const flat = Buffer.from("not native at all");
  const gap = sealBlock("gaps", [rowOf("gaps", { time: Date.now() })], { boot, sequence: 1 });
  const cases: readonly [string, SealedBlock, { header?: string; headers?: Record<string, string> }, string][] = [
    ["cluster in the header", good, { header: changed(good, { cluster: "other" }) }, "agents/bad-header"],
    ["node in the header", good, { header: changed(good, { node: "b" }) }, "agents/bad-header"],
    ["token in the header", good, { header: changed(good, { token: "x" }) }, "agents/bad-header"],
    ["a header of its own", good, { headers: { "garrison-node": "b" } }, "agents/unknown-header"],
    ["not JSON", good, { header: "{" }, "agents/bad-header"],
    ["header too large", good, { header: `{"x":"${"x".repeat(3000)}"}` }, "agents/header-too-large"],
    ["unknown table", good, { header: changed(good, { table: "../../etc" }) }, "agents/bad-header"],
    [
      "boot with a path",
      good,
      { header: changed(good, { boot: "../../../../../../../../tmp/xxxxx" }) },
      "agents/bad-header",
    ],
    ["sequence 0", good, { header: changed(good, { sequence: 0 }) }, "agents/bad-header"],
    ["other wire version", good, { header: changed(good, { wireVersion: 99 }) }, "agents/wire-version"],
    ["too many rows", good, { header: changed(good, { rows: 200_001 }) }, "agents/block-too-large"],
    ["too many bytes", good, { header: changed(good, { bytesInflated: 2 ** 40 }) }, "agents/block-too-large"],
    ["a lying ratio", good, { header: changed(good, { bytesInflated: 100_000_000 }) }, "agents/inflate-ratio"],
    ["wrong hash", good, { header: changed(good, { sha256: "0".repeat(64) }) }, "agents/wrong-hash"],
    ["rows that lie", good, { header: changed(good, { rows: 2 }) }, "agents/wrong-rows"],
    ["times that lie", good, { header: changed(good, { timeMinMs: good.header.timeMinMs - 1 }) }, "agents/wrong-times"],
    [
      "inflates to less",
      good,
      { header: changed(good, { bytesInflated: good.header.bytesInflated + 1 }) },
      "agents/wrong-inflated",
    ],
    [
      "inflates to more",
      good,
      { header: changed(good, { bytesInflated: good.header.bytesInflated - 1 }) },
      "agents/wrong-inflated",
    ],
    ["another encoding", good, { header: changed(good, { encoding: "gzip" }) }, "agents/bad-compression"],
    ["a bomb that says so", withBody(good, bomb, { bytesInflated: zeros.length }), {}, "agents/inflate-ratio"],
    ["a bomb that does not", withBody(good, bomb, { bytesInflated: 4000 }), {}, "agents/wrong-inflated"],
    [
      "a gzip bomb",
      withBody(good, gzipSync(zeros), { bytesInflated: 4000, encoding: "gzip" }),
      {},
      "agents/wrong-inflated",
    ],
    ["no native", withBody(good, flat, { bytesInflated: flat.length, encoding: "none" }), {}, "blocks/columns"],
    ["another table's columns", { ...gap, header: { ...gap.header, table: "flows" } }, {}, "blocks/columns"],
    ["the future", sealedEvents(boot, 1, { time: Date.now() + 3_600_000 }), {}, "agents/out-of-range"],
    ["the far past", sealedEvents(boot, 1, { time: Date.now() - 25 * 3_600_000 }), {}, "agents/out-of-range"],
  ];
  for (const [name, block, change, code] of cases) {
    const answer = await sendBlock(session, block, change);
    ok(answer.status >= 400 && answer.status < 500, `${name}: ${answer.status}`);
    equal(codeOf(answer), code, name);
  }
  // A block of the future makes a gap of the server's own, whenever its turn comes.
  const stored = () => world.store.appended.filter(({ table }) => table !== "gaps");
  deepEqual(stored(), []);
  equal((await sendBlock(session, good)).status, 200);
  await until("the good block", () => stored().length === 1);
  equal(
    Object.values(world.door.counters().refusedByCode).reduce((sum, count) => sum + count, 0),
    cases.length,
  );
  session.destroy();
});

test("a body larger than a block may be is refused before it is read", async () => {
  await using world = await doorWorld();
  const session = largeSessionOf(world, await world.joinNode("a"));
  const block = withBody(sealedEvents(boot, 1), Buffer.alloc(17 * 1024 * 1024));
  equal(codeOf(await sendBlock(session, block)), "agents/block-too-large");
  const large = { ...block, header: { ...block.header, bytesInflated: 17 * 1024 * 1024, encoding: "none" as const } };
  const headers = { [blockHeaderName]: JSON.stringify(large.header) };
  // Without a content-length it is cut where the limit is passed.
  equal(codeOf(await post(session, agentPaths.blocks, headers, large.body)), "agents/body-too-large");
  equal((await sendBlock(session, sealedEvents(boot, 2))).status, 200);
  session.destroy();
});

test("old gaps are taken: they say since when nobody was looking", async () => {
  await using world = await doorWorld();
  const session = await sessionOf(world, await world.joinNode("a"));
  const gap = rowOf("gaps", { time: Date.now() - 3 * 24 * 3_600_000, reason: "agent-down" });
  equal((await sendBlock(session, sealBlock("gaps", [gap], { boot, sequence: 1 }))).status, 200);
  session.destroy();
});

test("a store that is away costs nothing: blocks are acknowledged, kept over a restart, and stored once with one ingest number", async () => {
  await using world = await doorWorld();
  const credentials = await world.joinNode("a");
  const session = await sessionOf(world, credentials);
  const tried = new Set<number>();
  world.store.fail = (block) => {
    tried.add(block.ingest);
    throw unavailable();
  };
  for (let sequence = 1; sequence <= 5; sequence += 1) {
    equal((await sendBlock(session, sealedEvents(boot, sequence))).status, 200);
  }
  await until("a first attempt", () => tried.size > 0);
  const stored = world.intake.storedUpTo();
  ok(world.door.notices().some((line) => line.includes("store")));
  session.destroy();
  await world.restart();
  equal(world.door.counters().spoolBlocks, 5);
  const after = await sessionOf(world, credentials);
  equal(JSON.parse((await sendBlock(after, sealedEvents(boot, 3))).text).duplicate, true);
  world.store.fail = undefined;
  await until("all blocks", () => world.store.appended.length === 5);
  deepEqual(
    world.store.appended.map(({ ingest }) => ingest - stored).sort((a, b) => a - b),
    [1, 2, 3, 4, 5],
  );
  equal((await sendBlock(after, sealedEvents(boot, 6))).status, 200);
  await until("the sixth", () => world.store.appended.length === 6);
  ok((world.store.appended[5]?.ingest ?? 0) > (world.store.appended[4]?.ingest ?? 0));
  await until("an empty spool", () => world.door.counters().spoolBlocks === 0);
  equal(world.intake.storedUpTo() >= (world.store.appended[5]?.ingest ?? Infinity), true);
  await world.restart();
  const later = await sessionOf(world, credentials);
  equal(JSON.parse((await sendBlock(later, sealedEvents(boot, 6))).text).duplicate, true);
  equal(world.store.appended.length, 6);
  after.destroy();
  later.destroy();
});

test("a block that the store refuses is set aside with a gap, the others go on", async () => {
  await using world = await doorWorld();
  const session = await sessionOf(world, await world.joinNode("a"));
  const bad = blockToken({ cluster: "home", node: "a", boot, sequence: 2 });
  world.store.fail = (block) => {
    if (block.token === bad) throw new Fault("cannot parse", { code: "store/bad-block", kind: "usage" });
  };
  for (const sequence of [1, 2, 3])
    equal((await sendBlock(session, sealedEvents(boot, sequence, { count: 7 }))).status, 200);
  await until("two blocks and a gap", () => world.store.appended.length === 3);
  const gaps = world.store.appended.filter(({ table }) => table === "gaps");
  equal(gaps.length, 1);
  deepEqual([gaps[0]?.cluster, gaps[0]?.node], ["home", "a"]);
  ok(gaps[0]?.body.includes("block-refused"));
  await until("the spool to empty", () => world.door.counters().spoolBlocks === 0);
  deepEqual([world.door.counters().blocksQuarantined, world.door.counters().quarantineBlocks], [1, 1]);
  equal(JSON.parse((await sendBlock(session, sealedEvents(boot, 2))).text).duplicate, true);
  session.destroy();
});

test("a full spool answers 429 with Retry-After and takes the block later", async () => {
  await using world = await doorWorld({ spoolLimits: { ...spoolLimits, blocksMax: 2 } });
  const session = await sessionOf(world, await world.joinNode("a"));
  world.store.fail = () => {
    throw unavailable();
  };
  for (const sequence of [1, 2]) equal((await sendBlock(session, sealedEvents(boot, sequence))).status, 200);
  const refused = await sendBlock(session, sealedEvents(boot, 3));
  deepEqual([refused.status, codeOf(refused)], [429, "agents/spool-full"]);
  ok(Number(refused.headers["retry-after"]) >= 1);
  world.store.fail = undefined;
  await until("room", () => world.door.counters().spoolBlocks === 0);
  equal((await sendBlock(session, sealedEvents(boot, 3))).status, 200);
  session.destroy();
});

test("a disk that is nearly full answers 503 with Retry-After", async () => {
  await using world = await doorWorld({ spoolLimits: { ...spoolLimits, diskFreeBytesMin: Number.MAX_SAFE_INTEGER } });
  const session = await sessionOf(world, await world.joinNode("a"));
  const answer = await sendBlock(session, sealedEvents(boot, 1));
  deepEqual([answer.status, codeOf(answer)], [503, "agents/disk-full"]);
  ok(Number(answer.headers["retry-after"]) >= 1);
  equal(answer.headers[blockHeaderName], undefined);
  session.destroy();
});

test("when the store was rebuilt, what it had counts as not seen and is taken again", async () => {
  await using world = await doorWorld();
  const session = await sessionOf(world, await world.joinNode("a"));
  equal((await sendBlock(session, sealedEvents(boot, 1))).status, 200);
  await until("the block", () => world.store.appended.length === 1);
  equal(JSON.parse((await sendBlock(session, sealedEvents(boot, 1))).text).duplicate, true);
  world.store.epoch = "epoch-2";
  await until(
    "the new epoch",
    async () => !JSON.parse((await sendBlock(session, sealedEvents(boot, 1))).text).duplicate,
  );
  session.destroy();
});
