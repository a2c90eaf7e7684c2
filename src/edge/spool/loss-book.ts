// What was lost and is not yet told in a spooled block of gaps: merged by table and reason, on disk from the moment a loss is decided.
// A kill at any point loses no number and, as what is under way is noted too, tells none twice.
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import { gapReasons } from "../../model/gap.ts";

const SpoolLoss = z.strictObject({
  table: z.string(),
  reason: z.enum(gapReasons),
  /** Lost blocks of the spool; 0 for what was lost elsewhere. */
  blocks: z.int(),
  /** Known rows; 0 when nobody could count. */
  rows: z.int(),
  /** "estimate": at most these; the server may have some of them. */
  counted: z.enum(["exact", "estimate", "no"]),
  /** The window of the lost rows where it is known, else the time it was noticed. */
  fromMs: z.int(),
  toMs: z.int(),
  /** Why, of the newest. */
  detail: z.string(),
  /** How often a block that told this was refused. */
  refusals: z.int(),
});
export type SpoolLoss = Readonly<z.infer<typeof SpoolLoss>>;
export const SpoolLosses = z.array(SpoolLoss);

const BookFile = z.strictObject({
  losses: SpoolLosses,
  /** Told by the block of this order if its file is there; if not, still to be told. */
  telling: z.strictObject({ order: z.int(), losses: SpoolLosses }).optional(),
  /** Counted already, their files perhaps not yet removed. */
  leaving: z.array(z.int()),
});
type BookFile = z.infer<typeof BookFile>;

const fileName = "losses.json";
const reserveName = "reserve";
/** Kept free for the book on a full disk. */
const reserveBytes = 8 * 1024;

/** What is known of a lost block: its header, or less. */
export interface LostBlock {
  readonly table: string;
  readonly rows: number;
  readonly timeMinMs?: number;
  readonly timeMaxMs?: number;
}

/** Why a block is lost. */
export interface LossCause {
  readonly reason: SpoolLoss["reason"];
  readonly detail: string;
  /** The server may have it. */
  readonly isUncertain: boolean;
}

export interface LossBookOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Changes are in memory until `save`; the spool calls it before it acts on them. One caller at a time. */
export class LossBook {
  readonly #options: LossBookOptions;
  #losses = new Map<string, SpoolLoss>();
  #telling: { readonly order: number; readonly losses: SpoolLoss[] } | undefined;
  #leaving: readonly number[] = [];
  #rows = 0;
  #isDirty = false;

  constructor(options: LossBookOptions) {
    this.#options = options;
  }

  /** All rows ever added since the start. */
  get rows(): number {
    return this.#rows;
  }

