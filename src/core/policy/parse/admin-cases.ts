// Facts for tests: what the admin policies, the baseline and NetworkPolicies decide together. The cases are those that policy-assistant
// (kubernetes-sigs/network-policy-api) publishes, in the API's present fields and in our own table. Namespaces have a label ns, pods a label pod.

export interface AdminCase {
  readonly title: string;
  readonly namespaces: readonly string[];
  readonly pods: readonly string[];
  readonly ports: readonly number[];
  readonly protocols: readonly ("TCP" | "UDP")[];
  readonly manifests: readonly object[];
  /** What holds for every flow but the listed ones: "from to port/protocol". Flows of a pod to itself are not looked at. */
  readonly ingress: "allow" | "deny";
  readonly egress: "allow" | "deny";
  readonly exceptIngress?: readonly string[];
  readonly exceptEgress?: readonly string[];
}

const group = "policy.networking.k8s.io/v1alpha1";
const everything = { namespaces: {} };
const podsOf = (ns: string | undefined, pod: string | undefined) => ({
  pods: {
    namespaceSelector: ns === undefined ? {} : { matchLabels: { ns } },
    podSelector: pod === undefined ? {} : { matchLabels: { pod } },
  },
});
const subject = podsOf("x", "a");
const notX = { namespaces: { matchExpressions: [{ key: "ns", operator: "NotIn", values: ["x"] }] } };
const inX = { namespaces: { matchLabels: { ns: "x" } } };
const port = (number: number, protocol?: string) => ({
  portNumber: { port: number, ...(protocol === undefined ? {} : { protocol }) },
});
const bothPorts = ["TCP", "UDP"].map((protocol) => ({ portRange: { protocol, start: 80, end: 81 } }));

const admin = (name: string, spec: object) => ({
  apiVersion: group,
  kind: "AdminNetworkPolicy",
  metadata: { name },
  spec: { priority: 100, subject, ...spec },
});
const baseline = (spec: object) => ({
  apiVersion: group,
  kind: "BaselineAdminNetworkPolicy",
  metadata: { name: "default" },
  spec: { subject, ...spec },
});
const networkPolicy = (spec: object) => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name: "base", namespace: "x" },
  spec: { policyTypes: ["Ingress"], ...spec },
});

const two = { namespaces: ["x", "y"], pods: ["a", "b"], ports: [80, 81], protocols: ["TCP", "UDP"] } as const;
const small = { ...two, ports: [80], protocols: ["TCP"] } as const;
const allowed = { ingress: "allow", egress: "allow" } as const;
const onlyUdp80 = { podSelector: { matchLabels: { pod: "a" } }, ingress: [{ ports: [{ protocol: "UDP", port: 80 }] }] };
const denyAll = { subject: everything, ingress: [{ action: "Deny", from: [everything] }] };
const allBut = (source: string) => ["80/TCP", "81/TCP", "81/UDP"].map((end) => `${source} x/a ${end}`);
const all = (from: string, to: string) => ["80/TCP", "80/UDP", "81/TCP", "81/UDP"].map((end) => `${from} ${to} ${end}`);
const udpFromY = { action: "Allow", from: [podsOf("y", "a")], ports: [port(80, "UDP")] };
const udpNotX = { action: "Deny", from: [notX], ports: [port(80, "UDP")] };
const egressAll = (action: string) => ({
  subject: everything,
  egress: [{ action, to: [everything], ports: bothPorts }],
});

