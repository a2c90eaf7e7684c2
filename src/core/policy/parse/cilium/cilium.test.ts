import assert from "node:assert/strict";
import { test } from "node:test";
import type { Policy, Rule } from "../../model.ts";
import { manifestOf, parseAll, told } from "../test-parse.ts";

function parse(spec: object, kind = "CiliumNetworkPolicy") {
  const namespace = kind === "CiliumNetworkPolicy" ? { namespace: "ns" } : {};
  return parseAll(
    manifestOf({ apiVersion: "cilium.io/v2", kind, ...namespace, spec: { endpointSelector: {}, ...spec } }),
  );
}

function partOf(policies: readonly Policy[], part: string): Policy {
  const found = policies.find(({ id }) => id.endsWith(`/${part}`));
  assert.ok(found !== undefined, part);
  return found;
}

function rulesOf(spec: object, direction: "ingress" | "egress", sign: "allow" | "deny" = "allow"): readonly Rule[] {
  return partOf(parse(spec).set.policies, `${direction}-${sign}`)[direction];
}

function sources(spec: object): readonly unknown[] {
  return rulesOf({ ingress: [spec] }, "ingress").map(
    ({ source: { selector, kinds, nets, notNets, outsideOnly, service } }) => {
      const texts = (list: typeof nets) => list?.map(({ text }) => text);
      return Object.fromEntries(
        Object.entries({
          selector: selector?.text,
          kinds,
          nets: texts(nets),
          notNets: texts(notNets),
          outsideOnly,
          service,
        }).filter(([, value]) => value !== undefined),
      );
    },
  );
}

const own = 'projectcalico.org/namespace == "ns"';
const workload = ["workload"];

test("denies come before allows in tier cilium, a policy for each direction and sign", () => {
  const all = [{ fromEntities: ["all"] }];
  const { set } = parse({
    ingress: all,
    ingressDeny: all,
    egress: [{ toEntities: ["all"] }],
    enableDefaultDeny: { egress: false },
  });
  assert.deepEqual(
    set.policies.map(({ id, tier, order, directions, endsTier }) => [id, tier, order, directions[0], endsTier]),
    [
      ["cilium/CiliumNetworkPolicy/ns/x/egress-allow", "cilium", 1, "egress", false],
      ["cilium/CiliumNetworkPolicy/ns/x/ingress-allow", "cilium", 1, "ingress", true],
      ["cilium/CiliumNetworkPolicy/ns/x/ingress-deny", "cilium", 0, "ingress", true],
    ],
  );
  assert.deepEqual(
    set.tiers.map(({ name }) => name),
    ["kube-admin", "cilium", "default", "kube-baseline"],
  );
});

test("an empty rule only turns the default deny on; an empty list does not even that", () => {
  assert.deepEqual(rulesOf({ ingress: [{}] }, "ingress"), []);
  assert.deepEqual(parse({ ingress: [] }).set.policies, []);
});

