// A live list from the server: the stream is opened first, then the newest page is read, so that no row falls between the two.
import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import type { Window } from "../../../src/apps/server/contract/common.ts";
import { call, urlOf } from "../../../src/apps/server/contract/client.ts";
import type { AnyEvent } from "../../../src/apps/server/contract/telemetry.ts";
import type { Flow } from "../../../src/model/flow.ts";
import { apiClient, queryClient, sessionKey } from "./client.ts";
import { troubleOf } from "./trouble.ts";
import { LiveStore, type LiveSnapshot } from "./live-store.ts";

export type ListName = "flows" | "events";
export type RowOf<Name extends ListName> = Name extends "flows" ? Flow : AnyEvent;

export interface LiveQuestion {
  readonly q: string;
  readonly since: string;
  readonly until?: string;
  /** Events only. */
  readonly kinds?: string;
  /** An absolute window has no stream: it ended. */
  readonly live: boolean;
}

export type StreamState = "off" | "connecting" | "live" | "reconnecting";

export interface LiveRows<T> {
  readonly store: LiveStore<T>;
  readonly snapshot: LiveSnapshot;
  readonly stream: StreamState;
  /** Of the first page: what was looked at, partial or not, gaps. Undefined until it came. */
  readonly window: Window | undefined;
  readonly error: unknown;
  readonly loading: boolean;
  /** Milliseconds since the epoch at which the newest rows came; 0 before the first. */
  readonly arrivedAt: number;
  readonly more: boolean;
  /** After a refused stream: rows between these times came meanwhile and are not in the list. */
  readonly hole: Hole | undefined;
  readonly loadOlder: () => void;
  readonly retry: () => void;
}

export interface Hole {
  readonly since: string;
  readonly until: string;
}

const rowsMax = 100_000;
const pageRows = 500;
/** Pages read to close the hole of a refused stream; what is more is said. */
const refillPagesMax = 4;
const openMsMax = 1500;
const reconnectMs = [1000, 2000, 5000, 10_000] as const;

interface Progress {
  readonly stream: StreamState;
  readonly window: Window | undefined;
  readonly error: unknown;
  readonly loading: boolean;
  readonly arrivedAt: number;
  readonly next: string | undefined;
  readonly hole: Hole | undefined;
}

const begun: Progress = {
  stream: "off",
  window: undefined,
  error: undefined,
  loading: true,
  arrivedAt: 0,
  next: undefined,
  hole: undefined,
};

/** The rows of a question, newest first. A changed question starts anew; `retry` asks the same one again. */
export function useLiveRows<Name extends ListName>(
  name: Name,
  question: LiveQuestion,
  keyOf: (row: RowOf<Name>) => string,
): LiveRows<RowOf<Name>> {
  const [attempt, setAttempt] = useState(0);
  const [progress, setProgress] = useState(begun);
  const asked = JSON.stringify(question);
  const store = useMemo(() => {
    void asked;
    void attempt;
    return new LiveStore<RowOf<Name>>({
      keyOf,
      timeOf: ({ time }) => time,
      rowsMax,
      schedule: (callback) => requestAnimationFrame(callback),
    });
  }, [asked, attempt, keyOf]);
  const snapshot = useSyncExternalStore(store.subscribe, store.snapshot);
  const olderBusy = useRef(false);

  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    const parsed = JSON.parse(asked) as LiveQuestion;
    const change = (patch: Partial<Progress>): void => {
      if (!signal.aborted) setProgress((before) => ({ ...before, ...patch }));
    };
    setProgress({ ...begun, stream: parsed.live ? "connecting" : "off" });
    const opened = parsed.live ? followStream(name, parsed, { store, change, signal }) : Promise.resolve();
    const begin = async (): Promise<void> => {
      await opened;
      const answer = await readPage(name, parsed, undefined, signal);
      store.pushOlder(answer.rows);
      change({ window: answer.window, next: answer.next, loading: false, arrivedAt: Date.now() });
    };
    begin().catch((error: unknown) => {
      const refused = !["unreachable", "unavailable", "unexpected"].includes(troubleOf(error).kind);
      change({ error, loading: false, ...(refused ? { stream: "off" as const } : {}) });
      // Asking a refused question again every few seconds answers nothing.
      if (refused) controller.abort();
    });
    return () => controller.abort();
  }, [name, asked, store]);

  const loadOlder = (): void => {
    if (olderBusy.current || progress.next === undefined) return;
    olderBusy.current = true;
    const more = async (): Promise<void> => {
      const parsed = JSON.parse(asked) as LiveQuestion;
      const answer = await readPage(name, parsed, progress.next, new AbortController().signal);
      store.pushOlder(answer.rows);
      setProgress((before) => ({ ...before, next: answer.next }));
    };
    more()
      .catch((error: unknown) => setProgress((before) => ({ ...before, error })))
      .finally(() => (olderBusy.current = false));
  };
  const retry = (): void => setAttempt((before) => before + 1);
  return { store, snapshot, ...progress, more: progress.next !== undefined, loadOlder, retry };
}

