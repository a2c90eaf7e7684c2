// The lines above any answer that covers a window: partial, gaps, and an answer that has grown old.
import type { Window } from "../../../src/apps/server/contract/common.ts";
import { troubleOf } from "../api/trouble.ts";
import { Notice } from "./states.tsx";
import { gapSummary } from "./timeline-data.ts";

interface WindowNoticesProps {
  readonly window: Window | undefined;
  readonly error?: unknown;
  readonly omitted?: number;
}

export function WindowNotices({ window, error, omitted = 0 }: WindowNoticesProps) {
  return (
    <>
      {window?.partial === true ? (
        <Notice tone="warning">
          Partial: {window.partialBecause || "the query was ended early"}. Rows may be missing; narrow the time range.
        </Notice>
      ) : null}
      {window !== undefined && window.gaps.length > 0 ? (
        <Notice tone="warning">Data is missing in this window. {gapSummary(window.gaps)}.</Notice>
      ) : null}
      {omitted > 0 ? <Notice tone="info">And {omitted} more that are not listed; narrow the time range.</Notice> : null}
      {error !== undefined && error !== null && window !== undefined ? (
        <Notice tone="warning">Stale: {troubleOf(error).message} What is shown came before that.</Notice>
      ) : null}
    </>
  );
}
