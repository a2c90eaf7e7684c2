// One end of a rule in one family as conditions on a packet. A part is a list of alternatives; a packet matches when one alternative of each part
// holds. No alternative: nothing matches.
import { type AddressRange, parsePrefix } from "../../../base/ip.ts";
import type { PolicyEngine } from "../evaluate/engine.ts";
import type { EntityMatch, PortMatch } from "../model.ts";
import { matches } from "../selector/matches.ts";
import { isEverything, mergedRanges } from "./addresses.ts";
import { addressField, isIn, isNotIn } from "./expressions.ts";
import type { MemberSet } from "./member-set.ts";
import { type Members, sortedKinds } from "./members.ts";
import type { Family } from "./names.ts";
import type { Field, NftExpression } from "./nft/ruleset.ts";
import { type PortRange, type StaticSets, mergedPorts } from "./static-sets.ts";

export type Alternative = readonly NftExpression[];
export type Part = readonly Alternative[];

/** What compiling one rule reads and leaves behind. */
export interface RuleContext {
  readonly engine: PolicyEngine;
  readonly members: Members;
  readonly statics: StaticSets;
  readonly usedMembers: Set<MemberSet>;
  readonly usedStatics: Set<string>;
  /** What cannot be told is denied then, else not allowed. */
  readonly isDenying: boolean;
  /** Selectors of destinations select network sets by their names, too: egress Allow. */
  readonly takesNames: boolean;
  /** The rule's; decides whether packets have ports. */
  readonly protocol: number | undefined;
  /** Lists of names, sorted, that rules asked for. */
  readonly usedDomains: Map<string, readonly string[]>;
}

export type End = "source" | "destination";

const defaultKinds = ["workload", "hostEndpoint", "networkSet"] as const;
const never: Part = [];

/** Conditions on addresses (and what hangs on them: services, names). Empty: every packet of the family. */
export function addressParts(
  context: RuleContext,
  match: EntityMatch,
  at: { end: End; family: Family },
): readonly Part[] {
  const field = addressField(at.end, at.family);
  const parts: Part[] = [];
  if (match.nets !== undefined)
    parts.push(
      ...netParts(
        context,
        match.nets.map(({ range }) => range),
        at,
      ),
    );
  if (match.notNets !== undefined) {
    const ranges = mergedRanges(
      match.notNets.map(({ range }) => range),
      at.family,
    );
    if (isEverything(ranges, at.family)) return [never];
    if (ranges.length > 0)
      parts.push([[isNotIn([field], useStatic(context, context.statics.nets(ranges, at.family)))]]);
  }
  if (match.selector !== undefined) parts.push(selectorPart(context, match, at));
  if (match.notSelector !== undefined && isPresent(context, at.family)) {
    const set = context.members.selected(match.notSelector, sortedKinds(match.kinds ?? defaultKinds));
    parts.push([[isNotIn([field], useMember(context, set, at.family))]]);
  }
  if (match.outsideOnly === true) parts.push(...outsideParts(context, at));
  if (match.service !== undefined) parts.push(servicePart(context, match.service, at));
  if (match.domains !== undefined)
    parts.push(match.domains.length === 0 ? never : [[domainLookup(context, match.domains, at.family)]]);
  return parts;
}

function netParts(
  context: RuleContext,
  nets: readonly AddressRange[],
  at: { end: End; family: Family },
): readonly Part[] {
  const ranges = mergedRanges(nets, at.family);
  if (ranges.length === 0) return [never];
  if (isEverything(ranges, at.family)) return [];
  return [[[isIn([addressField(at.end, at.family)], useStatic(context, context.statics.nets(ranges, at.family)))]]];
}

/** IPv6 sets of a world without IPv6 addresses would only be empty. */
function isPresent(context: RuleContext, family: Family): boolean {
  return family === 4 || context.members.hasIpv6();
}

function selectorPart(context: RuleContext, match: EntityMatch, at: { end: End; family: Family }): Part {
  const { selector } = match;
  if (selector === undefined) return never;
  const kinds = sortedKinds(match.kinds ?? defaultKinds);
  const alternatives: Alternative[] = [];
  if (isPresent(context, at.family)) {
    const set = context.members.selected(selector, kinds);
    alternatives.push([isIn([addressField(at.end, at.family)], useMember(context, set, at.family))]);
  }
  if (context.takesNames && at.end === "destination" && kinds.includes("networkSet")) {
    const names = context.engine.set.networkSets
      .filter(({ domains }) => domains.length > 0)
      .filter((set) => {
        const thing = context.engine.thing(`networkSet/${set.namespace === "" ? "-" : set.namespace}/${set.name}`);
        return thing !== undefined && matches(selector, thing.labels);
      })
      .flatMap(({ domains }) => domains);
    if (names.length > 0) alternatives.push([domainLookup(context, names, at.family)]);
  }
  return alternatives;
}

/** Not an address that somebody in the cluster has, nor one of the cluster's ranges that nobody is known to have. */
function outsideParts(context: RuleContext, at: { end: End; family: Family }): readonly Part[] {
  const field = addressField(at.end, at.family);
  const inside: NftExpression[] = [];
  if (isPresent(context, at.family))
    inside.push(isNotIn([field], useMember(context, context.members.inside(), at.family)));
  const ranges = context.isDenying ? [] : clusterRanges(context.engine, at.family);
  if (ranges.length > 0) inside.push(isNotIn([field], useStatic(context, context.statics.nets(ranges, at.family))));
  return inside.length === 0 ? [] : [[inside]];
}

