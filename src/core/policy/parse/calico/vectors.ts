// Facts for tests: what the field's own validator (projectcalico/calico, validator v3) takes and what it refuses, as plain values in our own table.
// Where they are rules, they stand in the ingress list of a GlobalNetworkPolicy; `egress` tells otherwise.

export interface RuleVector {
  readonly rule: object;
  readonly isGood: boolean;
  readonly egress?: true;
  /** In a NetworkPolicy of a namespace. */
  readonly namespaced?: true;
}

const allow = (rest: object = {}) => ({ action: "Allow", ...rest });
const good = (rule: object, more: Partial<RuleVector> = {}): RuleVector => ({ rule, isGood: true, ...more });
const bad = (rule: object, more: Partial<RuleVector> = {}): RuleVector => ({ rule, isGood: false, ...more });

const actions: readonly RuleVector[] = [
  good({ action: "Allow" }),
  good({ action: "Deny" }),
  good({ action: "Log" }),
  good({ action: "Pass" }),
  bad({ action: "unknown" }),
  bad({ action: "allowfoo" }),
  bad({}),
];

const protocols: readonly RuleVector[] = [
  ...["TCP", "UDP", "ICMP", "ICMPv6", "SCTP", "UDPLite", 1, 255, "255", "1"].map((protocol) =>
    good(allow({ protocol })),
  ),
  ...[0, "256", "0", "tcpfoo", "footcp", "tcp"].map((protocol) => bad(allow({ protocol }))),
  good(allow({ ipVersion: 4 })),
  good(allow({ ipVersion: 6 })),
  bad(allow({ ipVersion: 0 })),
];

const to = (end: object, rest: object = {}) => allow({ ...rest, destination: end });
const from = (end: object, rest: object = {}) => allow({ ...rest, source: end });

const ports: readonly RuleVector[] = [
  good(from({ ports: [1] }, { protocol: 6 })),
  good(from({ ports: ["foo"] }, { protocol: 6 })),
  good(from({ ports: ["foo"] }, { protocol: "TCP" })),
  good(from({ ports: ["foo"] }, { protocol: "UDP" })),
  good(from({ ports: [] }, { protocol: 7 })),
  good(from({ notPorts: [1] }, { protocol: 17 })),
  good(from({ notPorts: [] }, { protocol: 100 })),
  good(to({ ports: [1] }, { protocol: "TCP" })),
  good(to({ ports: [] }, { protocol: "SCTP" })),
  good(to({ ports: [1] }, { protocol: "SCTP" })),
  good(to({ notPorts: [] }, { protocol: "ICMPv6", ipVersion: 6 })),
  bad(to({ ports: [1] })),
  bad(to({ notPorts: [0] }, { protocol: "TCP" })),
  bad(to({ notPorts: ["0:456"] }, { protocol: "TCP" })),
  bad(to({ notPorts: ["foo"] }, { protocol: "unknown" })),
  bad(from({ ports: [1] }, { protocol: 7 })),
  bad(from({ notPorts: [1] }, { protocol: 100 })),
  bad(to({ notPorts: [1] }, { protocol: "icmp", ipVersion: 4 })),
  bad(from({ ports: ["200:100"] }, { protocol: "TCP" })),
  bad(from({ notPorts: ["200:100"] }, { protocol: "TCP" })),
  bad(to({ ports: ["200:100"] }, { protocol: "TCP" })),
  bad(to({ notPorts: ["200:100"] }, { protocol: "TCP" })),
  bad(to({ notPorts: ["0:100"] }, { protocol: "TCP" })),
];

const icmp: readonly RuleVector[] = [
  ...[{}, { type: 0 }, { type: 254 }, { type: 128, code: 0 }, { type: 128, code: 255 }].map((fields) =>
    good(allow({ protocol: "ICMP", icmp: fields })),
  ),
  ...[{ code: 0 }, { type: 255 }, { type: 128, code: 256 }].map((fields) =>
    bad(allow({ protocol: "ICMP", icmp: fields })),
  ),
  bad(allow({ ipVersion: 4, icmp: { type: 0 } })),
  good(allow({ protocol: "ICMPv6", icmp: { type: 0 } })),
  bad(allow({ protocol: "ICMP", ipVersion: 6 })),
  bad(allow({ protocol: "ICMPv6", ipVersion: 4 })),
  good(allow({ protocol: "ICMP", ipVersion: 4, icmp: { type: 0 } })),
  good(allow({ protocol: "ICMPv6", ipVersion: 6, icmp: { type: 0 } })),
];

