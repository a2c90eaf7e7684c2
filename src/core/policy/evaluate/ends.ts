// From an end of a flow to who it is: the things with its address, whose policies are asked, and why it is not known where it is not.
import { inRange, parseAddress, parsePrefix, type Address } from "../../../base/ip.ts";
import type { FlowEnd, PolicyFlow } from "../world.ts";
import { canonicalAddress, createRangeSet, familyOf, type RangeSet } from "./addresses.ts";
import { createPlaces, type Places } from "./places.ts";
import type { End, Question } from "./question.ts";
import type { Row, RowTable } from "./rows.ts";

export const endLimits = {
  /** Addresses whose ends are remembered; all are forgotten when there are more. */
  rememberedMax: 65_536,
} as const;

export interface EndFacts {
  readonly rows: RowTable;
  readonly ranges: readonly string[];
  readonly incomplete: string;
  /** Addresses of services, to "namespace/name". */
  readonly serviceAddresses: ReadonlyMap<string, string>;
}

export interface EndBook {
  question(flow: PolicyFlow): Question;
  /** Tells of a row with addresses that came or went. */
  put(row: Row): void;
  remove(row: Row): void;
  /** The world's facts beside its rows changed. */
  setFacts(facts: EndFacts): void;
  /** All rows anew. */
  rebuild(): void;
}

const privateRanges = [
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "100.64.0.0/10",
  "169.254.0.0/16",
  "fc00::/7",
  "fe80::/10",
].flatMap((prefix) => parsePrefix(prefix) ?? []);

/** Fields stand in the order in which a question reads them: so they share lines of memory. */
const nobody: End = {
  epoch: 0,
  text: "",
  family: 0,
  slot: -1,
  moreSlots: undefined,
  sole: undefined,
  soleId: "",
  unknown: "",
  node: "",
  egress: undefined,
  ingress: undefined,
  identity: 0,
  identityBy: undefined,
  isInside: false,
  address: undefined,
  rows: [],
  subjects: [],
};

/** What the functions below share. */
interface Inner {
  facts: EndFacts;
  inside: RangeSet;
  epoch: number;
  readonly places: Places;
  readonly byAddress: Map<string, End>;
}

export function createEndBook(facts: EndFacts): EndBook {
  const inner: Inner = {
    facts,
    inside: insideOf(facts),
    epoch: 1,
    places: createPlaces(),
    byAddress: new Map<string, End>(),
  };
  return {
    question: (flow) => questionOf(inner, flow),
    put(row) {
      inner.places.put(row);
      touched(inner, row);
    },
    remove(row) {
      touched(inner, row);
      inner.places.remove(row);
    },
    setFacts(next) {
      inner.facts = next;
      inner.inside = insideOf(next);
      forget(inner);
    },
    rebuild() {
      inner.places.rebuild(inner.facts.rows.all());
      forget(inner);
    },
  };
}

function insideOf({ ranges }: EndFacts): RangeSet {
  return createRangeSet(ranges.flatMap((range) => parsePrefix(range) ?? []));
}

function forget(inner: Inner): void {
  inner.epoch += 1;
  inner.byAddress.clear();
}

/** A pod's coming or going changes only ends with its addresses. */
function touched(inner: Inner, row: Row): void {
  if (row.kind !== "workload") {
    forget(inner);
    return;
  }
  inner.byAddress.clear();
  for (const address of row.addresses) for (const other of inner.places.at(address)) other.end = undefined;
}

function questionOf(inner: Inner, flow: PolicyFlow): Question {
  const isForwarded = flow.isForwarded === true;
  let source = endOf(inner, flow.source, isForwarded);
  let destination = endOf(inner, flow.destination, isForwarded);
  if (source.family !== destination.family) {
    source = matched(inner, { end: flow.source, own: source, other: destination });
    destination = matched(inner, { end: flow.destination, own: destination, other: source });
  }
  const { protocol, sourcePort, destinationPort } = flow;
  const family = destination.family === 0 ? source.family : destination.family;
  return { source, destination, protocol, sourcePort, destinationPort, family, isForwarded, flow };
}

function endOf(inner: Inner, end: FlowEnd, isForwarded: boolean): End {
  return end.endpoint === "" ? ofAddress(inner, end.address) : ofEndpoint(inner, end, isForwarded);
}

/** An endpoint without a given address takes one of the other end's family. */
function matched(inner: Inner, { end, own, other }: { end: FlowEnd; own: End; other: End }): End {
  if (end.address !== "" || own.family === 0 || other.family === 0 || own.family === other.family) return own;
  const addresses = inner.facts.rows.get(end.endpoint)?.addresses ?? [];
  const address = addresses.find((text) => (text.includes(":") ? 6 : 4) === other.family);
  return address === undefined ? own : endOf(inner, { endpoint: end.endpoint, address }, false);
}

function ofAddress(inner: Inner, written: string): End {
  const { byAddress } = inner;
  const known = byAddress.get(written);
  if (known !== undefined) return known;
  const text = canonicalAddress(written);
  const end =
    text === undefined
      ? { ...nobody, unknown: written === "" ? "the flow does not say who it is" : `"${written}" is no address` }
      : ofRows(inner, { found: inner.places.at(text), text, believed: undefined });
  if (byAddress.size >= endLimits.rememberedMax) byAddress.clear();
  byAddress.set(written, end);
  return end;
}

