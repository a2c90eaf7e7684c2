// A second opinion about policies: slow, without indexes, written from the specification (research section 1, decision record 0007) and not from
// the engine. Works on the same model; property tests hold the engine to it.
import { isIpv4, parseAddress, type Address } from "../../src/base/ip.ts";
import { matches } from "../../src/core/policy/selector/matches.ts";
import type {
  Direction,
  EntityMatch,
  Policy,
  PolicySet,
  PortMatch,
  Prefix,
  Rule,
} from "../../src/core/policy/model.ts";
import type { PolicyFlow, World } from "../../src/core/policy/world.ts";
import { allThings, holds, type Thing } from "./naive-things.ts";

export type Verdict = "allow" | "deny" | "unknown";
type Tri = true | false | "?";

interface Asked {
  readonly set: PolicySet;
  readonly world: World;
  readonly flow: PolicyFlow;
  readonly things: readonly Thing[];
  readonly lane: "enforced" | "staged";
}

interface Side {
  /** Things with this end's address. */
  readonly things: readonly Thing[];
  readonly address: Address | undefined;
  readonly isUnknown: boolean;
  readonly believed: Thing | undefined;
}

export interface NaiveVerdicts {
  readonly egress: Verdict;
  readonly ingress: Verdict;
  readonly verdict: Verdict;
}

export function naiveVerdicts(
  { set, world }: { set: PolicySet; world: World },
  flow: PolicyFlow,
  lane: "enforced" | "staged" = "enforced",
): NaiveVerdicts {
  const asked: Asked = { set, world, flow, lane, things: allThings(set, world) };
  const egress = directionVerdict("egress", asked);
  const ingress = directionVerdict("ingress", asked);
  const both = [egress, ingress];
  const verdict = both.includes("deny") ? "deny" : both.includes("unknown") ? "unknown" : "allow";
  return { egress, ingress, verdict };
}

function sideOf(which: "source" | "destination", { things, world, flow }: Asked): Side {
  const { endpoint, address: written } = flow[which];
  const other = flow[which === "source" ? "destination" : "source"];
  const isSet = (thing: Thing) => thing.kind === "networkSet";
  if (endpoint === "") {
    const address = parseAddress(written);
    if (address === undefined) return { things: [], address, isUnknown: true, believed: undefined };
    const found = things.filter((thing) => thing.has(address));
    const isService = world.services.some((service) => service.addresses.includes(written));
    const isInside = world.ranges.some((range) => holds(prefix(range), address));
    // Public addresses are outside where the cluster's ranges are known.
    const mayBeInside = world.incomplete !== "" && (world.ranges.length === 0 || /^(10\.|fd)/.test(written));
    const isNobody = found.every(isSet) && (isService || isInside || mayBeInside);
    return { things: found, address, isUnknown: isNobody, believed: undefined };
  }
  const thing = things.find((each) => each.id === endpoint);
  const addresses = world.endpoints.find((each) => each.id === endpoint)?.addresses ?? [];
  // Of the other end's family where it has one.
  const isSix = (text: string) => text.includes(":");
  const likely = addresses.find((text) => other.address !== "" && isSix(text) === isSix(other.address)) ?? addresses[0];
  const text = written === "" ? (likely ?? "") : written;
  const address = parseAddress(text);
  if (thing === undefined) return { things: [], address, isUnknown: true, believed: undefined };
  const isOwn = address !== undefined && thing.has(address);
  const others = address === undefined ? [] : things.filter((each) => each.has(address) && (isOwn || isSet(each)));
  return { things: [...new Set([thing, ...others])], address, isUnknown: false, believed: thing };
}

function prefix(text: string): Prefix {
  const [base = "", length = "32"] = text.split("/");
  const address = parseAddress(base) as Address;
  // Only IPv4 ranges of whole octets are used here.
  const octets = Number(length) / 8;
  const parts = base.split(".");
  const end = parts.map((part, index) => (index < octets ? part : "255")).join(".");
  return { text, range: { low: address, high: parseAddress(end) as Address } };
}

