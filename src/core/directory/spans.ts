// Who had a name from when to when: the newest that had begun and had not ended is right. Shared by addresses and pod names.
import type { IdentityEntry } from "../../model/identity-entry.ts";

/** One thing of the cluster as the directory keeps it. `entry` is its newest state: an owner or a digest that came late is true of the past too. */
export interface Known {
  entry: IdentityEntry;
  /** Milliseconds of the server's clock; Infinity while it lives. */
  endMs: number;
}

/** That a thing had a name (an address, a pod's name) from a time on, until its end. */
export interface Span {
  readonly known: Known;
  readonly fromMs: number;
}

/** Nearly always one per name, so a list is walked. */
export type Spans = Map<string, Span[]>;

export const spanLimits = {
  /** A thing is told of a moment after its first packet: whoever comes next owns facts of so short a time before it, if nobody else does. */
  earlyMsMax: 5000,
  /** Things that shared one name within the time that ended ones are kept; the oldest leave. */
  perNameMax: 64,
} as const;

/** The newest that covers `timeMs`; else the first one that begins soon after it. Ties: the one that was told later. */
export function spanAt(spans: readonly Span[] | undefined, timeMs: number): Span | undefined {
  if (spans === undefined) return undefined;
  let newest: Span | undefined;
  let soonest: Span | undefined;
  for (const span of spans) {
    if (span.fromMs <= timeMs) {
      if (timeMs < span.known.endMs && (newest === undefined || span.fromMs >= newest.fromMs)) newest = span;
    } else if (span.fromMs - timeMs <= spanLimits.earlyMsMax) {
      if (soonest === undefined || span.fromMs < soonest.fromMs) soonest = span;
    }
  }
  return newest ?? soonest;
}

export function addSpan(spans: Spans, name: string, span: Span): void {
  const list = spans.get(name);
  if (list === undefined) spans.set(name, [span]);
  else {
    list.push(span);
    if (list.length > spanLimits.perNameMax) list.shift();
  }
}

export function hasSpan(spans: Spans, name: string, known: Known): boolean {
  return spans.get(name)?.some((span) => span.known === known) === true;
}

/** The thing lives on without this name: until now it was what `ghost` says. */
export function handOver(spans: Spans, name: string, known: Known, ghost: Known): void {
  const list = spans.get(name);
  const index = list?.findIndex((span) => span.known === known) ?? -1;
  const span = list?.[index];
  if (list !== undefined && span !== undefined) list[index] = { known: ghost, fromMs: span.fromMs };
}

/** Lets go of every span of this thing under this name. */
export function dropSpans(spans: Spans, name: string, known: Known): void {
  const list = spans.get(name);
  if (list === undefined) return;
  const kept = list.filter((span) => span.known !== known);
  if (kept.length === 0) spans.delete(name);
  else if (kept.length < list.length) spans.set(name, kept);
}
