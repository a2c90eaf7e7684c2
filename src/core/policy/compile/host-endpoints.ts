// Rules of this node's own interfaces: failsafes first, then each host endpoint's policies; interfaces without one are left alone.
import { failsafeRule } from "../evaluate/rule-ids.ts";
import type { Enforcement } from "../../../model/enforcement.ts";
import type { HostEndpoint, Policy } from "../model.ts";
import { knownAddress } from "./addresses.ts";
import { type HostRules, goTo, onInterface } from "./base-chains.ts";
import { accept, addressField, counter, is, isFamily, isForThisHost, isIn, rule } from "./expressions.ts";
import { useStatic } from "./matches.ts";
import { type Family, letterOf, shortHash } from "./names.ts";
import type { NftExpression, NftRule } from "./nft/ruleset.ts";
import {
  type ChainMaker,
  type TierNeed,
  acceptRule,
  dropInvalid,
  modeOf,
  profileRules,
  tierRules,
} from "./policy-chains.ts";
import type { CompileSettings } from "./settings.ts";

type Way = keyof HostRules;

interface WayOf {
  readonly direction: "ingress" | "egress";
  readonly field: "meta iifname" | "meta oifname";
  readonly counts: (policy: Policy) => boolean;
  readonly endsTiers: boolean;
  /** own: profiles and a final drop. forwarded: what no tier decided goes on. early: nothing is decided by default, and nothing applies without a policy. */
  readonly kind: "own" | "forwarded" | "early";
}

const ways: Readonly<Record<Way, WayOf>> = {
  input: { direction: "ingress", field: "meta iifname", counts: isNormal, endsTiers: true, kind: "own" },
  output: { direction: "egress", field: "meta oifname", counts: isNormal, endsTiers: true, kind: "own" },
  forwardIn: { direction: "ingress", field: "meta iifname", counts: isForwarded, endsTiers: true, kind: "forwarded" },
  forwardOut: { direction: "egress", field: "meta oifname", counts: isForwarded, endsTiers: true, kind: "forwarded" },
  untrackedIn: { direction: "ingress", field: "meta iifname", counts: isUntracked, endsTiers: false, kind: "early" },
  untrackedOut: { direction: "egress", field: "meta oifname", counts: isUntracked, endsTiers: false, kind: "early" },
  beforeNat: { direction: "ingress", field: "meta iifname", counts: isBeforeNat, endsTiers: false, kind: "early" },
};

function isNormal(policy: Policy): boolean {
  return modeOf(policy) === "filter";
}
function isForwarded(policy: Policy): boolean {
  return isNormal(policy) && policy.applyOnForward;
}
function isUntracked(policy: Policy): boolean {
  return modeOf(policy) === "untracked";
}
function isBeforeNat(policy: Policy): boolean {
  return modeOf(policy) === "before-nat";
}

/** Named interfaces first, then addresses, then "all": the most specific endpoint decides. */
export function hostEndpointsOf(maker: ChainMaker, node: string): readonly HostEndpoint[] {
  const rank = ({ interfaceName }: HostEndpoint) => (interfaceName === "*" ? 2 : interfaceName === "" ? 1 : 0);
  return maker.frame.engine.set.hostEndpoints
    .filter((endpoint) => endpoint.node === node)
    .sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
}

export function hostRules(maker: ChainMaker, settings: CompileSettings): HostRules {
  const endpoints = hostEndpointsOf(maker, settings.node);
  const make = (way: Way): readonly NftRule[] => {
    const rules = endpoints.flatMap((endpoint) => endpointRules(maker, endpoint, way));
    return rules.length === 0 ? [] : [...guards(maker, settings, way), ...rules];
  };
  return {
    input: make("input"),
    output: make("output"),
    forwardIn: make("forwardIn"),
    forwardOut: make("forwardOut"),
    untrackedIn: make("untrackedIn"),
    untrackedOut: make("untrackedOut"),
    beforeNat: make("beforeNat"),
  };
}

/** Leads packets of the endpoint's interface to its chain. */
function endpointRules(maker: ChainMaker, endpoint: HostEndpoint, way: Way): readonly NftRule[] {
  const { kind, field, direction } = ways[way];
  const chain = endpointChain(maker, endpoint, way);
  if (chain === "") return [];
  if (endpoint.interfaceName !== "") return [goTo(chain, ...onInterface(field, endpoint.interfaceName))];
  // Known by its addresses alone, only packets of the node itself can be told to be its.
  if (kind === "forwarded") return [];
  return endpoint.expectedAddresses.flatMap((text) => {
    const address = knownAddress(text);
    if (address === undefined || address.single === "") return [];
    const own = addressField(direction === "ingress" ? "destination" : "source", address.family);
    return [goTo(chain, isFamily(address.family), is(own, address.single))];
  });
}