const four = "1.2.3.0/26";
const six = "aabb:aabb::/122";

const nets: readonly RuleVector[] = [
  good(from({ nets: [four] })),
  good(from({ nets: [six] })),
  bad(allow({ source: { nets: [four] }, destination: { nets: [six] } })),
  bad(allow({ source: { nets: [six] }, destination: { nets: [four] } })),
  bad(allow({ ipVersion: 6, source: { nets: ["1.0.0.0/10"] }, destination: { nets: ["1.2.0.0/32"] } })),
  bad(allow({ ipVersion: 6, source: { nets: ["1.0.0.0/10"] }, destination: { notNets: ["1.2.0.0/32"] } })),
  bad(from({ nets: ["1.2.3.4/32"] }, { ipVersion: 6 })),
  bad(to({ nets: ["aabb:aabb::ffff/128"] }, { ipVersion: 4 })),
  bad(from({ nets: ["999.999.999.999/32"] })),
];

const http: readonly RuleVector[] = [
  good(allow({ http: { methods: ["GET"] } })),
  good(allow({ protocol: "TCP", http: { methods: ["GET"] } })),
  bad({ action: "Deny", http: { methods: ["GET"] } }),
  bad(allow({ protocol: "UDP", http: { methods: ["GET"] } })),
  good(allow({ http: { paths: [{ exact: "/foo" }, { prefix: "/bar" }] } })),
  bad(allow({ http: { paths: [{ exact: "/foo", prefix: "/bar" }, { prefix: "/bar" }] } })),
  ...["/fo?o", "/fo o", "/f#oo", "/fo#!?o"].map((exact) => bad(allow({ http: { paths: [{ exact }] } }))),
  bad(allow({ http: { paths: [{}] } })),
  bad(allow({ http: { methods: ["GET", "GET", "Foo"] } })),
  bad(allow({ http: { methods: ["GET"] } }), { egress: true }),
];

const selectors: readonly RuleVector[] = [
  good(from({ selector: 'foo == "bar"' })),
  good(from({ selector: "has(calico/k8s_ns)" })),
  good(from({ selector: "has(calico/k8s_ns/role)" })),
  good(from({ selector: "has(calico/k8s_NS-.1/role)" })),
  bad(from({ selector: "thing=hello &" })),
  bad(from({ selector: "  global()  " })),
  good(from({ namespaceSelector: "  global()  " })),
  bad(from({ namespaceSelector: " global() && all()" })),
  bad(from({ namespaceSelector: "global()||all()" })),
  bad(from({ selector: "global() && bad" })),
  good(
    allow({
      source: { namespaceSelector: "global()" },
      destination: { namespaceSelector: "projectcalico.org/name == 'test'" },
    }),
  ),
];

const service = { services: { name: "service1", namespace: "default" } };

const services: readonly RuleVector[] = [
  good(to(service), { egress: true, namespaced: true }),
  bad(from(service), { egress: true, namespaced: true }),
  good(from(service), { namespaced: true }),
  bad(to(service), { namespaced: true }),
  bad(to({ ...service, ports: [80] }, { protocol: "TCP" }), { egress: true, namespaced: true }),
  bad(to({ ...service, notPorts: [80] }, { protocol: "TCP" }), { egress: true, namespaced: true }),
  good(from({ ...service, ports: [80] }, { protocol: "TCP" }), { namespaced: true }),
  good(from({ ...service, notPorts: [80] }, { protocol: "TCP" }), { namespaced: true }),
  bad(from({ ...service, serviceAccounts: { names: ["serviceaccount"] } }), { namespaced: true }),
  bad(from({ ...service, nets: ["10.0.0.0/8"] }), { namespaced: true }),
  bad(from({ ...service, notNets: ["10.0.0.0/8"] }), { namespaced: true }),
  bad(from({ ...service, selector: "x == 'y'" }), { namespaced: true }),
  bad(from({ ...service, notSelector: "x == 'y'" }), { namespaced: true }),
  bad(from({ ...service, namespaceSelector: "x == 'y'" }), { namespaced: true }),
  good(to({ services: { name: "service1" } }), { egress: true, namespaced: true }),
  bad(to({ services: { name: "service1" } }), { egress: true }),
  bad(to({ services: { namespace: "default" } }), { egress: true }),
];

