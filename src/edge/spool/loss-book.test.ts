// What the spool gives up is never forgotten: gaps leave last, counts are on disk, and what the server may have is not called lost for certain.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { manualClock } from "../../base/clock.ts";
import { silentLogger } from "../../base/logger.ts";
import type { BlockHeader } from "../../model/agent-protocol.ts";
import type { SpoolLoss } from "./loss-book.ts";
import { decodeTells } from "./spool-file.ts";
import { openSpool, type Spool, type SpoolOptions } from "./spool.ts";
import type { SpoolEntry } from "./waiting-blocks.ts";

function block(table: "flows" | "gaps", sequence: number, size: number): { header: BlockHeader; body: Uint8Array } {
  const body = Buffer.alloc(size, sequence);
  const sha256 = createHash("sha256").update(body).digest("hex");
  const boot = "0".repeat(32);
  const facts = {
    wireVersion: 1,
    rows: 10,
    timeMinMs: 0,
    timeMaxMs: 1,
    encoding: "none",
    bytesInflated: size,
  } as const;
  return { header: { boot, sequence, table, sha256, ...facts }, body };
}

function folderFor(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "garrison-losses-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function optionsFor(folder: string, more: Partial<SpoolOptions> = {}): SpoolOptions {
  return { folder, bytesMax: 6000, clock: manualClock(1_000_000), logger: silentLogger, ...more };
}

async function append(spool: Spool, sequence: number, size = 1000): Promise<SpoolEntry | undefined> {
  const { header, body } = block("flows", sequence, size);
  return spool.append(header, body, "kept");
}

const ringLoss: SpoolLoss = {
  table: "dns_events",
  reason: "ring-full",
  blocks: 0,
  rows: 3,
  counted: "exact",
  fromMs: 0,
  toMs: 1,
  detail: "",
  refusals: 0,
};

/** One block of gaps with what the spool lost and three rows of another source. */
async function tell(spool: Spool, sequence: number): Promise<SpoolEntry | undefined> {
  return spool.tell((losses) => ({ ...block("gaps", sequence, 100), tells: [...losses, ringLoss] }));
}

function waiting(spool: Spool): readonly SpoolEntry[] {
  const entries: SpoolEntry[] = [];
  const seen = new Set<number>();
  for (let entry = spool.next(seen); entry !== undefined; entry = spool.next(seen)) {
    seen.add(entry.order);
    entries.push(entry);
  }
  return entries;
}

function rowsOf(losses: readonly SpoolLoss[], table: string): number {
  return losses.filter((loss) => loss.table === table).reduce((sum, { rows }) => sum + rows, 0);
}

/** What the spooled blocks of gaps tell. */
function toldIn(folder: string): readonly SpoolLoss[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".block"))
    .flatMap((name) => decodeTells(readFileSync(join(folder, name))) ?? []);
}

test("blocks of gaps leave last, and never for other blocks", async (context) => {
  const spool = await openSpool(optionsFor(folderFor(context)));
  await tell(spool, 1);
  for (let sequence = 2; sequence < 40; sequence += 1) await append(spool, sequence);
  assert.equal(waiting(spool)[0]?.header.table, "gaps");
  assert.equal(rowsOf(spool.losses, "flows") + waiting(spool).length * 10 - 10, 380);
  assert.equal(await append(spool, 40, 5500), undefined, "too large beside the gaps");
  assert.equal(waiting(spool)[0]?.header.table, "gaps");
});

test("gaps beyond their share go back into the book and are told again, with all their numbers", async (context) => {
  const folder = folderFor(context);
  const spool = await openSpool(optionsFor(folder));
  await append(spool, 1000);
  for (let sequence = 1; sequence <= 30; sequence += 1) await tell(spool, sequence);
  const gaps = waiting(spool).filter(({ header }) => header.table === "gaps");
  assert.ok(gaps.length < 30 && gaps.length > 0);
  assert.ok(
    waiting(spool).some(({ header }) => header.table === "flows"),
    "the other blocks keep their room",
  );
  assert.equal(rowsOf([...toldIn(folder), ...spool.losses], "dns_events"), 90);
});

