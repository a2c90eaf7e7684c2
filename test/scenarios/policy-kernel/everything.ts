// One ruleset with everything that the compiler makes: tiers with pass, named ports, prefixes with exceptions, names, network sets, ICMP, host endpoints
// of all ways, strangers' interfaces, both families.
import { createNftCompiler } from "../../../src/core/policy/compile/create-compiler.ts";
import type { CompiledPolicies } from "../../../src/core/policy/compile/settings.ts";
import { settingsFor } from "../../../src/core/policy/compile/settings.fixture.ts";
import { createPolicyEngine } from "../../../src/core/policy/evaluate/create-engine.ts";
import { parseManifests } from "../../../src/core/policy/parse/parse-policies.ts";
import type { World, WorldEndpoint } from "../../../src/core/policy/world.ts";

const calico = "projectcalico.org/v3";

function globalPolicy(name: string, spec: object): object {
  return { apiVersion: calico, kind: "GlobalNetworkPolicy", metadata: { name }, spec };
}

const manifests: readonly object[] = [
  {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: "web", namespace: "shop" },
    spec: {
      podSelector: {},
      ingress: [
        {
          ports: [{ port: 81 }, { port: "web" }, { port: 90, endPort: 95 }],
          from: [
            { podSelector: { matchLabels: { app: "web" } } },
            { ipBlock: { cidr: "10.0.0.0/8", except: ["10.1.0.0/16"] } },
          ],
        },
      ],
      policyTypes: ["Ingress", "Egress"],
    },
  },
  { apiVersion: calico, kind: "Tier", metadata: { name: "security" }, spec: { order: 10, defaultAction: "Pass" } },
  {
    apiVersion: calico,
    kind: "HostEndpoint",
    metadata: { name: "uplink", labels: { role: "node" } },
    spec: { node: "here", interfaceName: "eth0", expectedIPs: ["172.16.0.1"] },
  },
  {
    apiVersion: calico,
    kind: "GlobalNetworkSet",
    metadata: { name: "feed", labels: { feed: "bad" } },
    spec: { nets: ["198.51.100.0/24", "2001:db8::/32"], allowedEgressDomains: ["a.example.com"] },
  },
  globalPolicy("security.first", {
    tier: "security",
    order: 1,
    selector: "all()",
    types: ["Ingress", "Egress"],
    ingress: [
      { action: "Deny", source: { selector: "feed == 'bad'" } },
      { action: "Pass", protocol: "ICMP", icmp: { type: 8 } },
      { action: "Log" },
    ],
    egress: [
      { action: "Deny", destination: { selector: "feed == 'bad'" } },
      { action: "Allow", protocol: "TCP", destination: { domains: ["*.example.com"], ports: [443] } },
    ],
  }),
  globalPolicy("security.second", {
    tier: "security",
    order: 2,
    selector: "all()",
    types: ["Ingress"],
    ingress: [
      { action: "Pass", protocol: "TCP", source: { notSelector: "app == 'web'" } },
      { action: "Allow", protocol: "ICMP", notICMP: { type: 3, code: 1 } },
    ],
  }),
  globalPolicy("raw", {
    order: 2,
    selector: "role == 'node'",
    types: ["Ingress"],
    doNotTrack: true,
    applyOnForward: true,
    ingress: [{ action: "Allow", protocol: "UDP", destination: { ports: [4000] } }],
  }),
  globalPolicy("early", {
    order: 2,
    selector: "role == 'node'",
    types: ["Ingress"],
    preDNAT: true,
    applyOnForward: true,
    ingress: [
      { action: "Allow", protocol: "UDP", destination: { ports: [4000] } },
      { action: "Deny", protocol: "TCP", destination: { ports: [4001] } },
    ],
  }),
  globalPolicy("through", {
    order: 2,
    selector: "role == 'node'",
    types: ["Ingress", "Egress"],
    applyOnForward: true,
    ingress: [
      { action: "Allow", protocol: "UDP", destination: { ports: [4000] } },
      { action: "Deny", protocol: "TCP", destination: { notPorts: [4001, 4002] } },
    ],
  }),
];

const web: WorldEndpoint = {
  id: "pod/shop/web",
  kind: "workload",
  namespace: "shop",
  name: "web",
  labels: { app: "web" },
  serviceAccount: "default",
  addresses: ["10.0.0.1", "fd00::1"],
  ports: [{ name: "web", protocol: 6, port: 8080 }],
  node: "here",
  workload: "",
  interfaceName: "pod0",
};

const world: World = {
  namespaces: [{ name: "shop", labels: {} }],
  serviceAccounts: [],
  // The other pod's interface is not known: it is known by its address.
  endpoints: [
    web,
    { ...web, id: "pod/shop/db", name: "db", labels: { app: "db" }, addresses: ["10.0.0.2"], interfaceName: "" },
  ],
  services: [],
  ranges: ["10.0.0.0/8"],
  incomplete: "",
};

export function everything(): CompiledPolicies {
  const { set } = parseManifests(
    manifests.map((manifest, document) => ({ manifest, place: { file: "", document, line: 1 } })),
  );
  return createNftCompiler().compile(
    createPolicyEngine({ set, world }),
    settingsFor(world, {
      nodeAddresses: ["172.16.0.1", "fd00:1::1"],
      dns: { proxyPort: 5300, upstreams: ["10.96.0.10", "[fd00::53]:5353"] },
      workloadInterfacePrefixes: ["cali"],
      alwaysAllowed: [{ address: "10.9.9.9", protocol: 6, port: 7443 }],
    }),
  );
}
