// The other Calico objects that policies meet: Tier, NetworkSet, GlobalNetworkSet, HostEndpoint, Profile.
import type { HostEndpoint, NamedPort, NetworkSet, Prefix, Profile, Tier } from "../../model.ts";
import { namespaceKey } from "../label-selector.ts";
import { builtInTiers } from "../tiers.ts";
import { specOf, type KindParser, type ObjectHead, type Output } from "../object.ts";
import { child, choice, fields, integer, items, notA, real, refuse, text, type At } from "../reader.ts";
import { addressText, domainName, isPortName, labelMap, objectName, prefixes } from "../words.ts";
import { calicoRules } from "./rule.ts";
import { blank } from "./selectors.ts";
import { calicoProtocol, hasPorts } from "./words.ts";

/** Prefixes of one set: as many as a firewall's address list. */
const netsMax = 150_000;
const domainsMax = 10_000;

export const tier: KindParser = { dialect: "calico", isNamespaced: false, isPolicy: false, parse: parseTier };
export const networkSet: KindParser = { dialect: "calico", isNamespaced: true, isPolicy: false, parse: parseSet };
export const globalNetworkSet: KindParser = {
  dialect: "calico",
  isNamespaced: false,
  isPolicy: false,
  parse: parseSet,
};
export const hostEndpoint: KindParser = { dialect: "calico", isNamespaced: false, isPolicy: false, parse: parseHost };
export const profile: KindParser = { dialect: "calico", isNamespaced: false, isPolicy: false, parse: parseProfile };

/** The built-in ones may be written, but only as they are. */
function parseTier(head: ObjectHead): Output {
  const spec = specOf(head, ["order", "defaultAction"]);
  if (spec === undefined) return {};
  const nameAt = child(head.metadata.at, "name");
  if (head.name.length > 63 || head.name.includes(".")) notA(nameAt, "a name of at most 63 characters without dots");
  const order = real(spec.get("order"));
  const builtIn = builtInTiers.find(({ name }) => name === head.name);
  const written = choice(spec.get("defaultAction"), ["Deny", "Pass"]);
  const defaultAction = written ?? builtIn?.defaultAction ?? "Deny";
  if (builtIn !== undefined && defaultAction !== builtIn.defaultAction) {
    notA(child(spec.at, "defaultAction"), `${builtIn.defaultAction}: tier ${head.name} can have no other`);
  }
  if (builtIn !== undefined && order !== builtIn.order) {
    notA(child(spec.at, "order"), `${builtIn.order}: tier ${head.name} can have no other`);
  }
  const made: Tier = { name: head.name, order: order ?? Infinity, defaultAction, place: head.place };
  return { tiers: [made] };
}

/** As stored in the cluster, an object's own labels lie in an annotation, as JSON. */
const storedMetadata = "projectcalico.org/metadata";

function labelsOf({ metadata, top }: ObjectHead): Readonly<Record<string, string>> {
  const labels = labelMap(metadata.get("labels"));
  const annotations = metadata.get("annotations");
  const stored = annotations === undefined ? undefined : child(annotations, storedMetadata);
  const isStored = child(top, "apiVersion").value === "crd.projectcalico.org/v1";
  if (!isStored || stored === undefined || typeof stored.value !== "string") return labels;
  if (stored.value.length > 262_144) return notA(stored, "at most 256 KiB") ?? labels;
  try {
    const value: unknown = JSON.parse(stored.value);
    return { ...labels, ...labelMap(fields({ ...stored, value }, [], "ignore")?.get("labels")) };
  } catch {
    return notA(stored, "JSON") ?? labels;
  }
}

function parseSet(head: ObjectHead): Output {
  const spec = specOf(head, ["nets", "allowedEgressDomains"]);
  const at = head.metadata.get("labels");
  const labels = labelsOf(head);
  if (at !== undefined && Object.hasOwn(labels, namespaceKey)) {
    refuse(child(at, namespaceKey), { code: "bad-label", message: `${namespaceKey} is given by the namespace alone` });
  }
  if (spec === undefined) return {};
  const nets = items(spec.get("nets"), netsMax).flatMap((item) => prefixes(item, "single"));
  const domains = items(spec.get("allowedEgressDomains"), domainsMax).flatMap((item) => domainName(item) ?? []);
  const set: NetworkSet = {
    namespace: head.namespace,
    name: head.name,
    labels,
    nets: distinct(nets),
    domains,
    place: head.place,
  };
  return { networkSets: [set] };
}

/** By text: lists from elsewhere repeat themselves. */
function distinct(nets: readonly Prefix[]): readonly Prefix[] {
  const seen = new Set<string>();
  return nets.filter(({ text: written, range }) => {
    const key = `${written} ${range.low.join(".")}`;
    return seen.has(key) ? false : seen.add(key);
  });
}

function parseHost(head: ObjectHead): Output {
  const spec = specOf(head, ["node", "interfaceName", "expectedIPs", "profiles", "ports"]);
  if (spec === undefined) return {};
  const node = text(spec.get("node") ?? child(spec.at, "node"), "the name of a node", { max: 253, pattern: /./ });
  const interfaceAt = spec.get("interfaceName");
  const interfaceName = blank(interfaceAt)
    ? ""
    : text(interfaceAt, 'the name of an interface, or "*"', { max: 15, pattern: /^(\*|[a-zA-Z0-9_.-]{1,15})$/ });
  const expectedAddresses = items(spec.get("expectedIPs"), 1000).flatMap((item) => addressText(item) ?? []);
  if (interfaceName === "" && expectedAddresses.length === 0) {
    refuse(spec.at, { code: "missing-field", message: "a host endpoint needs an interfaceName or expectedIPs" });
  }
  const profiles = items(spec.get("profiles"), 100).flatMap((item) => objectName(item) ?? []);
  const ports = items(spec.get("ports"), 1000).flatMap((item) => portOf(item) ?? []);
  const labels = labelsOf(head);
  if (node === undefined || interfaceName === undefined) return {};
  const host: HostEndpoint = {
    name: head.name,
    labels,
    node,
    interfaceName,
    expectedAddresses,
    ports,
    profiles,
    place: head.place,
  };
  return { hostEndpoints: [host] };
}

function portOf(at: At): NamedPort | undefined {
  const port = fields(at, ["name", "protocol", "port"]);
  const name = port?.get("name") ?? child(at, "name");
  const protocolAt = port?.get("protocol") ?? child(at, "protocol");
  const protocol = calicoProtocol(protocolAt);
  const number = integer(port?.get("port") ?? child(at, "port"), 1, 65_535);
  if (typeof name.value !== "string" || !isPortName(name.value)) return notA(name, "the name of a port");
  if (protocol !== undefined && !hasPorts(protocol)) return notA(protocolAt, "TCP, UDP or SCTP");
  return protocol === undefined || number === undefined ? undefined : { name: name.value, protocol, port: number };
}

function parseProfile(head: ObjectHead): Output {
  const spec = specOf(head, ["ingress", "egress", "labelsToApply"]);
  if (spec === undefined) return {};
  const made: Profile = {
    name: head.name,
    labelsToApply: labelMap(spec.get("labelsToApply")),
    ingress: calicoRules(spec.get("ingress"), { direction: "ingress", namespace: "" }),
    egress: calicoRules(spec.get("egress"), { direction: "egress", namespace: "" }),
    place: head.place,
  };
  return { profiles: [made] };
}