test("a block of gaps that cannot be stored, is refused or is torn gives its numbers back; one refused for ever is given up", async (context) => {
  const folder = folderFor(context);
  const spool = await openSpool(optionsFor(folder));
  const tooLarge = await spool.tell(() => ({ ...block("gaps", 1, 9000), tells: [ringLoss] }));
  assert.equal(tooLarge, undefined);
  assert.equal(rowsOf(spool.losses, "dns_events"), 3);
  const told = await tell(spool, 2);
  assert.ok(told);
  assert.deepEqual(spool.losses, []);
  assert.ok(await spool.read(told));
  await spool.refuse(told, "agents/out-of-range");
  assert.deepEqual(
    spool.losses.map(({ rows, counted, refusals }) => [rows, counted, refusals]),
    [[6, "exact", 1]],
  );
  const torn = await tell(spool, 3);
  assert.ok(torn);
  const name = readdirSync(folder).find((file) => file.endsWith(".block")) ?? "";
  writeFileSync(join(folder, name), readFileSync(join(folder, name)).subarray(0, -1));
  assert.equal(await spool.read(torn), undefined);
  assert.equal(rowsOf(spool.losses, "dns_events"), 9);
  for (let sequence = 4; sequence < 8; sequence += 1) {
    const again = await spool.tell((losses) => ({ ...block("gaps", sequence, 100), tells: losses }));
    if (again !== undefined) await spool.refuse(again, "agents/malformed");
  }
  assert.deepEqual(spool.losses, []);
});

test("what may be on its way to the server is lost only by estimate, and leaves after its like", async (context) => {
  const folder = folderFor(context);
  const spool = await openSpool(optionsFor(folder, { bytesMax: 4 * 1300 }));
  const first = await append(spool, 1);
  assert.ok(first);
  for (const sequence of [2, 3, 4]) await append(spool, sequence);
  assert.ok(await spool.read(first));
  await append(spool, 5);
  assert.deepEqual(
    waiting(spool).map(({ header }) => header.sequence),
    [1, 3, 4, 5],
  );
  await append(spool, 6, 4000);
  const counts = () => spool.losses.map(({ rows, counted }) => [counted, rows]);
  assert.deepEqual(counts(), [
    ["exact", 40],
    ["estimate", 10],
  ]);
  await spool.close();
  const again = await openSpool(optionsFor(folder, { bytesMax: 4 * 1300 }));
  await append(again, 7, 4000);
  assert.deepEqual(
    again.losses.map(({ rows, counted }) => [counted, rows]),
    [
      ["exact", 40],
      ["estimate", 20],
    ],
    "nobody knows what the last life sent",
  );
});

test("a refusal after an answer that was lost is an estimate too", async (context) => {
  const spool = await openSpool(optionsFor(folderFor(context)));
  const entry = await append(spool, 1);
  assert.ok(entry);
  assert.ok((await spool.read(entry)) && (await spool.read(entry)));
  await spool.refuse(entry, "agents/sequence-too-old");
  assert.deepEqual(
    spool.losses.map(({ counted }) => counted),
    ["estimate"],
  );
});

for (const isThere of [true, false]) {
  test(`killed while a block of gaps was written: what it tells is told by ${isThere ? "the block" : "the book"}`, async (context) => {
    const folder = folderFor(context);
    const before = await openSpool(optionsFor(folder));
    const entry = await append(before, 1);
    assert.ok(entry);
    await before.close();
    const order = isThere ? entry.order : entry.order + 3;
    writeFileSync(
      join(folder, "losses.json"),
      JSON.stringify({ losses: [], telling: { order, losses: [ringLoss] }, leaving: [] }),
    );
    const spool = await openSpool(optionsFor(folder));
    assert.deepEqual(spool.losses, isThere ? [] : [ringLoss]);
    const next = await append(spool, 2);
    assert.ok(next !== undefined && next.order > order, "an order that was about to be used is not used again");
    await spool.close();
    const again = await openSpool(optionsFor(folder));
    assert.deepEqual(again.losses, isThere ? [] : [ringLoss]);
  });
}

test("until a block of gaps has its name, the book on disk has what it tells, marked with the block", async (context) => {
  const folder = folderFor(context);
  const spool = await openSpool(optionsFor(folder, { bytesMax: 2000 }));
  await append(spool, 1, 3000);
  const entry = await append(spool, 2, 300);
  assert.ok(entry);
  const lost = spool.losses;
  const book = () => JSON.parse(readFileSync(join(folder, "losses.json"), "utf8")) as Record<string, unknown>;
  assert.deepEqual(book(), { losses: lost, leaving: [] });
  // A pipe in the place of the file: writing waits for a reader.
  const order = entry.order + 1;
  const pipe = join(folder, `${String(order).padStart(12, "0")}.kept.block.tmp`);
  execFileSync("mkfifo", [pipe]);
  const telling = spool.tell((losses) => ({ ...block("gaps", 4, 100), tells: losses }));
  try {
    await until(() => book()["telling"] !== undefined);
    assert.deepEqual(book(), { losses: [], telling: { order, losses: lost }, leaving: [] });
  } finally {
    await readFile(pipe); // however it ends, the writer must not wait for ever
  }
  assert.ok(await telling);
  assert.deepEqual(book(), { losses: [], leaving: [] });
});

