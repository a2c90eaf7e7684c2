// Which policy a request gets: of those that are for its workload and route the most specific one, always the same of equals, and why.
import type { TransactionPolicy } from "../engine/engine.ts";
import { pathReadings } from "./path-readings.ts";
import { compareRanks, isRouted, isRoutedAnywhere, isTargeted, rankOf } from "./target.ts";
import type { Route, RouteFacts, Target, WafPolicyFacts, WafWorkload } from "./target.ts";

export interface Choosable {
  readonly scope: string;
  readonly name: string;
  readonly target: Target;
  /** None: every request. */
  readonly routes: readonly Route[];
  readonly policy: TransactionPolicy;
}

export interface ChosenPolicy {
  readonly policy: TransactionPolicy;
  readonly because: string;
}

interface Entry extends Choosable {
  readonly route: Route | undefined;
  readonly rank: readonly number[];
  readonly chosen: ChosenPolicy;
}

export type ChoosePolicy = (facts: WafPolicyFacts) => ChosenPolicy | undefined;

/** `otherwise`: for requests that no policy is for; undefined: they are not looked at. */
export function createChooser(choosable: readonly Choosable[], otherwise: ChosenPolicy | undefined): ChoosePolicy {
  const entries = choosable.flatMap(entriesOf).sort(compareEntries);
  // Ports that no policy names are one to this table, so that it stays small.
  const namedPorts = new Set(choosable.map(({ target }) => target.port));
  const byWorkload = new WeakMap<WafWorkload, Map<number, readonly Entry[]>>();
  const unknown = new Map<number, readonly Entry[]>();

  function entriesFor(workload: WafWorkload | undefined, port: number): readonly Entry[] {
    let byPort = workload === undefined ? unknown : byWorkload.get(workload);
    if (byPort === undefined) {
      byPort = new Map();
      if (workload !== undefined) byWorkload.set(workload, byPort);
    }
    let found = byPort.get(port);
    if (found === undefined) {
      found = entries.filter((entry) => isTargeted(entry.target, workload, port));
      byPort.set(port, found);
    }
    return found;
  }

  return ({ workload, port, host, path, method }) => {
    const found = entriesFor(workload, namedPorts.has(port) ? port : 0);
    if (found[0]?.route === undefined) return found[0]?.chosen ?? otherwise;
    const facts = { host: plainHost(host), method: method.toUpperCase() };
    const choices = new Set<ChosenPolicy | undefined>();
    const readings = pathReadings(path);
    for (const reading of readings ?? []) {
      for (const isCaseless of [false, true])
        choices.add(firstRouted(found, { ...facts, path: reading, isCaseless }) ?? otherwise);
    }
    if (readings === undefined) {
      choices.add(otherwise);
      for (const { route, chosen } of found)
        if (route === undefined || isRoutedAnywhere(route, facts)) choices.add(chosen);
    }
    return choices.size === 1 ? [...choices][0] : strictestOf([...choices]);
  };
}

function firstRouted(entries: readonly Entry[], facts: RouteFacts): ChosenPolicy | undefined {
  return entries.find(({ route }) => route === undefined || isRouted(route, facts))?.chosen;
}

/** Of what the readings of one path choose. Not to be looked at at all is the least strict. */
function strictestOf(choices: readonly (ChosenPolicy | undefined)[]): ChosenPolicy | undefined {
  const known = choices.filter((choice) => choice !== undefined);
  const [first, ...rest] = known;
  if (first === undefined) return undefined;
  const strictest = rest.reduce((best, each) => (isStricter(each.policy, best.policy) ? each : best), first);
  return {
    policy: strictest.policy,
    because: `${strictest.because}; servers read the path in more than one way: the strictest policy counts`,
  };
}

function isStricter(left: TransactionPolicy, right: TransactionPolicy): boolean {
  const [one, other] = [strictness(left), strictness(right)];
  const at = one.findIndex((each, index) => each !== other[index]);
  return at >= 0 && (one[at] ?? 0) > (other[at] ?? 0);
}

/** The first that differs decides. */
function strictness(policy: TransactionPolicy): readonly number[] {
  const { mode, paranoia, inboundThreshold, detectionParanoia, exclusions, layers } = policy;
  const modeRank = mode === "off" ? 0 : mode === "detect" ? 1 : 2;
  return [modeRank, paranoia, -inboundThreshold, detectionParanoia, -exclusions.length, layers.length];
}

/** Lower case, without a dot at its end or a port: other spellings of a name are no way around a route. */
function plainHost(host: string): string {
  return host.toLowerCase().replace(/:\d*$/, "").replace(/\.$/, "");
}

function entriesOf(choosable: Choosable): readonly Entry[] {
  const { scope, name, target, routes, policy } = choosable;
  const routed = routes.length === 0 ? [undefined] : routes;
  return routed.map((route) => ({
    ...choosable,
    route,
    rank: rankOf(scope, target, route),
    chosen: { policy, because: becauseOf(name, target, route) },
  }));
}

function compareEntries(left: Entry, right: Entry): number {
  const byRank = compareRanks(left.rank, right.rank);
  if (byRank !== 0) return byRank;
  const [first, second] = [`${left.scope} ${left.name}`, `${right.scope} ${right.name}`];
  return first < second ? -1 : first > second ? 1 : 0;
}

/** "checkout: workload checkout, namespace shop, route shop.example/pay". */
function becauseOf(name: string, target: Target, route: Route | undefined): string {
  const parts = [
    target.workload === "" ? "" : `workload ${target.workload}`,
    target.service === "" ? "" : `service ${target.service}${target.port === 0 ? "" : `:${target.port}`}`,
    target.selector === undefined ? "" : `labels ${target.selector.text}`,
    target.namespace === "" ? "" : `namespace ${target.namespace}`,
    route === undefined
      ? ""
      : `route ${[...route.methods].join("/")} ${route.host}${route.path}`.replaceAll(/ +/g, " "),
  ].filter((part) => part !== "");
  return `${name}: ${parts.length === 0 ? "every request" : parts.join(", ")}`;
}
