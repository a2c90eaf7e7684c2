// The lines above any answer that covers a window: partial, gaps, an answer that has grown old, what was left out.
import type { Window } from "../../../src/apps/server/contract/common.ts";
import { troubleOf } from "../api/trouble.ts";
import { GapNotices } from "./gap-notices.tsx";
import { Notice } from "./states.tsx";

interface WindowNoticesProps {
  readonly window: Window | undefined;
  /** What can be done where the page has no time range: a sentence. */
  readonly narrow?: string;
  readonly error?: unknown;
}

/** For a screen. Parts of one screen use PartNotices: its gaps are said once. */
export function WindowNotices({ window, error, narrow }: WindowNoticesProps) {
  return (
    <>
      <PartNotices window={window} {...(narrow === undefined ? {} : { narrow })} />
      {window === undefined ? null : <GapNotices gaps={window.gaps} />}
      {error !== undefined && error !== null && window !== undefined ? (
        <Notice tone="warning">Stale: {troubleOf(error).message} What is shown came before that.</Notice>
      ) : null}
    </>
  );
}

interface PartNoticesProps {
  readonly window: Window | undefined;
  /** Rows that the answer left out. */
  readonly omitted?: number;
  readonly narrow?: string;
}

const narrowRange = "Narrow the time range.";

export function PartNotices({ window, omitted = 0, narrow = narrowRange }: PartNoticesProps) {
  return (
    <>
      {window?.partial === true ? (
        <Notice tone="warning">
          Partial: {window.partialBecause || "the query was ended early"}. Rows may be missing. {narrow}
        </Notice>
      ) : null}
      {omitted > 0 ? (
        <Notice tone="info">
          And {omitted} more that are not listed. {narrow}
        </Notice>
      ) : null}
    </>
  );
}