const annotations: readonly RuleVector[] = [
  good(allow({ metadata: { annotations: { foo: "bar" } } })),
  bad(allow({ metadata: { annotations: { "...": "bar" } } })),
];

export const ruleVectors: readonly RuleVector[] = [
  ...actions,
  ...protocols,
  ...ports,
  ...icmp,
  ...nets,
  ...http,
  ...selectors,
  ...services,
  ...annotations,
];

export interface ObjectVector {
  readonly kind: string;
  readonly name?: string;
  readonly labels?: object;
  readonly spec: object;
  readonly isGood: boolean;
}

const global = (spec: object, isGood: boolean, name = "thing"): ObjectVector => ({
  kind: "GlobalNetworkPolicy",
  name,
  spec,
  isGood,
});
const inside = (spec: object, isGood: boolean, name = "thing"): ObjectVector => ({
  kind: "NetworkPolicy",
  name,
  spec,
  isGood,
});
const rules = [allow()];

const policies: readonly ObjectVector[] = [
  ...["t~!s.h.i.ng", "tHiNg", "knp.default.thing", "t.h.i.ng"].map((name) => global({}, false, name)),
  global({}, true),
  ...["t.h.i.ng", "tHiNg", "x".repeat(254)].map((name) => inside({}, false, name)),
  ...["thing", "x".repeat(253), "knp.default.thing"].map((name) => inside({}, true, name)),
  global({ preDNAT: true, doNotTrack: true, applyOnForward: true }, false),
  global({ preDNAT: true, applyOnForward: true }, true),
  global({ preDNAT: false, doNotTrack: true, applyOnForward: true }, true),
  global({ preDNAT: true, applyOnForward: true, egress: rules }, false),
  global({ preDNAT: true, applyOnForward: true, ingress: rules }, true),
  global({ doNotTrack: false, applyOnForward: true }, true),
  global({ preDNAT: false, doNotTrack: false, applyOnForward: false }, true),
  global({ preDNAT: true, applyOnForward: false }, false),
  global({ doNotTrack: true, applyOnForward: false }, false),
  global({ preDNAT: true, applyOnForward: true, types: ["Ingress"] }, true),
  global({ preDNAT: true, applyOnForward: true, types: ["Egress"] }, false),
  global({ preDNAT: true, applyOnForward: true, types: ["Ingress", "Egress"] }, false),
  global({ namespaceSelector: "global()" }, false),
  ...[global, inside].flatMap((make) => [
    make({ types: [] }, true),
    make({ types: ["Ingress"] }, true),
    make({ types: ["Egress"] }, true),
    make({ types: ["Ingress", "Egress"] }, true),
    make({ types: ["Egress", "Egress"] }, false),
    make({ types: ["unexpected"] }, false),
    make({ ingress: rules, types: ["Egress"] }, true),
    make({ egress: rules, types: ["Ingress"] }, true),
    make({ ingress: rules, types: ["Ingress", "Egress"] }, true),
    make({ egress: rules, types: ["Egress"] }, true),
    make({ selector: "global()" }, false),
    make({ serviceAccountSelector: "global()" }, false),
  ]),
];

const set = (kind: string, nets: readonly string[], isGood: boolean, more: object = {}): ObjectVector => ({
  kind,
  spec: { nets },
  isGood,
  ...more,
});

const sets: readonly ObjectVector[] = ["NetworkSet", "GlobalNetworkSet"].flatMap((kind) => [
  set(kind, ["10.0.0.1", "11.0.0.0/8", "dead:beef::", "dead:beef::/96"], true),
  set(kind, ["garbage"], false),
  set(kind, ["10.0.0.1"], true, { labels: { a: "b" } }),
  set(kind, ["10.0.0.1"], false, { labels: { "projectcalico.org/namespace": "foo" } }),
  set(kind, ["10.0.0.1"], false, { name: "test$set" }),
]);

const host = (spec: object, isGood: boolean): ObjectVector => ({ kind: "HostEndpoint", spec, isGood });
const port = { name: "a-valid-port", protocol: "TCP", port: 1234 };
const node = "node01";

