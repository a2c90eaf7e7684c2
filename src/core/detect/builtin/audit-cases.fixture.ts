// Of each of our rules on Kubernetes audit: events that fire it, and events that come near and must not.

export interface AuditCase {
  readonly rule: string;
  readonly fires: readonly object[];
  readonly near: readonly object[];
}

interface Asked {
  readonly verb: string;
  /** "pods/exec", "secrets". */
  readonly on: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly user?: string;
  readonly code?: number;
  readonly stage?: string;
  readonly uri?: string;
  readonly body?: object;
  readonly decision?: string;
  readonly more?: object;
}

let ids = 0;

/** An audit.k8s.io event as the webhook sends it. */
export function asked({
  verb,
  on,
  name = "web",
  namespace = "shop",
  user = "jane",
  code = 200,
  ...rest
}: Asked): object {
  ids += 1;
  const [resource, subresource] = on.split("/");
  return {
    kind: "Event",
    apiVersion: "audit.k8s.io/v1",
    level: rest.body === undefined ? "Metadata" : "Request",
    auditID: `00000000-0000-0000-0000-${String(ids).padStart(12, "0")}`,
    stage: rest.stage ?? "ResponseComplete",
    requestURI: rest.uri ?? `/api/v1/namespaces/${namespace}/${on}`,
    verb,
    user: { username: user, groups: ["system:authenticated"] },
    sourceIPs: ["203.0.113.5"],
    userAgent: "kubectl/v1.36.3",
    objectRef: { resource, namespace, name, ...(subresource === undefined ? {} : { subresource }) },
    responseStatus: { code },
    ...(rest.body === undefined ? {} : { requestObject: rest.body }),
    requestReceivedTimestamp: "2026-11-26T10:00:00.000000Z",
    stageTimestamp: "2026-11-26T10:00:00.010000Z",
    annotations: { "authorization.k8s.io/decision": rest.decision ?? "allow", "authorization.k8s.io/reason": "" },
    ...rest.more,
  };
}

const controller = "system:serviceaccount:kube-system:replicaset-controller";
const session = { code: 101, stage: "ResponseStarted" };
const pod = (spec: object, container: object = {}) => ({
  kind: "Pod",
  spec: { containers: [{ name: "a", image: "registry.example/shop/web:1", ...container }], ...spec },
});
const makesPod = (body: object, more: Partial<Asked> = {}) =>
  asked({ verb: "create", on: "pods", code: 201, body, ...more });
const binding = (role: string, subject: string) => ({
  roleRef: { kind: "ClusterRole", name: role },
  subjects: [{ kind: "User", name: subject }],
});
const role = (resources: readonly string[], verbs: readonly string[]) => ({
  rules: [{ apiGroups: [""], resources, verbs }],
});

const sessions: readonly AuditCase[] = [
  {
    rule: "Command is run in a pod",
    fires: [
      asked({ verb: "create", on: "pods/exec", ...session }),
      asked({ verb: "get", on: "pods/exec", ...session }),
    ],
    near: [
      asked({ verb: "get", on: "pods/log" }),
      asked({ verb: "create", on: "pods/exec", code: 403 }),
      // Its end: the beginning was told.
      asked({ verb: "create", on: "pods/exec", code: 101 }),
    ],
  },
  {
    rule: "Pod is attached to",
    fires: [asked({ verb: "create", on: "pods/attach", ...session })],
    near: [
      asked({ verb: "create", on: "pods/attach", code: 403 }),
      asked({ verb: "create", on: "pods/exec", ...session }),
    ],
  },
  {
    rule: "Port of a pod is forwarded",
    fires: [asked({ verb: "create", on: "pods/portforward", ...session })],
    near: [asked({ verb: "create", on: "pods/portforward", code: 404 }), asked({ verb: "get", on: "pods" })],
  },
  {
    rule: "Container is put into a running pod",
    fires: [asked({ verb: "patch", on: "pods/ephemeralcontainers" })],
    near: [asked({ verb: "patch", on: "pods/status" }), asked({ verb: "get", on: "pods/ephemeralcontainers" })],
  },
  {
    rule: "Request passes through a node's or service's proxy",
    fires: [asked({ verb: "get", on: "nodes/proxy", name: "n1" })],
    near: [
      asked({ verb: "get", on: "nodes/proxy", user: "system:kube-controller-manager" }),
      asked({ verb: "get", on: "nodes/status" }),
    ],
  },
];

