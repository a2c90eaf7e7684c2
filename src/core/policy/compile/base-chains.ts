// The chains that the kernel calls. Every direction has one of its own, so that "accept" after the source's policies goes on to the destination's.
// "From": who sent it (pod's egress, host endpoint's ingress). "To": who gets it (pod's ingress, host endpoint's egress).
import {
  accept,
  addressField,
  counter,
  drop,
  families,
  inState,
  is,
  isAcceptedBeforeNat,
  isConfirmed,
  isFamily,
  isIn,
  isNot,
  isNotIn,
  isRedirected,
  rule,
  verdict,
} from "./expressions.ts";
import type { Family } from "./names.ts";
import type { Field, NftChain, NftExpression, NftRule } from "./nft/ruleset.ts";
import { dnsLiveSet, type CompileSettings } from "./settings.ts";

/** Ahead of kube-proxy's filter chains (-110); output after address translation (-100), so that policies see real destinations. */
const priorities = { from: -120, to: -115, output: -20, untracked: -300, beforeNat: -150, dns: -101 } as const;

/** What this node's host endpoints add to the chains. Empty lists: nothing. */
export interface HostRules {
  readonly input: readonly NftRule[];
  readonly output: readonly NftRule[];
  readonly forwardIn: readonly NftRule[];
  readonly forwardOut: readonly NftRule[];
  readonly untrackedIn: readonly NftRule[];
  readonly untrackedOut: readonly NftRule[];
  readonly beforeNat: readonly NftRule[];
}

/** Which sets and maps there are, by name; a name that is not there has no rules. */
export interface Places {
  readonly has: (name: string) => boolean;
  readonly settings: CompileSettings;
  readonly host: HostRules;
}

export const placeNames = {
  fromInterface: "gr_from_if",
  interfaces: "gr_ifs",
  from: (family: Family) => `gr_from${String(family)}`,
  to: (family: Family) => `gr_to${String(family)}`,
  /** Which addresses an interface may send from. */
  sources: (family: Family) => `gr_src${String(family)}`,
  /** Of pods whose interface is not known. */
  loose: (family: Family) => `gr_loose${String(family)}`,
  pods: (family: Family) => `gr_pods${String(family)}`,
  dnsClients: (family: Family) => `gr_dnsc${String(family)}`,
  dnsServers: (family: Family) => `gr_dnss${String(family)}`,
  linkLocal: "gr_linklocal6",
  failsafe: (way: "in" | "out", family: Family) => `gr_safe_${way}${String(family)}`,
} as const;

export function baseChains(places: Places): readonly NftChain[] {
  const { host } = places;
  const chains: NftChain[] = [
    filter("gr_forward_from", "forward", priorities.from, [
      ...shortcutsFrom(places),
      ...tunnels(places),
      ...fromWorkloads(places),
      ...judgedEarly(host),
      ...host.forwardIn,
      ...strangers(places, "meta iifname"),
    ]),
    filter("gr_forward_to", "forward", priorities.to, [
      ...shortcuts,
      ...toWorkloads(places),
      ...host.forwardOut,
      ...strangers(places, "meta oifname"),
    ]),
    filter("gr_input_from", "input", priorities.from, [
      rule(is("meta iifname", "lo"), accept),
      ...shortcutsFrom(places),
      ...neighbours(),
      ...redirected(places),
      ...tunnels(places),
      ...fromWorkloads(places),
      ...strangers(places, "meta iifname"),
    ]),
    filter("gr_input_to", "input", priorities.to, [
      rule(is("meta iifname", "lo"), accept),
      ...shortcuts,
      ...neighbours(),
      ...redirected(places),
      ...workloadsToHost(places),
      ...judgedEarly(host),
      ...host.input,
    ]),
  ];
  if (host.output.length > 0)
    chains.push(
      filter("gr_output_to", "output", priorities.output, [
        rule(is("meta oifname", "lo"), accept),
        ...shortcuts,
        ...neighbours(),
        ...toOwnPods(places),
        ...judgedEarly(host),
        ...host.output,
      ]),
    );
  const ownPods = senders(places).map((sender) => rule(...sender, accept));
  if (host.untrackedIn.length > 0)
    chains.push(filter("gr_raw_from", "prerouting", priorities.untracked, [...ownPods, ...host.untrackedIn]));
  if (host.untrackedOut.length > 0)
    chains.push(filter("gr_raw_to", "output", priorities.untracked, [...toOwnPods(places), ...host.untrackedOut]));
  if (host.beforeNat.length > 0)
    chains.push(
      filter("gr_before_nat", "prerouting", priorities.beforeNat, [...shortcuts, ...ownPods, ...host.beforeNat]),
    );
  const questions = dnsQuestions(places);
  if (questions.length > 0)
    chains.push({
      name: "gr_dns",
      base: { type: "nat", hook: "prerouting", priority: priorities.dns, policy: "accept" },
      rules: questions,
    });
  return chains;
}

