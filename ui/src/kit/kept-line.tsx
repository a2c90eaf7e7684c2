// The line at which a list or a chart ends because nothing older was kept: not the same as "nothing happened", and not a gap.
import type { Window } from "../../../src/apps/server/contract/common.ts";
import { keptSinceMs, keptText } from "./timeline-data.ts";

export function KeptLine({ window }: { readonly window: Window | undefined }) {
  const sinceMs = window === undefined ? undefined : keptSinceMs(window);
  if (sinceMs === undefined) return null;
  return <p className="kept-line">{keptText(sinceMs, Date.now())}</p>;
}
