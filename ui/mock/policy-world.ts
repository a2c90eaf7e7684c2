// The mock's policies: manifests as text, and what a server would have made of them. One of each kind that the board must be able to show.
import type { PolicyCard, PolicyNodeState } from "../../src/apps/server/contract/policy-shapes.ts";

type Dialect = PolicyCard["dialect"];
type Direction = "ingress" | "egress";

export interface MockRule {
  readonly direction: Direction;
  readonly action: "Allow" | "Deny" | "Pass" | "Log";
  readonly words: string;
  readonly name?: string;
  /** Connections per hour. */
  readonly rate: number;
}

export interface MockPolicy {
  readonly cluster: "local" | "demo";
  readonly dialect: Dialect;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly tier: string;
  readonly order?: number;
  readonly staged?: PolicyCard["staged"];
  readonly directions: readonly Direction[];
  readonly selector: string;
  /** Names of actors. */
  readonly applies: readonly string[];
  readonly rules: readonly MockRule[];
  /** Connections per hour that no rule matched. */
  readonly unmatchedRate: number;
  readonly state: PolicyNodeState["state"] | "mixed";
  readonly problems: readonly (readonly [
    severity: "error" | "warning" | "note",
    message: string,
    path: string,
    line: number,
  ])[];
  readonly manifest: string;
}

function kubernetes(namespace: string, name: string, spec: string): string {
  return `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: ${name}
  namespace: ${namespace}
spec:
${spec}`;
}

const inShop = 'projectcalico.org/namespace == "shop"';

