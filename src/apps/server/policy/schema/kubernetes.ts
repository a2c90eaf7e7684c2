// JSON Schemas of Kubernetes' own policy kinds: NetworkPolicy v1, ClusterNetworkPolicy v1alpha2 and the two admin kinds before it.
import { anyOf, choice, integer, type KindSchema, labelSelector, list, manifest, object, text } from "./shapes.ts";

const port = integer(1, 65_535);
const cidr = text("10.0.0.0/8, 2001:db8::/32");

const networkPolicyPort = object({
  protocol: choice(["TCP", "UDP", "SCTP"], "Default TCP"),
  port: anyOf(port, text("Name of a container port of the destination")),
  endPort: integer(1, 65_535, "Last port of a range that begins with `port`"),
});

const networkPolicyPeer = object({
  podSelector: labelSelector,
  namespaceSelector: labelSelector,
  ipBlock: object({ cidr, except: list(cidr, "Carved out of this block only") }, ["cidr"]),
});

const networkPolicy = manifest(
  {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    dialect: "kubernetes",
    summary: "Isolates the pods of a namespace and allows what it lists",
    isNamespaced: true,
  },
  object({
    podSelector: labelSelector,
    policyTypes: list(choice(["Ingress", "Egress"]), "Absent: Ingress, and Egress when there are egress rules"),
    ingress: list(
      object({ from: list(networkPolicyPeer, "Absent or empty: from anywhere"), ports: list(networkPolicyPort) }),
    ),
    egress: list(
      object({ to: list(networkPolicyPeer, "Absent or empty: to anywhere"), ports: list(networkPolicyPort) }),
    ),
  }),
);

const subject = object({
  namespaces: labelSelector,
  pods: object({ namespaceSelector: labelSelector, podSelector: labelSelector }, ["namespaceSelector", "podSelector"]),
});

const portRange = object({ start: port, end: port }, ["start", "end"]);
const protocolPorts = object({
  destinationPort: object({ number: port, range: portRange }),
});
const clusterProtocol = object({
  tcp: protocolPorts,
  udp: protocolPorts,
  sctp: protocolPorts,
  destinationNamedPort: text("Not together with networks, nodes or names"),
});

function clusterRules(direction: "from" | "to") {
  const peer = {
    namespaces: labelSelector,
    pods: object({ namespaceSelector: labelSelector, podSelector: labelSelector }),
    ...(direction === "to"
      ? { nodes: labelSelector, networks: list(cidr), domainNames: list(text('"*." stands for one or more labels')) }
      : {}),
  };
  const rule = {
    name: text(),
    action: choice(["Accept", "Deny", "Pass"]),
    [direction]: list(object(peer), "At most 25"),
    protocols: list(clusterProtocol, "At most 25; absent: every protocol and port"),
  };
  return list(object(rule, ["action", direction]), "The first that matches decides; at most 25");
}

const clusterNetworkPolicy = manifest(
  {
    apiVersion: "policy.networking.k8s.io/v1alpha2",
    kind: "ClusterNetworkPolicy",
    dialect: "cluster",
    summary: "Rules of the cluster's admins, before (Admin) or after (Baseline) those of namespaces",
    isNamespaced: false,
  },
  object(
    {
      tier: choice(["Admin", "Baseline"]),
      priority: integer(0, 1000, "The lower number is asked first"),
      subject,
      ingress: clusterRules("from"),
      egress: clusterRules("to"),
    },
    ["tier", "priority", "subject"],
  ),
);

const adminPort = object({
  portNumber: object({ protocol: choice(["TCP", "UDP", "SCTP"]), port }, ["port"]),
  portRange: object({ protocol: choice(["TCP", "UDP", "SCTP"]), start: port, end: port }, ["start", "end"]),
  namedPort: text(),
});

function adminRules(direction: "from" | "to", actions: readonly string[]) {
  const peer = {
    namespaces: labelSelector,
    pods: object({ namespaceSelector: labelSelector, podSelector: labelSelector }),
    ...(direction === "to" ? { nodes: labelSelector, networks: list(cidr) } : {}),
  };
  const rule = { name: text(), action: choice(actions), [direction]: list(object(peer)), ports: list(adminPort) };
  return list(object(rule, ["action", direction]));
}

const adminNetworkPolicy = manifest(
  {
    apiVersion: "policy.networking.k8s.io/v1alpha1",
    kind: "AdminNetworkPolicy",
    dialect: "admin",
    summary: "Predecessor of ClusterNetworkPolicy, before the policies of namespaces",
    isNamespaced: false,
  },
  object(
    {
      priority: integer(0, 1000, "The lower number is asked first"),
      subject,
      ingress: adminRules("from", ["Allow", "Deny", "Pass"]),
      egress: adminRules("to", ["Allow", "Deny", "Pass"]),
    },
    ["priority", "subject"],
  ),
);

const baselineAdminNetworkPolicy = manifest(
  {
    apiVersion: "policy.networking.k8s.io/v1alpha1",
    kind: "BaselineAdminNetworkPolicy",
    dialect: "admin",
    summary: 'Predecessor of ClusterNetworkPolicy, after the policies of namespaces; there is one, named "default"',
    isNamespaced: false,
  },
  object({ subject, ingress: adminRules("from", ["Allow", "Deny"]), egress: adminRules("to", ["Allow", "Deny"]) }, [
    "subject",
  ]),
);

export const kubernetesSchemas: readonly KindSchema[] = [
  networkPolicy,
  clusterNetworkPolicy,
  adminNetworkPolicy,
  baselineAdminNetworkPolicy,
];
