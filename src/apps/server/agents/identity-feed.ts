// Who is who, told to agents: on each control stream the snapshot of the agent's own cluster, then what changed. Lines are made once for all
// agents of a cluster and written as fast as each reader takes them; one that falls far behind gets a new snapshot instead of the backlog.
import type { IdentityChange, IdentitySource } from "../../../core/directory/identity-source.ts";
import { identityLimits, type IdentitiesMessage, type IdentityEntry } from "../../../model/identity-entry.ts";

export const feedLimits = {
  /** Changes of so long go out together. */
  coalesceMs: 200,
  /** Characters of changes that one reader may be behind; beyond it a snapshot is cheaper. */
  behindMax: 4 * 1024 * 1024,
  /** How long a snapshot's lines are kept for the next reader: many agents reconnect at once. */
  snapshotKeptMs: 10_000,
} as const;

/** One reader: `write` takes a line and says whether it takes another now; after a refusal `drained` is called when it does. */
export interface FeedReader {
  drained(): void;
  stop(): void;
}

/** The changes as a chain: each reader holds the link it has reached, so what all have read is nobody's any more. */
interface Link {
  readonly line: string;
  /** Characters of this line and all before it. */
  readonly endsAt: number;
  next: Link | undefined;
}

interface Snapshot {
  readonly lines: readonly string[];
  readonly from: Link;
  readonly madeAtMs: number;
}

interface Follower {
  readonly write: (line: string) => boolean;
  lines: readonly string[];
  at: number;
  link: Link;
  isBlocked: boolean;
}

interface ClusterFeed {
  readonly cluster: string;
  readonly followers: Set<Follower>;
  tail: Link;
  isKept: boolean;
  snapshot: Snapshot | undefined;
  readonly put: Map<string, IdentityEntry>;
  readonly ended: Map<string, number>;
  timer: NodeJS.Timeout | undefined;
}

export interface IdentityFeedOptions {
  readonly identities: IdentitySource;
  readonly coalesceMs?: number;
  /** Milliseconds that only rise. */
  readonly monotonicMs: () => number;
}

export class IdentityFeed {
  readonly #options: IdentityFeedOptions;
  readonly #clusters = new Map<string, ClusterFeed>();
  readonly #stopListening: () => void;

  constructor(options: IdentityFeedOptions) {
    this.#options = options;
    this.#stopListening = options.identities.onChange((cluster, change) => this.#changed(cluster, change));
  }

  /** Begins to tell: a snapshot, then changes. `write` is never called after `stop`. */
  open(cluster: string, write: (line: string) => boolean): FeedReader {
    const feed = this.#feedOf(cluster);
    const follower: Follower = { write, lines: [], at: 0, link: feed.tail, isBlocked: false };
    feed.followers.add(follower);
    this.#begin(feed, follower);
    pump(follower);
    return {
      drained: () => {
        follower.isBlocked = false;
        if (feed.followers.has(follower)) pump(follower);
      },
      stop: () => {
        feed.followers.delete(follower);
        if (feed.followers.size > 0) return;
        clearTimeout(feed.timer);
        if (this.#clusters.get(cluster) === feed) this.#clusters.delete(cluster);
      },
    };
  }

  stop(): void {
    this.#stopListening();
    for (const feed of this.#clusters.values()) {
      clearTimeout(feed.timer);
      feed.followers.clear();
    }
    this.#clusters.clear();
  }

  #feedOf(cluster: string): ClusterFeed {
    let feed = this.#clusters.get(cluster);
    if (feed === undefined) {
      feed = {
        cluster,
        followers: new Set(),
        tail: { line: "", endsAt: 0, next: undefined },
        isKept: this.#options.identities.snapshot(cluster) !== undefined,
        snapshot: undefined,
        put: new Map(),
        ended: new Map(),
        timer: undefined,
      };
      this.#clusters.set(cluster, feed);
    }
    return feed;
  }

  #changed(cluster: string, change: IdentityChange): void {
    const feed = this.#clusters.get(cluster);
    if (feed === undefined) return;
    const isKept = this.#options.identities.snapshot(cluster) !== undefined;
    if (isKept !== feed.isKept) {
      feed.isKept = isKept;
      feed.put.clear();
      feed.ended.clear();
      feed.snapshot = undefined;
      for (const follower of feed.followers) {
        this.#begin(feed, follower);
        pump(follower);
      }
      return;
    }
    if (!isKept) return;
    for (const { key, atMs } of change.ended) feed.ended.set(key, atMs);
    for (const entry of change.put) {
      feed.put.set(entry.key, entry);
      feed.ended.delete(entry.key);
    }
    feed.timer ??= setTimeout(() => this.#flush(feed), this.#options.coalesceMs ?? feedLimits.coalesceMs);
  }