/** Whose policies: one of each list is the real one; all lists must allow. */
function subjectsOf({ things, believed }: Side, asked: Asked): readonly (readonly Thing[])[] {
  if (believed?.kind === "workload" || believed?.kind === "hostEndpoint") return [[believed]];
  const workloads = things.filter((thing) => thing.kind === "workload");
  if (workloads.length > 0 && believed === undefined) return [workloads];
  const sorted = (list: readonly Thing[]) => list.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const nodes = things.filter((thing) => thing.kind === "node");
  // A node that is known by its name is all its interfaces.
  const wild =
    believed?.kind === "node" ? asked.things.filter((thing) => thing.isWild && thing.node === believed.node) : [];
  const hosts = sorted([...new Set([...things.filter((thing) => thing.kind === "hostEndpoint"), ...wild])]);
  return [nodes.slice(0, 1), hosts.slice(0, 1)].filter((list) => list.length > 0);
}

function nodeOf({ things, believed }: Side): string {
  if (believed !== undefined) return believed.kind === "workload" ? "" : believed.node;
  if (things.some((thing) => thing.kind === "workload")) return "";
  return things.find((thing) => thing.node !== "")?.node ?? "";
}

function directionVerdict(direction: Direction, asked: Asked): Verdict {
  const source = sideOf("source", asked);
  const destination = sideOf("destination", asked);
  const side = direction === "ingress" ? destination : source;
  if (side.isUnknown) return "unknown";
  const pods = subjectsOf(destination, asked);
  const pod = pods.length === 1 && pods[0]?.length === 1 ? pods[0][0] : undefined;
  const isOwnPod = pod?.kind === "workload" && nodeOf(source) !== "" && pod.node === nodeOf(source);
  const verdicts = subjectsOf(side, asked).map((alternatives): Verdict => {
    const each = new Set(
      alternatives.map((thing): Verdict => {
        if (isOwnPod || isFailsafe(thing, direction, asked.flow)) return "allow";
        return fromOutcomes(subjectOutcomes(thing, direction, { ...asked, source, destination }));
      }),
    );
    return each.size === 1 ? ([...each][0] as Verdict) : "unknown";
  });
  return verdicts.includes("deny") ? "deny" : verdicts.includes("unknown") ? "unknown" : "allow";
}

/** Defaults of the enforcement kind. */
const failsafes = {
  ingress: ["6:22", "17:68", "6:179", "6:2379", "6:2380", "6:6443", "6:10250"],
  egress: ["17:53", "17:67", "6:179", "6:2379", "6:2380", "6:6443"],
};

function isFailsafe({ kind }: Thing, direction: Direction, flow: PolicyFlow): boolean {
  return (
    (kind === "hostEndpoint" || kind === "node") &&
    failsafes[direction].includes(`${flow.protocol}:${flow.destinationPort}`)
  );
}

type Context = Asked & { readonly source: Side; readonly destination: Side };
type Outcomes = ReadonlySet<"allow" | "deny">;

function fromOutcomes(outcomes: Outcomes): Verdict {
  return outcomes.size === 1 ? ([...outcomes][0] as Verdict) : "unknown";
}

function subjectOutcomes(thing: Thing, direction: Direction, context: Context): Outcomes {
  const { set } = context;
  const isHost = thing.kind === "hostEndpoint";
  const applying = set.policies.filter(
    (policy) =>
      counts(policy, context) &&
      policy.directions.includes(direction) &&
      (policy.kinds as readonly string[]).includes(thing.kind) &&
      (isHost || !(policy.doNotTrack || policy.preDnat)) &&
      matches(policy.selector, thing.labels),
  );
  const stages = isHost
    ? [
        applying.filter((policy) => policy.doNotTrack),
        applying.filter((policy) => !policy.doNotTrack && policy.preDnat),
        applying.filter((policy) => !policy.doNotTrack && !policy.preDnat),
      ]
    : [applying];
  const steps: Step[] = stages.flatMap((policies, index) =>
    stageSteps(policies, index === stages.length - 1, { direction, context }),
  );
  return follow([...steps, ...profileSteps(thing, direction, context)]);
}

/** A rule as it may match, or the end of a tier. */
type Step =
  | { readonly do: "allow" | "deny"; readonly when: Tri }
  | { readonly do: "skip-tier"; readonly when: Tri; readonly tier: string }
  | { readonly do: "end"; readonly tier: string; readonly denies: boolean };