/** "" when nothing applies. */
function endpointChain(maker: ChainMaker, endpoint: HostEndpoint, way: Way): string {
  const { direction, counts, endsTiers, kind } = ways[way];
  const need: TierNeed = { direction, counts, endsTiers };
  const tiers = maker.frame.engine.classOf(`hostEndpoint/${endpoint.name}`, direction)?.tiers ?? [];
  const rules = tiers.flatMap((tier) => tierRules(maker, tier, need));
  if (kind !== "own" && rules.length === 0) return "";
  const name = `gr_h${letterOf(direction)}_${shortHash(`${way}|${endpoint.name}`)}`;
  const end = kind === "own" ? profileRules(maker, endpoint.profiles, direction) : [acceptRule];
  const head = kind === "early" ? [] : [dropInvalid];
  maker.draft.chains.set(name, { name, rules: [...head, ...rules, ...(kind === "early" ? [] : end)] });
  return name;
}

/** What no policy may cut: failsafe ports, and outwards the peers that the node needs. Not for forwarded packets. */
function guards(maker: ChainMaker, settings: CompileSettings, way: Way): readonly NftRule[] {
  const { inbound, outbound } = settings.failsafe;
  switch (way) {
    case "input":
      return failsafes(maker, inbound, { direction: "ingress", port: "th dport", peer: "source" });
    case "beforeNat":
      return failsafes(maker, inbound, { direction: "ingress", port: "th dport", peer: "source" }).map((each) => ({
        ...each,
        expressions: [isForThisHost, ...each.expressions],
      }));
    case "output":
      return [
        ...failsafes(maker, outbound, { direction: "egress", port: "th dport", peer: "destination" }),
        ...settings.alwaysAllowed.flatMap(allowedPeer),
      ];
    case "untrackedIn":
      // Untracked packets know no connections: answers to what goes out are let in by their port.
      return [
        ...failsafes(maker, inbound, { direction: "ingress", port: "th dport", peer: "source" }),
        ...failsafes(maker, outbound, { direction: "ingress", port: "th sport", peer: "source" }),
      ];
    case "untrackedOut":
      return [
        ...failsafes(maker, outbound, { direction: "egress", port: "th dport", peer: "destination" }),
        ...failsafes(maker, inbound, { direction: "egress", port: "th sport", peer: "destination" }),
        ...settings.alwaysAllowed.flatMap(allowedPeer),
      ];
    case "forwardIn":
    case "forwardOut":
      return [];
  }
}

interface FailsafeWay {
  readonly direction: "ingress" | "egress";
  readonly port: "th dport" | "th sport";
  readonly peer: "source" | "destination";
}

function failsafes(maker: ChainMaker, list: Enforcement["failsafe"]["inbound"], way: FailsafeWay): readonly NftRule[] {
  const { engine } = maker.frame;
  const ruleId = engine.ruleIdOf({ tier: "", policy: "", direction: way.direction, rule: failsafeRule });
  return list.flatMap(({ protocol, port, net }) => {
    const match = [is("meta l4proto", protocol === "tcp" ? 6 : 17), is(way.port, port)];
    const peer = net === "" ? [] : peerOf(maker, net, way.peer);
    return peer === undefined ? [] : [{ ...rule(...peer, ...match, counter, accept), ruleId }];
  });
}

/** Undefined: the prefix is none, so it lets nothing in. */
function peerOf(maker: ChainMaker, net: string, end: "source" | "destination"): readonly NftExpression[] | undefined {
  const known = knownAddress(net);
  if (known === undefined) return undefined;
  const { statics } = maker.frame;
  const name = statics.nets([known.range], known.family);
  useStatic({ usedStatics: maker.draft.usedStatics }, name);
  return [isFamily(known.family), isIn([addressField(end, known.family)], name)];
}

function allowedPeer(peer: CompileSettings["alwaysAllowed"][number]): readonly NftRule[] {
  const known = knownAddress(peer.address);
  if (known === undefined || known.single === "") return [];
  const family: Family = known.family;
  const port = peer.port === 0 ? [] : [is("th dport", peer.port)];
  return [
    rule(
      isFamily(family),
      is("meta l4proto", peer.protocol),
      ...port,
      is(addressField("destination", family), known.single),
      counter,
      accept,
    ),
  ];
}