const access: readonly AuditCase[] = [
  {
    rule: "Anonymous request is allowed",
    fires: [asked({ verb: "list", on: "secrets", user: "system:anonymous" })],
    near: [
      asked({ verb: "list", on: "secrets", user: "system:anonymous", code: 403, decision: "forbid" }),
      asked({ verb: "get", on: "x", user: "system:anonymous", uri: "/livez?verbose" }),
      asked({ verb: "list", on: "secrets" }),
    ],
  },
  {
    rule: "User that is not on the list uses the API",
    fires: [asked({ verb: "get", on: "pods" })],
    near: [
      asked({ verb: "get", on: "pods", user: "kubernetes-admin" }),
      asked({ verb: "get", on: "pods", user: "system:serviceaccount:shop:web" }),
    ],
  },
  {
    rule: "Rights of cluster-admin are given away",
    fires: [asked({ verb: "create", on: "clusterrolebindings", code: 201, body: binding("cluster-admin", "eve") })],
    near: [
      asked({ verb: "create", on: "clusterrolebindings", code: 201, body: binding("view", "eve") }),
      asked({ verb: "create", on: "clusterrolebindings", code: 403, body: binding("cluster-admin", "eve") }),
      asked({
        verb: "create",
        on: "clusterrolebindings",
        code: 201,
        user: "system:apiserver",
        body: binding("cluster-admin", "system:masters"),
      }),
    ],
  },
  {
    rule: "Rights are given to everybody",
    fires: [asked({ verb: "create", on: "rolebindings", code: 201, body: binding("view", "system:anonymous") })],
    near: [asked({ verb: "create", on: "rolebindings", code: 201, body: binding("view", "system:monitoring") })],
  },
  {
    rule: "Role with every right is made",
    fires: [
      asked({ verb: "create", on: "clusterroles", code: 201, body: role(["*"], ["get"]) }),
      asked({ verb: "patch", on: "roles", body: role(["pods"], ["*"]) }),
    ],
    near: [
      asked({ verb: "create", on: "clusterroles", code: 201, body: role(["pods"], ["get", "list"]) }),
      asked({
        verb: "create",
        on: "clusterroles",
        code: 201,
        user: "system:serviceaccount:kube-system:clusterrole-aggregation-controller",
        body: role(["*"], ["*"]),
      }),
    ],
  },
  {
    rule: "Role that may run commands in pods is made",
    fires: [asked({ verb: "create", on: "roles", code: 201, body: role(["pods", "pods/exec"], ["create"]) })],
    near: [asked({ verb: "create", on: "roles", code: 201, body: role(["pods", "pods/log"], ["get"]) })],
  },
  {
    rule: "Service account is made in a namespace of the system",
    fires: [asked({ verb: "create", on: "serviceaccounts", namespace: "kube-system", code: 201 })],
    near: [
      asked({ verb: "create", on: "serviceaccounts", code: 201 }),
      asked({ verb: "create", on: "serviceaccounts/token", namespace: "kube-system", code: 201 }),
      asked({
        verb: "create",
        on: "serviceaccounts",
        namespace: "kube-system",
        code: 201,
        user: "system:kube-controller-manager",
      }),
    ],
  },
  {
    rule: "Token of a service account is asked for",
    fires: [asked({ verb: "create", on: "serviceaccounts/token", code: 201 })],
    near: [
      asked({ verb: "create", on: "serviceaccounts/token", code: 201, user: "system:node:n1" }),
      asked({ verb: "create", on: "serviceaccounts", code: 201 }),
    ],
  },
  {
    rule: "Certificate request is approved by hand",
    fires: [asked({ verb: "update", on: "certificatesigningrequests/approval" })],
    near: [
      asked({ verb: "create", on: "certificatesigningrequests", code: 201 }),
      asked({ verb: "update", on: "certificatesigningrequests/approval", user: "system:kube-controller-manager" }),
    ],
  },
  {
    rule: "Another identity is taken on",
    fires: [asked({ verb: "list", on: "pods", more: { impersonatedUser: { username: "admin" } } })],
    near: [asked({ verb: "list", on: "pods" })],
  },
];

