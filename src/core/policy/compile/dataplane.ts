// The port between compiled policies and a kernel: edge/dataplane/* implements it. All methods but `watch` are synchronous:
// the kernel takes a whole transaction in one call. Errors are Faults "dataplane/..." that name the object which was refused.
import type { NftElement, NftRuleset } from "./nft/ruleset.ts";

export interface ApplyReport {
  /** Whether the whole table was written, or only the difference. */
  readonly how: "full" | "difference" | "nothing";
  readonly elementsAdded: number;
  readonly elementsDeleted: number;
  readonly chainsWritten: number;
  readonly setsAdded: number;
  readonly setsDeleted: number;
  /** The kernel's generation of its rules after the transaction. */
  readonly kernelGeneration: number;
}

/** What differs between what should be there and what the kernel says is there. Empty lists: it is as it should be. */
export interface ReadBack {
  readonly isThere: boolean;
  readonly digest: string;
  /** One line each: "chain gr_pol_1f: rule 3 is missing"; at most `differencesMax`. */
  readonly differences: readonly string[];
}

export interface Counter {
  readonly ruleId: number;
  readonly packets: number;
  readonly bytes: number;
}

/** A packet that the rules reported: the first of its connection. */
export interface PolicyPacket {
  /** Milliseconds since the epoch. */
  readonly timeMs: number;
  readonly verdict: "allow" | "deny";
  readonly direction: "ingress" | "egress";
  readonly ruleId: number;
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly bytes: number;
  readonly icmpType?: number;
  readonly icmpCode?: number;
  /** Names of the interfaces, "" when there is none. */
  readonly inInterface: string;
  readonly outInterface: string;
}

export interface PacketBatch {
  readonly packets: readonly PolicyPacket[];
  /** Reports that the kernel or the reader dropped since the last batch. */
  readonly lost: number;
  /** Messages that could not be read as a packet of ours. */
  readonly unreadable: number;
}

export interface TrackedConnection {
  readonly protocol: number;
  /**
   * As the connection was opened, before any address translation. Of ICMP `sourcePort` is the identifier and `destinationPort` is type * 256 + code.
   */
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Where it really goes: the answer's source. */
  readonly realDestination: string;
  readonly realDestinationPort: number;
  readonly isAssured: boolean;
  /** TCP whose ends have taken their leave: the kernel still tracks it, nobody uses it. */
  readonly isOver?: true;
}

/** Somebody else touched our table. */
export interface ForeignChange {
  readonly timeMs: number;
  readonly what: string;
  /** Another Garrison holds the table for its own: both would write it again for ever. */
  readonly isOtherAgent?: boolean;
}

export interface Dataplane {
  /** Makes the kernel's table equal to the ruleset, atomically: either all of it or nothing. Counters of unchanged chains go on. */
  apply(ruleset: NftRuleset): ApplyReport;
  /** Reads chains, rules and sets back from the kernel and compares; `elements: false` compares sets by their number of elements only. */
  readBack(ruleset: NftRuleset, options: { readonly elements: boolean }): ReadBack;
  /** Adds to (or refreshes in) a dynamic set, in one transaction for all. Returns once the kernel has them. */
  addElements(entries: readonly { readonly set: string; readonly elements: readonly NftElement[] }[]): void;
  deleteElements(entries: readonly { readonly set: string; readonly elements: readonly NftElement[] }[]): void;
  /** Elements now in a set, with what is left of their time. */
  listElements(set: string): readonly NftElement[];
  counters(): readonly Counter[];
  /** All tracked connections, at most `max` (the rest is counted). */
  connections(max: number): { readonly connections: readonly TrackedConnection[]; readonly more: number };
  /** Where a redirected client wanted to go; undefined when the packet was not redirected or is not known. */
  originalOf(tuple: {
    readonly protocol: number;
    readonly source: string;
    readonly sourcePort: number;
    readonly destination: string;
    readonly destinationPort: number;
  }): { readonly address: string; readonly port: number } | undefined;
  /** Deletes tracked connections, so that their next packet is judged as a first one; returns how many were there. */
  cut(connections: readonly TrackedConnection[]): number;
  /** Removes our table and nothing else. No error when it is not there. */
  remove(): void;
  /** Calls when anybody else changed or removed our table, within a second. Returns how to stop. */
  watch(onForeign: (change: ForeignChange) => void): () => void;
  /** Reports of packets from the kernel, in batches, read by a thread of its own. Returns how to stop. */
  packets(onBatch: (batch: PacketBatch) => void): Promise<() => Promise<void>>;
  close(): void;
}