function stageSteps(
  policies: readonly Policy[],
  isFinal: boolean,
  { direction, context }: { direction: Direction; context: Context },
): Step[] {
  const tiers = context.set.tiers.toSorted((a, b) => byNumber(a.order, b.order) || byText(a.name, b.name));
  return tiers.flatMap((tier): Step[] => {
    const inTier = policies
      .filter((policy) => policy.tier === tier.name)
      .sort((a, b) => byNumber(a.order, b.order) || byText(tie(a), tie(b)) || byText(a.id, b.id));
    if (inTier.length === 0) return [];
    const key = `${tier.name} ${isFinal}`;
    const rules = inTier.flatMap((policy) =>
      policy[direction].flatMap((rule): Step[] => {
        if (rule.action === "Log") return [];
        const when = ruleMatches(rule, direction, context);
        if (rule.action === "Pass") return [{ do: "skip-tier", when, tier: key }];
        return [{ do: rule.action === "Allow" ? "allow" : "deny", when }];
      }),
    );
    const denies = isFinal && tier.defaultAction === "Deny" && inTier.some((policy) => policy.endsTier);
    return [...rules, { do: "end", tier: key, denies }];
  });
}

const byNumber = (a: number, b: number) => (a === b ? 0 : a < b ? -1 : 1);
const byText = (a: string, b: string) => (a === b ? 0 : a < b ? -1 : 1);
const tie = ({ name, namespace, kind }: Policy) => `${name}/${namespace}/${kind}`;

function profileSteps({ profiles }: Thing, direction: Direction, context: Context): Step[] {
  const steps: Step[] = [];
  for (const name of profiles) {
    const profile = context.set.profiles.find((each) => each.name === name);
    if (profile === undefined && name === "projectcalico-default-allow") return [...steps, { do: "allow", when: true }];
    for (const rule of profile?.[direction] ?? [])
      steps.push({ do: rule.action === "Allow" ? "allow" : "deny", when: ruleMatches(rule, direction, context) });
  }
  return [...steps, { do: "deny", when: true }];
}

/** All that may come out of it, following both ways at each doubt. */
function follow(steps: readonly Step[]): Outcomes {
  const outcomes = new Set<"allow" | "deny">();
  const from = (start: number): void => {
    for (let at = start; at < steps.length; at += 1) {
      const step = steps[at] as Step;
      if (step.do === "end") {
        if (!step.denies) continue;
        outcomes.add("deny");
        return;
      }
      if (step.when === false) continue;
      if (step.do === "skip-tier") from(steps.findIndex((each) => each.do === "end" && each.tier === step.tier) + 1);
      else outcomes.add(step.do);
      if (step.when === true) return;
    }
  };
  from(0);
  return outcomes;
}

function counts(policy: Policy, { set, lane }: Asked): boolean {
  if (lane === "enforced") return policy.staged === undefined;
  if (policy.staged !== undefined) return policy.staged === "Set" || policy.staged === "Learn";
  return !set.policies.some(
    (other) =>
      (other.staged === "Set" || other.staged === "Learn" || other.staged === "Delete") &&
      other.dialect === policy.dialect &&
      other.kind.replace("Staged", "") === policy.kind &&
      other.namespace === policy.namespace &&
      other.name === policy.name,
  );
}

const all = (list: readonly Tri[]): Tri => (list.includes(false) ? false : list.includes("?") ? "?" : true);
const any = (list: readonly Tri[]): Tri => (list.includes(true) ? true : list.includes("?") ? "?" : false);
const negated = (value: Tri): Tri => (value === "?" ? "?" : !value);

export function ruleMatches(rule: Rule, direction: Direction, context: Context): Tri {
  const { flow, source, destination } = context;
  const address = destination.address ?? source.address;
  const list: Tri[] = [
    rule.protocol === undefined || rule.protocol === flow.protocol,
    rule.notProtocol === undefined || rule.notProtocol !== flow.protocol,
  ];
  if (rule.ipVersion !== undefined) list.push(address === undefined ? "?" : isIpv4(address) === (rule.ipVersion === 4));
  const icmp = (wanted: NonNullable<Rule["icmp"]>): Tri => {
    if (flow.protocol !== 1 && flow.protocol !== 58) return false;
    if (flow.icmp === undefined) return "?";
    return wanted.type === flow.icmp.type && (wanted.code ?? flow.icmp.code) === flow.icmp.code;
  };
  if (rule.icmp !== undefined) list.push(icmp(rule.icmp));
  if (rule.notIcmp !== undefined) list.push(negated(icmp(rule.notIcmp)));
  if (rule.http !== undefined) list.push(httpMatches(rule.http, flow));
  const takesNames = direction === "egress" && rule.action === "Allow";
  list.push(entityMatches(rule.source, "source", { context, takesNames: false }));
  list.push(entityMatches(rule.destination, "destination", { context, takesNames }));
  return all(list);
}

