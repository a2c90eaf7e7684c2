// Accepted blocks that are not yet in the store: one file each, named by what must be known of it. `put` resolves when the file
// survives a power cut; many blocks share one round of fsync. After a crash the files are the truth.
import { mkdir, readdir, readFile, rm, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { Fault } from "../../../base/fault.ts";
import type { Logger } from "../../../base/logger.ts";
import { tableNames, type TableName } from "../../../model/table.ts";
import { agentKey, type SpoolEntry } from "./block-origin.ts";
import { syncFolder, writeWhole } from "./durable-files.ts";
import { spoolLimits } from "./limits.ts";
import { createQuarantine, type Quarantine } from "./quarantine.ts";

export type SpoolLimits = { readonly [Name in keyof typeof spoolLimits]: number };

interface Waiting {
  readonly entry: SpoolEntry;
  readonly body: Uint8Array;
  resolve(): void;
  reject(error: unknown): void;
}

/** How old the figure for free disk space may be. */
const diskCheckMs = 1_000;

const suffixByEncoding = { none: "native", gzip: "native.gz", zstd: "native.zst" } as const;
const AgentFile = z.object({ cluster: z.string().min(1), node: z.string() });

export class ServerSpool {
  /** Entries found at start, oldest first. */
  readonly found: readonly SpoolEntry[];
  readonly quarantine: Quarantine;
  readonly #folder: string;
  readonly #limits: SpoolLimits;
  readonly #agentsKnown = new Set<string>();
  #blocks: number;
  #bytes: number;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #disk = { checkedAtMs: Number.NEGATIVE_INFINITY, freeBytes: 0 };

  constructor(folder: string, found: readonly SpoolEntry[], quarantine: Quarantine, limits: SpoolLimits) {
    this.#folder = folder;
    this.found = found;
    this.quarantine = quarantine;
    this.#limits = limits;
    this.#blocks = found.length;
    this.#bytes = found.reduce((sum, entry) => sum + entry.bytes, 0);
  }

  get blocks(): number {
    return this.#blocks;
  }

  get bytes(): number {
    return this.#bytes;
  }

  pathOf(entry: SpoolEntry): string {
    return join(this.#folder, nameOf(entry));
  }

  /** Resolves when durable. Throws a Fault: "agents/spool-full" or "agents/disk-full", both worth a retry. */
  async put(entry: SpoolEntry, body: Uint8Array): Promise<void> {
    await this.#checkSpace(entry.bytes);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#blocks += 1;
    this.#bytes += entry.bytes;
    this.#waiting.push({ entry, body, resolve, reject });
    this.#writing ??= this.#writeRounds();
    await promise;
  }

  /** Removes blocks that are durable elsewhere; resolves when no power cut brings them back. */
  async remove(entries: readonly SpoolEntry[]): Promise<void> {
    await Promise.all(entries.map((entry) => rm(this.pathOf(entry), { force: true })));
    await syncFolder(this.#folder);
    for (const entry of entries) this.#forget(entry);
  }

  /** Moves a block that the store refused for its content out of the way. */
  async setAside(entry: SpoolEntry): Promise<void> {
    await this.quarantine.take(this.pathOf(entry), nameOf(entry));
    await syncFolder(this.#folder);
    this.#forget(entry);
  }

  /** Lets the rounds that have begun end. */
  async close(): Promise<void> {
    await this.#writing;
  }

  #forget(entry: SpoolEntry): void {
    this.#blocks -= 1;
    this.#bytes -= entry.bytes;
  }

  async #checkSpace(extraBytes: number): Promise<void> {
    if (this.#blocks >= this.#limits.blocksMax || this.#bytes + extraBytes > this.#limits.bytesMax) throw spoolFull();
    const nowMs = performance.now();
    if (nowMs - this.#disk.checkedAtMs > diskCheckMs) {
      const { bavail, bsize } = await statfs(this.#folder).catch((error: unknown) => {
        throw spoolFault(error);
      });
      this.#disk = { checkedAtMs: nowMs, freeBytes: bavail * bsize };
    }
    if (this.#disk.freeBytes < this.#limits.diskFreeBytesMin) throw diskFull();
  }

  async #writeRounds(): Promise<void> {
    while (this.#waiting.length > 0) {
      const round = this.#waiting.slice(0, this.#limits.roundBlocksMax);
      this.#waiting = this.#waiting.slice(round.length);
      await this.#writeRound(round);
    }
    this.#writing = undefined;
  }

  async #writeRound(round: readonly Waiting[]): Promise<void> {
    const outcomes = await Promise.allSettled(
      round.map(async ({ entry, body }) => {
        await noteAgent(this.#folder, this.#agentsKnown, entry);
        await writeWhole(this.pathOf(entry), body);
      }),
    );
    const synced = await Promise.allSettled([syncFolder(this.#folder)]);
    for (const [index, waiter] of round.entries()) {
      const failed = [outcomes[index], synced[0]].find((outcome) => outcome?.status === "rejected");
      if (failed === undefined) {
        waiter.resolve();
        continue;
      }
      this.#forget(waiter.entry);
      // A file that is not surely durable must not be found at the next start: the agent keeps the block and sends it again.
      await rm(this.pathOf(waiter.entry), { force: true }).catch(() => undefined);
      waiter.reject(spoolFault(failed.reason));
    }
  }
}

/** Opens the spool folder (0700): removes half-written files, sets foreign ones aside, lists the rest. */
export async function openServerSpool(options: {
  readonly folder: string;
  readonly logger: Logger;
  readonly limits?: SpoolLimits;
}): Promise<ServerSpool> {
  const { folder, logger } = options;
  const limits = options.limits ?? spoolLimits;
  await mkdir(join(folder, "agents"), { recursive: true, mode: 0o700 });
  const quarantine = await createQuarantine(join(folder, "quarantine"), limits);
  const { entries, bad } = await listEntries(folder);
  for (const name of bad) {
    await quarantine.take(join(folder, name), name);
    logger.warn({ file: name }, "a file in the spool is no block of ours and was set aside");
  }
  return new ServerSpool(folder, entries, quarantine, limits);
}

function nameOf(entry: SpoolEntry): string {
  const { ingest, boot, sequence, table, rows, encoding } = entry;
  const order = String(ingest).padStart(16, "0");
  return [order, agentKey(entry.cluster, entry.node), boot, sequence, table, rows, suffixByEncoding[encoding]].join(
    ".",
  );
}

const namePattern = /^(\d{16})\.([0-9a-f]{32})\.([0-9a-f]{32})\.(\d{1,16})\.([a-z_]+)\.(\d{1,9})\.native(\.gz|\.zst)?$/;

async function listEntries(folder: string): Promise<{ entries: SpoolEntry[]; bad: string[] }> {
  const entries: SpoolEntry[] = [];
  const bad: string[] = [];
  for (const item of await readdir(folder, { withFileTypes: true })) {
    if (!item.isFile()) continue;
    // Half-written by a crash: never acknowledged.
    if (item.name.endsWith(".tmp")) await rm(join(folder, item.name), { force: true });
    if (!item.name.includes(".native") || item.name.endsWith(".tmp")) continue;
    const entry = await entryOf(folder, item.name);
    if (entry === undefined) bad.push(item.name);
    else entries.push(entry);
  }
  entries.sort((a, b) => a.ingest - b.ingest);
  return { entries, bad };
}

async function entryOf(folder: string, name: string): Promise<SpoolEntry | undefined> {
  const [, ingest, key, boot, sequence, table, rows, packed] = namePattern.exec(name) ?? [];
  if (key === undefined || boot === undefined || !tableNames.includes(table as TableName)) return undefined;
  const agent = await readAgent(folder, key);
  if (agent === undefined) return undefined;
  return {
    ...agent,
    boot,
    ingest: Number(ingest),
    sequence: Number(sequence),
    table: table as TableName,
    rows: Number(rows),
    encoding: packed === ".zst" ? "zstd" : packed === ".gz" ? "gzip" : "none",
    bytes: (await stat(join(folder, name))).size,
  };
}

async function readAgent(folder: string, key: string): Promise<{ cluster: string; node: string } | undefined> {
  try {
    const agent = AgentFile.parse(JSON.parse(await readFile(join(folder, "agents", `${key}.json`), "utf8")));
    return agentKey(agent.cluster, agent.node) === key ? agent : undefined;
  } catch {
    // The block is set aside and counted by the caller: without its agent it must not get into the store.
    return undefined;
  }
}

/** The key in file names is a hash; which agent it stands for is written once, before the agent's first block. */
async function noteAgent(folder: string, known: Set<string>, entry: SpoolEntry): Promise<void> {
  const key = agentKey(entry.cluster, entry.node);
  if (known.has(key)) return;
  const agents = join(folder, "agents");
  await writeWhole(join(agents, `${key}.json`), JSON.stringify({ cluster: entry.cluster, node: entry.node }));
  await syncFolder(agents);
  known.add(key);
}

/** Whatever the disk says, the block itself is fine: the agent shall keep it and try again, not count it as refused. */
export function spoolFault(error: unknown): Fault {
  const code = (error as NodeJS.ErrnoException).code ?? "unknown";
  if (code === "ENOSPC" || code === "EDQUOT") return diskFull();
  return new Fault(`the server's spool cannot be written (${code})`, {
    code: "agents/spool-unwritable",
    kind: "unavailable",
    hint: "see that the server may write to its data folder; agents keep their rows and try again",
    retryAfterMs: 5_000,
    cause: error,
  });
}

function spoolFull(): Fault {
  return new Fault("the server's spool is full: the store takes blocks slower than agents send them", {
    code: "agents/spool-full",
    kind: "limited",
    hint: "see the store's health; agents keep their rows and try again",
    retryAfterMs: 5_000,
  });
}

function diskFull(): Fault {
  return new Fault("the disk of the server's data folder is full", {
    code: "agents/disk-full",
    kind: "unavailable",
    hint: "free space or lower the retention; agents keep their rows and try again",
    retryAfterMs: 15_000,
  });
}
