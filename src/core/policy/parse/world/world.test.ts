import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAll, told } from "../test-parse.ts";

const v1 = (kind: string, metadata: object, rest: object = {}) => ({ apiVersion: "v1", kind, metadata, ...rest });

test("a pod as the cluster gives it", () => {
  const labels = { app: "web", "pod-template-hash": "7d9f" };
  const owner = { apiVersion: "apps/v1", kind: "ReplicaSet", name: "web-7d9f", uid: "1", controller: true };
  const pod = v1(
    "Pod",
    { name: "web-7d9f-abcde", namespace: "shop", labels, ownerReferences: [owner], managedFields: [] },
    {
      spec: {
        nodeName: "n1",
        serviceAccountName: "web",
        containers: [{ name: "c", ports: [{ name: "http", containerPort: 8080 }, { containerPort: 9 }] }],
        initContainers: [
          { name: "once", ports: [{ name: "once", containerPort: 1 }] },
          { name: "side", restartPolicy: "Always", ports: [{ name: "dns", containerPort: 53, protocol: "UDP" }] },
        ],
      },
      status: { phase: "Running", podIP: "10.0.0.1", podIPs: [{ ip: "10.0.0.1" }, { ip: "fd00::1" }] },
    },
  );
  const { world, problems, isGiven } = parseAll(pod);
  assert.equal(isGiven, true);
  assert.deepEqual(problems, []);
  assert.deepEqual(world.endpoints, [
    {
      id: "pod/shop/web-7d9f-abcde",
      kind: "workload",
      namespace: "shop",
      name: "web-7d9f-abcde",
      labels,
      serviceAccount: "web",
      addresses: ["10.0.0.1", "fd00::1"],
      ports: [
        { name: "http", protocol: 6, port: 8080 },
        { name: "dns", protocol: 17, port: 53 },
      ],
      node: "n1",
      workload: "Deployment/web",
      interfaceName: "",
    },
  ]);
  assert.deepEqual(world.namespaces, [{ name: "shop", labels: { "kubernetes.io/metadata.name": "shop" } }]);
});

test("host network, pods that ended, namespaces, accounts, nodes", () => {
  const { world } = parseAll(
    v1("Pod", { name: "a", namespace: "x" }, { spec: { hostNetwork: true }, status: { podIP: "192.168.0.1" } }),
    v1("Pod", { name: "b", namespace: "x" }, { status: { phase: "Succeeded", podIP: "10.0.0.2" } }),
    v1("Namespace", { name: "x", labels: { team: "t" } }),
    v1("ServiceAccount", { name: "sa", namespace: "x", labels: { r: "y" } }, { secrets: [] }),
    v1(
      "Node",
      { name: "n1", labels: { zone: "a" } },
      {
        status: {
          addresses: [
            { type: "InternalIP", address: "192.168.0.1" },
            { type: "Hostname", address: "n1" },
          ],
        },
      },
    ),
  );
  assert.deepEqual(
    world.endpoints.map(({ id, kind, addresses, serviceAccount }) => [id, kind, addresses, serviceAccount]),
    [
      ["node/n1", "node", ["192.168.0.1"], ""],
      ["pod/x/a", "hostNetwork", ["192.168.0.1"], "default"],
    ],
  );
  assert.deepEqual(world.namespaces, [{ name: "x", labels: { team: "t", "kubernetes.io/metadata.name": "x" } }]);
  assert.deepEqual(world.serviceAccounts, [{ namespace: "x", name: "sa", labels: { r: "y" } }]);
});

const service = v1(
  "Service",
  { name: "web", namespace: "x" },
  {
    spec: {
      clusterIP: "10.96.0.1",
      clusterIPs: ["10.96.0.1"],
      selector: { app: "web" },
      ports: [{ port: 80, targetPort: "http" }],
    },
  },
);
const pod = v1(
  "Pod",
  { name: "w", namespace: "x", labels: { app: "web" } },
  {
    spec: { containers: [{ ports: [{ name: "http", containerPort: 8080 }] }] },
    status: { podIP: "10.0.0.1" },
  },
);

