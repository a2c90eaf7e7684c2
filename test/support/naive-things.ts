// The things of a world with the labels that selectors see, as the second opinion of naive-policy.ts has them.
import { inRange, isIpv4, parseAddress, type Address } from "../../src/base/ip.ts";
import type { PolicySet, Prefix } from "../../src/core/policy/model.ts";
import type { World, WorldEndpoint } from "../../src/core/policy/world.ts";

type Labels = Record<string, string>;

export interface Thing {
  readonly id: string;
  readonly kind: string;
  readonly labels: Labels;
  readonly has: (address: Address) => boolean;
  readonly ports: readonly { name: string; protocol: number; port: number }[];
  readonly node: string;
  /** A host endpoint of all interfaces. */
  readonly isWild?: boolean;
  readonly domains: readonly string[];
  readonly profiles: readonly string[];
}

const isReserved = (key: string) => /^(pcns\.|pcsa\.|projectcalico\.org\/)/.test(key);
const own = (labels: Readonly<Labels>) =>
  Object.fromEntries(Object.entries(labels).filter(([key]) => !isReserved(key)));
const prefixed = (prefix: string, labels: Readonly<Labels>) =>
  Object.fromEntries(Object.entries(labels).map(([key, value]) => [`${prefix}${key}`, value]));

function inherited(world: World, namespace: string): Labels {
  if (namespace === "") return {};
  const labels = world.namespaces.find((each) => each.name === namespace)?.labels ?? {};
  return {
    ...prefixed("pcns.", labels),
    "pcns.kubernetes.io/metadata.name": namespace,
    "pcns.projectcalico.org/name": namespace,
    "projectcalico.org/namespace": namespace,
  };
}

function ofAccount(world: World, { namespace, serviceAccount: name }: WorldEndpoint): Labels {
  if (name === "") return {};
  const found = world.serviceAccounts.find((each) => each.namespace === namespace && each.name === name);
  return {
    ...prefixed("pcsa.", found?.labels ?? {}),
    "pcsa.projectcalico.org/name": name,
    "projectcalico.org/serviceaccount": name,
  };
}

const equals = (texts: readonly string[]) => (address: Address) =>
  texts.some((text) => String(parseAddress(text)) === String(address));

export function allThings(set: PolicySet, world: World): readonly Thing[] {
  const profileNames = set.profiles.map((profile) => profile.name);
  const endpoints = world.endpoints.map((endpoint): Thing => {
    const { kind, namespace, name } = endpoint;
    const pod = {
      "projectcalico.org/name": name,
      "projectcalico.org/orchestrator": "k8s",
      ...ofAccount(world, endpoint),
    };
    const profiles = profileNames.includes(`kns.${namespace}`)
      ? [`kns.${namespace}`, `ksa.${namespace}.${endpoint.serviceAccount}`]
      : ["projectcalico-default-allow"];
    return {
      id: endpoint.id,
      kind,
      labels: { ...own(endpoint.labels), ...inherited(world, namespace), ...(kind === "node" ? {} : pod) },
      has: equals(endpoint.addresses),
      ports: kind === "workload" ? endpoint.ports : [],
      node: kind === "node" ? name : endpoint.node,
      domains: [],
      profiles,
    };
  });
  const hosts = set.hostEndpoints.map((host): Thing => {
    const ofNode = world.endpoints.find((each) => each.kind === "node" && each.name === host.node)?.addresses ?? [];
    const isWild = host.interfaceName === "*" && host.expectedAddresses.length === 0;
    return {
      id: `hostEndpoint/${host.name}`,
      kind: "hostEndpoint",
      labels: own(host.labels),
      has: equals(isWild ? ofNode : host.expectedAddresses),
      ports: host.ports,
      node: host.node,
      isWild: host.interfaceName === "*",
      domains: [],
      profiles: host.profiles,
    };
  });
  const sets = set.networkSets.map((each): Thing => ({
    id: `networkSet/${each.namespace}/${each.name}`,
    kind: "networkSet",
    labels: { ...own(each.labels), ...inherited(world, each.namespace) },
    has: (address) => each.nets.some((net) => holds(net, address)),
    ports: [],
    node: "",
    domains: each.domains,
    profiles: [],
  }));
  return [...endpoints, ...hosts, ...sets];
}

export function holds({ text, range }: Prefix, address: Address): boolean {
  return text.includes(":") !== isIpv4(address) && inRange(address, range);
}
