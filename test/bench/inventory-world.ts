// A large cluster as an API server would list it: pods of about 6 KB JSON, their owners, services and slices, from a seed.

export interface InventoryWorldSize {
  readonly pods: number;
  readonly services: number;
}

type Json = Record<string, unknown>;

/** Numbers from 0 to 1, always the same ones (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Objects by plural name, as `items` of a list. One Deployment with its ReplicaSet and one Service each; pods spread evenly over them. */
export function inventoryWorld({ pods, services }: InventoryWorldSize, seed = 1): ReadonlyMap<string, readonly Json[]> {
  const random = seeded(seed);
  const hex = (length: number) => Array.from({ length }, () => Math.floor(random() * 16).toString(16)).join("");
  const uid = () => `${hex(8)}-${hex(4)}-${hex(4)}-${hex(4)}-${hex(12)}`;
  const world = new Map<string, Json[]>();
  const add = (plural: string, item: Json) => void (world.get(plural) ?? world.set(plural, []).get(plural))?.push(item);
  const nodes = Math.max(3, Math.ceil(pods / 100));
  for (let index = 0; index < 40; index += 1)
    add("namespaces", { metadata: meta(`team-${index}`, uid()), status: { phase: "Active" } });
  for (let index = 0; index < nodes; index += 1) add("nodes", nodeObject(index, uid()));
  let made = 0;
  for (let index = 0; index < services; index += 1) {
    const [name, namespace] = [`service-${index}`, `team-${index % 40}`];
    const [deployment, replicaSet] = [uid(), uid()];
    const hash = hex(9);
    const labels = { app: name, "app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "shop", version: "v1" };
    const count = Math.floor(((index + 1) * pods) / services) - made;
    const spec = {
      replicas: count,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels }, spec: podSpec(name, "") },
    };
    const status = { readyReplicas: count, updatedReplicas: count, replicas: count };
    add("deployments", { metadata: { ...meta(name, deployment, namespace), labels }, spec, status });
    const owned = {
      ...meta(`${name}-${hash}`, replicaSet, namespace),
      labels,
      ownerReferences: [owner("Deployment", name, deployment)],
    };
    add("replicasets", { metadata: owned, spec, status });
    add("services", serviceObject({ name, namespace, uid: uid(), index }));
    const endpoints: Json[] = [];
    for (let pod = 0; pod < count; pod += 1, made += 1) {
      const address = `10.${Math.floor(made / 65_536)}.${Math.floor(made / 256) % 256}.${made % 256}`;
      const node = `node-${made % nodes}`;
      const podUid = uid();
      const podName = `${name}-${hash}-${hex(5)}`;
      const metadata = {
        ...meta(podName, podUid, namespace),
        labels: { ...labels, "pod-template-hash": hash },
        ownerReferences: [owner("ReplicaSet", `${name}-${hash}`, replicaSet)],
      };
      add("pods", { metadata, spec: podSpec(name, node), status: podStatus(name, address, hex(64)) });
      endpoints.push({
        addresses: [address],
        conditions: { ready: true },
        nodeName: node,
        targetRef: { kind: "Pod", name: podName, namespace, uid: podUid },
      });
    }
    const slice = { ...meta(`${name}-${hex(5)}`, uid(), namespace), labels: { "kubernetes.io/service-name": name } };
    add("endpointslices", {
      metadata: slice,
      addressType: "IPv4",
      ports: [{ name: "http", port: 8080, protocol: "TCP" }],
      endpoints,
    });
  }
  return world;
}

const createdAt = "2026-11-20T10:00:00Z";

function meta(name: string, uid: string, namespace?: string): Json {
  const fields = Object.fromEntries(
    ["metadata", "spec", "status"].map((part) => [
      `f:${part}`,
      {
        "f:labels": { ".": {}, "f:app": {} },
        "f:containers": { 'k:{"name":"web"}': { ".": {}, "f:image": {}, "f:ports": {}, "f:resources": {} } },
      },
    ]),
  );
  const managed = ["kube-controller-manager", "kubelet"].map((manager) => ({
    manager,
    operation: "Update",
    apiVersion: "v1",
    time: createdAt,
    fieldsType: "FieldsV1",
    fieldsV1: fields,
  }));
  return {
    name,
    uid,
    ...(namespace === undefined ? {} : { namespace }),
    resourceVersion: "1000",
    creationTimestamp: createdAt,
    managedFields: managed,
  };
}

