// A table of nf_tables as data: what the compiler makes, what edge/dataplane/nftables puts into the kernel and reads back, what the golden files print.
// A set or chain that did not change is the same object in the next ruleset: whoever compares looks at identity first. Plain values in the field's words; addresses are text, numbers are host order. Names are at most 31 bytes and begin with "gr_".

export type KeyType = "ipv4_addr" | "ipv6_addr" | "inet_proto" | "inet_service" | "ifname" | "mark";

/** One field of a key: a value, or both ends of a range (included). Prefixes are ranges. */
export type KeyPart = string | number | { readonly low: string | number; readonly high: string | number };

export type NftVerdict =
  | { readonly verdict: "accept" | "drop" | "return" | "continue" }
  | { readonly verdict: "jump" | "goto"; readonly chain: string };

export interface NftElement {
  readonly key: readonly KeyPart[];
  /** Of a verdict map. */
  readonly data?: NftVerdict;
  /** Milliseconds; only in sets with timeouts. */
  readonly timeoutMs?: number;
}

export interface NftSet {
  readonly name: string;
  /** Several: a concatenation. */
  readonly key: readonly KeyType[];
  /** Ranges and prefixes are allowed as keys. */
  readonly interval: boolean;
  /** Elements may end by themselves. The dataplane never removes elements of such a set that it did not put there by `apply`. */
  readonly timeout: boolean;
  /** A verdict map. */
  readonly isMap: boolean;
  readonly elements: readonly NftElement[];
  /**
   * Rises with each change of this set within one compiler. `change` says how it came from an earlier version, so that whoever has that one needs
   * not compare all elements.
   */
  readonly version: number;
  readonly change?: {
    readonly fromVersion: number;
    readonly added: readonly NftElement[];
    readonly deleted: readonly NftElement[];
  };
  /** Filled by somebody else at run time (DNS proxy): `apply` creates it and leaves its elements alone. */
  readonly isDynamic?: true;
}

export type Field =
  | "ip saddr"
  | "ip daddr"
  | "ip6 saddr"
  | "ip6 daddr"
  | "th sport"
  | "th dport"
  | "tcp flags"
  | "icmp type"
  | "icmp code"
  | "icmpv6 type"
  | "icmpv6 code"
  | "meta nfproto"
  | "meta l4proto"
  | "meta iifname"
  | "meta oifname"
  | "meta mark"
  | "fib daddr type"
  | "ct mark"
  | "ct state"
  | "ct status"
  | "ct direction"
  /** Of the socket that the packet would reach, a listening one included: does not match where there is none. */
  | "socket transparent"
  | "socket mark";

export type CtState = "new" | "established" | "related" | "invalid" | "untracked";

export type NftExpression =
  /** field (masked when `mask` is given) compared with one value; a wildcard interface name ends with "*". */
  | {
      readonly do: "compare";
      readonly field: Field;
      readonly operator: "eq" | "ne";
      readonly value: string | number;
      readonly mask?: number;
    }
  | {
      readonly do: "range";
      readonly field: Field;
      readonly operator: "eq" | "ne";
      readonly low: number;
      readonly high: number;
    }
  | { readonly do: "ct-state"; readonly states: readonly CtState[]; readonly operator: "eq" | "ne" }
  | { readonly do: "lookup"; readonly fields: readonly Field[]; readonly set: string; readonly operator: "eq" | "ne" }
  | { readonly do: "vmap"; readonly fields: readonly Field[]; readonly map: string }
  /** (mark and ~mask) or value. */
  | { readonly do: "set-mark"; readonly which: "meta" | "ct"; readonly value: number; readonly mask: number }
  | { readonly do: "counter" }
  | {
      readonly do: "log";
      readonly group: number;
      readonly prefix: string;
      readonly snapLength: number;
      readonly queueThreshold: number;
    }
  | { readonly do: "limit"; readonly perSecond: number; readonly burst: number }
  | { readonly do: "notrack" }
  /**
   * To this machine: without `address` to the first address of the link that the packet came in by (dropped when the link has none, as links to
   * pods often have not); with it to that address of ours, from which the answer then comes.
   */
  | { readonly do: "redirect"; readonly port: number; readonly address?: string }
  /** Another destination port, the address stays; of a tracked TCP connection as a whole, in chains of type "nat". */
  | { readonly do: "to-port"; readonly port: number }
  | { readonly do: "reject"; readonly with: "tcp-reset" | "admin-prohibited" }
  | ({ readonly do: "verdict" } & NftVerdict);

export interface NftRule {
  readonly expressions: readonly NftExpression[];
  /** The rule's id as in model/policy-verdict.ts; kept in the kernel as the rule's comment, so that counters find their way back. */
  readonly ruleId?: number;
}

export interface NftChain {
  readonly name: string;
  readonly base?: {
    readonly type: "filter" | "nat" | "route";
    readonly hook: "prerouting" | "input" | "forward" | "output" | "postrouting";
    readonly priority: number;
    readonly policy: "accept" | "drop";
  };
  readonly rules: readonly NftRule[];
}

/** Group of NFLOG that our rules report to. */
export const logGroup = 4714;

/** "A|i|1f03c2d4": allow, ingress, rule id in eight hexadecimal digits. What the kernel hands back with a reported packet. */
export function logPrefix(verdict: "allow" | "deny", direction: "ingress" | "egress", ruleId: number): string {
  const letters = `${verdict === "allow" ? "A" : "D"}|${direction === "ingress" ? "i" : "e"}`;
  return `${letters}|${ruleId.toString(16).padStart(8, "0")}`;
}

export interface NftRuleset {
  readonly table: {
    readonly family: "inet";
    readonly name: string;
    /** The kernel removes the table as soon as the process that wrote it is gone (Linux 5.12 and newer); nobody else can change it. */
    readonly endsWithProcess?: true;
  };
  /** Digest of what was compiled; kept in the table's comment (user data) so that a restart knows what is there. */
  readonly digest: string;
  readonly sets: readonly NftSet[];
  readonly chains: readonly NftChain[];
}
