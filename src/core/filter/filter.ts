// What a filter means once it is read: clauses that must all hold, and the window of time it asks for. Data only.
import type { AddressRange } from "../../base/ip.ts";

/** Named limits of the grammar; a filter beyond one is refused with the place. */
export const filterLimits = {
  lengthMax: 4096,
  clausesMax: 64,
  valuesPerClauseMax: 64,
  valueLengthMax: 512,
  /** `*` in one pattern: matching is quadratic in the worst case. */
  starsMax: 8,
} as const;

/** Which end of a flow a clause looks at; "any" = either. */
export type Side = "any" | "from" | "to";

/** What one value asks of a column. Numbers are in the column's own unit, both ends of a range included. */
export type Test =
  | { readonly is: "equals"; readonly text: string }
  /** `*` stands for any run of characters; the rest is literal and case matters. */
  | { readonly is: "like"; readonly pattern: string }
  /** Anywhere inside; A-Z and a-z are the same. */
  | { readonly is: "contains"; readonly text: string }
  /** Not empty. */
  | { readonly is: "filled" }
  | { readonly is: "between"; readonly low: number; readonly high: number }
  | { readonly is: "address"; readonly range: AddressRange }
  | { readonly is: "flag"; readonly value: boolean };

export interface Value {
  /** As typed, without its quotes. */
  readonly text: string;
  readonly quoted: boolean;
  readonly test: Test;
}

export interface Clause {
  /** Canonical field name; "" for free text. */
  readonly field: string;
  readonly side: Side;
  readonly negated: boolean;
  /** Any of them is enough. */
  readonly values: readonly Value[];
  /** Offsets in the filter's text, end excluded. */
  readonly start: number;
  readonly end: number;
}

/** A point in time: fixed, or so long ago as of the question. */
export type TimePoint =
  | { readonly text: string; readonly epochMs: number }
  | { readonly text: string; readonly agoMs: number };

export interface FilterWindow {
  readonly last?: { readonly text: string; readonly ms: number };
  readonly since?: TimePoint;
  readonly until?: TimePoint;
}

export interface Filter {
  /** All must hold; order as typed. */
  readonly clauses: readonly Clause[];
  readonly window: FilterWindow;
}
