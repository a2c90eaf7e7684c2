// Rulesets for this room's tests: one that has every expression and every kind of set, and small ones that allow or deny packets between pods.
import type {
  KeyType,
  NftChain,
  NftElement,
  NftExpression,
  NftRule,
  NftRuleset,
  NftSet,
} from "../../../core/policy/compile/nft/ruleset.ts";

export const table = "garrison_test";

export function ruleset(given: {
  readonly digest?: string;
  readonly sets?: readonly NftSet[];
  readonly chains: readonly NftChain[];
}): NftRuleset {
  return {
    table: { family: "inet", name: table },
    digest: given.digest ?? "d1",
    sets: given.sets ?? [],
    chains: given.chains,
  };
}

export function set(
  name: string,
  key: readonly KeyType[],
  elements: readonly NftElement[],
  rest: Partial<NftSet> = {},
): NftSet {
  return { name, key, interval: false, timeout: false, isMap: false, version: 1, ...rest, elements };
}

export const keys = (...list: readonly (readonly NftElement["key"][number][])[]): readonly NftElement[] =>
  list.map((key) => ({ key }));

export function rule(...expressions: readonly NftExpression[]): NftRule {
  return { expressions };
}

export const forward: NonNullable<NftChain["base"]> = {
  type: "filter",
  hook: "forward",
  priority: -5,
  policy: "accept",
};

/** Every kind of set. */
export const everySet: readonly NftSet[] = [
  set("gr_v4", ["ipv4_addr"], keys(["10.0.0.1"], ["10.0.0.2"], ["255.255.255.255"], ["0.0.0.0"])),
  set("gr_v6", ["ipv6_addr"], keys(["fd00::1"], ["::"], ["ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"])),
  set("gr_proto", ["inet_proto"], keys([6], [17], [132])),
  set("gr_port", ["inet_service"], keys([80], [443], [65_535])),
  set("gr_if", ["ifname"], keys(["gp0"], ["abcdefghijklmno"])),
  set("gr_mark", ["mark"], keys([1], [0xfedcba98])),
  set("gr_protoport", ["inet_proto", "inet_service"], keys([6, 80], [17, 53])),
  set("gr_all4", ["ifname", "ipv4_addr", "inet_proto", "inet_service"], keys(["gp0", "10.0.0.1", 6, 80])),
  set("gr_all6", ["ipv6_addr", "ipv6_addr", "inet_proto", "inet_service"], keys(["fd00::1", "fd00::2", 6, 80])),
  set(
    "gr_net4",
    ["ipv4_addr"],
    keys(
      [{ low: "0.0.0.0", high: "0.255.255.255" }],
      [{ low: "10.0.0.0", high: "10.0.0.255" }],
      [{ low: "10.0.1.0", high: "10.0.1.255" }],
      ["10.0.9.9"],
      [{ low: "240.0.0.0", high: "255.255.255.255" }],
    ),
    { interval: true },
  ),
  set("gr_net6", ["ipv6_addr"], keys([{ low: "fd00::", high: "fd00::ffff" }], ["fe80::1"]), { interval: true }),
  set("gr_ports", ["inet_service"], keys([{ low: 1, high: 1023 }], [8080]), { interval: true }),
  set(
    "gr_protoports",
    ["inet_proto", "inet_service"],
    keys([6, { low: 80, high: 90 }], [17, 53], [6, { low: 1000, high: 65_535 }]),
    { interval: true },
  ),
  set(
    "gr_netport4",
    ["ipv4_addr", "inet_proto", "inet_service"],
    keys(
      [{ low: "10.0.0.0", high: "10.0.0.255" }, 6, { low: 1, high: 99 }],
      [{ low: "10.0.1.0", high: "10.0.1.3" }, 6, 80],
    ),
    { interval: true },
  ),
  set(
    "gr_netport6",
    ["ipv6_addr", "inet_proto", "inet_service"],
    keys([{ low: "fd00::", high: "fd00::ffff" }, 17, { low: 0, high: 65_535 }]),
    { interval: true },
  ),
  set("gr_dyn4", ["ipv4_addr", "ipv4_addr"], [], { timeout: true, isDynamic: true }),
  set("gr_dyn6", ["ipv6_addr", "ipv6_addr"], [], { timeout: true, isDynamic: true }),
  set(
    "gr_to4",
    ["ipv4_addr"],
    [
      { key: ["10.0.0.2"], data: { verdict: "goto", chain: "gr_class" } },
      { key: ["10.0.0.3"], data: { verdict: "jump", chain: "gr_class" } },
      { key: ["10.0.0.4"], data: { verdict: "accept" } },
      { key: ["10.0.0.5"], data: { verdict: "drop" } },
      { key: ["10.0.0.6"], data: { verdict: "return" } },
      { key: ["10.0.0.7"], data: { verdict: "continue" } },
    ],
    { isMap: true },
  ),
  set(
    "gr_from",
    ["ifname", "ipv4_addr"],
    [{ key: ["gp0", "10.0.0.2"], data: { verdict: "goto", chain: "gr_class" } }],
    { isMap: true },
  ),
  set(
    "gr_netmap",
    ["ipv4_addr"],
    [{ key: [{ low: "10.0.0.0", high: "10.0.0.127" }], data: { verdict: "goto", chain: "gr_class" } }],
    { isMap: true, interval: true },
  ),
];