  #flush(feed: ClusterFeed): void {
    feed.timer = undefined;
    const snapshot = this.#options.identities.snapshot(feed.cluster);
    if (snapshot === undefined) return;
    const { put, ended } = inStep(feed.put, feed.ended);
    feed.put.clear();
    feed.ended.clear();
    for (const message of messagesOf(put, ended, snapshot.because)) append(feed, lineOf(message));
    for (const follower of feed.followers) {
      if (feed.tail.endsAt - follower.link.endsAt > feedLimits.behindMax) this.#begin(feed, follower);
      pump(follower);
    }
  }

  /** The reader starts over: what the cluster is now, then the changes after it. */
  #begin(feed: ClusterFeed, follower: Follower): void {
    const { lines, from } = this.#snapshotOf(feed);
    follower.lines = lines;
    follower.at = 0;
    follower.link = from;
  }

  #snapshotOf(feed: ClusterFeed): Snapshot {
    const nowMs = this.#options.monotonicMs();
    const { snapshot } = feed;
    const isFresh = snapshot !== undefined && nowMs - snapshot.madeAtMs < feedLimits.snapshotKeptMs;
    if (isFresh && feed.tail.endsAt - snapshot.from.endsAt < feedLimits.behindMax / 2) return snapshot;
    const made = { lines: snapshotLines(this.#options.identities, feed.cluster), from: feed.tail, madeAtMs: nowMs };
    feed.snapshot = made;
    setTimeout(() => {
      if (feed.snapshot === made) feed.snapshot = undefined;
    }, feedLimits.snapshotKeptMs).unref();
    return made;
  }
}

function pump(follower: Follower): void {
  while (!follower.isBlocked) {
    let line = follower.lines[follower.at];
    if (line !== undefined) {
      follower.at += 1;
      if (follower.at === follower.lines.length) {
        follower.lines = [];
        follower.at = 0;
      }
    } else {
      if (follower.link.next === undefined) return;
      follower.link = follower.link.next;
      ({ line } = follower.link);
    }
    follower.isBlocked = !follower.write(line);
  }
}

function append(feed: ClusterFeed, line: string): void {
  const link: Link = { line, endsAt: feed.tail.endsAt + line.length, next: undefined };
  feed.tail.next = link;
  feed.tail = link;
}

function snapshotLines(identities: IdentitySource, cluster: string): readonly string[] {
  const snapshot = identities.snapshot(cluster);
  if (snapshot === undefined) {
    const because = "nobody keeps an inventory of this cluster";
    return [lineOf({ ...emptyMessage, first: true, last: true, inventory: "none", because })];
  }
  // What ended is told to begin in the same message in which it ends, so it stands first in both lists.
  const past = snapshot.ended ?? [];
  const put = [...past.map(({ entry }) => entry), ...snapshot.entries];
  const ended = past.map(({ entry: { key }, atMs }) => ({ key, atMs }));
  const messages = messagesOf(put, ended, snapshot.because);
  return messages.map((message, index) =>
    lineOf({ ...message, first: index === 0, last: index === messages.length - 1 }),
  );
}

const emptyMessage: IdentitiesMessage = {
  type: "identities",
  first: false,
  last: false,
  inventory: "kept",
  because: "",
  put: [],
  ended: [],
};

/**
 * Changes of a moment, the newest state of each key: what began and ended again stands at the same place in both lists, so that both are in one
 * message and no later message brings a dead thing back to life.
 */
function inStep(
  putByKey: ReadonlyMap<string, IdentityEntry>,
  endedByKey: ReadonlyMap<string, number>,
): Pick<IdentitiesMessage, "put" | "ended"> {
  const isBoth = (key: string): boolean => putByKey.has(key) && endedByKey.has(key);
  const put = [...putByKey.values()];
  const both = put.filter(({ key }) => isBoth(key));
  const keys = [...both.map(({ key }) => key), ...[...endedByKey.keys()].filter((key) => !isBoth(key))];
  return {
    put: [...both, ...put.filter(({ key }) => !isBoth(key))],
    ended: keys.map((key) => ({ key, atMs: endedByKey.get(key) ?? 0 })),
  };
}

/** At least one message: a change of `because` alone is news. */
function messagesOf(
  put: readonly IdentityEntry[],
  ended: IdentitiesMessage["ended"],
  because: string,
): readonly IdentitiesMessage[] {
  const messages: IdentitiesMessage[] = [];
  const size = identityLimits.entriesPerMessageMax;
  const count = Math.max(1, Math.ceil(Math.max(put.length, ended.length) / size));
  for (let index = 0; index < count; index += 1) {
    const [from, to] = [index * size, (index + 1) * size];
    const some = put.slice(from, to);
    const namespaces = some.filter(({ kind }) => kind === "namespace");
    messages.push({
      ...emptyMessage,
      because,
      put: namespaces.length === 0 ? some : some.filter(({ kind }) => kind !== "namespace"),
      ended: ended.slice(from, to),
      ...(namespaces.length === 0 ? {} : { namespaces }),
    });
  }
  return messages;
}

function lineOf(message: IdentitiesMessage): string {
  return JSON.stringify(message);
}
