// An answer that follows what happens: the stream of security events says that something came, the list is asked anew. While somebody looks at
// it the newer answer waits, and its number of new rows is told.
import { useEffect, useRef, useState } from "react";
import { urlOf } from "../../../../src/apps/server/contract/client.ts";

/** Events in one burst ask once. */
const gatherMs = 1200;

export type LiveState = "off" | "live" | "reconnecting";

/** Calls `onChange` after events of the filter came; `live` false: no stream. */
export function useSecurityStream(q: string, live: boolean, onChange: () => void): LiveState {
  const [state, setState] = useState<LiveState>("off");
  const changed = useRef(onChange);
  useEffect(() => {
    changed.current = onChange;
  });
  useEffect(() => {
    if (!live) {
      setState("off");
      return;
    }
    const source = new EventSource(urlOf("", "streamEvents", { query: { q, kinds: "security", last: 0 } }));
    let waiting: ReturnType<typeof setTimeout> | undefined;
    source.addEventListener("open", () => setState("live"));
    source.addEventListener("error", () => setState("reconnecting"));
    source.addEventListener("message", (event: MessageEvent<string>) => {
      const { rows, skipped } = JSON.parse(event.data) as {
        readonly rows: readonly unknown[];
        readonly skipped: number;
      };
      if (rows.length === 0 && skipped === 0) return;
      waiting ??= setTimeout(() => {
        waiting = undefined;
        changed.current();
      }, gatherMs);
    });
    return () => {
      clearTimeout(waiting);
      source.close();
    };
  }, [q, live]);
  return state;
}

/** The newest rows, or the ones that were there when `held` began; `pending` counts those that wait. */
export function useHeld<T>(rows: readonly T[] | undefined, held: boolean, keyOf: (row: T) => string) {
  const [shown, setShown] = useState(rows);
  useEffect(() => {
    if (!held || shown === undefined) setShown(rows);
  }, [rows, held, shown]);
  const known = new Set(shown?.map(keyOf));
  const pending =
    held && rows !== undefined && shown !== undefined ? rows.filter((row) => !known.has(keyOf(row))).length : 0;
  return { rows: held ? (shown ?? rows) : rows, pending, release: () => setShown(rows) };
}
