// Saved views as resources: names out of titles, the part of the address that a view keeps. Pure.
import type { UrlState } from "../../app/url-state.ts";

/** Path of a screen that has saved views. */
export type ViewScreen = "/graph" | "/flows" | "/events" | "/workloads" | "/detections";

const nameLengthMax = 63;

/** "Checkout, slow!" -> "checkout-slow"; what no letter is left of becomes "view". A number is put behind a taken name. */
export function nameOfTitle(title: string, taken: ReadonlySet<string>): string {
  const plain = title
    .normalize("NFKD")
    .replace(/\p{M}+/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, nameLengthMax - 4)
    .replace(/^-+|-+$/g, "");
  const base = plain === "" ? "view" : plain;
  if (!taken.has(base)) return base;
  for (let number = 2; ; number += 1) {
    const name = `${base}-${number}`;
    if (!taken.has(name)) return name;
  }
}

const passing: ReadonlySet<keyof UrlState> = new Set(["row", "paused", "pick"]);

/** What a view keeps of the address: all but what was open or paused just now. */
export function savedSearch(state: UrlState): Record<string, string> {
  return Object.fromEntries(
    Object.entries(state).filter(
      (entry): entry is [string, string] =>
        typeof entry[1] === "string" && entry[1] !== "" && !passing.has(entry[0] as keyof UrlState),
    ),
  );
}
