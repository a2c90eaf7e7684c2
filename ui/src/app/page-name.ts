// What the page of one thing is called where its address holds an id only: the page tells its name when it knows it, the head and the browser's tab say it.
import { useEffect, useSyncExternalStore } from "react";
import { useRouterState } from "@tanstack/react-router";

interface Named {
  readonly path: string;
  readonly name: string;
}

let named: Named | undefined;
const listeners = new Set<() => void>();

function setNamed(next: Named | undefined): void {
  named = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Names the page that is open; undefined: not known yet, or it is no page of its own. */
export function useNamedPage(name: string | undefined): void {
  const path = usePath();
  useEffect(() => {
    if (name === undefined) return;
    const mine = { path, name };
    setNamed(mine);
    return () => {
      if (named === mine) setNamed(undefined);
    };
  }, [path, name]);
}

/** The name that the page at this address told; undefined while it told none. */
export function usePageName(path: string): string | undefined {
  const known = useSyncExternalStore(subscribe, () => named);
  return known?.path === path ? known.name : undefined;
}

function usePath(): string {
  return useRouterState({ select: (state) => state.location.pathname });
}