  get losses(): readonly SpoolLoss[] {
    return [...this.#losses.values()];
  }

  /** What the last life left, to be settled by `settle`: files that must go, and the order that must not be used again. */
  async open(): Promise<{ readonly leaving: ReadonlySet<number>; readonly orderMax: number }> {
    await this.#reserve();
    const text = await readFile(this.#path(fileName), "utf8").catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === "ENOENT") return undefined;
      throw cause;
    });
    if (text !== undefined) this.#load(text);
    const leaving = new Set(this.#leaving);
    return { leaving, orderMax: Math.max(0, this.#telling?.order ?? 0, ...leaving) };
  }

  #load(text: string): void {
    try {
      const file = BookFile.parse(JSON.parse(text));
      for (const loss of file.losses) this.put(loss);
      this.#telling = file.telling;
      this.#leaving = file.leaving;
    } catch {
      this.#options.logger.error({ file: fileName }, "the book of losses is damaged; what it counted is not known");
      const detail = "the book of losses was damaged";
      this.add({ table: "*", rows: 0 }, { reason: "spool-corrupt", detail, isUncertain: true });
    }
  }

  /** Ends what a kill cut short; `isThere` says whether the file of an order exists. */
  async settle(isThere: (order: number) => boolean): Promise<void> {
    if (this.#telling !== undefined) this.endTelling(isThere(this.#telling.order) ? [] : this.#telling.losses);
    if (this.#isDirty || this.#leaving.length > 0) await this.save([]);
  }

  add(block: LostBlock, { reason, detail, isUncertain }: LossCause): void {
    const nowMs = this.#options.clock.nowMs();
    const { table, rows, timeMinMs: fromMs = nowMs, timeMaxMs: toMs = nowMs } = block;
    this.#rows += rows;
    const counted = rows === 0 ? "no" : isUncertain ? "estimate" : "exact";
    this.put({ table, reason, counted, detail, blocks: 1, rows, fromMs, toMs, refusals: 0 });
  }

  /** Adds what was counted before, merged with its like. */
  put(loss: SpoolLoss): void {
    const key = `${loss.table} ${loss.reason} ${loss.counted} ${loss.refusals}`;
    const known = this.#losses.get(key);
    this.#isDirty = true;
    this.#losses.set(key, {
      ...loss,
      blocks: (known?.blocks ?? 0) + loss.blocks,
      rows: (known?.rows ?? 0) + loss.rows,
      fromMs: Math.min(known?.fromMs ?? loss.fromMs, loss.fromMs),
      toMs: Math.max(known?.toMs ?? loss.toMs, loss.toMs),
    });
  }

  /** The block of `order` is about to be written and tells everything that is in the book; until `endTelling` the file has both. */
  beginTelling(order: number): void {
    if (this.#losses.size === 0) return;
    this.#telling = { order, losses: [...this.#losses.values()] };
    this.#losses = new Map();
    this.#isDirty = true;
  }

  /** `back`: what is still to be told, when the block was not written. */
  endTelling(back: readonly SpoolLoss[]): void {
    this.#isDirty ||= this.#telling !== undefined;
    this.#telling = undefined;
    for (const loss of back) this.put(loss);
  }

  /**
   * Writes the book when it changed. `leaving` are orders whose losses it has now and whose files are removed next: a kill between
   * is put right at the next start. On a full disk the reserve is used; when that fails too it stays in memory until the next call.
   */
  async save(leaving: readonly number[]): Promise<void> {
    if (!this.#isDirty && this.#leaving.length === 0 && leaving.length === 0) return;
    this.#leaving = leaving;
    const file: BookFile = {
      losses: [...this.#losses.values()],
      ...(this.#telling === undefined ? {} : { telling: this.#telling }),
      leaving: [...leaving],
    };
    const text = JSON.stringify(file);
    try {
      await this.#write(text).catch(async (cause: NodeJS.ErrnoException) => {
        if (cause.code !== "ENOSPC") throw cause;
        await rm(this.#path(reserveName), { force: true });
        await this.#write(text);
      });
      this.#isDirty = false;
    } catch (cause) {
      this.#isDirty = true;
      const error = (cause as Error).message;
      this.#options.logger.error({ error }, "the book of losses could not be written; it is kept in memory");
    }
  }

  /** Tries again what could not be written, and takes the reserve back. Call now and then. */
  async tick(): Promise<void> {
    if (this.#isDirty) await this.save([]);
    await this.#reserve();
  }

  async #write(text: string): Promise<void> {
    await writeFile(this.#path(`${fileName}.tmp`), text, { mode: 0o600 });
    await rename(this.#path(`${fileName}.tmp`), this.#path(fileName));
  }

  async #reserve(): Promise<void> {
    const path = this.#path(reserveName);
    await writeFile(path, Buffer.alloc(reserveBytes), { mode: 0o600, flag: "wx" }).catch(
      async (cause: NodeJS.ErrnoException) => {
        if (cause.code === "EEXIST") return;
        if (cause.code !== "ENOSPC") throw cause;
        await rm(path, { force: true });
      },
    );
  }

  #path(name: string): string {
    return join(this.#options.folder, name);
  }
}
