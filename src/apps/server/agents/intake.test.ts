// The intake's folder after crashes and damage: half-written files, foreign files, a torn log, a lost agent file; and group commit.
import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { execFile } from "node:child_process";
import { appendFile, mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { manualClock } from "../../../base/clock.ts";
import { silentLogger } from "../../../base/logger.ts";
import { bootOf, memoryStore, unavailable, until, type MemoryStore } from "../../../../test/support/agents-door.ts";
import { skipUnless } from "../../../../test/support/skip.ts";
import { openIntake, type Intake } from "./intake.ts";
import { openIngestNumbers } from "./ingest-numbers.ts";
import { spoolLimits } from "./limits.ts";
import { openServerSpool, type SpoolLimits } from "./server-spool.ts";

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "garrison-intake-"));
  try {
    await run(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const execute = promisify(execFile);

function open(folder: string, store: MemoryStore, startMs = 5_000, limits: SpoolLimits = spoolLimits): Promise<Intake> {
  return openIntake({
    folder,
    store,
    clock: manualClock(startMs),
    logger: silentLogger,
    encodeGaps: () => new Uint8Array([1]),
    delayMs: () => 0,
    limits,
  });
}

const boot = bootOf("x");
const origin = (sequence: number, node = "a") => ({ cluster: "home", node, boot, sequence });
const block = { table: "flows", rows: 2, encoding: "none", body: new Uint8Array([1, 2, 3]) } as const;

function awayStore(): MemoryStore {
  const store = memoryStore();
  store.fail = () => {
    throw unavailable();
  };
  return store;
}

test("many blocks at once: each has its own ingest number and is in the store once, the spool ends empty", async () => {
  await inFolder(async (folder) => {
    const store = memoryStore();
    const intake = await open(folder, store);
    const sequences = Array.from({ length: 600 }, (_, i) => i + 1);
    const outcomes = await Promise.all(sequences.map((sequence) => intake.accept(origin(sequence), block)));
    equal(outcomes.filter(({ duplicate }) => duplicate).length, 0);
    await until("all stored", () => store.appended.length === 600);
    equal(new Set(store.appended.map(({ ingest }) => ingest)).size, 600);
    await until("an empty spool", () => intake.counters().spoolBlocks === 0);
    await intake.close();
    deepEqual(
      (await readdir(folder)).filter((name) => name.includes(".native")),
      [],
    );
    const again = await open(folder, store);
    equal((await again.accept(origin(300), block)).duplicate, true);
    await again.close();
  });
});

test("what a crash or a vandal left in the folder: half-written files go, foreign ones are set aside, the rest is stored", async () => {
  await inFolder(async (folder) => {
    const first = await open(folder, awayStore());
    await first.accept(origin(1), block);
    await first.accept(origin(1, "b"), block);
    await first.close();
    const files = (await readdir(folder)).filter((name) => name.endsWith(".native"));
    equal(files.length, 2);
    const [one = "", other = ""] = files;
    await writeFile(join(folder, `${one}.77.tmp`), "half");
    await writeFile(join(folder, "evil.native"), "x");
    await writeFile(join(folder, one.replace(".flows.", ".passwords.")), "x");
    await appendFile(join(folder, "seen.log"), "torn li");
    const agentFile = join(folder, "agents", `${other.split(".")[1] ?? ""}.json`);
    ok((await stat(agentFile)).isFile());
    await writeFile(agentFile, '{"cluster":"home","node":"somebody-else"}');
    const store = memoryStore();
    const second = await open(folder, store);
    await until("the good block", () => store.appended.length === 1);
    await until("an empty spool", () => second.counters().spoolBlocks === 0);
    equal(second.counters().quarantineBlocks, 3);
    equal((await second.accept(origin(2), block)).duplicate, false);
    await second.close();
    deepEqual(
      (await readdir(folder)).filter((name) => name.endsWith(".tmp")),
      [],
    );
  });
});

test("the log of seen blocks survives a torn end, and sequences are remembered without the spool", async () => {
  await inFolder(async (folder) => {
    const store = memoryStore();
    const first = await open(folder, store);
    for (const sequence of [1, 2, 3, 7]) await first.accept(origin(sequence), block);
    await until("an empty spool", () => first.counters().spoolBlocks === 0);
    await first.close();
    await appendFile(join(folder, "seen.log"), "0123456789abcdef0123 zzz");
    const second = await open(folder, store);
    deepEqual(
      [1, 2, 3, 4, 7, 8].map((sequence) => second.isKnown(origin(sequence))),
      [true, true, true, false, true, false],
    );
    await second.close();
  });
});

test("ingest numbers rise over restarts, a clock that went back, and a lost folder", async () => {
  await inFolder(async (folder) => {
    const first = await openIngestNumbers(folder, manualClock(1_000_000), 0);
    const a = first.next();
    const back = await openIngestNumbers(folder, manualClock(10), 0);
    const b = back.next();
    await rm(join(folder, "ingest.number"));
    const lost = await openIngestNumbers(folder, manualClock(2_000_000), 0);
    const c = lost.next();
    await writeFile(join(folder, "ingest.number"), "rubbish");
    const above = await openIngestNumbers(folder, manualClock(10), 3_000_000);
    ok(a < b && b < c && c < above.next(), `${a} ${b} ${c}`);
  });
});

test("a block whose file cannot be written is not acknowledged, and its number blocks nobody", async () => {
  await inFolder(async (folder) => {
    const store = memoryStore();
    const intake = await open(folder, store);
    // The agents' folder turned into a file: the write fails as on a broken disk.
    await rm(join(folder, "agents"), { recursive: true });
    await writeFile(join(folder, "agents"), "");
    await rejects(intake.accept(origin(1), block), { code: "agents/spool-unwritable", kind: "unavailable" });
    await rm(join(folder, "agents"));
    await mkdir(join(folder, "agents"));
    equal((await intake.accept(origin(1), block)).duplicate, false);
    await until("the block", () => store.appended.length === 1);
    equal(intake.storedUpTo(), store.appended[0]?.ingest);
    await intake.close();
  });
});

test("a full disk: nothing is acknowledged, nothing half-written stays, and with room again all goes on", async (t) => {
  await inFolder(async (folder) => {
    const mounted = await execute("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder]).then(
      () => true,
      () => false,
    );
    if (!skipUnless(t, mounted, "the right to mount a tmpfs")) return;
    try {
      const store = memoryStore();
      const intake = await open(folder, store, 5_000, { ...spoolLimits, diskFreeBytesMin: 0 });
      await writeFile(join(folder, "ballast"), Buffer.alloc(700 * 1024));
      const large = { ...block, body: new Uint8Array(600 * 1024) };
      await rejects(intake.accept(origin(1), large), { code: "agents/disk-full", kind: "unavailable" });
      deepEqual([intake.counters().spoolBlocks, intake.counters().spoolBytes], [0, 0]);
      deepEqual(
        (await readdir(folder)).filter((name) => name.includes(".native")),
        [],
      );
      await rm(join(folder, "ballast"));
      equal((await intake.accept(origin(1), large)).duplicate, false);
      await until("the block", () => store.appended.length === 1);
      await intake.close();
    } finally {
      await execute("umount", [folder]);
    }
  });
});

test("the quarantine keeps to its limits, the oldest leaves first", async () => {
  await inFolder(async (folder) => {
    const limits = { quarantineBlocksMax: 2, quarantineBytesMax: 1000 } as const;
    const spool = await openServerSpool({
      folder,
      logger: silentLogger,
      limits: { bytesMax: 10_000, blocksMax: 100, diskFreeBytesMin: 0, roundBlocksMax: 4, ...limits },
    });
    const entries = [1, 2, 3].map((sequence) => ({ ...origin(sequence), ...block, ingest: sequence, bytes: 3 }));
    await Promise.all(entries.map((entry) => spool.put(entry, block.body)));
    for (const entry of entries) await spool.setAside(entry);
    deepEqual([spool.blocks, spool.bytes, spool.quarantine.blocks], [0, 0, 2]);
    const kept = (await readdir(join(folder, "quarantine"))).map((name) => Number(name.slice(0, 16)));
    deepEqual(kept, [2, 3]);
    await spool.close();
  });
});