function servicePart(
  context: RuleContext,
  name: { readonly namespace: string; readonly name: string },
  at: { end: End; family: Family },
): Part {
  const service = context.engine.service(name.namespace, name.name);
  const withPorts = at.end === "destination";
  const set = useStatic(context, context.statics.service(name, { service, family: at.family, withPorts }));
  const field = addressField(at.end, at.family);
  return [[isIn(withPorts ? [field, "meta l4proto", "th dport"] : [field], set)]];
}

function domainLookup(context: RuleContext, domains: readonly string[], family: Family): NftExpression {
  const names = [...new Set(domains)].sort();
  const set = useStatic(context, context.statics.domains(names, family));
  context.usedDomains.set(names.join("\n"), names);
  return isIn([addressField("source", family), addressField("destination", family)], set);
}

/** Protocols whose headers begin with a source and a destination port. */
const ported: readonly number[] = [6, 17, 33, 132, 136];

export function portParts(context: RuleContext, match: EntityMatch, at: { end: End; family: Family }): readonly Part[] {
  const parts: Part[] = [];
  if (match.ports !== undefined) {
    parts.push(hasPortsPart(context));
    const part = portPart(context, match.ports, at);
    if (part !== undefined) parts.push(part);
  }
  if (match.notPorts !== undefined && match.notPorts.length > 0) parts.push(notPortPart(context, match.notPorts, at));
  return parts.filter((part) => part.length !== 1 || part[0]?.length !== 0);
}

/** A packet without ports has none of those that are excepted. */
function notPortPart(context: RuleContext, ports: readonly PortMatch[], at: { end: End; family: Family }): Part {
  const { ranges, names } = split(ports);
  const expressions: NftExpression[] = [];
  if (ranges.length > 0) expressions.push(portLookup(context, ranges, { end: at.end, isNegated: true }));
  if (names.length > 0 && isPresent(context, at.family))
    expressions.push({ ...namedLookup(context, names, at), operator: "ne" });
  const alternatives: Alternative[] = [];
  if (context.protocol === undefined) {
    const without = isNotIn(["meta l4proto"], useStatic(context, context.statics.protocols(ported)));
    alternatives.push([without]);
  }
  if (context.protocol !== undefined && !ported.includes(context.protocol)) return [[]];
  if (!isEveryPort(ranges)) alternatives.push([...hasPortsPart(context).flat(), ...expressions]);
  return alternatives;
}

export function hasPortsPart(context: RuleContext): Part {
  if (context.protocol !== undefined) return ported.includes(context.protocol) ? [[]] : [];
  return [[isIn(["meta l4proto"], useStatic(context, context.statics.protocols(ported)))]];
}

function portPart(
  context: RuleContext,
  ports: readonly PortMatch[],
  at: { end: End; family: Family },
): Part | undefined {
  const { ranges, names } = split(ports);
  if (isEveryPort(ranges)) return undefined;
  const alternatives: Alternative[] = [];
  if (ranges.length > 0) alternatives.push([portLookup(context, ranges, { end: at.end, isNegated: false })]);
  if (names.length > 0 && isPresent(context, at.family)) alternatives.push([namedLookup(context, names, at)]);
  return alternatives;
}

export function hasNames(match: EntityMatch): boolean {
  return [...(match.ports ?? []), ...(match.notPorts ?? [])].some((port) => "name" in port);
}

function split(ports: readonly PortMatch[]): { ranges: readonly PortRange[]; names: readonly string[] } {
  return {
    ranges: mergedPorts(ports.filter((port) => "from" in port)),
    names: ports.flatMap((port) => ("name" in port ? [port.name] : [])),
  };
}

function isEveryPort(ranges: readonly PortRange[]): boolean {
  const [only] = ranges;
  return ranges.length === 1 && only !== undefined && only.from <= 0 && only.to >= 65_535;
}

function portLookup(
  context: RuleContext,
  ranges: readonly PortRange[],
  how: { readonly end: End; readonly isNegated: boolean },
): NftExpression {
  const field = portField(how.end);
  const operator = how.isNegated ? "ne" : "eq";
  const [only] = ranges;
  if (only === undefined || ranges.length > 1) {
    const set = useStatic(context, context.statics.ports(ranges));
    return how.isNegated ? isNotIn([field], set) : isIn([field], set);
  }
  if (only.from === only.to) return { do: "compare", field, operator, value: only.from };
  return { do: "range", field, operator, low: only.from, high: only.to };
}

function namedLookup(context: RuleContext, names: readonly string[], at: { end: End; family: Family }) {
  const set = useMember(context, context.members.namedPorts(names), at.family);
  const fields: readonly Field[] = [addressField(at.end, at.family), "meta l4proto", portField(at.end)];
  return { do: "lookup", fields, set, operator: "eq" } as const;
}

function portField(end: End): Field {
  return end === "source" ? "th sport" : "th dport";
}

export function useMember(context: RuleContext, set: MemberSet, family: Family): string {
  context.usedMembers.add(set);
  return set.nameOf(family);
}

export function useStatic(context: Pick<RuleContext, "usedStatics">, name: string): string {
  context.usedStatics.add(name);
  return name;
}

export function clusterRanges(engine: PolicyEngine, family: Family): readonly AddressRange[] {
  return mergedRanges(
    engine.ranges.map(parsePrefix).filter((range) => range !== undefined),
    family,
  );
}