test("peers", () => {
  const table: readonly (readonly [object, readonly unknown[]])[] = [
    [{ fromEndpoints: [{}] }, [{ selector: own, kinds: workload }]],
    [{ fromEndpoints: [] }, []],
    [
      { fromEndpoints: [{ matchLabels: { "k8s:app": "web" } }] },
      [{ selector: `(app == "web" && ${own})`, kinds: workload }],
    ],
    [
      { fromEndpoints: [{ matchLabels: { "k8s:io.kubernetes.pod.namespace": "other", "any:app": "web" } }] },
      [{ selector: '(app == "web" && projectcalico.org/namespace == "other")', kinds: workload }],
    ],
    [
      { fromEndpoints: [{ matchLabels: { "io.cilium.k8s.namespace.labels.team": "x" } }] },
      [{ selector: 'pcns.team == "x"', kinds: workload }],
    ],
    [
      { fromEndpoints: [{ matchExpressions: [{ key: "k8s:io.kubernetes.pod.namespace", operator: "Exists" }] }] },
      [{ selector: "has(projectcalico.org/namespace)", kinds: workload }],
    ],
    [{ fromEntities: ["world"] }, [{ outsideOnly: true }]],
    [
      { fromEntities: ["cluster"] },
      [{ selector: "all()", kinds: ["workload", "hostNetwork", "hostEndpoint", "node"] }],
    ],
    [{ fromEntities: ["all"] }, [{}]],
    [{ fromEntities: ["none"] }, [{ nets: [] }]],
    [
      { fromEntities: ["host", "remote-node"] },
      [
        { selector: "all()", kinds: ["node"] },
        { selector: "all()", kinds: ["node"] },
      ],
    ],
    [{ fromEntities: ["kube-apiserver"] }, [{ service: { namespace: "default", name: "kubernetes" } }]],
    [{ fromCIDR: ["10.0.0.0/8", "1.2.3.4"] }, [{ nets: ["10.0.0.0/8", "1.2.3.4"], outsideOnly: true }]],
    [
      { fromCIDRSet: [{ cidr: "10.0.0.0/8", except: ["10.1.0.0/16"] }] },
      [{ nets: ["10.0.0.0/8"], notNets: ["10.1.0.0/16"], outsideOnly: true }],
    ],
    [{ fromNodes: [{ matchLabels: { r: "x" } }] }, [{ selector: 'r == "x"', kinds: ["node"] }]],
  ];
  for (const [rule, expected] of table) assert.deepEqual(sources(rule), expected, JSON.stringify(rule));
});

test("ports, ICMP, HTTP and names", () => {
  const ports = [
    {
      ports: [
        { port: "80", protocol: "TCP" },
        { port: "http", protocol: "UDP" },
        { port: "90", endPort: 99, protocol: "SCTP" },
      ],
    },
  ];
  assert.deepEqual(
    rulesOf({ ingress: [{ toPorts: ports }] }, "ingress").map(({ protocol, destination }) => [
      protocol,
      destination.ports,
    ]),
    [
      [6, [{ from: 80, to: 80 }]],
      [17, [{ name: "http" }]],
      [132, [{ from: 90, to: 99 }]],
    ],
  );
  const any = rulesOf({ ingress: [{ toPorts: [{ ports: [{ port: "53" }] }] }] }, "ingress");
  assert.deepEqual(
    any.map(({ protocol }) => protocol),
    [6, 17, 132],
  );
  const icmps = [{ fields: [{ type: 8 }, { type: "EchoRequest", family: "IPv6" }] }];
  assert.deepEqual(
    rulesOf({ ingress: [{ icmps }] }, "ingress").map(({ protocol, icmp }) => [protocol, icmp?.type]),
    [
      [1, 8],
      [58, 128],
    ],
  );
  const http = [{ method: "GET", path: "/a" }, { path: "/b.*" }];
  assert.deepEqual(
    rulesOf({ ingress: [{ toPorts: [{ ports: [{ port: "80", protocol: "TCP" }], rules: { http } }] }] }, "ingress").map(
      (rule) => rule.http,
    ),
    [{ methods: ["GET"], paths: [{ match: "exact", value: "/a" }] }, { paths: [{ match: "prefix", value: "/b" }] }],
  );
  const names = [{ matchName: "A.example.com" }, { matchPattern: "**.example.org" }];
  assert.deepEqual(rulesOf({ egress: [{ toFQDNs: names }] }, "egress")[0]?.destination.domains, [
    "a.example.com",
    "*.example.org",
  ]);
  const dns = {
    toEndpoints: [{}],
    toPorts: [{ ports: [{ port: "53", protocol: "UDP" }], rules: { dns: [{ matchPattern: "*" }] } }],
  };
  assert.equal(rulesOf({ egress: [dns] }, "egress").length, 1);
});

