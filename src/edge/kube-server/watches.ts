// Watches: changes as newline-delimited JSON. The bytes of one change are made once and shared by every watcher of it.
// Promises: in order, nothing skipped; a watcher that does not read, lost its rights or reached its time is ended.
import type { ServerResponse } from "node:http";
import { apiVersionOf, type ResourceType } from "./resource-types.ts";
import type { Matcher } from "./selectors.ts";
import { StatusError } from "./status.ts";
import type { Change, ChangeType, KubeStore, StoredObject } from "./store.ts";

export const watchLimits = {
  watchersMax: 1024,
  /** A watcher with more unread bytes is ended: it resumes from its last version. */
  unreadBytesMax: 8 * 1024 * 1024,
  bookmarkEveryMs: 10_000,
  /** Without timeoutSeconds. */
  timeoutMsDefault: 30 * 60_000,
  timeoutMsMax: 2 * 3_600_000,
} as const;

export interface WatchQuery {
  readonly type: ResourceType;
  readonly namespace: string;
  readonly matchers: readonly Matcher[];
  /** "" and "0": what is there comes first, as ADDED. */
  readonly resourceVersion: string;
  readonly sendsInitialEvents: boolean;
  readonly allowsBookmarks: boolean;
  readonly timeoutMs: number;
  /** Asked again with every bookmark: rights may be revoked in mid-watch. */
  readonly isAllowed: () => boolean;
}

export interface Watches {
  readonly size: number;
  /** Answers the request and goes on until it ends. */
  start(query: WatchQuery, response: ServerResponse): void;
  /** Ends all of them, as a restarting server would. */
  endAll(): void;
}

export interface WatchesOptions {
  readonly store: KubeStore;
  readonly bookmarkEveryMs: number;
}

export function createWatches({ store, bookmarkEveryMs }: WatchesOptions): Watches {
  const open = new Set<Watcher>();
  const lines = createLines();
  store.onChange((change) => {
    for (const watcher of open) watcher.take(change);
  });
  return {
    get size() {
      return open.size;
    },
    start(query, response) {
      if (open.size >= watchLimits.watchersMax) {
        response.setHeader("retry-after", "1");
        throw new StatusError(429, "TooManyRequests", "too many watches");
      }
      const watcher = new Watcher(query, response, lines);
      // Only headers first: a client learns at once that the watch is on.
      response.writeHead(200, { "content-type": "application/json", "cache-control": "no-cache, private" });
      response.flushHeaders();
      if (!watcher.begin(store)) return;
      open.add(watcher);
      const timer = setInterval(() => watcher.bookmark(store.revision), bookmarkEveryMs);
      const end = setTimeout(() => response.end(), query.timeoutMs);
      response.once("close", () => {
        open.delete(watcher);
        clearInterval(timer);
        clearTimeout(end);
      });
    },
    endAll() {
      for (const watcher of open) watcher.end();
    },
  };
}

type Line = (type: ChangeType, stored: StoredObject) => Buffer;

/** The bytes of the newest objects, by event type; older ones are garbage with their object. */
function createLines(): Line {
  const made = new WeakMap<StoredObject, Map<ChangeType, Buffer>>();
  return (type, stored) => {
    let byType = made.get(stored);
    if (byType === undefined) {
      byType = new Map();
      made.set(stored, byType);
    }
    let line = byType.get(type);
    if (line === undefined) {
      line = Buffer.from(`{"type":"${type}","object":${stored.json()}}\n`);
      byType.set(type, line);
    }
    return line;
  };
}

class Watcher {
  readonly #query: WatchQuery;
  readonly #response: ServerResponse;
  readonly #line: Line;

  constructor(query: WatchQuery, response: ServerResponse, line: Line) {
    this.#query = query;
    this.#response = response;
    this.#line = line;
  }

  /** What came before now. False when the watch ended with an error already. */
  begin(store: KubeStore): boolean {
    const { resourceVersion, sendsInitialEvents, type, namespace } = this.#query;
    if (resourceVersion === "" || resourceVersion === "0" || sendsInitialEvents) {
      for (const stored of store.list(type, namespace))
        if (this.#matches(stored)) this.#write(this.#line("ADDED", stored));
      if (sendsInitialEvents) this.#sendBookmark(store.revision, { "k8s.io/initial-events-end": "true" });
      return true;
    }
    try {
      for (const change of store.changesSince(Number(resourceVersion))) this.take(change);
      return true;
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      this.#response.end(`{"type":"ERROR","object":${JSON.stringify(error.body)}}\n`);
      return false;
    }
  }

  take(change: Change): void {
    const { type, namespace } = this.#query;
    if (change.resource !== type) return;
    if (namespace !== "" && change.stored.object.metadata.namespace !== namespace) return;
    const isIn = change.type !== "DELETED" && this.#matches(change.stored);
    const wasIn = change.before !== undefined && this.#matches(change.before);
    // Into the selection it is added, out of it deleted, whatever happened to the object itself.
    if (isIn) this.#write(this.#line(wasIn ? "MODIFIED" : "ADDED", change.stored));
    else if (wasIn) this.#write(this.#line("DELETED", change.stored));
  }

  bookmark(revision: number): void {
    if (!this.#query.isAllowed()) this.end();
    else if (this.#query.allowsBookmarks) this.#sendBookmark(revision, undefined);
  }

  end(): void {
    this.#response.end();
  }

  #matches(stored: StoredObject): boolean {
    return this.#query.matchers.every((matches) => matches(stored.object));
  }

  #sendBookmark(revision: number, annotations: Record<string, string> | undefined): void {
    const { type } = this.#query;
    const metadata = { resourceVersion: String(revision), ...(annotations === undefined ? {} : { annotations }) };
    const object = { kind: type.kind, apiVersion: apiVersionOf(type), metadata };
    this.#write(Buffer.from(`${JSON.stringify({ type: "BOOKMARK", object })}\n`));
  }

  #write(line: Buffer): void {
    if (this.#response.writableLength > watchLimits.unreadBytesMax) this.#response.destroy();
    else if (!this.#response.writableEnded) this.#response.write(line);
  }
}
