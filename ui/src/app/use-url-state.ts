// The URL state of url-state.ts as a hook: read it, change parts of it.
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";
import type { UrlState } from "./url-state.ts";

export type UpdateUrl = (patch: UrlState, how?: "push" | "replace") => void;

/** Keys set to undefined leave the URL. Changes push a history entry unless told to replace. */
export function useUrlState(): readonly [UrlState, UpdateUrl] {
  const state: UrlState = useSearch({ strict: false });
  const navigate = useNavigate();
  const update = useCallback<UpdateUrl>(
    (patch, how = "push") => {
      void navigate({ to: ".", search: (before: UrlState) => ({ ...before, ...patch }), replace: how === "replace" });
    },
    [navigate],
  );
  return [state, update];
}

/** What a link to another screen carries along: the window and the scope, not the filter of this screen. */
export function carried(before: UrlState): UrlState {
  return { range: before.range, cluster: before.cluster, ns: before.ns };
}