const hosts: readonly ObjectVector[] = [
  host({ interfaceName: "eth0", node, ports: [port] }, true),
  host({ interfaceName: "eth0", node, ports: [{ protocol: "TCP", port: 1234 }] }, false),
  host({ interfaceName: "eth0", node, ports: [{ ...port, name: "" }] }, false),
  host({ interfaceName: "eth0", node, ports: [{ name: "a-valid-port", port: 1234 }] }, false),
  host({ interfaceName: "eth0", node, ports: [{ ...port, protocol: 123 }] }, false),
  host({ interfaceName: "eth0", node, ports: [{ name: "a-valid-port", protocol: "TCP" }] }, false),
  host({ interfaceName: "eth0", ports: [port] }, false),
  host({ interfaceName: "eth0", node, ports: [port, { ...port, protocol: "UDP", port: 5456 }] }, true),
  host({ interfaceName: "*", node }, true),
  host({ interfaceName: "eth0", node }, true),
  host({ expectedIPs: ["1.2.3.4", "aabb:aabb::ffff"], node }, true),
  host({ interfaceName: "eth0", expectedIPs: ["1.2.3.4", "aabb:aabb::ffff"], node }, true),
  host({}, false),
  host({ interfaceName: "", expectedIPs: [], node }, false),
  host({ interfaceName: "eth0", profiles: ["knp.default.fun", "knp.default.funner.11234-a"], node }, true),
  host({ interfaceName: "eth0", profiles: ["fun-funner1234"], node }, true),
  host({ interfaceName: "eth0", profiles: [".fun"], node }, false),
  host({ interfaceName: "Valid_Iface.0-9", node }, true),
  ...["interfaceTooLong", "Invalid&Intface", "Invalid#Intface", "Invalid:Intface"].map((name) =>
    host({ interfaceName: name, node }, false),
  ),
];

const labels = (key: string, value: string, isGood: boolean): ObjectVector => ({
  kind: "Profile",
  spec: { labelsToApply: { [key]: value } },
  isGood,
});

const profiles: readonly ObjectVector[] = [
  labels("project.calico.org/my-valid-label", "x".repeat(63), true),
  labels("project.calico.org/my-valid-label", "x".repeat(64), false),
  labels(".mylabel", "value", false),
  labels("my!nvalid-label", "value", false),
  labels("my-invalid-label$", "value", false),
  labels("ProjectCalico.org/label", "value", false),
  labels("projectcalico.org/Label", "value", true),
];

const tiers: readonly ObjectVector[] = [
  { kind: "Tier", name: "security", spec: { order: 100 }, isGood: true },
  { kind: "Tier", name: "security", spec: {}, isGood: true },
  { kind: "Tier", name: "default", spec: { order: 1_000_000 }, isGood: true },
  { kind: "Tier", name: "default", spec: { order: 10 }, isGood: false },
  { kind: "Tier", name: "default", spec: {}, isGood: false },
  { kind: "Tier", name: "default", spec: { order: 1_000_000, defaultAction: "Pass" }, isGood: false },
  { kind: "Tier", name: "kube-admin", spec: { order: 1000, defaultAction: "Pass" }, isGood: true },
  { kind: "Tier", name: "kube-admin", spec: { order: 1000, defaultAction: "Deny" }, isGood: false },
  { kind: "Tier", name: "with.dot", spec: { order: 1 }, isGood: false },
  { kind: "Tier", name: "x".repeat(64), spec: { order: 1 }, isGood: false },
];

const deletion = { stagedAction: "Delete" };

const staged: readonly ObjectVector[] = [
  { kind: "StagedNetworkPolicy", spec: deletion, isGood: true },
  { kind: "StagedNetworkPolicy", spec: { ...deletion, tier: "default" }, isGood: true },
  { kind: "StagedNetworkPolicy", spec: { ...deletion, selector: "all()" }, isGood: false },
  { kind: "StagedGlobalNetworkPolicy", spec: { ...deletion, order: 1 }, isGood: false },
  { kind: "StagedKubernetesNetworkPolicy", spec: deletion, isGood: true },
  { kind: "StagedGlobalNetworkPolicy", spec: { stagedAction: "Set", selector: "all()" }, isGood: true },
  { kind: "StagedGlobalNetworkPolicy", spec: { stagedAction: "set" }, isGood: false },
];

export const objectVectors: readonly ObjectVector[] = [
  ...policies,
  ...sets,
  ...hosts,
  ...profiles,
  ...tiers,
  ...staged,
];
