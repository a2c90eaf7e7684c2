// A flow as the walk asks about it: both ends resolved to things, addresses parsed. And the three answers that a look at a rule can have.
import type { Address } from "../../../base/ip.ts";
import type { PolicyFlow } from "../world.ts";
import type { Program } from "./programs.ts";
import type { Row } from "./rows.ts";

export const no = 0;
export const yes = 1;
/** It depends on something that is not known. */
export const maybe = 2;
export type Match = 0 | 1 | 2;

export interface End {
  /** Of which state of the end book it is; others are not believed. */
  readonly epoch: number;
  /** The slot of the only thing with this end's address, or the first of several; -1: none. With `moreSlots` what selectors of peers look at. */
  readonly slot: number;
  readonly moreSlots: readonly number[] | undefined;
  readonly rows: readonly Row[];
  /** Whose policies are asked: all groups must allow; of a group's rows one is the real one, nobody knows which. */
  readonly subjects: readonly (readonly Row[])[];
  /** The only subject, where there is one and no doubt. */
  readonly sole: Row | undefined;
  /** Its id; "". */
  readonly soleId: string;
  readonly address: Address | undefined;
  /** Canonical text of `address`; "". */
  readonly text: string;
  /** 0 without an address. */
  readonly family: 0 | 4 | 6;
  /** Why it is not known who this is; "" when it is, also when it is nobody of the cluster. */
  readonly unknown: string;
  /** What policies can tell of it, as `identityBy` (of identities.ts) numbered it; undefined: nobody asked yet. */
  identity: number;
  identityBy: unknown;
  /** Programs of `sole` as a pod whose packets are its own; undefined: not looked up. Dropped by world-index.ts with its group. */
  egress: Program | undefined;
  ingress: Program | undefined;
  /** A workload, host-network pod, host endpoint or node of the cluster. */
  readonly isInside: boolean;
  /** The node whose own network this end is in; "" for pods and outsiders. */
  readonly node: string;
}

export interface Question {
  readonly source: End;
  readonly destination: End;
  readonly protocol: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly family: 0 | 4 | 6;
  readonly isForwarded: boolean;
  readonly flow: PolicyFlow;
}

/** TCP, UDP, DCCP, SCTP, UDPLite. */
export function hasPorts(protocol: number): boolean {
  return protocol === 6 || protocol === 17 || protocol === 132 || protocol === 136 || protocol === 33;
}
