// What every decoder of a record needs: the views over the ring, the header's fields, and the caches.
import type { AskedNames } from "./asked-environment.ts";
import type { HostFolders } from "./host-folders.ts";
import type { PathPlaces } from "./path-places.ts";
import { eventFlag, layout } from "./layout.gen.ts";
import type { CallEvent, FileDeedEvent } from "../../core/sense/deed-events.ts";
import type { ProcessKey } from "../../core/sense/sensor.ts";
import type { ReadEnvironment } from "./proc-environment.ts";
import type { RepeatCache, RepeatRecord } from "./repeat-cache.ts";
import type { RingViews } from "./ring.ts";
import type { StringCache } from "./string-cache.ts";
import type { TextCache } from "./text-cache.ts";

export interface DecodeContext {
  readonly texts: TextCache;
  readonly strings: StringCache;
  /** Milliseconds since the epoch at boot; moves when the wall clock is set. */
  bootMs: number;
  /** Variables of environments that somebody asks for; nothing else of an environment is looked at. */
  asked?: AskedNames | undefined;
  /** The whole environment of a process, where the record has a part; absent: the part must do. */
  readonly wholeEnvironment?: (process: ProcessKey, asked: AskedNames) => ReadEnvironment | undefined;
  /** False: a mark of an overlay's writable layer is not believed. */
  readonly knowsUpper?: boolean;
  /** Where paths that the kernel did not resolve are; absent: they are only joined, as written. */
  readonly places?: PathPlaces;
  /** Which files of containers are the host's; absent: nobody asks. */
  readonly hosts?: HostFolders;
  /** Keeps what was told, for counts of its repeats. */
  readonly repeats?: RepeatCache;
}

export interface Source {
  readonly views: RingViews;
  readonly words: Uint32Array;
  readonly halves: Uint16Array;
  readonly texts: TextCache;
  readonly context: DecodeContext;
}

export const header = layout.eventHeader;
export const processWords = { pid: header.tgid / 4, start: header.startNs / 4, comm: header.comm / 4 } as const;
const twoTo32 = 4294967296;

/** The u64 at byte offset `at`; exact below 2^53. */
export function wide(words: Uint32Array, at: number): number {
  const index = at >> 2;
  return (words[index + 1] ?? 0) * twoTo32 + (words[index] ?? 0);
}

/** The s64 at byte offset `at`; exact within 53 bits. */
export function signedWide(words: Uint32Array, at: number): number {
  const index = at >> 2;
  return ((words[index + 1] ?? 0) | 0) * twoTo32 + (words[index] ?? 0);
}

export function timeMsOf(source: Source, at: number): number {
  return Math.floor(source.context.bootMs + wide(source.words, at + header.timeNs) / 1e6);
}

/** The header's flags, without those that this kernel gets wrong. */
export function flagsOf({ halves, context }: Source, at: number): number {
  const flags = halves[(at + header.flags) >> 1] ?? 0;
  return context.knowsUpper === false ? flags & ~eventFlag.upper : flags;
}

/** `event` only where decoding the record once more would not say the same. */
export function rememberDeed(
  { words, context }: Source,
  record: RepeatRecord,
  keyAt: number,
  event: FileDeedEvent | CallEvent | undefined,
): void {
  context.repeats?.remember(words[keyAt >> 2] ?? 0, words[(keyAt + 4) >> 2] ?? 0, record, event);
}
