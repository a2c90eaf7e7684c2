// Who a Cilium rule speaks of: endpoints, nodes, entities, address ranges, services, names. Undefined: not representable, reported.
import type { EndpointKind, EntityMatch } from "../../model.ts";
import { allSelector } from "../../selector/build.ts";
import { selectorOf } from "../../selector/canonical.ts";
import { parsePrefix } from "../../../../base/ip.ts";
import { labelSelector } from "../label-selector.ts";
import { child, failClosed, fields, items, pathText, warn, type At, type Fields } from "../reader.ts";
import { domainName, namespaceName, objectName, prefixes, prefixesOf } from "../words.ts";
import { endpointSelector } from "./selectors.ts";

export interface PeerOptions {
  /** "" in policies of the cluster. */
  readonly namespace: string;
  readonly isDeny: boolean;
}

type Peers = readonly EntityMatch[] | undefined;
type Reader = (at: At, options: PeerOptions) => Peers;

/** By field, without "from" or "to". */
const readers: Readonly<Record<string, Reader>> = {
  Endpoints: endpoints,
  Nodes: nodes,
  Entities: entities,
  CIDR: cidrs,
  CIDRSet: cidrSets,
  Services: services,
  FQDNs: names,
};

export const ingressFields = [
  "fromEndpoints",
  "fromNodes",
  "fromEntities",
  "fromCIDR",
  "fromCIDRSet",
  "fromGroups",
] as const;
export const egressFields = [
  "toEndpoints",
  "toNodes",
  "toEntities",
  "toCIDR",
  "toCIDRSet",
  "toServices",
  "toFQDNs",
  "toGroups",
] as const;

/** Peers of a rule; "any" when it names none at all, undefined when it fails closed. An empty list is nobody. */
export function peersOf(rule: Fields, known: readonly string[], options: PeerOptions): Peers | "any" {
  const given = known.filter((name) => rule.get(name) !== undefined);
  const [field] = given;
  if (field === undefined) return "any";
  const at = rule.get(field) ?? rule.at;
  if (given.length > 1) {
    return notRepresentable(at, `${given.join(" and ")} in one rule; write a rule for each`);
  }
  const read = readers[field.replace(/^(from|to)/, "")];
  return read === undefined ? notRepresentable(at, field) : read(at, options);
}

export function notRepresentable(at: At, what: string): undefined {
  return failClosed(at, {
    code: "not-representable",
    message: `${pathText(at.path)}: ${what} cannot be represented here; the rule fails closed`,
  });
}

function endpoints(at: At, { namespace }: PeerOptions): Peers {
  const list = items(at).map((item) => endpointSelector(item, namespace));
  return whole(
    list.map((node) => (node === undefined ? undefined : { selector: selectorOf(node), kinds: ["workload"] as const })),
  );
}

function nodes(at: At): Peers {
  return items(at).map((item) => ({ selector: selectorOf(labelSelector(item, "")), kinds: ["node"] as const }));
}

function whole(list: readonly (EntityMatch | undefined)[]): Peers {
  const known = list.filter((each) => each !== undefined);
  return known.length === list.length ? known : undefined;
}

const nobody: EntityMatch = { nets: [] };
const insiders: readonly EndpointKind[] = ["workload", "hostNetwork", "hostEndpoint", "node"];

function entities(at: At, options: PeerOptions): Peers {
  const list = items(at, 100);
  const all = list.map(({ value }) => value);
  const hasBothNodes = all.includes("host") && all.includes("remote-node");
  return whole(list.map((item) => entity(item, hasBothNodes, options)));
}

