// Namespaces, service accounts and nodes of the cluster, as far as policies ask about them.
import type { WorldEndpoint } from "../../world.ts";
import { parsePrefix } from "../../../../base/ip.ts";
import type { KindParser, Output, ObjectHead } from "../object.ts";
import { fields, items } from "../reader.ts";
import { addressText, labelMap } from "../words.ts";
import { open, words } from "./pods.ts";

/** The API server gives this label to every namespace. */
export const namespaceNameLabel = "kubernetes.io/metadata.name";

export const namespace: KindParser = {
  isNamespaced: false,
  isPolicy: false,
  parse({ name, metadata }) {
    const labels = { ...labelMap(metadata.get("labels")), [namespaceNameLabel]: name };
    return { namespaces: [{ name, labels }] };
  },
};

export const serviceAccount: KindParser = {
  isNamespaced: true,
  isPolicy: false,
  parse: ({ name, namespace: inside, metadata }) => ({
    serviceAccounts: [{ namespace: inside, name, labels: labelMap(metadata.get("labels")) }],
  }),
};

export const node: KindParser = { isNamespaced: false, isPolicy: false, parse: parseNode };

function parseNode({ name, metadata, top }: ObjectHead): Output {
  const all = fields(top, [], "ignore");
  const status = open(all?.get("status"));
  const spec = open(all?.get("spec"));
  const several = items(spec?.get("podCIDRs")).map(words);
  const ranges = several.length > 0 ? several : [words(spec?.get("podCIDR"))];
  const addresses = items(status?.get("addresses")).flatMap((item) => {
    const entry = open(item);
    const type = words(entry?.get("type"));
    const at = entry?.get("address");
    // Names of hosts stand in the same list.
    if (at === undefined || !type.endsWith("IP") || parsePrefix(words(at)) === undefined) return [];
    return addressText(at) ?? [];
  });
  const endpoint: WorldEndpoint = {
    id: `node/${name}`,
    kind: "node",
    namespace: "",
    name,
    labels: labelMap(metadata.get("labels")),
    serviceAccount: "",
    addresses: [...new Set(addresses)],
    ports: [],
    node: name,
    workload: "",
    interfaceName: "",
  };
  return {
    endpoints: [endpoint],
    ranges: ranges.filter((text) => text.includes("/") && parsePrefix(text) !== undefined),
  };
}