const accept: NftExpression = { do: "verdict", verdict: "accept" };

/** Every expression, on every field. */
export const everyChain: readonly NftChain[] = [
  {
    name: "gr_forward",
    base: forward,
    rules: [
      rule({ do: "ct-state", states: ["established", "related"], operator: "eq" }, accept),
      rule({ do: "ct-state", states: ["invalid"], operator: "eq" }, { do: "verdict", verdict: "drop" }),
      rule({ do: "ct-state", states: ["new", "untracked"], operator: "ne" }, accept),
      rule({ do: "vmap", fields: ["ip daddr"], map: "gr_to4" }),
      rule({ do: "vmap", fields: ["meta iifname", "ip saddr"], map: "gr_from" }),
      rule({ do: "vmap", fields: ["ip saddr"], map: "gr_netmap" }),
      rule(
        { do: "lookup", fields: ["ip6 saddr"], set: "gr_v6", operator: "eq" },
        { do: "verdict", verdict: "jump", chain: "gr_class" },
      ),
    ],
  },
  { name: "gr_input", base: { type: "filter", hook: "input", priority: 10, policy: "drop" }, rules: [rule(accept)] },
  { name: "gr_output", base: { type: "filter", hook: "output", priority: -5, policy: "accept" }, rules: [] },
  {
    name: "gr_raw",
    base: { type: "filter", hook: "prerouting", priority: -300, policy: "accept" },
    rules: [rule({ do: "compare", field: "th dport", operator: "eq", value: 4789 }, { do: "notrack" })],
  },
  {
    name: "gr_nat",
    base: { type: "nat", hook: "prerouting", priority: -101, policy: "accept" },
    rules: [
      rule(
        { do: "compare", field: "meta l4proto", operator: "eq", value: "udp" },
        { do: "compare", field: "th dport", operator: "eq", value: 53 },
        { do: "redirect", port: 15_353 },
      ),
      rule(
        { do: "compare", field: "meta l4proto", operator: "eq", value: "tcp" },
        { do: "redirect", port: 53, address: "10.0.0.1" },
      ),
      rule(
        { do: "compare", field: "meta l4proto", operator: "eq", value: "tcp" },
        { do: "redirect", port: 53, address: "fd00::1" },
      ),
      rule(
        { do: "compare", field: "tcp flags", operator: "eq", value: 2, mask: 0x17 },
        { do: "compare", field: "socket transparent", operator: "eq", value: 0 },
        { do: "compare", field: "socket mark", operator: "ne", value: 0x4757_0001 },
        { do: "to-port", port: 15_001 },
      ),
      rule({ do: "to-port", port: 15_002 }),
    ],
  },
  {
    name: "gr_class",
    rules: [
      rule(
        { do: "lookup", fields: ["ip saddr"], set: "gr_net4", operator: "ne" },
        { do: "verdict", verdict: "return" },
      ),
      rule({ do: "lookup", fields: ["ip6 daddr"], set: "gr_net6", operator: "eq" }, { do: "counter" }),
      rule({ do: "lookup", fields: ["meta l4proto", "th dport"], set: "gr_protoports", operator: "eq" }, accept),
      rule({ do: "lookup", fields: ["meta l4proto", "th sport"], set: "gr_protoport", operator: "eq" }, accept),
      rule(
        { do: "lookup", fields: ["ip daddr", "meta l4proto", "th dport"], set: "gr_netport4", operator: "eq" },
        accept,
      ),
      rule(
        { do: "lookup", fields: ["ip6 daddr", "meta l4proto", "th dport"], set: "gr_netport6", operator: "eq" },
        accept,
      ),
      rule(
        {
          do: "lookup",
          fields: ["meta iifname", "ip saddr", "meta l4proto", "th dport"],
          set: "gr_all4",
          operator: "eq",
        },
        accept,
      ),
      rule(
        {
          do: "lookup",
          fields: ["ip6 saddr", "ip6 daddr", "meta l4proto", "th dport"],
          set: "gr_all6",
          operator: "eq",
        },
        accept,
      ),
      rule({ do: "lookup", fields: ["ip saddr", "ip daddr"], set: "gr_dyn4", operator: "eq" }, accept),
      rule({ do: "lookup", fields: ["ip6 saddr", "ip6 daddr"], set: "gr_dyn6", operator: "eq" }, accept),
      rule({ do: "lookup", fields: ["meta oifname"], set: "gr_if", operator: "eq" }, accept),
      rule({ do: "lookup", fields: ["meta mark"], set: "gr_mark", operator: "eq" }, accept),
      {
        ...rule(
          { do: "counter" },
          { do: "log", group: 4714, prefix: "D|i|1f03c2d4", snapLength: 128, queueThreshold: 32 },
          { do: "verdict", verdict: "drop" },
        ),
        ruleId: 0x1f03c2d4,
      },
    ],
  },
  {
    name: "gr_fields",
    rules: [
      rule({ do: "compare", field: "ip saddr", operator: "eq", value: "10.0.0.1" }),
      rule({ do: "compare", field: "ip daddr", operator: "ne", value: "10.0.0.1" }),
      rule({ do: "compare", field: "ip6 saddr", operator: "eq", value: "fd00::1" }),
      rule({ do: "compare", field: "ip6 daddr", operator: "ne", value: "fd00::1" }),
      rule({ do: "compare", field: "th sport", operator: "eq", value: 1 }),
      rule({ do: "range", field: "th dport", operator: "eq", low: 1000, high: 2000 }),
      rule({ do: "range", field: "th sport", operator: "ne", low: 1, high: 2 }),
      rule({ do: "range", field: "meta mark", operator: "eq", low: 256, high: 511 }),
      rule(
        { do: "compare", field: "icmp type", operator: "eq", value: 8 },
        { do: "compare", field: "icmp code", operator: "eq", value: 0 },
      ),
      rule(
        { do: "compare", field: "icmpv6 type", operator: "eq", value: 128 },
        { do: "compare", field: "icmpv6 code", operator: "ne", value: 1 },
      ),
      rule({ do: "range", field: "icmpv6 type", operator: "eq", low: 133, high: 137 }),
      rule(
        { do: "compare", field: "meta nfproto", operator: "eq", value: "ipv4" },
        { do: "compare", field: "ip saddr", operator: "eq", value: "10.0.0.1" },
      ),
      rule({ do: "compare", field: "meta nfproto", operator: "ne", value: 10 }),
      rule({ do: "compare", field: "meta l4proto", operator: "eq", value: "sctp" }),
      rule({ do: "compare", field: "meta iifname", operator: "eq", value: "gp0" }),
      rule({ do: "compare", field: "meta iifname", operator: "ne", value: "gp*" }),
      rule({ do: "compare", field: "meta oifname", operator: "eq", value: "abcdefghijkl*" }),
      rule({ do: "compare", field: "meta mark", operator: "eq", value: 0x4000, mask: 0xff00 }),
      rule({ do: "compare", field: "ct mark", operator: "ne", value: 7 }),
      rule({ do: "compare", field: "ct status", operator: "eq", value: 32, mask: 32 }),
      rule({ do: "compare", field: "ct direction", operator: "eq", value: "reply" }),
      rule({ do: "compare", field: "fib daddr type", operator: "eq", value: "local" }),
      rule({ do: "compare", field: "th dport", operator: "eq", value: 0x100, mask: 0xff00 }),
      rule({ do: "set-mark", which: "meta", value: 0x0100_0000, mask: 0xff00_0000 }),
      rule({ do: "set-mark", which: "ct", value: 1, mask: 0xffff_ffff }),
      rule({ do: "limit", perSecond: 100, burst: 5 }, { do: "counter" }),
      rule({ do: "reject", with: "tcp-reset" }),
      rule({ do: "reject", with: "admin-prohibited" }),
      rule({ do: "verdict", verdict: "continue" }),
      rule({ do: "verdict", verdict: "goto", chain: "gr_empty" }),
    ],
  },
  { name: "gr_empty", rules: [] },
];

export const everything = ruleset({ digest: "every", sets: everySet, chains: everyChain });