function ofEndpoint(inner: Inner, { endpoint, address }: FlowEnd, isForwarded: boolean): End {
  const row = inner.facts.rows.get(endpoint);
  const remembered = row?.end;
  if (remembered?.epoch === inner.epoch && !isForwarded && (address === "" || address === remembered.text))
    return remembered;
  if (row === undefined || row.kind === "networkSet") {
    const nowhere = { subjects: [], sole: undefined, soleId: "", unknown: `${endpoint} is not in the world` };
    return { ...ofAddress(inner, address), ...nowhere };
  }
  // What a host endpoint forwards has another end: only its policies are asked, who it is follows from the address.
  if (isForwarded && row.kind === "hostEndpoint")
    return { ...ofAddress(inner, address), subjects: [[row]], sole: row, soleId: row.id };
  const first = row.addresses[0] ?? "";
  const text = address === "" ? first : (canonicalAddress(address) ?? address);
  const isOwn = text !== "" && row.addresses.includes(text);
  const end = ofRows(inner, { found: isOwn ? inner.places.at(text) : [row], text, believed: row });
  if (text === first) row.end = end;
  return end;
}

interface FoundRows {
  readonly found: readonly Row[];
  readonly text: string;
  readonly believed: Row | undefined;
}

function ofRows(inner: Inner, { found, text, believed }: FoundRows): End {
  const { places, epoch } = inner;
  const rows = found.length > 1 ? found.toSorted(byId) : found;
  const address = text === "" ? undefined : parseAddress(text);
  const all = address === undefined ? rows : [...rows, ...places.setsAt(address)];
  const vague = (believed === undefined ? rows : [believed]).find((row) => row.vague !== "");
  const subjects = subjectsOf(rows, believed, (node) => places.hostsOf(node));
  const only = subjects.length === 1 && subjects[0]?.length === 1 ? subjects[0][0] : undefined;
  const isNobody = rows.length === 0 && address !== undefined;
  return {
    epoch,
    text,
    family: address === undefined ? 0 : familyOf(address),
    slot: all[0]?.slot ?? -1,
    moreSlots: all.length > 1 ? all.slice(1).map((row) => row.slot) : undefined,
    sole: only,
    soleId: only?.id ?? "",
    unknown: vague?.vague ?? (isNobody ? insideReason(inner, address, text) : ""),
    node: nodeOf(rows, believed),
    egress: undefined,
    ingress: undefined,
    identity: 0,
    identityBy: undefined,
    isInside: rows.length > 0,
    address,
    rows: all,
    subjects,
  };
}

/** Why an address that nobody has may still be the cluster's; "" when it is outside. */
function insideReason({ facts, inside }: Inner, address: Address, text: string): string {
  const service = facts.serviceAddresses.get(text);
  if (service !== undefined) return `${text} is the address of service ${service}: policies see the pod behind it`;
  if (inside.has(address)) return `${text} is the cluster's, and nobody known has it`;
  if (facts.incomplete === "") return "";
  const mayBeInside = facts.ranges.length === 0 || privateRanges.some((range) => inRange(address, range));
  return mayBeInside ? `${text} may be the cluster's: ${facts.incomplete}` : "";
}

/**
 * Groups of which each must allow. Pods that share an address: nobody knows which it is. A host endpoint named by the address beats one for
 * all interfaces; where only interfaces are named, any of them may be it.
 */
function subjectsOf(
  rows: readonly Row[],
  believed: Row | undefined,
  hostsOf: (node: string) => readonly Row[],
): readonly (readonly Row[])[] {
  if (believed !== undefined && believed.kind !== "node" && believed.kind !== "hostNetwork") return [[believed]];
  const workloads = rows.filter((row) => row.kind === "workload");
  if (workloads.length > 0 && believed === undefined) return [workloads];
  const nodes = rows.filter((row) => row.kind === "node");
  const groups: (readonly Row[])[] = nodes.length === 0 ? [] : [nodes.slice(0, 1)];
  const byAddress = rows.filter((row) => row.kind === "hostEndpoint");
  const named = byAddress.filter((row) => row.host?.interfaceName !== "*").sort(byId);
  if (named.length > 0) return [...groups, named.slice(0, 1)];
  const ofNode = [...new Set([...byAddress, ...rows.flatMap((row) => (row.kind === "node" ? hostsOf(row.node) : []))])];
  const open = ofNode.filter((row) => row.host?.expectedAddresses.length === 0 && row.host.interfaceName !== "*");
  const wild = ofNode
    .filter((row) => row.host?.interfaceName === "*")
    .sort(byId)
    .slice(0, 1);
  // With one interface named and no other, its node's address may still be on another interface.
  if (open.length === 0) return wild.length === 0 ? groups : [...groups, wild];
  const rest = wild.length > 0 ? wild : nodes.slice(0, 1);
  return [...groups, [...open.sort(byId), ...rest]];
}

function byId(a: Row, b: Row): number {
  return a.id < b.id ? -1 : 1;
}

function nodeOf(rows: readonly Row[], believed: Row | undefined): string {
  if (believed !== undefined) return believed.kind === "workload" ? "" : believed.node;
  if (rows.some((row) => row.kind === "workload")) return "";
  return rows.find((row) => row.node !== "")?.node ?? "";
}

/** Canonical addresses of an endpoint; what is no address is left out. */
export function addressesOf(written: readonly string[]): readonly string[] {
  return written.flatMap((text) => canonicalAddress(text) ?? []);
}
