import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { execFileSync, spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { manualClock } from "../../base/clock.ts";
import { skipUnless } from "../../../test/support/skip.ts";
import { silentLogger } from "../../base/logger.ts";
import type { BlockHeader } from "../../model/agent-protocol.ts";
import { openSpool, type Spool, type SpoolOptions } from "./spool.ts";

function block(sequence: number, size = 1000): { header: BlockHeader; body: Uint8Array } {
  const body = Buffer.alloc(size, sequence);
  const header: BlockHeader = {
    boot: "0".repeat(32),
    sequence,
    table: "flows",
    wireVersion: 1,
    rows: 10,
    timeMinMs: sequence * 1000,
    timeMaxMs: sequence * 1000 + 500,
    encoding: "none",
    sha256: createHash("sha256").update(body).digest("hex"),
    bytesInflated: size,
  };
  return { header, body };
}

function folderFor(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "garrison-spool-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function optionsFor(folder: string, more: Partial<SpoolOptions> = {}): SpoolOptions {
  return { folder, bytesMax: 1_000_000, clock: manualClock(1_000_000), logger: silentLogger, ...more };
}

async function fill(
  spool: Spool,
  sequences: readonly number[],
  priority: "kept" | "expendable" = "expendable",
): Promise<void> {
  for (const sequence of sequences) {
    const { header, body } = block(sequence);
    await spool.append(header, body, priority);
  }
}

function waiting(spool: Spool): readonly number[] {
  const seen = new Set<number>();
  const sequences: number[] = [];
  for (let entry = spool.next(seen); entry !== undefined; entry = spool.next(seen)) {
    seen.add(entry.order);
    sequences.push(entry.header.sequence);
  }
  return sequences;
}

test("blocks come out oldest first, unchanged, and survive reopening", async (context) => {
  const folder = folderFor(context);
  const spool = await openSpool(optionsFor(folder));
  await fill(spool, [1, 2, 3]);
  await spool.close();
  const again = await openSpool(optionsFor(folder));
  assert.deepEqual(waiting(again), [1, 2, 3]);
  assert.equal(again.bytes, spool.bytes);
  const oldest = again.next(new Set());
  assert.ok(oldest);
  assert.deepEqual(oldest.header, block(1).header);
  assert.deepEqual(Buffer.from((await again.read(oldest)) ?? []), block(1).body);
  await fill(again, [4]);
  assert.deepEqual(waiting(again), [1, 2, 3, 4]);
});

test("an acknowledged block leaves the line, can be offered again for two minutes, then is gone", async (context) => {
  const clock = manualClock(0);
  const folder = folderFor(context);
  const spool = await openSpool(optionsFor(folder, { clock }));
  await fill(spool, [1, 2]);
  const oldest = spool.next(new Set());
  assert.ok(oldest);
  await spool.acknowledge(oldest);
  await spool.acknowledge(oldest);
  assert.deepEqual(waiting(spool), [2]);
  clock.advance(119_000);
  await spool.tick();
  assert.equal(await spool.replayAcknowledged(), 1);
  assert.deepEqual(new Set(waiting(spool)), new Set([1, 2]));
  await spool.acknowledge(oldest);
  clock.advance(120_001);
  await spool.tick();
  assert.equal(await spool.replayAcknowledged(), 0);
  assert.deepEqual(readdirSync(join(folder, "acknowledged")), []);
  assert.deepEqual(spool.losses, []);
});

test("at the cap acknowledged blocks go first, then the oldest expendable, then the oldest; each loss is counted", async (context) => {
  const spool = await openSpool(optionsFor(folderFor(context), { bytesMax: 5200 }));
  await fill(spool, [1], "kept");
  await fill(spool, [2, 3, 4]);
  const oldest = spool.next(new Set());
  assert.ok(oldest);
  await spool.acknowledge(oldest);
  await fill(spool, [5]);
  assert.deepEqual(waiting(spool), [2, 3, 4, 5]);
  assert.deepEqual(spool.losses, []);
  await fill(spool, [6, 7], "kept");
  assert.deepEqual(waiting(spool), [4, 5, 6, 7]);
  await fill(spool, [8, 9, 10], "kept");
  assert.deepEqual(waiting(spool), [7, 8, 9, 10]);
  await fill(spool, [11]);
  assert.deepEqual(waiting(spool), [7, 8, 9, 10], "an expendable block does not push out kept ones");
  const losses = spool.losses;
  assert.deepEqual(
    losses.map(({ table, reason, blocks, rows, counted, fromMs, toMs }) => [
      table,
      reason,
      blocks,
      rows,
      counted,
      fromMs,
      toMs,
    ]),
    [["flows", "spool-full", 6, 60, "exact", 2000, 11_500]],
  );
  assert.ok(spool.bytes <= 5200);
});

test("corrupt files are set aside and counted; the others go on", async (context) => {
  const folder = folderFor(context);
  const first = await openSpool(optionsFor(folder));
  await fill(first, [1, 2, 3, 4]);
  await first.close();
  const names = readdirSync(folder).filter((name) => name.endsWith(".block"));
  truncateSync(join(folder, names[0] ?? ""), 20);
  truncateSync(join(folder, names[1] ?? ""), readFileSync(join(folder, names[1] ?? "")).length - 1);
  const bytes = readFileSync(join(folder, names[2] ?? ""));
  bytes[30] = (bytes[30] ?? 0) ^ 1;
  writeFileSync(join(folder, names[2] ?? ""), bytes);
  writeFileSync(join(folder, "000000000099.kept.block.tmp"), "half");
  writeFileSync(join(folder, "unrelated.txt"), "left alone");
  const spool = await openSpool(optionsFor(folder));
  assert.deepEqual(waiting(spool), [2, 4]);
  const cut = spool.next(new Set());
  assert.ok(cut);
  assert.equal(await spool.read(cut), undefined);
  assert.deepEqual(waiting(spool), [4]);
  assert.deepEqual(
    spool.losses.map(({ table, reason, blocks, rows, counted }) => [table, reason, blocks, rows, counted]),
    [
      ["*", "spool-corrupt", 2, 0, "no"],
      ["flows", "spool-corrupt", 1, 10, "estimate"],
    ],
  );
  assert.equal(readdirSync(join(folder, "corrupt")).length, 3);
  assert.ok(readdirSync(folder).includes("unrelated.txt"));
  assert.ok(!readdirSync(folder).some((name) => name.endsWith(".tmp")));
});

test("a refused block is removed and counted with its reason", async (context) => {
  const spool = await openSpool(optionsFor(folderFor(context)));
  await fill(spool, [1]);
  const entry = spool.next(new Set());
  assert.ok(entry);
  await spool.refuse(entry, "agents/out-of-range");
  assert.equal(spool.bytes, 0);
  assert.deepEqual(
    spool.losses.map(({ reason, rows, detail }) => [reason, rows, detail]),
    [["block-refused", 10, "agents/out-of-range"]],
  );
});

test("a folder that cannot be made is a fault that says so", async (context) => {
  const folder = folderFor(context);
  writeFileSync(join(folder, "file"), "");
  await assert.rejects(openSpool(optionsFor(join(folder, "file"))), { code: "spool/folder" });
});

test("on a full disk acknowledged blocks make room, then losses are counted, and writing goes on when there is room again", async (context) => {
  if (!skipUnless(context, process.getuid?.() === 0, "root, to mount a small tmpfs")) return;
  const folder = folderFor(context);
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=200k", "tmpfs", folder]);
  try {
    await fillDisk(folder);
  } finally {
    execFileSync("umount", ["-l", folder]);
  }
});

async function fillDisk(folder: string): Promise<void> {
  const spool = await openSpool(optionsFor(folder, { bytesMax: 1e9 }));
  const write = async (sequence: number) => {
    const { header, body } = block(sequence, 60_000);
    return spool.append(header, body, "kept");
  };
  const first = await write(1);
  assert.ok(first);
  await spool.acknowledge(first);
  assert.ok((await write(2)) && (await write(3)) && (await write(4)));
  assert.deepEqual(readdirSync(join(folder, "acknowledged")), [], "the acknowledged block made room");
  assert.equal(await write(5), undefined);
  assert.deepEqual(
    spool.losses.map(({ reason, rows, detail }) => [reason, rows, detail]),
    [["spool-full", 10, "not written: ENOSPC"]],
  );
  const second = spool.next(new Set());
  assert.ok(second);
  await spool.refuse(second, "test");
  assert.ok(await write(6));
  assert.deepEqual(waiting(spool), [3, 4, 6]);
}

const writerProgram = `
import { createHash } from "node:crypto";
import { openSpool } from ${JSON.stringify(join(import.meta.dirname, "spool.ts"))};
const spool = await openSpool({ folder: process.argv[1], bytesMax: 1e9, clock: { nowMs: Date.now }, logger: console });
for (let sequence = 1; ; sequence += 1) {
  const body = Buffer.alloc(20000, sequence);
  const sha256 = createHash("sha256").update(body).digest("hex");
  await spool.append({ boot: "0".repeat(32), sequence, table: "flows", wireVersion: 1, rows: 1, timeMinMs: 0, timeMaxMs: 0,
    encoding: "none", sha256, bytesInflated: 20000 }, body, "kept");
  process.stdout.write(sequence + "\\n");
}
`;

test("kill -9 in mid-write loses no block that was reported as written", async (context) => {
  const folder = folderFor(context);
  const child = spawn(process.execPath, ["--input-type=module", "-e", writerProgram, folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  const exited = new Promise<void>((resolve) => child.once("close", () => resolve()));
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    if (output.split("\n").length > 200) child.kill("SIGKILL");
  });
  await exited;
  const reported = Number(output.trim().split("\n").at(-1));
  assert.ok(reported >= 200);
  const spool = await openSpool(optionsFor(folder, { bytesMax: 1e9 }));
  const sequences = waiting(spool);
  assert.ok(sequences.length >= reported, `${sequences.length} of ${reported}`);
  for (const sequence of [1, reported]) {
    const seen = new Set<number>();
    for (let entry = spool.next(seen); entry !== undefined; entry = spool.next(seen)) {
      seen.add(entry.order);
      if (entry.header.sequence === sequence) assert.ok(await spool.read(entry));
    }
  }
  assert.deepEqual(spool.losses, []);
});
