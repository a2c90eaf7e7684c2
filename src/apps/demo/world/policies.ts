// The demo's network policies: what a careful owner of the shop would have written, in the words of three dialects. They are offered once as
// resources of the demo's cluster; from then on they are a person's. They are previewed: no packet is touched.
import { intruder, outside } from "./catalog.ts";
import { simulated } from "./pod-object.ts";

export interface DemoManifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [key: string]: unknown };
  readonly spec: object;
}

const note = { "garrison.dev/note": "Part of the demonstration: nothing of it is real" } as const;

function kubernetes(name: string, spec: object): DemoManifest {
  const metadata = { name, namespace: "shop", labels: simulated, annotations: note };
  return { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata, spec };
}

interface CalicoParts {
  readonly spec: object;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

function calico(kind: string, name: string, { spec, namespace, labels = {} }: CalicoParts): DemoManifest {
  const place = namespace === undefined ? {} : { namespace };
  const metadata = { name, ...place, labels: { ...labels, ...simulated }, annotations: note };
  return { apiVersion: "projectcalico.org/v3", kind, metadata, spec };
}

const ingressNamespace = { matchLabels: { "kubernetes.io/metadata.name": "ingress" } };
const app = (name: string) => ({ matchLabels: { app: name } });

/** Only these apps of the shop, on the port that the pods call "main". */
function only(name: string, clients: readonly string[]): DemoManifest {
  const from = clients.map((client) => ({ podSelector: app(client) }));
  return kubernetes(name, {
    podSelector: app(name),
    policyTypes: ["Ingress"],
    ingress: [{ from, ports: [{ port: "main" }] }],
  });
}

/** Databases, cache and queue: who keeps connections to them. */
const stores: readonly (readonly [name: string, clients: readonly string[]])[] = [
  ["postgres", ["payments", "postgres-backup"]],
  ["catalog-db", ["catalog", "search"]],
  ["redis", ["cart", "recommendations", "storefront", "cart-cleanup"]],
  ["rabbitmq", ["checkout", "email", "shipping"]],
];

const listed = { list: "known-bad" } as const;
const knownBad = Object.values(intruder).flatMap(({ addresses }) => addresses.map((address) => `${address}/32`));

/** A tier before all others: addresses that nobody may talk to, whatever the policies of namespaces say. */
const security: readonly DemoManifest[] = [
  calico("Tier", "security", { spec: { order: 100, defaultAction: "Pass" } }),
  calico("GlobalNetworkSet", "known-bad", { spec: { nets: knownBad }, labels: listed }),
  calico("GlobalNetworkPolicy", "security.known-bad", {
    spec: {
      tier: "security",
      order: 10,
      selector: "has(projectcalico.org/namespace)",
      types: ["Egress"],
      egress: [{ action: "Deny", destination: { selector: `list == '${listed.list}'` } }, { action: "Pass" }],
    },
  }),
];

function allow(client: string, nets: readonly string[], port: number): object {
  const source = { selector: `app == '${client}'` };
  return { action: "Allow", protocol: "TCP", source, destination: { nets, ports: [port] } };
}

/** Not in force: what would become of the shop's own connections if each one outside had to be named. */
const egressByName = calico("StagedNetworkPolicy", "egress-by-name", {
  namespace: "shop",
  spec: {
    order: 2000,
    selector: "all()",
    types: ["Egress"],
    egress: [
      {
        action: "Allow",
        protocol: "UDP",
        destination: { namespaceSelector: "all()", selector: "k8s-app == 'kube-dns'", ports: [53] },
      },
      { action: "Allow", destination: { selector: "all()" } },
      allow("payments", nets(outside.payments), 443),
      allow("email", nets(outside.mail), 465),
      allow("shipping", nets(outside.carrier), 443),
    ],
  },
});

function nets({ addresses }: { readonly addresses: readonly string[] }): readonly string[] {
  return addresses.map((address) => `${address}/32`);
}

/** In the order in which they must be put: a tier comes before its policies. */
export const demoPolicies: readonly DemoManifest[] = [
  ...security,
  ...stores.map(([name, clients]) => only(name, clients)),
  only("payments", ["checkout"]),
  kubernetes("storefront", {
    podSelector: app("storefront"),
    policyTypes: ["Ingress"],
    ingress: [{ from: [{ namespaceSelector: ingressNamespace }], ports: [{ port: 3000 }] }],
  }),
  egressByName,
];