function entity(at: At, hasBothNodes: boolean, { isDeny }: PeerOptions): EntityMatch | undefined {
  switch (at.value) {
    case "all":
      return {};
    case "none":
      return nobody;
    case "world":
      return { outsideOnly: true };
    case "world-ipv4":
      return { outsideOnly: true, nets: netsOf("0.0.0.0/0") };
    case "world-ipv6":
      return { outsideOnly: true, nets: netsOf("::/0") };
    case "cluster":
      return { selector: allSelector, kinds: insiders };
    case "host":
    case "remote-node":
      // Which node is the own one is not part of the model; both together are all nodes.
      return hasBothNodes ? { selector: allSelector, kinds: ["node"] } : notRepresentable(at, at.value);
    case "kube-apiserver":
      if (isDeny) return notRepresentable(at, "a deny of kube-apiserver");
      warn(at, {
        code: "approximated",
        message: "kube-apiserver is taken as the service default/kubernetes: its addresses and ports",
      });
      return { service: { namespace: "default", name: "kubernetes" } };
    default:
      return notRepresentable(at, `entity ${String(at.value).slice(0, 60)}`);
  }
}

function netsOf(text: string) {
  const range = parsePrefix(text);
  return range === undefined ? [] : prefixesOf(text, range);
}

/** Cilium's address ranges never mean what is in the cluster: identity wins. */
function cidrs(at: At): Peers {
  return [{ outsideOnly: true, nets: items(at).flatMap((item) => prefixes(item, "single")) }];
}

function cidrSets(at: At): Peers {
  return whole(
    items(at).map((item) => {
      const set = fields(item, ["cidr", "except", "cidrGroupRef", "cidrGroupSelector"], "failClosed");
      const cidr = set?.get("cidr");
      if (set === undefined || set.unknown.length > 0) return undefined;
      if (cidr === undefined) return notRepresentable(item, "a group of address ranges");
      const except = items(set.get("except")).flatMap((each) => prefixes(each, "single"));
      const nets = prefixes(cidr, "single");
      return except.length === 0 ? { outsideOnly: true, nets } : { outsideOnly: true, nets, notNets: except };
    }),
  );
}

function services(at: At, options: PeerOptions): Peers {
  return whole(
    items(at).map((item) => {
      const entry = fields(item, ["k8sService", "k8sServiceSelector"], "failClosed");
      const named = entry?.get("k8sService");
      if (entry === undefined || entry.unknown.length > 0) return undefined;
      if (named === undefined || entry.get("k8sServiceSelector") !== undefined) {
        return notRepresentable(item, "a selector of services");
      }
      const service = fields(named, ["serviceName", "namespace"]);
      const name = objectName(service?.get("serviceName") ?? child(named, "serviceName"));
      const written = service?.get("namespace");
      const namespace = written === undefined ? options.namespace || "default" : namespaceName(written);
      return name === undefined || namespace === undefined ? undefined : { service: { namespace, name } };
    }),
  );
}

function names(at: At, { isDeny }: PeerOptions): Peers {
  if (isDeny) return notRepresentable(at, "a deny of names");
  const list = items(at).map((item) => {
    const entry = fields(item, ["matchName", "matchPattern"], "failClosed");
    const name = entry?.get("matchName");
    const pattern = entry?.get("matchPattern");
    if (entry === undefined || entry.unknown.length > 0 || (name === undefined) === (pattern === undefined))
      return undefined;
    return name === undefined ? patternOf(pattern ?? item) : domainName(name);
  });
  if (list.some((each) => each === undefined)) return notRepresentable(at, "one of the names");
  return [{ domains: list.filter((each) => each !== undefined) }];
}

/** "**.example.com" is any depth below, as here "*.example.com"; a single star is one label there, and would be more here. */
function patternOf(at: At): string | undefined {
  if (typeof at.value !== "string") return notRepresentable(at, "a pattern that is no text");
  if (!at.value.includes("*")) return domainName(at);
  const deep = /^\*\*\.([^*]+)$/.exec(at.value)?.[1];
  if (deep !== undefined) return domainName({ ...at, value: `*.${deep}` });
  return notRepresentable(at, `the pattern ${at.value.slice(0, 100)} (of patterns only **.name is)`);
}