function owner(kind: string, name: string, uid: string): Json {
  return { apiVersion: "apps/v1", kind, name, uid, controller: true, blockOwnerDeletion: true };
}

function nodeObject(index: number, uid: string): Json {
  const conditions = ["MemoryPressure", "DiskPressure", "PIDPressure", "Ready"].map((type) => ({
    type,
    status: type === "Ready" ? "True" : "False",
    reason: "KubeletReady",
    message: "kubelet is posting ready status",
    lastHeartbeatTime: createdAt,
    lastTransitionTime: createdAt,
  }));
  const addresses = [
    { type: "InternalIP", address: `172.16.${Math.floor(index / 256)}.${index % 256}` },
    { type: "Hostname", address: `node-${index}` },
  ];
  const status = {
    addresses,
    conditions,
    capacity: { cpu: "16", memory: "64Gi", pods: "110" },
    nodeInfo: { kubeletVersion: "v1.36.3", osImage: "Linux", architecture: "amd64" },
  };
  return { metadata: meta(`node-${index}`, uid), spec: { podCIDR: `10.${index}.0.0/24` }, status };
}

function podSpec(name: string, nodeName: string): Json {
  const env = Array.from({ length: 5 }, (_, index) => ({
    name: `SETTING_${index}`,
    value: `a value of ${name} that is not kept ${index}`,
  }));
  const secret = { name: "PASSWORD", valueFrom: { secretKeyRef: { name: `${name}-secret`, key: "password" } } };
  const probe = {
    httpGet: { path: "/healthz", port: 8080, scheme: "HTTP" },
    periodSeconds: 10,
    timeoutSeconds: 1,
    successThreshold: 1,
    failureThreshold: 3,
  };
  const container = (called: string): Json => ({
    name: called,
    image: `registry.example.com/shop/${called}:1.4.2`,
    args: ["--listen=:8080", "--log=json", `--name=${name}`],
    env: [...env, secret],
    ports: [{ name: "http", containerPort: 8080, protocol: "TCP" }],
    resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { memory: "256Mi" } },
    livenessProbe: probe,
    readinessProbe: probe,
    volumeMounts: [
      { name: "kube-api-access", mountPath: "/var/run/secrets/kubernetes.io/serviceaccount", readOnly: true },
    ],
    securityContext: {
      runAsNonRoot: true,
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
    },
  });
  const volumes = [
    {
      name: "kube-api-access",
      projected: { sources: [{ serviceAccountToken: { path: "token" } }, { configMap: { name: "kube-root-ca.crt" } }] },
    },
  ];
  return {
    nodeName,
    serviceAccountName: name,
    containers: [container("web"), container("proxy")],
    volumes,
    restartPolicy: "Always",
    dnsPolicy: "ClusterFirst",
  };
}

function podStatus(name: string, address: string, id: string): Json {
  const status = (called: string): Json => ({
    name: called,
    ready: true,
    restartCount: 0,
    image: `registry.example.com/shop/${called}:1.4.2`,
    imageID: `registry.example.com/shop/${called}@sha256:${"ab".repeat(32)}`,
    containerID: `containerd://${called === "web" ? id : `${id.slice(32)}${id.slice(0, 32)}`}`,
    state: { running: { startedAt: createdAt } },
    lastState: {},
    started: true,
  });
  const conditions = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"].map(
    (type) => ({ type, status: "True", lastProbeTime: null, lastTransitionTime: createdAt }),
  );
  return {
    phase: "Running",
    podIP: address,
    podIPs: [{ ip: address }],
    hostIP: "172.16.0.1",
    startTime: createdAt,
    qosClass: "Burstable",
    conditions,
    containerStatuses: [status("web"), status("proxy")],
    message: `pod of ${name}`,
  };
}

function serviceObject({
  name,
  namespace,
  uid,
  index,
}: {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly index: number;
}): Json {
  const address = `10.96.${Math.floor(index / 256)}.${index % 256}`;
  const ports = [{ name: "http", port: 80, targetPort: "http", protocol: "TCP" }];
  return {
    metadata: { ...meta(name, uid, namespace), labels: { app: name } },
    spec: { type: "ClusterIP", clusterIP: address, clusterIPs: [address], ports, selector: { app: name } },
  };
}