type Base = NonNullable<NftChain["base"]>;

function filter(name: string, hook: Base["hook"], priority: number, rules: readonly NftRule[]): NftChain {
  return { name, base: { type: "filter", hook, priority, policy: "accept" }, rules };
}

/**
 * Connections that were let through once go on. "Confirmed" says so of those without an answer yet: one-way UDP is judged once, not per packet.
 */
const shortcuts: readonly NftRule[] = [rule(inState("established", "related"), accept), rule(isConfirmed, accept)];

/** What doNotTrack or preDNAT policies of the host endpoint accepted is not asked again. Pods' policies have been asked before, or will be. */
function judgedEarly(host: HostRules): readonly NftRule[] {
  const rules: NftRule[] = [];
  if (host.untrackedIn.length + host.untrackedOut.length > 0) rules.push(rule(inState("untracked"), accept));
  if (host.beforeNat.length > 0) rules.push(rule(isAcceptedBeforeNat, accept));
  return rules;
}

/** Router and neighbour discovery and group membership: without them IPv6 does not work. */
const neighbourTypes = [130, 131, 132, 133, 134, 135, 136, 143] as const;

function neighbours(): readonly NftRule[] {
  const icmp = [isFamily(6), is("meta l4proto", 58)];
  return [
    rule(...icmp, { do: "range", field: "icmpv6 type", operator: "eq", low: neighbourTypes[0], high: 136 }, accept),
    rule(...icmp, is("icmpv6 type", 143), accept),
  ];
}

/** A pod that wraps packets itself would pass under the policies: IP in IP (4), IPv6 in IP (41), VXLAN. */
function tunnels(places: Places): readonly NftRule[] {
  const wrapped: readonly (readonly NftExpression[])[] = [
    [is("meta l4proto", 4)],
    [is("meta l4proto", 41)],
    [is("meta l4proto", 17), is("th dport", 4789)],
  ];
  return senders(places).flatMap((sender) => wrapped.map((packet) => rule(...packet, ...sender, counter, drop)));
}

/** The node reaches its own pods, always: probes of the kubelet. */
function toOwnPods(places: Places): readonly NftRule[] {
  return families
    .filter((family) => places.has(placeNames.pods(family)))
    .map((family) =>
      rule(isFamily(family), isIn([addressField("destination", family)], placeNames.pods(family)), accept),
    );
}

/** Ways to say "from a workload of this node". */
function senders(places: Places): readonly (readonly NftExpression[])[] {
  const ways: (readonly NftExpression[])[] = [];
  if (places.has(placeNames.interfaces)) ways.push([isIn(["meta iifname"], placeNames.interfaces)]);
  for (const family of families)
    if (places.has(placeNames.loose(family)))
      ways.push([isFamily(family), isIn([addressField("source", family)], placeNames.loose(family))]);
  return ways;
}

function fromWorkloads(places: Places): readonly NftRule[] {
  const rules: NftRule[] = [];
  if (places.has(placeNames.fromInterface))
    rules.push(rule({ do: "vmap", fields: ["meta iifname"], map: placeNames.fromInterface }));
  for (const family of families)
    if (places.has(placeNames.from(family)))
      rules.push(
        rule(isFamily(family), { do: "vmap", fields: [addressField("source", family)], map: placeNames.from(family) }),
      );
  return rules;
}

