// The one sentence over the health page: never "nothing is missing" while something is, or while nobody knows. Pure.
import type { Status } from "../../../../src/apps/server/contract/health.ts";
import type { Gap } from "../../../../src/model/gap.ts";
import { formatCount } from "../../kit/format.ts";

export interface Headline {
  readonly state: Status["state"];
  readonly text: string;
}

/** `gaps` of the last hour, `more` when there are others; undefined while they are not known, `refused` when they cannot be read. */
export function headlineOf(
  state: Status["state"],
  gaps: { readonly rows: readonly Gap[]; readonly more: boolean } | undefined,
  refused: boolean,
): Headline {
  if (state === "down") return { state, text: "A part that is needed does not work:" };
  const rows = gaps?.rows.filter(({ reason }) => reason !== "merged") ?? [];
  const count = `${gaps?.more === true ? "at least " : ""}${formatCount(rows.length)}`;
  const missing = `${count} ${rows.length === 1 ? "gap" : "gaps"} in the last hour`;
  if (state === "degraded") {
    const also = rows.length === 0 ? "" : ` (and ${missing})`;
    return { state, text: `Garrison works, but something is missing${also}:` };
  }
  if (rows.length > 0) return { state: "degraded", text: `All parts work, but data is missing: ${missing}.` };
  if (refused) return { state: "degraded", text: "All parts work. Whether data is missing cannot be read just now." };
  if (gaps === undefined) return { state, text: "All parts work." };
  return { state, text: "All parts work and nothing is known to be missing in the last hour." };
}
