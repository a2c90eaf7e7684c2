// What every cluster's inventory says about identities, in one place: kept by who reads the API, told on to who listens. A listener sees
// every change once and in order; a snapshot plus the changes after it is the whole truth. Bounded: what has no room is said in `because`.
import type { IdentityEntry } from "../../model/identity-entry.ts";
import { identityLimits } from "../../model/identity-entry.ts";
import type { IdentityChange, IdentityHub } from "./identity-source.ts";

/** Things that ended lately and are told to newcomers; the oldest leave. */
const endedMax = 5000;

interface Kept {
  readonly entries: Map<string, IdentityEntry>;
  ended: { readonly entry: IdentityEntry; readonly atMs: number }[];
  because: string;
  /** Keys that had no room; they come in when a reset finds room for them. */
  readonly refused: Set<string>;
}

type Listener = (cluster: string, change: IdentityChange) => void;

const nothing: IdentityChange = { put: [], ended: [] };

/** An empty hub. `entriesMax` is for tests; beyond it new keys of a cluster are left out and `because` counts them. */
export function createIdentityHub(entriesMax: number = identityLimits.entriesMax): IdentityHub {
  const clusters = new Map<string, Kept>();
  const listeners = new Set<Listener>();

  function tell(cluster: string, change: IdentityChange): void {
    for (const listener of listeners) listener(cluster, change);
  }

  function keptOf(cluster: string): Kept {
    let kept = clusters.get(cluster);
    if (kept === undefined) {
      kept = { entries: new Map(), ended: [], because: "", refused: new Set() };
      clusters.set(cluster, kept);
    }
    return kept;
  }

  return {
    snapshot(cluster) {
      const kept = clusters.get(cluster);
      if (kept === undefined) return undefined;
      const { entries } = kept;
      // A key that lives again (a node that came back) is told as living only.
      const ended = kept.ended.filter(({ entry }) => !entries.has(entry.key));
      return { entries: [...entries.values()], because: reasonOf(kept), ended };
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    reset(cluster, snapshot, atMs) {
      const kept = keptOf(cluster);
      const before = reasonOf(kept);
      const isNew = kept.entries.size === 0;
      kept.refused.clear();
      kept.because = snapshot.because;
      const living = new Set(snapshot.entries.map((entry) => entry.key));
      const ended: { key: string; atMs: number }[] = [];
      for (const key of kept.entries.keys()) if (!living.has(key)) ended.push({ key, atMs });
      for (const one of ended) end(kept, one);
      const put = take(kept, snapshot.entries, entriesMax);
      if (isNew || put.length > 0 || ended.length > 0 || before !== reasonOf(kept)) tell(cluster, { put, ended });
    },
    change(cluster, change) {
      const kept = keptOf(cluster);
      const ended = change.ended.filter((one) => end(kept, one));
      const put = take(kept, change.put, entriesMax);
      if (put.length > 0 || ended.length > 0) tell(cluster, { put, ended });
    },
    explain(cluster, because) {
      const isNew = !clusters.has(cluster);
      const kept = keptOf(cluster);
      if (kept.because === because && !isNew) return;
      kept.because = because;
      tell(cluster, nothing);
    },
    forget(cluster) {
      // A listener finds no snapshot any more: nobody keeps an inventory of this cluster.
      if (clusters.delete(cluster)) tell(cluster, nothing);
    },
  };
}

/** Takes what is new or differs, as far as there is room; returns what really changed. */
function take(kept: Kept, put: readonly IdentityEntry[], entriesMax: number): IdentityEntry[] {
  const changed: IdentityEntry[] = [];
  for (const entry of put) {
    const before = kept.entries.get(entry.key);
    if (before === undefined && kept.entries.size >= entriesMax) {
      if (kept.refused.size < entriesMax) kept.refused.add(entry.key);
      continue;
    }
    if (before !== undefined && (before === entry || isSameEntry(before, entry))) continue;
    kept.entries.set(entry.key, entry);
    kept.refused.delete(entry.key);
    changed.push(entry);
  }
  return changed;
}

/** False when there was nothing to end. */
function end(kept: Kept, { key, atMs }: IdentityChange["ended"][number]): boolean {
  kept.refused.delete(key);
  const entry = kept.entries.get(key);
  if (entry === undefined) return false;
  kept.entries.delete(key);
  // The newest end is the only clock here.
  const sinceMs = atMs - identityLimits.endedKeptMs;
  const isFull = kept.ended.length >= endedMax;
  if (isFull || (kept.ended[0]?.atMs ?? atMs) < sinceMs) {
    kept.ended = kept.ended.slice(isFull ? endedMax / 10 : 0).filter((one) => one.atMs >= sinceMs);
  }
  kept.ended.push({ entry, atMs });
  return true;
}

function reasonOf(kept: Kept): string {
  if (kept.refused.size === 0) return kept.because;
  const full = `${kept.refused.size} things of the cluster have no room in the directory`;
  return kept.because === "" ? full : `${kept.because}; ${full}`;
}

/** Entries are small flat objects that one maker builds in one order; a difference in order alone costs a repeated message, nothing else. */
function isSameEntry(left: IdentityEntry, right: IdentityEntry): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
