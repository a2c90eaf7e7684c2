// Sends transactions so that nothing which others write in between goes unnoticed: each is bound to the generation that our idea of the table is from.
import { Fault } from "../../../base/fault.ts";
import { createBatch, type Batch } from "./batch.ts";
import { readGeneration } from "./kernel-table.ts";
import type { Monitor } from "./monitor.ts";
import type { NetlinkSocket } from "./netlink/socket.ts";

/** A transaction that others keep disturbing is tried this often with a check of the generation; then once without. */
const attemptsMax = 10;
/** Transactions from this size on are not announced to ourselves. */
const quietBytesMin = 32 * 1024;

export interface Committed<T> {
  readonly written: T;
  /** Whether nobody else can have changed our table unseen. */
  readonly isSure: boolean;
}

export interface Committer {
  /** Looks whether others changed our table, and tells `onForeign`. */
  look(): void;
  /** How often others' changes were seen so far. */
  foreignChanges(): number;
  /**
   * Sends what `write` writes; writes and sends again when others changed rules meanwhile (`onForeign` is told first if it was our table).
   * An empty transaction is not sent. Throws the Faults of Batch.send but "dataplane/changed".
   */
  commit<T>(bytesGuess: number, write: (batch: Batch) => T): Committed<T>;
}

export function createCommitter(given: {
  readonly socket: NetlinkSocket;
  readonly monitor: Monitor;
  readonly onForeign: (what: string) => void;
}): Committer {
  const { socket, monitor } = given;
  let foreignChanges = 0;
  function look(): void {
    const foreign = monitor.drain();
    if (foreign === undefined) return;
    foreignChanges += 1;
    given.onForeign(foreign);
  }
  /** Whether only our own transaction came between. */
  function sendQuietly(batch: Batch, generation: number): boolean {
    monitor.pause();
    try {
      batch.send(socket);
    } finally {
      monitor.resume();
    }
    // Each transaction of anybody adds one; 0 is left out.
    return readGeneration(socket) === ((generation + 1) >>> 0 || 1);
  }
  return {
    look,
    foreignChanges: () => foreignChanges,
    commit: (bytesGuess, write) => {
      for (let attempt = 0; ; attempt += 1) {
        const generation = attempt < attemptsMax ? readGeneration(socket) : undefined;
        look();
        const batch = createBatch(generation, bytesGuess);
        const written = write(batch);
        if (batch.size === 0) return { written, isSure: true };
        try {
          if (generation !== undefined && batch.writer.length >= quietBytesMin) {
            return { written, isSure: sendQuietly(batch, generation) };
          }
          batch.send(socket);
          return { written, isSure: true };
        } catch (error) {
          if (!(error instanceof Fault && error.code === "dataplane/changed")) throw error;
        }
      }
    },
  };
}
