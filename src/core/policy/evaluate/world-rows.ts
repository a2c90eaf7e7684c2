// Makes rows of the world's endpoints and of the policy set's host endpoints and network sets.
import type { HostEndpoint, NetworkSet, PolicySet } from "../model.ts";
import type { World, WorldEndpoint } from "../world.ts";
import { addressesOf } from "./ends.ts";
import { createLabelSource, type LabelMap, type LabelSource } from "./labels.ts";
import { defaultAllowProfile } from "./rule-ids.ts";
import type { Row } from "./rows.ts";

export interface RowMaker {
  labelsOf(endpoint: WorldEndpoint): LabelMap;
  /** Why the labels of this endpoint are not known; "". */
  vagueOf(endpoint: WorldEndpoint): string;
  ofEndpoint(endpoint: WorldEndpoint, slot: number): Row;
  /** `nodeAddresses`: of its node, for host endpoints of all interfaces that name no address. */
  ofHost(host: HostEndpoint, nodeAddresses: readonly string[], slot: number): Row;
  ofSet(set: NetworkSet, slot: number): Row;
}

export function createRowMaker(world: World, set: PolicySet): RowMaker {
  const source: LabelSource = createLabelSource(world, set.profiles);
  const profiles = new Set(set.profiles.map((profile) => profile.name));
  const plain = { group: undefined, end: undefined, vague: "", endpoint: undefined, host: undefined, set: undefined };
  const vagueOf = ({ kind, namespace }: WorldEndpoint) =>
    world.incomplete === "" || kind === "node" || namespace === "" || source.isNamespaceKnown(namespace)
      ? ""
      : `the labels of namespace ${namespace} are not known: ${world.incomplete}`;
  return {
    labelsOf: (endpoint) => source.ofEndpoint(endpoint),
    vagueOf,
    ofEndpoint(endpoint, slot) {
      const { id, kind, ports, node, name } = endpoint;
      return {
        ...plain,
        policies: [],
        slot,
        id,
        kind,
        labels: source.ofEndpoint(endpoint),
        addresses: addressesOf(endpoint.addresses),
        ports: kind === "workload" ? ports : [],
        node: kind === "node" && node === "" ? name : node,
        profiles: workloadProfiles(endpoint, profiles),
        vague: vagueOf(endpoint),
        endpoint,
      };
    },
    ofHost(host, nodeAddresses, slot) {
      const expected = addressesOf(host.expectedAddresses);
      const isWild = host.interfaceName === "*" && expected.length === 0;
      const known = host.profiles.filter((name) => name === defaultAllowProfile || profiles.has(name));
      return {
        ...plain,
        policies: [],
        slot,
        id: `hostEndpoint/${host.name}`,
        kind: "hostEndpoint",
        labels: source.ofHostEndpoint(host),
        addresses: isWild ? nodeAddresses : expected,
        ports: host.ports,
        node: host.node,
        profiles: known.join(" "),
        host,
      };
    },
    ofSet(networkSet, slot) {
      const { namespace, name, nets } = networkSet;
      return {
        ...plain,
        policies: [],
        slot,
        id: `networkSet/${namespace === "" ? "-" : namespace}/${name}`,
        kind: "networkSet",
        labels: source.ofNetworkSet(networkSet),
        addresses: nets.map(({ text }) => text),
        ports: [],
        node: "",
        profiles: "",
        set: networkSet,
      };
    },
  };
}

/** Namespaces without a profile of their own allow everything that no policy decides, as clusters do. */
function workloadProfiles({ kind, namespace, serviceAccount }: WorldEndpoint, profiles: ReadonlySet<string>): string {
  const ofNamespace = `kns.${namespace}`;
  if (kind !== "workload" || !profiles.has(ofNamespace)) return defaultAllowProfile;
  const ofAccount = `ksa.${namespace}.${serviceAccount}`;
  return profiles.has(ofAccount) ? `${ofNamespace} ${ofAccount}` : ofNamespace;
}