export const adminCases: readonly AdminCase[] = [
  {
    title: "deny all",
    ...small,
    namespaces: ["x"],
    manifests: [networkPolicy({ podSelector: {} })],
    ingress: "deny",
    egress: "allow",
  },
  {
    title: "one port is allowed",
    ...two,
    ...allowed,
    manifests: [networkPolicy(onlyUdp80)],
    exceptIngress: ["x/b", "y/a", "y/b"].flatMap(allBut),
  },
  {
    title: "admin, egress to a number without protocol",
    ...two,
    ...allowed,
    manifests: [admin("p", { egress: [{ action: "Deny", to: [podsOf("x", "b")], ports: [port(80)] }] })],
    exceptEgress: ["x/a x/b 80/TCP"],
  },
  {
    title: "admin, ingress to a number without protocol",
    ...two,
    ...allowed,
    manifests: [admin("p", { ingress: [{ action: "Deny", from: [podsOf("x", "b")], ports: [port(80)] }] })],
    exceptIngress: ["x/b x/a 80/TCP"],
  },
  {
    title: "admin, ingress to a named port",
    ...two,
    ...allowed,
    manifests: [
      admin("p", { ingress: [{ action: "Deny", from: [podsOf("x", "b")], ports: [{ namedPort: "serve-80-tcp" }] }] }),
    ],
    exceptIngress: ["x/b x/a 80/TCP"],
  },
  {
    title: "admin, the own namespace and a range",
    ...two,
    ...allowed,
    namespaces: ["x", "y", "z"],
    pods: ["a", "b", "c"],
    manifests: [
      admin("p", {
        ingress: [{ action: "Deny", from: [inX], ports: [{ portRange: { protocol: "TCP", start: 80, end: 81 } }] }],
      }),
    ],
    exceptIngress: ["x/b", "x/c"].flatMap((from) => [80, 81].map((number) => `${from} x/a ${number}/TCP`)),
  },
  {
    title: "admin, other namespaces",
    ...two,
    ...allowed,
    manifests: [admin("p", { ingress: [udpNotX] })],
    exceptIngress: ["y/a x/a 80/UDP", "y/b x/a 80/UDP"],
  },
  {
    title: "admin, an allow before a deny",
    ...two,
    ...allowed,
    manifests: [admin("p", { ingress: [udpFromY, udpNotX] })],
    exceptIngress: ["y/b x/a 80/UDP"],
  },
  {
    title: "admin, an allow after a deny",
    ...two,
    ...allowed,
    manifests: [admin("p", { ingress: [udpNotX, udpFromY] })],
    exceptIngress: ["y/a x/a 80/UDP", "y/b x/a 80/UDP"],
  },
  {
    title: "admin, deny all egress",
    ...two,
    manifests: [admin("p", egressAll("Deny"))],
    ingress: "allow",
    egress: "deny",
  },
  {
    title: "admin, the lower priority number is an allow",
    ...two,
    ...allowed,
    manifests: [admin("p", { ...egressAll("Allow"), priority: 99 }), admin("q", egressAll("Deny"))],
  },
  {
    title: "admin, the lower priority number is a deny",
    ...two,
    ingress: "allow",
    egress: "deny",
    manifests: [admin("p", { ...egressAll("Allow"), priority: 101 }), admin("q", egressAll("Deny"))],
  },
  {
    title: "baseline, egress",
    ...two,
    ...allowed,
    manifests: [baseline({ egress: [{ action: "Deny", to: [podsOf(undefined, "b")] }] })],
    exceptEgress: ["x/b", "y/b"].flatMap((to) => all("x/a", to)),
  },
  {
    title: "baseline, ingress",
    ...two,
    ...allowed,
    manifests: [baseline({ ingress: [{ action: "Deny", from: [podsOf(undefined, "b")] }] })],
    exceptIngress: ["x/b", "y/b"].flatMap((from) => all(from, "x/a")),
  },
  {
    title: "baseline, an allow before a deny",
    ...small,
    ingress: "deny",
    egress: "allow",
    manifests: [
      baseline({
        subject: everything,
        ingress: [
          { action: "Allow", from: [podsOf("y", "b")] },
          { action: "Deny", from: [everything] },
        ],
      }),
    ],
    exceptIngress: ["x/a", "x/b", "y/a"].map((to) => `y/b ${to} 80/TCP`),
  },
  {
    title: "baseline, a deny before all",
    ...small,
    ingress: "deny",
    egress: "allow",
    manifests: [
      baseline({
        subject: everything,
        ingress: [
          { action: "Deny", from: [everything] },
          { action: "Deny", from: [podsOf("y", "b")] },
        ],
      }),
    ],
  },
  {
    title: "an admin's allow over a NetworkPolicy",
    ...two,
    ...allowed,
    manifests: [
      networkPolicy(onlyUdp80),
      admin("p", { subject: everything, ingress: [{ action: "Allow", from: [everything], ports: bothPorts }] }),
    ],
  },
  {
    title: "an admin's allow of some over a NetworkPolicy",
    ...two,
    ...allowed,
    manifests: [
      networkPolicy(onlyUdp80),
      admin("p", { subject: everything, ingress: [{ action: "Allow", from: [inX], ports: bothPorts }] }),
    ],
    exceptIngress: ["y/a", "y/b"].flatMap(allBut),
  },
  {
    title: "a NetworkPolicy decides before the baseline",
    ...two,
    namespaces: ["x"],
    ingress: "deny",
    egress: "allow",
    manifests: [
      networkPolicy({
        podSelector: { matchLabels: { pod: "a" } },
        ingress: [{ from: [{ podSelector: { matchLabels: { pod: "b" } } }], ports: [{ protocol: "UDP", port: 80 }] }],
      }),
      baseline(denyAll),
    ],
    exceptIngress: ["x/b x/a 80/UDP"],
  },
  {
    title: "an admin's allow before the baseline",
    ...two,
    ingress: "deny",
    egress: "allow",
    manifests: [
      admin("p", { ingress: [{ action: "Allow", from: [inX], ports: [port(80, "UDP")] }] }),
      baseline(denyAll),
    ],
    exceptIngress: ["x/b x/a 80/UDP"],
  },
  {
    title: "an admin's pass to the baseline",
    ...two,
    ...allowed,
    manifests: [
      admin("p", { ingress: [{ action: "Pass", from: [inX], ports: [port(80, "UDP")] }] }),
      admin("q", { priority: 101, subject: everything, ingress: [{ action: "Allow", from: [everything] }] }),
      baseline(denyAll),
    ],
    exceptIngress: ["x/b x/a 80/UDP"],
  },
];
