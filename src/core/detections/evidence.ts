// Evidence of equal detections as one list in order of time. A detection's own evidence is "<RFC 3339> <kind>: <text>"; foreign sensors give "name=value".
import { formatInstant, parseInstantMs } from "../../base/instant.ts";

export interface EvidenceEntry {
  /** RFC 3339; absent when the text tells none. */
  readonly at?: string;
  readonly kind: string;
  readonly text: string;
}

const timed = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z) ([^:]{1,80}): ([\s\S]*)$/;

/** One text; what has another form stays whole, without a time. */
export function evidenceEntry(text: string): EvidenceEntry {
  const found = timed.exec(text);
  const atMs = found === null ? undefined : parseInstantMs(found[1] ?? "");
  if (found === null || atMs === undefined) return { kind: "", text };
  return { at: formatInstant(atMs), kind: found[2] ?? "", text: found[3] ?? "" };
}

/** `events`: newest first. Entries without a time come last, in the order of the newest event; equal ones once. The oldest `max` are kept. */
export function evidenceOf(
  events: readonly { readonly evidence: readonly string[] }[],
  max: number,
): { readonly entries: readonly EvidenceEntry[]; readonly omitted: number } {
  const texts = [...new Set(events.flatMap(({ evidence }) => evidence))];
  const entries = texts.map(evidenceEntry);
  const known = entries.filter((entry) => entry.at !== undefined);
  const unknown = entries.filter((entry) => entry.at === undefined);
  const sorted = [...known.toSorted((one, other) => compare(one.at ?? "", other.at ?? "")), ...unknown];
  return { entries: sorted.slice(0, max), omitted: Math.max(0, sorted.length - max) };
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