interface Page<T> {
  readonly rows: readonly T[];
  readonly next?: string | undefined;
  readonly window: Window;
}

/** The row that a link names, when it is not in the list: undefined when nothing matches any more. */
export async function readMarked<Name extends ListName>(
  name: Name,
  question: LiveQuestion,
  isWanted: (row: RowOf<Name>) => boolean,
): Promise<RowOf<Name> | undefined> {
  const { rows } = await readPage(name, question, undefined, new AbortController().signal);
  return rows.find(isWanted);
}

async function readPage<Name extends ListName>(
  name: Name,
  question: LiveQuestion,
  cursor: string | undefined,
  signal: AbortSignal,
): Promise<Page<RowOf<Name>>> {
  const { q, since, until, kinds } = question;
  const query = { q, since, limit: pageRows, ...(until === undefined ? {} : { until }), ...(cursor ? { cursor } : {}) };
  const answer =
    name === "flows"
      ? await call(apiClient, "listFlows", { query, signal })
      : await call(apiClient, "listEvents", { query: { ...query, kinds: kinds ?? "" }, signal });
  return answer as unknown as Page<RowOf<Name>>;
}

interface Following<T> {
  readonly store: LiveStore<T>;
  readonly change: (patch: Partial<Progress>) => void;
  readonly signal: AbortSignal;
}

/** Opens the stream and keeps it open; settles when it is open first, failed first, or after a short while. */
function followStream<Name extends ListName>(
  name: Name,
  question: LiveQuestion,
  following: Following<RowOf<Name>>,
): Promise<void> {
  const { store, change, signal } = following;
  const query = { q: question.q, last: 0, ...(name === "events" ? { kinds: question.kinds ?? "" } : {}) };
  const url = urlOf("", name === "flows" ? "streamFlows" : "streamEvents", { query });
  // A stream that had to be asked for anew does not resume: the newest page fills the hole, known rows are recognised.
  const refill = async (): Promise<void> => {
    const newest = store.rowAt(0);
    const found: RowOf<Name>[] = [];
    let cursor: string | undefined;
    for (let pages = 0; pages < refillPagesMax; pages += 1) {
      const { rows, next } = await readPage(name, question, cursor, signal);
      found.push(...rows);
      cursor = next;
      if (next === undefined || rows.some((row) => store.has(row))) cursor = undefined;
      if (cursor === undefined) break;
    }
    const oldest = found.at(-1);
    store.pushNewer(found.toSorted(byTime));
    if (cursor !== undefined && newest !== undefined && oldest !== undefined)
      change({ hole: { since: newest.time, until: oldest.time } });
  };
  return new Promise((resolve) => {
    let failures = 0;
    const open = (): void => {
      if (signal.aborted) return;
      const source = new EventSource(url);
      signal.addEventListener("abort", () => source.close(), { once: true });
      source.addEventListener("open", () => {
        if (failures > 0) refill().catch((error: unknown) => change({ error }));
        failures = 0;
        change({ stream: "live" });
        resolve();
      });
      source.addEventListener("message", (event: MessageEvent<string>) => {
        const item = JSON.parse(event.data) as { rows: RowOf<Name>[]; skipped: number };
        store.pushNewer(item.rows.toSorted(byTime), item.skipped);
        change({ arrivedAt: Date.now(), error: undefined });
      });
      source.addEventListener("problem", (event: MessageEvent<string>) => {
        change({ error: JSON.parse(event.data) as unknown });
      });
      source.addEventListener("error", () => {
        change({ stream: "reconnecting" });
        resolve();
        // The browser reconnects (with Last-Event-ID) after a cut line; after a refusal it gives up and we ask again.
        if (source.readyState !== EventSource.CLOSED) return;
        void queryClient.invalidateQueries({ queryKey: sessionKey });
        setTimeout(open, reconnectMs[Math.min(failures++, reconnectMs.length - 1)]);
      });
    };
    open();
    setTimeout(resolve, openMsMax);
  });
}

function byTime(a: { readonly time: string }, b: { readonly time: string }): number {
  return a.time < b.time ? -1 : a.time > b.time ? 1 : 0;
}