export const mockPolicies: readonly MockPolicy[] = [
  {
    cluster: "local",
    dialect: "cluster",
    kind: "ClusterNetworkPolicy",
    namespace: "",
    name: "no-metadata-service",
    tier: "kube-admin",
    order: 10,
    directions: ["egress"],
    selector: "has(projectcalico.org/namespace)",
    applies: [
      "frontend",
      "checkout",
      "cart",
      "catalog",
      "orders-db",
      "session-cache",
      "nightly-report",
      "gateway",
      "ledger",
    ],
    rules: [{ direction: "egress", action: "Deny", words: "to 169.254.169.254/32", name: "metadata", rate: 4 }],
    unmatchedRate: 0,
    state: "enforced",
    problems: [],
    manifest: `apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata:
  name: no-metadata-service
spec:
  tier: Admin
  priority: 10
  subject:
    namespaces: {}
  egress:
    - name: metadata
      action: Deny
      to:
        - networks:
            - 169.254.169.254/32
`,
  },
  {
    cluster: "local",
    dialect: "calico",
    kind: "GlobalNetworkPolicy",
    namespace: "",
    name: "quarantine",
    tier: "security",
    order: 100,
    directions: ["ingress", "egress"],
    selector: 'quarantine == "true"',
    applies: [],
    rules: [
      { direction: "ingress", action: "Deny", words: "from anywhere", rate: 0 },
      { direction: "egress", action: "Log", words: "to anywhere", rate: 0 },
      { direction: "egress", action: "Deny", words: "to anywhere", rate: 0 },
    ],
    unmatchedRate: 0,
    state: "unproved",
    problems: [["note", "the selector selects nothing now", "spec.selector", 8]],
    manifest: `apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata:
  name: security.quarantine
spec:
  tier: security
  order: 100
  selector: quarantine == 'true'
  types: [Ingress, Egress]
  ingress:
    - action: Deny
  egress:
    - action: Log
    - action: Deny
`,
  },
  {
    cluster: "local",
    dialect: "kubernetes",
    kind: "NetworkPolicy",
    namespace: "shop",
    name: "default-deny",
    tier: "default",
    order: 1000,
    directions: ["ingress"],
    selector: inShop,
    applies: ["frontend", "checkout", "cart", "catalog", "orders-db", "session-cache", "nightly-report"],
    rules: [],
    unmatchedRate: 14,
    state: "enforced",
    problems: [],
    manifest: kubernetes("shop", "default-deny", "  podSelector: {}\n  policyTypes: [Ingress]\n"),
  },
  {
    cluster: "local",
    dialect: "kubernetes",
    kind: "NetworkPolicy",
    namespace: "shop",
    name: "frontend",
    tier: "default",
    order: 1000,
    directions: ["ingress"],
    selector: `${inShop} && app == "frontend"`,
    applies: ["frontend"],
    rules: [{ direction: "ingress", action: "Allow", words: "from anywhere on port 8080/tcp", rate: 900 }],
    unmatchedRate: 0,
    state: "enforced",
    problems: [["warning", "rule 0 allows everybody on port 8080", "spec.ingress[0]", 10]],
    manifest: kubernetes(
      "shop",
      "frontend",
      `  podSelector:
    matchLabels:
      app: frontend
  ingress:
    - ports:
        - port: 8080
`,
    ),
  },
  {
    cluster: "local",
    dialect: "kubernetes",
    kind: "NetworkPolicy",
    namespace: "shop",
    name: "orders-db",
    tier: "default",
    order: 1000,
    directions: ["ingress"],
    selector: `${inShop} && app == "orders-db"`,
    applies: ["orders-db"],
    rules: [
      { direction: "ingress", action: "Allow", words: 'from app == "checkout" on port 5432/tcp', rate: 700 },
      { direction: "ingress", action: "Allow", words: 'from app == "catalog" on port 5432/tcp', rate: 300 },
    ],
    unmatchedRate: 42,
    state: "mixed",
    problems: [],
    manifest: kubernetes(
      "shop",
      "orders-db",
      `  podSelector:
    matchLabels:
      app: orders-db
  ingress:
    - from:
        - podSelector:
            matchLabels:
              app: checkout
      ports:
        - port: 5432
    - from:
        - podSelector:
            matchLabels:
              app: catalog
      ports:
        - port: 5432
`,
    ),
  },
  {
    cluster: "local",
    dialect: "calico",
    kind: "StagedNetworkPolicy",
    namespace: "shop",
    name: "egress-default",
    tier: "default",
    order: 2000,
    staged: "Set",
    directions: ["egress"],
    selector: inShop,
    applies: ["frontend", "checkout", "cart", "catalog", "orders-db", "session-cache", "nightly-report"],
    rules: [
      {
        direction: "egress",
        action: "Allow",
        words: 'to k8s-app == "kube-dns" on port 53/udp',
        name: "dns",
        rate: 900,
      },
      { direction: "egress", action: "Allow", words: `to ${inShop}`, name: "own", rate: 3900 },
      {
        direction: "egress",
        action: "Allow",
        words: "to api.payments.example on port 443/tcp",
        name: "payments",
        rate: 60,
      },
    ],
    unmatchedRate: 96,
    state: "preview",
    problems: [
      [
        "warning",
        "the order is shared with nobody, but the tier ends in Deny: 96 connections an hour would be denied",
        "spec.order",
        7,
      ],
    ],
    manifest: `apiVersion: projectcalico.org/v3
kind: StagedNetworkPolicy
metadata:
  name: egress-default
  namespace: shop
spec:
  order: 2000
  selector: all()
  types: [Egress]
  egress:
    - action: Allow
      protocol: UDP
      destination:
        selector: k8s-app == 'kube-dns'
        namespaceSelector: all()
        ports: [53]
    - action: Allow
      destination:
        selector: all()
    - action: Allow
      protocol: TCP
      destination:
        domains: [api.payments.example]
        ports: [443]
`,
  },
  {
    cluster: "local",
    dialect: "cilium",
    kind: "CiliumNetworkPolicy",
    namespace: "payments",
    name: "gateway-out",
    tier: "cilium",
    order: 1,
    directions: ["egress"],
    selector: 'projectcalico.org/namespace == "payments" && app == "gateway"',
    applies: ["gateway"],
    rules: [
      { direction: "egress", action: "Allow", words: 'to app == "ledger" on port 9000/tcp', rate: 400 },
      { direction: "egress", action: "Allow", words: "to api.payments.example on port 443/tcp", rate: 300 },
    ],
    unmatchedRate: 3,
    state: "refused",
    problems: [
      [
        "error",
        "kafka rules cannot be enforced: nothing is allowed by this rule",
        "spec.egress[0].toPorts[0].rules.kafka",
        17,
      ],
    ],
    manifest: `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: gateway-out
  namespace: payments
spec:
  endpointSelector:
    matchLabels:
      app: gateway
  egress:
    - toEndpoints:
        - matchLabels:
            app: ledger
      toPorts:
        - ports:
            - port: "9000"
              protocol: TCP
    - toFQDNs:
        - matchName: api.payments.example
      toPorts:
        - ports:
            - port: "443"
              protocol: TCP
`,
  },
  {
    cluster: "demo",
    dialect: "kubernetes",
    kind: "NetworkPolicy",
    namespace: "web",
    name: "stock-db",
    tier: "default",
    order: 1000,
    directions: ["ingress"],
    selector: 'projectcalico.org/namespace == "web" && app == "stock-db"',
    applies: ["stock-db"],
    rules: [
      { direction: "ingress", action: "Allow", words: 'from app == "recommendations" on port 5432/tcp', rate: 400 },
    ],
    unmatchedRate: 0,
    state: "off",
    problems: [],
    manifest: kubernetes(
      "web",
      "stock-db",
      `  podSelector:
    matchLabels:
      app: stock-db
  ingress:
    - from:
        - podSelector:
            matchLabels:
              app: recommendations
      ports:
        - port: 5432
`,
    ),
  },
];

export function idOf({ dialect, kind, namespace, name }: MockPolicy): string {
  return `${dialect}/${kind}/${namespace === "" ? "-" : namespace}/${name}`;
}

/** As resources are named: the dialect stands before kinds that it does not make plain. */
export function resourceNameOf({ dialect, kind, namespace, name }: MockPolicy): string {
  const prefix = dialect === "calico" ? "calico-" : "";
  return [prefix + kind.toLowerCase(), ...(namespace === "" ? [] : [namespace]), name].join(".");
}