test("backends of services: as written, else the pods that are selected", () => {
  const slice = {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: "web-1", namespace: "x", labels: { "kubernetes.io/service-name": "web" } },
    addressType: "IPv4",
    ports: [{ port: 8081, protocol: "TCP" }],
    endpoints: [
      { addresses: ["10.0.0.9"], conditions: { ready: true } },
      { addresses: ["10.0.0.8"], conditions: { ready: false } },
    ],
  };
  const selected = parseAll(service, pod).world.services;
  assert.deepEqual(selected, [
    {
      namespace: "x",
      name: "web",
      addresses: ["10.96.0.1"],
      backends: [{ address: "10.0.0.1", protocol: 6, port: 8080 }],
    },
  ]);
  const written = parseAll(slice, pod, service).world.services;
  assert.deepEqual(written[0]?.backends, [{ address: "10.0.0.9", protocol: 6, port: 8081 }]);
  const headless = v1("Service", { name: "h", namespace: "x" }, { spec: { clusterIP: "None", ports: [] } });
  assert.deepEqual(parseAll(headless).world.services[0]?.addresses, []);
});

test("templates stand for pods only while there are none", () => {
  const deployment = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace: "x" },
    spec: { template: { metadata: { labels: { app: "web" } }, spec: { containers: [] } } },
  };
  const [alone] = parseAll(deployment).world.endpoints;
  assert.deepEqual(
    [alone?.id, alone?.labels, alone?.addresses, alone?.workload],
    ["deployment/x/web", { app: "web" }, [], "Deployment/web"],
  );
  const owner = { kind: "Deployment", name: "web", controller: true };
  const owned = v1("Pod", { name: "w", namespace: "x", ownerReferences: [owner] }, { status: { podIP: "10.0.0.1" } });
  assert.deepEqual(
    parseAll(deployment, owned).world.endpoints.map(({ id }) => id),
    ["pod/x/w"],
  );
  assert.deepEqual(parseAll({ ...deployment, spec: { ...deployment.spec, replicas: 0 } }).world.endpoints, []);
});

test("lists are opened, in lists too; a broken item stops no other", () => {
  const list = {
    apiVersion: "v1",
    kind: "List",
    items: [{ apiVersion: "v1", kind: "PodList", items: [pod] }, v1("Pod", { name: "Not Good" }), 7],
  };
  const parsed = parseAll(list, service);
  assert.deepEqual(
    parsed.objects.map(({ state }) => state),
    ["taken", "refused", "refused", "taken"],
  );
  assert.deepEqual(told(parsed), ["error policy/bad-type ", "error policy/bad-value metadata.name"]);
  const deep = Array.from({ length: 10 }).reduce<object>((inner) => ({ kind: "List", items: [inner] }), pod);
  assert.deepEqual(told(parseAll(deep)), ["error policy/depth-limit "]);
});

test("labels of a namespace that is not given are asked for only with a warning", () => {
  const policy = (selector: object) => ({
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: "p", namespace: "x" },
    spec: { podSelector: {}, ingress: [{ from: [{ namespaceSelector: selector }] }] },
  });
  const labelled = policy({ matchLabels: { team: "t" } });
  assert.deepEqual(told(parseAll(pod, labelled)), ["warning policy/namespace-not-given "]);
  assert.deepEqual(told(parseAll(pod, policy({ matchLabels: { "kubernetes.io/metadata.name": "x" } }))), []);
  assert.deepEqual(told(parseAll(pod, labelled, v1("Namespace", { name: "x" }))), []);
});

test("ranges of pods that nodes tell are the cluster's, in both fields, each once; what is no prefix is none", () => {
  const node = (name: string, spec: object) => v1("Node", { name }, { spec });
  const { world } = parseAll(
    node("n1", { podCIDR: "10.9.1.0/24", podCIDRs: ["10.9.1.0/24", "fd00:1::/64"] }),
    node("n2", { podCIDR: "10.9.0.0/24" }),
    node("n3", { podCIDR: "10.9.0.0/24", podCIDRs: ["nonsense", "10.9.3.7"] }),
    node("n4", {}),
  );
  assert.deepEqual(world.ranges, ["10.9.0.0/24", "10.9.1.0/24", "fd00:1::/64"]);
});