async function until(condition: () => boolean): Promise<void> {
  const endMs = Date.now() + 60_000;
  while (!condition()) {
    assert.ok(Date.now() < endMs, "waited in vain");
    await new Promise((resolve) => {
      setTimeout(resolve, 2);
    });
  }
}

test("a damaged book is said, not hidden", async (context) => {
  const folder = folderFor(context);
  await (await openSpool(optionsFor(folder))).close();
  writeFileSync(join(folder, "losses.json"), "{ torn");
  const spool = await openSpool(optionsFor(folder));
  assert.deepEqual(
    spool.losses.map(({ table, reason, counted }) => [table, reason, counted]),
    [["*", "spool-corrupt", "no"]],
  );
});

test("a second user of the folder is refused, also from another process, and may have it afterwards", async (context) => {
  const folder = folderFor(context);
  const spool = await openSpool(optionsFor(folder));
  await assert.rejects(openSpool(optionsFor(folder)), { code: "spool/in-use", kind: "conflict" });
  const child = await run(
    context,
    `import { openSpool } from ${JSON.stringify(join(import.meta.dirname, "spool.ts"))};
    await openSpool({ folder: process.argv[1], bytesMax: 1e6, clock: { nowMs: Date.now }, logger: console })
      .then(() => process.stdout.write("opened"), (fault) => process.stdout.write(fault.code));`,
    [folder],
  );
  assert.equal(await child.ended, "spool/in-use");
  await spool.close();
  await (await openSpool(optionsFor(folder))).close();
});

interface Child {
  readonly output: () => string;
  readonly kill: () => void;
  readonly ended: Promise<string>;
}

async function run(context: TestContext, program: string, args: readonly string[]): Promise<Child> {
  const child = spawn(process.execPath, ["--input-type=module", "-e", program, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  context.after(() => child.kill("SIGKILL"));
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const ended = new Promise<string>((resolve) => child.once("close", () => resolve(output)));
  return { output: () => output, kill: () => child.kill("SIGKILL"), ended };
}

/** Appends blocks of ten rows to a spool with room for few, and tells what was lost, as fast as it can; prints each append's number. */
const busyProgram = `
import { createHash } from "node:crypto";
import { openSpool } from ${JSON.stringify(join(import.meta.dirname, "spool.ts"))};
const [folder, start] = process.argv.slice(1);
const spool = await openSpool({ folder, bytesMax: 8000, clock: { nowMs: Date.now }, logger: console });
const block = (table, sequence, size) => {
  const body = Buffer.alloc(size, sequence);
  const sha256 = createHash("sha256").update(body).digest("hex");
  return { body, header: { boot: "0".repeat(32), sequence, table, wireVersion: 1, rows: 10, timeMinMs: 0, timeMaxMs: 0,
    encoding: "none", sha256, bytesInflated: size } };
};
for (let sequence = Number(start); ; sequence += 1) {
  const { header, body } = block("flows", sequence, 1000);
  await spool.append(header, body, sequence % 3 === 0 ? "expendable" : "kept");
  process.stdout.write(sequence + "\\n");
  if (sequence % 2 === 0) {
    await spool.tell((losses) => losses.length === 0 ? undefined : { ...block("gaps", sequence, 50), tells: losses });
  }
}
`;

test("kill -9 at any point: every row waits, is told by a gap that waits, or is in the book, and only one of them", async (context) => {
  const folder = folderFor(context);
  let appended = 0;
  let extra = 0;
  for (let life = 0; life < 12; life += 1) {
    const child = await run(context, busyProgram, [folder, String(appended + 1)]);
    const target = appended + 20 + life * 3;
    await until(() => Number(child.output().trim().split("\n").at(-1)) >= target);
    child.kill();
    appended = Number((await child.ended).trim().split("\n").at(-1));
    const spool = await openSpool(optionsFor(folder, { bytesMax: 8000 }));
    const waits = waiting(spool).filter(({ header }) => header.table === "flows").length * 10;
    const counted = waits + rowsOf([...toldIn(folder), ...spool.losses], "flows");
    await spool.close();
    // The append under way when it was killed may or may not have happened.
    assert.ok(
      counted === (appended + extra) * 10 || counted === (appended + extra + 1) * 10,
      `life ${life}: ${counted} rows are accounted for, ${appended + extra} blocks were appended`,
    );
    extra = counted / 10 - appended;
    assert.ok(existsSync(join(folder, "losses.json")));
  }
});
