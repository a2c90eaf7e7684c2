// Whether one match takes in all that another takes in, decided from the words alone. "No" may mean "cannot tell": checks built on it never cry wolf.
import { inRange, type AddressRange } from "../../../base/ip.ts";
import {
  endpointKinds,
  type EndpointKind,
  type EntityMatch,
  type PortMatch,
  type Prefix,
  type Rule,
} from "../model.ts";
import type { Selector, SelectorNode } from "../selector/selector.ts";

const kindsDefault: readonly EndpointKind[] = ["workload", "hostEndpoint", "networkSet"];

/** Every flow that `inner` matches, `outer` matches too. */
export function coversRule(outer: Rule, inner: Rule): boolean {
  return (
    coversProtocol(outer, inner) &&
    (outer.ipVersion === undefined || outer.ipVersion === inner.ipVersion) &&
    coversIcmp(outer, inner) &&
    (outer.http === undefined || same(outer.http, inner.http)) &&
    coversEntity(outer.source, inner.source) &&
    coversEntity(outer.destination, inner.destination)
  );
}

function coversProtocol(outer: Rule, inner: Rule): boolean {
  if (outer.protocol !== undefined && outer.protocol !== inner.protocol) return false;
  if (outer.notProtocol === undefined) return true;
  return inner.protocol === undefined ? outer.notProtocol === inner.notProtocol : inner.protocol !== outer.notProtocol;
}

function coversIcmp(outer: Rule, inner: Rule): boolean {
  if (outer.notIcmp !== undefined && !same(outer.notIcmp, inner.notIcmp)) return false;
  if (outer.icmp === undefined) return true;
  if (inner.icmp?.type !== outer.icmp.type) return false;
  return outer.icmp.code === undefined || outer.icmp.code === inner.icmp.code;
}

export function coversEntity(outer: EntityMatch, inner: EntityMatch): boolean {
  return (
    coversNets(outer, inner) &&
    coversSelector(outer, inner) &&
    coversPorts(outer, inner) &&
    (outer.service === undefined || same(outer.service, inner.service)) &&
    (outer.domains === undefined ||
      (inner.domains?.every((name) => outer.domains?.includes(name) === true) ?? false)) &&
    (outer.outsideOnly === undefined || inner.outsideOnly === true)
  );
}

function coversNets(outer: EntityMatch, inner: EntityMatch): boolean {
  if (outer.nets !== undefined && !(inner.nets?.every((net) => withinAny(net, outer.nets)) ?? false)) return false;
  const { notNets = [] } = outer;
  const isApart = notNets.every((not) => inner.nets?.every((net) => !overlap(net.range, not.range)) ?? false);
  return notNets.every((net) => withinAny(net, inner.notNets)) || isApart;
}

function coversSelector(outer: EntityMatch, inner: EntityMatch): boolean {
  if (outer.notSelector !== undefined) {
    const isSame = inner.notSelector?.text === outer.notSelector.text && includesKinds(inner.kinds, outer.kinds);
    if (!isSame) return false;
  }
  if (outer.selector === undefined) return true;
  if (inner.selector === undefined || !includesKinds(outer.kinds, inner.kinds)) return false;
  return selectorCovers(outer.selector, inner.selector);
}

export function includesKinds(outer = kindsDefault, inner = kindsDefault): boolean {
  return inner.every((kind) => outer.includes(kind)) || endpointKinds.every((kind) => outer.includes(kind));
}

function coversPorts(outer: EntityMatch, inner: EntityMatch): boolean {
  if (outer.notPorts !== undefined && !same(outer.notPorts, inner.notPorts)) return false;
  const { ports } = outer;
  return ports === undefined || (inner.ports?.every((port) => ports.some((one) => coversPort(one, port))) ?? false);
}

function coversPort(outer: PortMatch, inner: PortMatch): boolean {
  if ("name" in outer) return "name" in inner && inner.name === outer.name;
  return !("name" in inner) && outer.from <= inner.from && outer.to >= inner.to;
}

function withinAny(net: Prefix, nets: readonly Prefix[] | undefined): boolean {
  return nets?.some(({ range }) => inRange(net.range.low, range) && inRange(net.range.high, range)) ?? false;
}

export function overlap(one: AddressRange, other: AddressRange): boolean {
  return inRange(one.low, other) || inRange(other.low, one);
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Whatever `inner` selects, `outer` selects. */
export function selectorCovers(outer: Selector, inner: Selector): boolean {
  return outer.text === inner.text || implies(inner.node, outer.node);
}

/** `one` being true makes `other` true. */
function implies(one: SelectorNode, other: SelectorNode): boolean {
  if (other.op === "all" || same(one, other)) return true;
  if (other.op === "and") return other.nodes.every((node) => implies(one, node));
  if (one.op === "or") return one.nodes.every((node) => implies(node, other));
  if (other.op === "or" && other.nodes.some((node) => implies(one, node))) return true;
  if (one.op === "and") return one.nodes.some((node) => implies(node, other));
  return impliesAtom(one, other);
}

function impliesAtom(one: SelectorNode, other: SelectorNode): boolean {
  if (!("key" in one) || !("key" in other) || one.key !== other.key) return false;
  if (other.op === "has") return ["eq", "in", "contains", "starts-with", "ends-with"].includes(one.op);
  if (one.op !== "eq" && one.op !== "in") return false;
  const values = valuesOf(one);
  return values.length > 0 && values.every((value) => holds(other, value));
}

/** The values that the label may have; none for nodes that do not list them. */
function valuesOf(node: SelectorNode): readonly string[] {
  return "values" in node ? node.values : "value" in node ? [node.value] : [];
}

function holds(node: SelectorNode, value: string): boolean {
  switch (node.op) {
    case "eq":
      return node.value === value;
    case "ne":
      return node.value !== value;
    case "in":
      return node.values.includes(value);
    case "not-in":
      return !node.values.includes(value);
    case "contains":
      return value.includes(node.value);
    case "starts-with":
      return value.startsWith(node.value);
    case "ends-with":
      return value.endsWith(node.value);
    case "has":
      return true;
    case "all":
    case "and":
    case "or":
    case "not":
      return false;
  }
}

/** No labels at all can satisfy it, as far as its words tell: two values asked of one label, or an empty list of values. */
export function neverSelects(node: SelectorNode): boolean {
  switch (node.op) {
    case "in":
      return node.values.length === 0;
    case "or":
      return node.nodes.every(neverSelects);
    case "and":
      return node.nodes.some(neverSelects) || contradicts(node.nodes);
    case "not":
      return node.node.op === "all";
    default:
      return false;
  }
}

function contradicts(nodes: readonly SelectorNode[]): boolean {
  return nodes.some((node, index) => {
    if (node.op !== "eq" && node.op !== "in") {
      if (node.op !== "not" || !("key" in node.node) || node.node.op !== "has") return false;
      const { key } = node.node;
      return nodes.some((other) => impliesAtom(other, { op: "has", key }));
    }
    const values = valuesOf(node);
    const others = nodes.filter((other, at) => at !== index && "key" in other && other.key === node.key);
    return others.length > 0 && values.every((value) => others.some((other) => !holds(other, value)));
  });
}