const workloads: readonly AuditCase[] = [
  {
    rule: "Privileged pod is made",
    fires: [
      makesPod(pod({}, { securityContext: { privileged: true } })),
      asked({
        verb: "create",
        on: "daemonsets",
        code: 201,
        body: { spec: { template: pod({}, { securityContext: { privileged: true } }) } },
      }),
    ],
    near: [
      makesPod(pod({}, { securityContext: { privileged: false } })),
      makesPod(pod({}, { securityContext: { privileged: true } }), { user: controller }),
      makesPod(pod({}, { securityContext: { privileged: true } }), { namespace: "kube-system" }),
    ],
  },
  {
    rule: "Pod in the host's namespaces is made",
    fires: [makesPod(pod({ hostPID: true })), makesPod(pod({ hostIPC: true }))],
    near: [makesPod(pod({ hostPID: false })), makesPod(pod({ hostNetwork: true }))],
  },
  {
    rule: "Pod in the host's network is made",
    fires: [makesPod(pod({ hostNetwork: true }))],
    near: [makesPod(pod({})), makesPod(pod({ hostNetwork: true }), { namespace: "kube-system" })],
  },
  {
    rule: "Pod with a sensitive folder of the host is made",
    fires: [
      makesPod(pod({ volumes: [{ name: "r", hostPath: { path: "/" } }] })),
      makesPod(
        pod({
          volumes: [
            { name: "a", emptyDir: {} },
            { name: "s", hostPath: { path: "/var/run/docker.sock" } },
          ],
        }),
      ),
    ],
    near: [
      makesPod(pod({ volumes: [{ name: "r", hostPath: { path: "/srv/data" } }] })),
      makesPod(pod({ volumes: [{ name: "r", emptyDir: {} }] })),
    ],
  },
  {
    rule: "Pod of an untrusted image is made",
    fires: [makesPod(pod({}))],
    near: [makesPod(pod({}, { image: "registry.k8s.io/pause:3.10" }))],
  },
  {
    rule: "Pod is made in a namespace of the system by a user",
    fires: [makesPod(pod({}), { namespace: "kube-system" })],
    near: [makesPod(pod({})), makesPod(pod({}), { namespace: "kube-system", user: controller })],
  },
  {
    rule: "Service is opened on every node",
    fires: [
      asked({ verb: "create", on: "services", code: 201, body: { spec: { type: "NodePort", ports: [{ port: 80 }] } } }),
    ],
    near: [asked({ verb: "create", on: "services", code: 201, body: { spec: { type: "ClusterIP" } } })],
  },
];

const objects: readonly AuditCase[] = [
  {
    rule: "ConfigMap holds credentials",
    fires: [
      asked({ verb: "create", on: "configmaps", code: 201, body: { data: { env: "password=hunter2hunter2" } } }),
      asked({ verb: "update", on: "configmaps", body: { data: { key: "-----BEGIN RSA PRIVATE KEY-----\nx" } } }),
    ],
    near: [
      asked({ verb: "create", on: "configmaps", code: 201, body: { data: { env: "level=debug" } } }),
      asked({ verb: "create", on: "secrets", code: 201, body: { data: { env: "password=x" } } }),
    ],
  },
  {
    rule: "Namespace is made",
    fires: [asked({ verb: "create", on: "namespaces", code: 201 })],
    near: [asked({ verb: "create", on: "namespaces", code: 409 }), asked({ verb: "get", on: "namespaces" })],
  },
  {
    rule: "Namespace is deleted",
    fires: [asked({ verb: "delete", on: "namespaces" })],
    near: [asked({ verb: "delete", on: "pods" }), asked({ verb: "delete", on: "namespaces", code: 403 })],
  },
  {
    rule: "Admission webhook is changed",
    fires: [
      asked({ verb: "delete", on: "validatingwebhookconfigurations" }),
      asked({ verb: "create", on: "mutatingwebhookconfigurations", code: 201 }),
    ],
    near: [
      asked({ verb: "list", on: "validatingwebhookconfigurations" }),
      asked({
        verb: "patch",
        on: "mutatingwebhookconfigurations",
        user: "system:serviceaccount:cert-manager:cert-manager-cainjector",
      }),
    ],
  },
  {
    rule: "Events are deleted",
    fires: [asked({ verb: "deletecollection", on: "events" })],
    near: [
      asked({ verb: "create", on: "events", code: 201 }),
      asked({ verb: "delete", on: "events", user: "system:kube-controller-manager" }),
    ],
  },
  {
    rule: "Audit or log collection is tampered with",
    fires: [
      asked({ verb: "delete", on: "daemonsets", name: "falco" }),
      asked({ verb: "patch", on: "configmaps", name: "audit-policy" }),
    ],
    near: [
      asked({ verb: "delete", on: "daemonsets", name: "web" }),
      asked({ verb: "get", on: "daemonsets", name: "falco" }),
    ],
  },
  {
    rule: "All secrets are listed",
    fires: [asked({ verb: "list", on: "secrets" })],
    near: [
      asked({ verb: "get", on: "secrets" }),
      asked({ verb: "list", on: "secrets", user: "system:kube-controller-manager" }),
      asked({ verb: "list", on: "secrets", code: 403 }),
    ],
  },
  {
    rule: "Scheduled job is made in the cluster",
    fires: [asked({ verb: "create", on: "cronjobs", code: 201 })],
    near: [asked({ verb: "update", on: "cronjobs" }), asked({ verb: "create", on: "jobs", code: 201 })],
  },
];

export const auditCases: readonly AuditCase[] = [...sessions, ...access, ...workloads, ...objects];