function httpMatches({ methods, paths }: NonNullable<Rule["http"]>, { protocol, http }: PolicyFlow): Tri {
  if (protocol !== 6) return false;
  if (http === undefined) return "?";
  const isMethod = methods === undefined || methods.includes(http.method) || methods.includes("*");
  const isPath = (paths ?? [{ match: "prefix" as const, value: "" }]).some(({ match, value }) =>
    match === "exact" ? http.path === value : http.path.startsWith(value),
  );
  return isMethod && isPath;
}

function entityMatches(
  entity: EntityMatch,
  which: "source" | "destination",
  { context, takesNames }: { context: Context; takesNames: boolean },
): Tri {
  const side = context[which];
  const { address, isUnknown } = side;
  const kinds: readonly string[] = entity.kinds ?? ["workload", "hostEndpoint", "networkSet"];
  const inNets = (nets: readonly Prefix[]): Tri =>
    address === undefined ? "?" : nets.some((net) => holds(net, address));
  const isSelected = (selector: NonNullable<EntityMatch["selector"]>): Tri => {
    if (side.things.some((thing) => kinds.includes(thing.kind) && matches(selector, thing.labels))) return true;
    return isUnknown && kinds.some((kind) => kind !== "networkSet") ? "?" : false;
  };
  const list: Tri[] = [];
  if (entity.nets !== undefined) list.push(entity.nets.length > 0 && inNets(entity.nets));
  if (entity.notNets !== undefined) list.push(entity.notNets.length === 0 || negated(inNets(entity.notNets)));
  if (entity.selector !== undefined) {
    const { selector } = entity;
    const named =
      takesNames && kinds.includes("networkSet")
        ? context.things.filter((thing) => matches(selector, thing.labels))
        : [];
    list.push(any([isSelected(selector), ...named.map((thing) => namesMatch(thing.domains, context))]));
  }
  if (entity.notSelector !== undefined) list.push(negated(isSelected(entity.notSelector)));
  if (entity.outsideOnly === true)
    list.push(side.things.some((thing) => thing.kind !== "networkSet") ? false : isUnknown ? "?" : true);
  if (entity.ports !== undefined) list.push(any(entity.ports.map((port) => portMatches(port, which, context))));
  if (entity.notPorts !== undefined)
    list.push(negated(any(entity.notPorts.map((port) => portMatches(port, which, context)))));
  if (entity.domains !== undefined) list.push(namesMatch(entity.domains, context));
  if (entity.service !== undefined) list.push(serviceMatches(entity.service, which, context));
  return all(list);
}

function portMatches(port: PortMatch, which: "source" | "destination", context: Context): Tri {
  const { flow } = context;
  if (![6, 17, 132].includes(flow.protocol)) return false;
  const number = which === "source" ? flow.sourcePort : flow.destinationPort;
  if (which === "source" && number === 0) return "?";
  if (!("name" in port)) return port.from <= number && number <= port.to;
  const { things, isUnknown } = context[which];
  const ports = things.flatMap((thing) => thing.ports);
  const isNamed = ports.some(
    (each) => each.name === port.name && each.protocol === flow.protocol && each.port === number,
  );
  return isNamed || (isUnknown ? "?" : false);
}

function namesMatch(patterns: readonly string[], { flow, destination }: Context): Tri {
  if (patterns.length === 0) return false;
  if (flow.domains === undefined) return destination.things.some((thing) => thing.kind !== "networkSet") ? false : "?";
  const forms = patterns.map((text) => new RegExp(`^${text.replaceAll(".", "\\.").replaceAll("*", ".+")}$`));
  return flow.domains.some((name) => forms.some((form) => form.test(name)));
}

function serviceMatches(
  { namespace, name }: NonNullable<EntityMatch["service"]>,
  which: "source" | "destination",
  { world, flow, ...sides }: Context,
): Tri {
  const service = world.services.find((each) => each.namespace === namespace && each.name === name);
  if (service === undefined) return world.incomplete === "" ? false : "?";
  const { address } = sides[which];
  if (address === undefined) return "?";
  return service.backends.some(
    (backend) =>
      String(parseAddress(backend.address)) === String(address) &&
      (which === "source" || (backend.protocol === flow.protocol && backend.port === flow.destinationPort)),
  );
}
