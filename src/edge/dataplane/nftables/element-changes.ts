// Elements added and deleted at run time, for all sets in one transaction; with their time given anew also by kernels that cannot do so in place.
import { Fault } from "../../../base/fault.ts";
import type { NftElement } from "../../../core/policy/compile/nft/ruleset.ts";
import { createBatch, type Batch } from "./batch.ts";
import type { Committer } from "./committer.ts";
import { writeElements, type SetShape } from "./elements.ts";
import type { NetlinkSocket } from "./netlink/socket.ts";

export interface ElementChange {
  readonly what: "add" | "delete";
  readonly entries: readonly { readonly set: string; readonly elements: readonly NftElement[] }[];
}

export interface ElementChangesOptions {
  readonly socket: NetlinkSocket;
  readonly committer: Committer;
  readonly table: string;
  readonly shapeOf: (set: string) => SetShape;
  /** Whether adding an element again gives it its time anew (Linux 6.12 and later). */
  readonly refreshesInPlace: boolean;
}

/** More elements than this are not announced to ourselves. */
const quietElementsMin = 500;
const bytesFirst = 256 * 1024;
const smallBytes = 1024;
const attemptsMax = 10;

type Send = (act: (batch: Batch) => void) => void;
type Write = (batch: Batch, what: "add" | "delete") => void;

/** Makes the change; whether nobody else can have changed our table unseen. Throws "dataplane/no-set", "dataplane/key", "dataplane/refused". */
export function changeElements(options: ElementChangesOptions, change: ElementChange): boolean {
  const { entries, what } = change;
  let isSure = true;
  const write: Write = (batch, kind) => {
    for (const entry of entries) {
      const set = options.shapeOf(entry.set);
      writeElements(batch, kind, { table: options.table, set, elements: entry.elements });
    }
  };
  const count = entries.reduce((sum, entry) => sum + entry.elements.length, 0);
  const send: Send = (act) => {
    if (count > quietElementsMin) {
      isSure = options.committer.commit(bytesFirst, act).isSure && isSure;
      return;
    }
    const batch = createBatch(undefined, smallBytes);
    act(batch);
    if (batch.size > 0) batch.send(options.socket);
  };
  const isRefresh = what === "add" && entries.some((entry) => options.shapeOf(entry.set).timeout);
  if (isRefresh && !options.refreshesInPlace) replace(send, write);
  else send((batch) => write(batch, what));
  return isSure;
}

/**
 * Adds what is missing, then takes all out and in again within one transaction: no packet sees a moment without them. An element that ends in
 * between makes the second step fail; then again from the start.
 */
function replace(send: Send, write: Write): void {
  for (let attempt = 1; ; attempt += 1) {
    send((batch) => write(batch, "add"));
    try {
      return send((batch) => {
        write(batch, "delete");
        write(batch, "add");
      });
    } catch (error) {
      const isOver = error instanceof Fault && error.code === "dataplane/disagrees";
      if (!isOver || attempt >= attemptsMax) throw error;
    }
  }
}
