// Short ways to write the expressions that rules are made of. A rule reads addresses only behind a look at the packet's family.
import type { Direction } from "../model.ts";
import type { Family } from "./names.ts";
import {
  type CtState,
  type Field,
  type NftExpression,
  type NftRule,
  type NftVerdict,
  logGroup,
  logPrefix,
} from "./nft/ruleset.ts";

/** Numbers that nf_tables has for families. */
const familyNumbers: Record<Family, number> = { 4: 2, 6: 10 };
export const families: readonly Family[] = [4, 6];

/** Bits of a connection's status. */
const confirmedBit = 8;
const redirectedBit = 0x20;

export function isFamily(family: Family): NftExpression {
  return is("meta nfproto", familyNumbers[family]);
}

export function is(field: Field, value: string | number): NftExpression {
  return { do: "compare", field, operator: "eq", value };
}

export function isNot(field: Field, value: string | number): NftExpression {
  return { do: "compare", field, operator: "ne", value };
}

export function isIn(fields: readonly Field[], set: string): NftExpression {
  return { do: "lookup", fields, set, operator: "eq" };
}

export function isNotIn(fields: readonly Field[], set: string): NftExpression {
  return { do: "lookup", fields, set, operator: "ne" };
}

export function inState(...states: readonly CtState[]): NftExpression {
  return { do: "ct-state", states, operator: "eq" };
}

/** The first packet of this connection was let through by every chain. */
export const isConfirmed: NftExpression = {
  do: "compare",
  field: "ct status",
  operator: "ne",
  value: 0,
  mask: confirmedBit,
};

export const isRedirected: NftExpression = {
  do: "compare",
  field: "ct status",
  operator: "ne",
  value: 0,
  mask: redirectedBit,
};

/** Meta mark bit of a packet that a preDNAT policy accepted. Taken only where such policies are; bit 12 is nobody else's that we know of. */
const beforeNatMark = 0x1000;

export const isAcceptedBeforeNat: NftExpression = {
  do: "compare",
  field: "meta mark",
  operator: "ne",
  value: 0,
  mask: beforeNatMark,
};

export const markAcceptedBeforeNat: NftExpression = {
  do: "set-mark",
  which: "meta",
  value: beforeNatMark,
  mask: beforeNatMark,
};

/** The packet is for an address of this machine (RTN_LOCAL). */
export const isForThisHost: NftExpression = { do: "compare", field: "fib daddr type", operator: "eq", value: 2 };

export function verdict(to: NftVerdict): NftExpression {
  return { do: "verdict", ...to };
}

export const accept = verdict({ verdict: "accept" });
export const drop = verdict({ verdict: "drop" });
export const counter: NftExpression = { do: "counter" };

export function addressField(end: "source" | "destination", family: Family): Field {
  if (family === 4) return end === "source" ? "ip saddr" : "ip daddr";
  return end === "source" ? "ip6 saddr" : "ip6 daddr";
}

export function rule(...expressions: readonly NftExpression[]): NftRule {
  return { expressions };
}

export const reportShape = {
  /** Headers only: IPv6 with an extension and TCP with options. */
  snapLengthBytes: 128,
  /** Reports that the kernel gathers before it wakes the reader. */
  queueThreshold: 32,
} as const;

export interface Decision {
  readonly verdict: "allow" | "deny";
  readonly direction: Direction;
  readonly ruleId: number;
  readonly log: "all" | "denied" | "none";
}

/** Counts, reports when asked for, and decides. */
export function decide(decision: Decision): readonly NftExpression[] {
  const isReported =
    decision.verdict === "deny" ? decision.log !== "none" : decision.log === "all" && decision.ruleId !== 0;
  const report: readonly NftExpression[] = isReported
    ? [
        {
          do: "log",
          group: logGroup,
          prefix: logPrefix(decision.verdict, decision.direction, decision.ruleId),
          snapLength: reportShape.snapLengthBytes,
          queueThreshold: reportShape.queueThreshold,
        },
      ]
    : [];
  return [counter, ...report, decision.verdict === "allow" ? accept : drop];
}