test("what cannot be represented is an error, and closed", () => {
  const ports = (rest: object) => ({ toPorts: [{ ports: [{ port: "80", protocol: "TCP" }], ...rest }] });
  const table: readonly (readonly ["ingress" | "egress", object])[] = [
    ["ingress", { fromEntities: ["host"] }],
    ["ingress", { fromEntities: ["ingress"] }],
    ["ingress", { fromGroups: [{}] }],
    ["ingress", { fromEndpoints: [{ matchLabels: { "reserved:health": "" } }] }],
    ["ingress", { fromEndpoints: [{ matchLabels: { "io.cilium.k8s.policy.cluster": "other" } }] }],
    ["ingress", { fromEndpoints: [{}], fromCIDR: ["10.0.0.0/8"] }],
    ["ingress", { fromCIDRSet: [{ cidrGroupRef: "x" }] }],
    ["ingress", { fromEndpoints: [{}], authentication: { mode: "required" } }],
    ["ingress", { fromEndpoints: [{}], fromPlanets: [] }],
    ["ingress", ports({ rules: { http: [{ path: "/[a-z]+" }] } })],
    ["ingress", ports({ rules: { http: [{ headers: ["X-Token: x"] }] } })],
    ["ingress", ports({ rules: { kafka: [] } })],
    ["ingress", ports({ serverNames: ["a"] })],
    ["egress", ports({ rules: { http: [{ method: "GET" }] } })],
    ["egress", ports({ rules: { dns: [{ matchName: "a.b" }] } })],
    ["egress", { toFQDNs: [{ matchPattern: "*.example.com" }] }],
    ["egress", { toServices: [{ k8sServiceSelector: { selector: {} } }] }],
  ];
  for (const [direction, rule] of table) {
    const label = JSON.stringify(rule);
    const allowed = parse({ [direction]: [rule] });
    assert.match(told(allowed).join(), /error policy\/(not-representable|unknown-field)/, label);
    assert.equal(allowed.objects[0]?.state, "taken", label);
    const far = direction === "ingress" ? "source" : "destination";
    const allows = partOf(allowed.set.policies, `${direction}-allow`)[direction];
    assert.deepEqual(
      allows.map((each) => [each.action, each[far]]),
      [["Allow", { nets: [] }]],
      label,
    );
    const denies = rulesOf({ [`${direction}Deny`]: [rule] }, direction, "deny");
    assert.deepEqual(
      denies.map((each) => [each.action, each.source, each.destination]),
      [["Deny", {}, {}]],
      label,
    );
  }
});

test("fromRequires narrows all other rules: everything is denied before them", () => {
  const { set } = parse({ ingress: [{ fromEndpoints: [{}] }, { fromRequires: [{ matchLabels: { env: "prod" } }] }] });
  assert.deepEqual(
    partOf(set.policies, "ingress-deny").ingress.map(({ action, source }) => [action, source]),
    [["Deny", {}]],
  );
});

test("policies of nodes are refused; several specs are several policies; cluster-wide ones are not confined", () => {
  const nodes = parseAll(
    manifestOf({
      apiVersion: "cilium.io/v2",
      kind: "CiliumClusterwideNetworkPolicy",
      spec: { nodeSelector: {}, ingress: [{}] },
    }),
  );
  assert.equal(nodes.objects[0]?.state, "refused");
  const specs = [
    { endpointSelector: {}, ingress: [{}] },
    { endpointSelector: { matchLabels: { a: "b" } }, ingress: [{}] },
  ];
  const several = parseAll({
    apiVersion: "cilium.io/v2",
    kind: "CiliumClusterwideNetworkPolicy",
    metadata: { name: "x" },
    specs,
  });
  assert.deepEqual(
    several.set.policies.map(({ id, selector }) => [id, selector.text]),
    [
      ["cilium/CiliumClusterwideNetworkPolicy/-/x.1/ingress-allow", 'a == "b"'],
      ["cilium/CiliumClusterwideNetworkPolicy/-/x/ingress-allow", "all()"],
    ],
  );
});

test("beside NetworkPolicies a warning tells that there is no union", () => {
  const cilium = manifestOf({
    apiVersion: "cilium.io/v2",
    kind: "CiliumNetworkPolicy",
    namespace: "ns",
    spec: { endpointSelector: {}, ingress: [{}] },
  });
  const kubernetes = manifestOf({
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    namespace: "ns",
    spec: { podSelector: {} },
  });
  assert.deepEqual(told(parseAll(cilium)), []);
  assert.deepEqual(told(parseAll(kubernetes, cilium)), ["warning policy/no-union "]);
});
