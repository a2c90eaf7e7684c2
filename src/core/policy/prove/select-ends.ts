// What an invariant's words about an end select: endpoints by what they are, addresses by ranges.
import type { InvariantEnd } from "../../../model/policy-invariants.ts";
import type { Thing } from "../evaluate/engine.ts";
import { matches } from "../selector/matches.ts";
import { parseSelector } from "../selector/parse-selector.ts";
import type { Selector } from "../selector/selector.ts";
import type { WorldEndpoint } from "../world.ts";
import type { EndClass, Ends } from "./ends.ts";

export interface EndWords extends Omit<InvariantEnd, "selector" | "not"> {
  readonly parsed: Selector | undefined;
  readonly not: EndWords | undefined;
}

/** Throws the selector parser's Fault for a selector that cannot be read. */
export function readEnd(end: InvariantEnd): EndWords {
  const { selector, not, ...rest } = end;
  const parsed = selector === undefined ? undefined : parseSelector(selector);
  return { ...rest, parsed, not: not === undefined ? undefined : readEnd(not) };
}

export function netsOf(end: EndWords): readonly string[] {
  return [...(end.nets ?? []), ...(end.not === undefined ? [] : netsOf(end.not))];
}

/** What it says about an endpoint as far as that does not hang on addresses: equal for endpoints that it treats alike. */
export function markOf(end: EndWords, thing: Thing, endpoint: WorldEndpoint | undefined): string {
  const own = isSelected(end, thing, endpoint) ? "1" : "0";
  return end.not === undefined ? own : own + markOf(end.not, thing, endpoint);
}

/** Whether the words take in the class; classes are made so that they take in all of it or nothing. */
export function takesIn(end: EndWords, one: EndClass, ends: Ends): boolean {
  if (end.outside === true && one.kind !== "address") return false;
  if (end.nets?.some((net) => isWithin(net, one, ends)) === false) return false;
  const asksEndpoint = [end.namespaces, end.workloads, end.labels, end.parsed].some((word) => word !== undefined);
  if (asksEndpoint && (one.thing === undefined || !isSelected(end, one.thing, one.world))) return false;
  return end.not === undefined || !takesIn(end.not, one, ends);
}

/** "::/0" is every IPv6 address, and no IPv4 one. */
function isWithin(net: string, { cell }: EndClass, { cells, rangeOf }: Ends): boolean {
  const family = net.includes(":") ? "6" : "4";
  return cell.startsWith(family) && cells.holds(cell, rangeOf.get(`net ${net}`) ?? -1);
}

function isSelected(end: EndWords, thing: Thing, endpoint: WorldEndpoint | undefined): boolean {
  const namespace = endpoint?.kind === "node" ? undefined : endpoint?.namespace;
  if (end.namespaces !== undefined && (namespace === undefined || !end.namespaces.includes(namespace))) return false;
  if (end.workloads !== undefined && !end.workloads.some((workload) => isOf(workload, endpoint))) return false;
  if (end.labels !== undefined && !Object.entries(end.labels).every(([key, value]) => thing.labels[key] === value))
    return false;
  return end.parsed === undefined || matches(end.parsed, thing.labels);
}

/** "web", "Deployment/web" or "shop/Deployment/web"; a pod without an owner goes by its own name. */
export function isOf(workload: string, endpoint: WorldEndpoint | undefined): boolean {
  if (endpoint === undefined || endpoint.kind === "node") return false;
  const owner = endpoint.workload === "" ? `Pod/${endpoint.name}` : endpoint.workload;
  const short = owner.slice(owner.indexOf("/") + 1);
  return [short, owner, `${endpoint.namespace}/${owner}`, `${endpoint.namespace}/${short}`].includes(workload);
}
