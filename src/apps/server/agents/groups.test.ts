// Blocks that go into the store together: who waits for whom, what a crash between any two steps leaves, and a block that ends the store.
import { deepEqual, equal, ok } from "node:assert/strict";
import { cp, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Fault } from "../../../base/fault.ts";
import { silentLogger } from "../../../base/logger.ts";
import {
  bootOf,
  memoryStore,
  systemClock,
  unavailable,
  until,
  type MemoryStore,
} from "../../../../test/support/agents-door.ts";
import { attentionLimits, createAttention } from "./attention.ts";
import { openIntake, type Intake } from "./intake.ts";
import { inserterLimits } from "./limits.ts";

const boot = bootOf("g");
const origin = (sequence: number, node = "a") => ({ cluster: "home", node, boot, sequence });
const block = (rows = 2) => ({ table: "flows", rows, encoding: "none", body: new Uint8Array([1]) }) as const;
const never = () => 3_600_000;

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "garrison-groups-"));
  try {
    await run(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function open(folder: string, store: MemoryStore, delayMs: () => number = never): Promise<Intake> {
  const encodeGaps = () => new Uint8Array([7]);
  return openIntake({ folder, store, clock: systemClock, logger: silentLogger, encodeGaps, delayMs });
}

const groupFiles = (folder: string) => readdir(join(folder, "groups"));
const sequencesOf = (store: MemoryStore) => store.appended.map(({ rows }) => rows);

async function emptied(folder: string, intake: Intake): Promise<void> {
  await until("an empty spool", () => intake.counters().spoolBlocks === 0);
  await until("no group left", async () => (await groupFiles(folder)).length === 0);
}

test("blocks of one table and encoding wait for each other, whoever sent them; a flush brings all at once", async () => {
  await inFolder(async (folder) => {
    const store = memoryStore();
    const intake = await open(folder, store);
    for (const node of ["a", "b", "c"]) await intake.accept(origin(1, node), block());
    await intake.accept(origin(2), { ...block(), encoding: "zstd" });
    await intake.accept(origin(3), { ...block(), table: "dns_events" });
    equal(store.calls, 0);
    await intake.flush();
    deepEqual(
      store.inserts.map(({ length }) => length).toSorted((a, b) => a - b),
      [1, 1, 3],
    );
    await intake.flush();
    equal(store.calls, 3);
    await emptied(folder, intake);
    await intake.close();
  });
});

test("a group goes when it has rows enough, when it has blocks enough, or when its oldest block is due", async () => {
  await inFolder(async (folder) => {
    const store = memoryStore();
    let delayMs = never();
    const intake = await open(folder, store, () => delayMs);
    await intake.accept(origin(1), block(inserterLimits.groupRowsWanted - 1));
    equal(store.calls, 0);
    await intake.accept(origin(2), block(1));
    await until("the rows", () => store.appended.length === 2);
    const many = Array.from({ length: inserterLimits.groupBlocksMax }, (_, i) => i + 3);
    await Promise.all(many.map((sequence) => intake.accept(origin(sequence), block(1))));
    await until("the blocks", () => store.appended.length === 2 + many.length);
    await intake.accept(origin(1000), block(1));
    equal(store.calls, 2);
    delayMs = 0;
    intake.wake();
    await until("the block that is due", () => store.calls === 3);
    await intake.close();
  });
});

test("a group holds so many rows and bytes at most, whatever waits; a block larger than that goes alone", async () => {
  await inFolder(async (folder) => {
    const store = memoryStore();
    const intake = await open(folder, store);
    const half = { ...block(), bytesInflated: inserterLimits.groupBytesInflatedMax / 2 };
    for (const sequence of [1, 2, 3]) await intake.accept(origin(sequence), half);
    await intake.accept(origin(4), { ...half, bytesInflated: 2 * inserterLimits.groupBytesInflatedMax });
    await intake.flush();
    deepEqual(
      store.inserts.map(({ length }) => length).toSorted((a, b) => a - b),
      [1, 1, 2],
    );
    await intake.close();
  });
});

test("a group that was tried is tried unchanged after a crash, newcomers do not join it", async () => {
  await inFolder(async (folder) => {
    const store = memoryStore();
    let isBroken = true;
    const failing: MemoryStore = {
      ...store,
      async appendGroup(blocks, token) {
        // The first attempt arrives, its answer does not.
        await store.appendGroup(blocks, token);
        if (isBroken) throw unavailable();
      },
    };
    const first = await open(folder, failing);
    for (const sequence of [1, 2, 3]) await first.accept(origin(sequence), block(sequence));
    await first.flush();
    deepEqual(
      store.inserts.map(({ length }) => length),
      [3],
    );
    await first.accept(origin(4), block(4));
    await first.close();
    isBroken = false;
    const second = await open(folder, failing);
    await second.accept(origin(5), block(5));
    await second.flush();
    await emptied(folder, second);
    deepEqual(
      sequencesOf(store).toSorted((a, b) => a - b),
      [1, 2, 3, 4, 5],
    );
    await second.close();
  });
});

test("killed at any moment: whatever copy of the folder the next start finds, every block is stored once", async () => {
  await inFolder(async (folder) => {
    const live = join(folder, "live");
    const store = memoryStore();
    const copies: { folder: string; stored: number }[] = [];
    const copying: MemoryStore = {
      ...store,
      async appendGroup(blocks, token) {
        const name = join(folder, `copy-${copies.length}`);
        await cp(live, name, { recursive: true });
        await store.appendGroup(blocks, token);
        const after = `${name}-after`;
        await cp(live, after, { recursive: true });
        copies.push({ folder: name, stored: store.appended.length }, { folder: after, stored: store.appended.length });
      },
    };
    const intake = await open(live, copying);
    for (let sequence = 1; sequence <= 12; sequence += 1) {
      await intake.accept(origin(sequence), block(sequence));
      if (sequence % 4 !== 0) continue;
      await intake.flush();
      // Nothing else happens while a copy is made: a copy is not of one moment otherwise.
      await emptied(live, intake);
    }
    await intake.close();
    const all = sequencesOf(store).toSorted((a, b) => a - b);
    deepEqual(
      all,
      Array.from({ length: 12 }, (_, i) => i + 1),
    );
    ok(copies.length >= 6);
    for (const copy of copies) {
      // A removal that had begun: the first file of the folder is gone already.
      const [some] = (await readdir(copy.folder)).filter((name) => name.endsWith(".native"));
      const isAfter = copy.folder.endsWith("-after");
      if (isAfter && some !== undefined) await rm(join(copy.folder, some));
      const again = await open(copy.folder, store, () => 0);
      await until("an empty spool", () => again.counters().spoolBlocks === 0);
      await again.close();
      deepEqual(
        sequencesOf(store).toSorted((a, b) => a - b),
        all,
        copy.folder,
      );
    }
  });
});

test("a group file that cannot be read: the store is asked, nothing is stored twice", async () => {
  await inFolder(async (folder) => {
    const store = memoryStore();
    const failing: MemoryStore = {
      ...store,
      async appendGroup(blocks, token) {
        await store.appendGroup(blocks, token);
        throw unavailable();
      },
    };
    const first = await open(folder, failing);
    for (const sequence of [1, 2]) await first.accept(origin(sequence), block(sequence));
    await first.flush();
    await first.accept(origin(3), block(3));
    await first.close();
    const [file = ""] = await groupFiles(folder);
    await writeFile(join(folder, "groups", file), "{");
    const second = await open(folder, store, () => 0);
    await emptied(folder, second);
    deepEqual(
      sequencesOf(store).toSorted((a, b) => a - b),
      [1, 2, 3],
    );
    await second.close();
  });
});

test("a group with a bad block is taken apart: the bad one is set aside with one gap, the others are stored once", async () => {
  await inFolder(async (folder) => {
    const store = memoryStore();
    store.fail = ({ rows }) => {
      if (rows === 13) throw new Fault("cannot parse", { code: "store/bad-block", kind: "usage" });
    };
    const intake = await open(folder, store);
    for (const rows of [11, 12, 13, 14]) await intake.accept(origin(rows), block(rows));
    await intake.flush();
    await until("the gap to wait", () => intake.counters().spoolBlocks === 1);
    await intake.flush();
    await emptied(folder, intake);
    deepEqual(store.appended.map(({ table, rows }) => `${table} ${rows}`).sort(), [
      "flows 11",
      "flows 12",
      "flows 14",
      "gaps 1",
    ]);
    deepEqual([intake.counters().blocksQuarantined, intake.counters().quarantineBlocks], [1, 1]);
    await intake.close();
  });
});

test("a block that ends the store is found out alone and set aside; the others are stored, one half there is not stored twice", async () => {
  await inFolder(async (folder) => {
    const store = memoryStore();
    let ends = 0;
    store.fail = ({ rows }) => {
      if (rows !== 13) return;
      ends += 1;
      throw new Fault("gone", { code: "store/broke-off", kind: "unavailable", retryAfterMs: 1 });
    };
    const intake = await open(folder, store);
    for (const rows of [11, 12, 13]) await intake.accept(origin(rows), block(rows));
    await intake.accept(origin(20), { ...block(20), table: "dns_events" });
    await intake.flush();
    await until("the gap to wait", () => intake.counters().blocksQuarantined === 1, 30_000);
    equal(ends, inserterLimits.brokenOffMax + inserterLimits.brokenOffSingleMax - 1);
    await until("the gap", async () => {
      await intake.flush();
      return store.appended.length === 4;
    });
    await emptied(folder, intake);
    deepEqual(
      sequencesOf(store).toSorted((a, b) => a - b),
      [1, 11, 12, 20],
    );
    await intake.close();
  });
});

test("what is in the store of a group that ends it counts as stored; half a block is a gap of the other half", async () => {
  await inFolder(async (folder) => {
    const store = memoryStore();
    const broken: MemoryStore = {
      ...store,
      appendGroup: async (blocks, token) => {
        if (blocks.length > 1)
          throw new Fault("gone", { code: "store/broke-off", kind: "unavailable", retryAfterMs: 1 });
        await store.appendGroup(blocks, token);
      },
      rowsOf: async (_, ingests) =>
        new Map([
          [Number(ingests[0]), 11],
          [Number(ingests[1]), 5],
        ]),
    };
    const intake = await open(folder, broken);
    for (const rows of [11, 12, 13]) await intake.accept(origin(rows), block(rows));
    await intake.flush();
    await until("the third block", () => store.appended.length === 1, 30_000);
    await intake.flush();
    await emptied(folder, intake);
    deepEqual(store.appended.map(({ table, rows }) => `${table} ${rows}`).sort(), ["flows 13", "gaps 1"]);
    equal(intake.counters().blocksStored, 4);
    await intake.close();
  });
});

test("who reads makes rows come sooner, for a minute", () => {
  let nowMs = 0;
  const attention = createAttention(() => nowMs);
  equal(attention.delayMs(), attentionLimits.delayMsAlone);
  equal(attention.note(), true);
  equal(attention.delayMs(), attentionLimits.delayMsLooking);
  nowMs += attentionLimits.lookingMs - 1;
  equal(attention.note(), false);
  nowMs += attentionLimits.lookingMs;
  equal(attention.delayMs(), attentionLimits.delayMsAlone);
});
