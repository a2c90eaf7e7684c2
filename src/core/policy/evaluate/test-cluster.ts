// For tests of this room: a small cluster, policies as manifests, and flows in a few words: "red/a > blue/b tcp 80".
import type { FlowVerdict } from "../../../model/policy-verdict.ts";
import { parseManifests } from "../parse/parse-policies.ts";
import type { FlowEnd, PolicyFlow, World, WorldEndpoint } from "../world.ts";
import { createPolicyEngine } from "./create-engine.ts";
import type { PolicyEngine } from "./engine.ts";

function pod(namespace: string, name: string, more: Partial<WorldEndpoint>): WorldEndpoint {
  return {
    id: `pod/${namespace}/${name}`,
    kind: "workload",
    namespace,
    name,
    labels: { app: name },
    serviceAccount: `${name}-account`,
    addresses: [],
    ports: [],
    node: "",
    workload: `Deployment/${name}`,
    interfaceName: "",
    ...more,
  };
}

/** red/a, red/b on node one; blue/c on node two; blue/h in the network of node one. */
export const cluster: World = {
  namespaces: [
    { name: "red", labels: { team: "one" } },
    { name: "blue", labels: { team: "two" } },
  ],
  serviceAccounts: [{ namespace: "red", name: "a-account", labels: { trust: "high" } }],
  endpoints: [
    pod("red", "a", { addresses: ["10.0.0.1", "fd00::1"], node: "one" }),
    pod("red", "b", {
      addresses: ["10.0.0.2", "fd00::2"],
      node: "one",
      ports: [
        { name: "web", protocol: 6, port: 8080 },
        { name: "dns", protocol: 17, port: 5353 },
      ],
    }),
    pod("blue", "c", { addresses: ["10.0.1.1"], node: "two", ports: [{ name: "web", protocol: 6, port: 80 }] }),
    pod("blue", "h", { kind: "hostNetwork", addresses: ["192.168.0.1"], node: "one" }),
    pod("", "one", {
      id: "node/one",
      kind: "node",
      namespace: "",
      serviceAccount: "",
      addresses: ["192.168.0.1"],
      labels: { rack: "r1" },
      workload: "",
    }),
    pod("", "two", {
      id: "node/two",
      kind: "node",
      namespace: "",
      serviceAccount: "",
      addresses: ["192.168.0.2"],
      labels: { rack: "r2" },
      workload: "",
    }),
  ],
  services: [
    {
      namespace: "red",
      name: "b",
      addresses: ["10.9.0.1"],
      backends: [{ address: "10.0.0.2", protocol: 6, port: 8080 }],
    },
  ],
  ranges: ["10.0.0.0/8"],
  incomplete: "",
};

export function podLike(namespace: string, name: string, address: string): WorldEndpoint {
  return {
    id: `pod/${namespace}/${name}`,
    kind: "workload",
    namespace,
    name,
    labels: {},
    serviceAccount: "",
    addresses: [address],
    ports: [],
    node: "",
    workload: "",
    interfaceName: "",
  };
}

export interface TestCluster {
  readonly engine: PolicyEngine;
  readonly problems: readonly string[];
}

export function clusterWith(manifests: readonly object[], world: Partial<World> = {}): TestCluster {
  const parsed = parseManifests(
    manifests.map((manifest, document) => ({ manifest, place: { file: "t.yaml", document, line: 1 } })),
  );
  const engine = createPolicyEngine({ set: parsed.set, world: { ...cluster, ...world } });
  return { engine, problems: parsed.problems.map(({ code, path }) => `${code} ${path}`) };
}

const protocols: Readonly<Record<string, number>> = { icmp: 1, tcp: 6, udp: 17, sctp: 132, icmpv6: 58 };

function endOf(text: string): FlowEnd {
  const [name = "", address = ""] = text.split("@");
  if (name.includes("/")) return { endpoint: /^(node|hostEndpoint)\//.test(name) ? name : `pod/${name}`, address };
  return { endpoint: "", address: name };
}

/** "red/a > 192.0.2.1 tcp 443", "node/one > red/b tcp 80", "red/a@fd00::1 > red/b icmpv6". */
export function flowOf(text: string, more: Partial<PolicyFlow> = {}): PolicyFlow {
  const [source = "", , destination = "", protocol = "tcp", port = "0"] = text.split(" ");
  return {
    source: endOf(source),
    destination: endOf(destination),
    protocol: protocols[protocol] ?? Number(protocol),
    sourcePort: 0,
    destinationPort: Number(port),
    ...more,
  };
}

/** "allow", "deny egress", "deny ingress", "deny both", "unknown ...". */
export function inWords({ verdict, egress, ingress }: FlowVerdict): string {
  if (verdict === "allow") return "allow";
  const sides = [egress, ingress].filter((each) => each.verdict === verdict).map((each) => each.direction);
  return `${verdict} ${sides.length === 2 ? "both" : sides[0]}`;
}

const metadataOf = (name: string, namespace?: string) => ({ name, ...(namespace === undefined ? {} : { namespace }) });

export function kubernetesPolicy(name: string, spec: object, namespace = "red"): object {
  return { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: metadataOf(name, namespace), spec };
}

export function calico(kind: string, name: string, spec: object, namespace?: string): object {
  return { apiVersion: "projectcalico.org/v3", kind, metadata: metadataOf(name, namespace), spec };
}

export function clusterPolicy(name: string, spec: object): object {
  const apiVersion = "policy.networking.k8s.io/v1alpha2";
  return { apiVersion, kind: "ClusterNetworkPolicy", metadata: metadataOf(name), spec };
}

export function cilium(name: string, spec: object, namespace = "red"): object {
  return { apiVersion: "cilium.io/v2", kind: "CiliumNetworkPolicy", metadata: metadataOf(name, namespace), spec };
}