function toWorkloads(places: Places): readonly NftRule[] {
  return families
    .filter((family) => places.has(placeNames.to(family)))
    .map((family) =>
      rule(isFamily(family), { do: "vmap", fields: [addressField("destination", family)], map: placeNames.to(family) }),
    );
}

/** Interfaces that lead to workloads nobody told us of. */
function strangers(places: Places, field: Field): readonly NftRule[] {
  return places.settings.workloadInterfacePrefixes.map((prefix) => {
    const known = places.has(placeNames.interfaces) ? [isNotIn([field], placeNames.interfaces)] : [];
    return rule(is(field, `${prefix}*`), ...known, counter, drop);
  });
}

function workloadsToHost(places: Places): readonly NftRule[] {
  const isAccepted = places.settings.workloadToHost === "accept";
  return senders(places).map((sender) => rule(...sender, counter, isAccepted ? accept : drop));
}

/**
 * The shortcut where packets come in: also those of living connections must have an address of the pod whose interface they come from. One look for
 * packets of pods; what does not come from a pod is looked up by its interface. IPv6 link-local addresses stay on the link: judged by interface below.
 */
function shortcutsFrom(places: Places): readonly NftRule[] {
  if (!places.has(placeNames.interfaces)) return shortcuts;
  const own = families.map((family) => ({
    family,
    fields: ["meta iifname", addressField("source", family)] as const,
    sources: placeNames.sources(family),
  }));
  const known = isIn(["meta iifname"], placeNames.interfaces);
  const others = isNotIn(["meta iifname"], placeNames.interfaces);
  return [
    ...own.map(({ family, fields, sources }) =>
      rule(inState("established", "related"), isFamily(family), isIn(fields, sources), accept),
    ),
    rule(inState("established", "related"), others, accept),
    ...own.map(({ family, fields, sources }) => {
      const local = family === 6 ? [isNotIn(["ip6 saddr"], placeNames.linkLocal)] : [];
      return rule(isFamily(family), known, ...local, isNotIn(fields, sources), counter, drop);
    }),
    ...shortcuts,
  ];
}

function dnsQuestions(places: Places): readonly NftRule[] {
  const { dns } = places.settings;
  if (dns === undefined) return [];
  const whileLiving = dns.failMode === "open" ? [isIn(["meta l4proto"], dnsLiveSet)] : [];
  return families
    .filter((family) => places.has(placeNames.dnsClients(family)) && places.has(placeNames.dnsServers(family)))
    .flatMap((family) =>
      [17, 6].map((protocol) =>
        rule(
          isFamily(family),
          is("meta l4proto", protocol),
          ...whileLiving,
          isIn([addressField("destination", family), "th dport"], placeNames.dnsServers(family)),
          isIn([addressField("source", family)], placeNames.dnsClients(family)),
          counter,
          redirectTo(dns, family),
        ),
      ),
    );
}

function redirectTo(dns: NonNullable<CompileSettings["dns"]>, family: Family): NftExpression {
  const address = dns.proxyAddresses?.find((text) => text.includes(":") === (family === 6));
  return { do: "redirect", port: dns.proxyPort, ...(address === undefined ? {} : { address }) };
}

/** A question that was turned to the proxy: who asks by names must be able to ask. */
function redirected(places: Places): readonly NftRule[] {
  const { dns } = places.settings;
  if (dns === undefined || dnsQuestions(places).length === 0) return [];
  return [17, 6].map((protocol) =>
    rule(is("meta l4proto", protocol), is("th dport", dns.proxyPort), isRedirected, counter, accept),
  );
}

/** For rules on a host endpoint's interface. */
export function onInterface(field: "meta iifname" | "meta oifname", name: string): readonly NftExpression[] {
  return name === "*" ? [isNot(field, "lo")] : [is(field, name)];
}

export function goTo(chain: string, ...when: readonly NftExpression[]): NftRule {
  return rule(...when, verdict({ verdict: "goto", chain }));
}
