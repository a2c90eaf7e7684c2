// What the spool lost, merged by table and reason until the agent turns it into gap rows. Bounded by tables times reasons.
import type { Clock } from "../../base/clock.ts";
import type { TableName } from "../../model/table.ts";

export type SpoolLossReason = "spool-full" | "spool-corrupt" | "block-refused";

export interface SpoolLoss {
  readonly table: TableName | "*";
  readonly reason: SpoolLossReason;
  readonly blocks: number;
  /** Known rows; 0 when a corrupt file could not say. */
  readonly rows: number;
  readonly counted: "exact" | "no";
  /** The window of the lost rows where it is known, else the time it was noticed. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Why, of the newest. */
  readonly detail: string;
}

/** What is known of a lost block: its header, or less. */
export interface LostBlock {
  readonly table: TableName | "*";
  readonly rows: number;
  readonly timeMinMs?: number;
  readonly timeMaxMs?: number;
}

export interface LossBook {
  /** All rows ever added. */
  readonly rows: number;
  add(block: LostBlock, reason: SpoolLossReason, detail: string): void;
  /** Everything since the last call. */
  take(): readonly SpoolLoss[];
}

export function createLossBook(clock: Clock): LossBook {
  let book = new Map<string, SpoolLoss>();
  let rows = 0;
  return {
    get rows() {
      return rows;
    },
    add(block, reason, detail) {
      rows += block.rows;
      const counted = block.rows > 0 ? "exact" : "no";
      const key = `${block.table} ${reason} ${counted}`;
      const known = book.get(key);
      const fromMs = block.timeMinMs ?? clock.nowMs();
      const toMs = block.timeMaxMs ?? clock.nowMs();
      book.set(key, {
        table: block.table,
        reason,
        counted,
        detail,
        blocks: (known?.blocks ?? 0) + 1,
        rows: (known?.rows ?? 0) + block.rows,
        fromMs: Math.min(known?.fromMs ?? fromMs, fromMs),
        toMs: Math.max(known?.toMs ?? toMs, toMs),
      });
    },
    take() {
      const taken = [...book.values()];
      book = new Map();
      return taken;
    },
  };
}
