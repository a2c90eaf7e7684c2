// What is asked of the Kubernetes API that should make somebody look. Rules on what an object says need its body in the audit log (level Request); the others
// do with level Metadata.
import type { BuiltinItem, BuiltinRule } from "./rule-item.ts";

const output =
  "user=%ka.user.name verb=%ka.verb object=%ka.target.namespace/%ka.target.resource/%ka.target.name%ka.target.subresource from=%ka.sourceips agent=%ka.useragent code=%ka.response.code";

/** Lists that people fill for their own cluster, by `override: items: append` in a file of their own. */
export const auditWords: readonly BuiltinItem[] = [
  // A long request (exec, port-forward) is told when it begins and when it ends: the beginning counts.
  {
    macro: "garrison_answered",
    condition:
      "((ka.stage = ResponseComplete and ka.response.code != 101) or (ka.stage = ResponseStarted and ka.response.code = 101))",
  },
  { macro: "garrison_allowed", condition: "(garrison_answered and ka.response.code < 400)" },
  { macro: "garrison_subresource", condition: "(ka.target.subresource exists)" },
  { macro: "garrison_change", condition: "(ka.verb in (create, update, patch))" },
  {
    macro: "garrison_system",
    condition:
      '(ka.user.name startswith "system:kube-" or ka.user.name startswith "system:node:" or ka.user.name in (system:apiserver) or ka.user.name startswith "system:serviceaccount:kube-system:")',
  },
  { list: "garrison_trusted_images", items: ["registry.k8s.io/pause"] },
  { list: "garrison_allowed_users", items: ["system:anonymous", "kubernetes-admin", "kubernetes-super-admin"] },
  // Folders of a node that give the node away.
  {
    list: "garrison_sensitive_host_paths",
    items: [
      "/",
      "/etc",
      "/etc/kubernetes",
      "/etc/kubernetes/manifests",
      "/etc/kubernetes/pki",
      "/root",
      "/home",
      "/proc",
      "/sys",
      "/dev",
      "/boot",
      "/var",
      "/var/run",
      "/run",
      "/var/run/docker.sock",
      "/run/docker.sock",
      "/run/containerd",
      "/run/containerd/containerd.sock",
      "/var/run/containerd/containerd.sock",
      "/run/crio/crio.sock",
      "/var/run/crio/crio.sock",
      "/var/lib/kubelet",
      "/var/lib/kubelet/pki",
      "/var/lib/docker",
      "/var/lib/containerd",
      "/var/lib/etcd",
    ],
  },
];

const sessions: readonly BuiltinRule[] = [
  {
    rule: "Command is run in a pod",
    desc: "kubectl exec: somebody works inside a container. Look at who, and at what the container did in the minutes after.",
    condition:
      "ka.target.resource = pods and ka.target.subresource = exec and ka.verb in (create, get) and garrison_allowed",
    output: `A command is run in a pod (command=%ka.uri.param[command] ${output})`,
    priority: "NOTICE",
    tags: ["k8s", "T1609"],
  },
  {
    rule: "Pod is attached to",
    desc: "kubectl attach: somebody reads and types into the main program of a container.",
    condition:
      "ka.target.resource = pods and ka.target.subresource = attach and ka.verb in (create, get) and garrison_allowed",
    output: `A pod is attached to (${output})`,
    priority: "NOTICE",
    tags: ["k8s", "T1609"],
  },
  {
    rule: "Port of a pod is forwarded",
    desc: "kubectl port-forward goes past network policies and ingress, to whoever runs it.",
    condition:
      "ka.target.resource = pods and ka.target.subresource = portforward and ka.verb in (create, get) and garrison_allowed",
    output: `A pod's port is forwarded (${output})`,
    priority: "NOTICE",
    tags: ["k8s", "T1090"],
  },
  {
    rule: "Container is put into a running pod",
    desc: "An ephemeral container (kubectl debug) shares the pod's network, and its processes when asked to. Look at its image.",
    condition:
      "ka.target.resource = pods and ka.target.subresource = ephemeralcontainers and ka.verb in (patch, update) and garrison_allowed",
    output: `A container is put into a running pod (${output})`,
    priority: "NOTICE",
    tags: ["k8s", "T1610", "T1609"],
  },
  {
    rule: "Request passes through a node's or service's proxy",
    desc: "The API server talks to the kubelet or to a service in the user's place: with nodes/proxy commands run in every pod of the node.",
    condition:
      "ka.target.resource in (nodes, services, pods) and ka.target.subresource = proxy and garrison_allowed and not garrison_system",
    output: `A request goes through the API server's proxy (uri=%ka.uri ${output})`,
    priority: "WARNING",
    tags: ["k8s", "T1609", "T1090"],
  },
];

const access: readonly BuiltinRule[] = [
  {
    rule: "Anonymous request is allowed",
    desc: "Somebody without any credential was let in to more than health and version. Look at the roles of system:anonymous and system:unauthenticated.",
    condition:
      'ka.user.name = system:anonymous and ka.auth.decision = allow and garrison_allowed and not ka.uri startswith "/healthz" and not ka.uri startswith "/livez" and not ka.uri startswith "/readyz" and not ka.uri startswith "/version" and not ka.uri startswith "/api/v1/namespaces/kube-public/configmaps/cluster-info"',
    output: `An anonymous request is allowed (uri=%ka.uri reason=%ka.auth.reason ${output})`,
    priority: "CRITICAL",
    tags: ["k8s", "T1190", "T1078.001"],
  },
  {
    rule: "User that is not on the list uses the API",
    desc: "Off until you fill the list garrison_allowed_users: then every other name is told.",
    condition:
      'not garrison_system and not ka.user.name startswith "system:serviceaccount:" and not ka.user.name in (garrison_allowed_users) and garrison_allowed',
    output: `A user who is not on the list uses the API (${output})`,
    priority: "WARNING",
    tags: ["k8s", "T1078.004"],
    enabled: false,
  },
  {
    rule: "Rights of cluster-admin are given away",
    desc: "A binding to cluster-admin is every right on everything. Look at the subjects.",
    condition:
      "ka.target.resource in (clusterrolebindings, rolebindings) and garrison_change and ka.req.binding.role = cluster-admin and garrison_allowed and not ka.user.name = system:apiserver",
    output: `cluster-admin is bound (subjects=%ka.req.binding.subjects ${output})`,
    priority: "CRITICAL",
    tags: ["k8s", "T1098.006"],
  },
  {
    rule: "Rights are given to everybody",
    desc: "A binding for system:anonymous, system:unauthenticated or system:authenticated opens the cluster to whoever reaches it.",
    condition:
      "ka.target.resource in (clusterrolebindings, rolebindings) and garrison_change and garrison_allowed and not ka.user.name = system:apiserver and ka.req.binding.subjects intersects (system:anonymous, system:unauthenticated, system:authenticated)",
    output: `Rights are given to everybody (role=%ka.req.binding.role subjects=%ka.req.binding.subjects ${output})`,
    priority: "CRITICAL",
    tags: ["k8s", "T1098.006", "T1078.001"],
  },
  {
    rule: "Role with every right is made",
    desc: "A star for verbs or resources gives more than anybody meant, today and with the next version.",
    condition:
      'ka.target.resource in (roles, clusterroles) and garrison_change and garrison_allowed and not garrison_system and (ka.req.role.rules.verbs intersects ("*") or ka.req.role.rules.resources intersects ("*"))',
    output: `A role with a star is made (rules=%ka.req.role.rules ${output})`,
    priority: "WARNING",
    tags: ["k8s", "T1098.006"],
  },
  {
    rule: "Role that may run commands in pods is made",
    desc: "pods/exec and pods/attach are shells in every container of the role's scope; so are pods/ephemeralcontainers and nodes/proxy.",
    condition:
      "ka.target.resource in (roles, clusterroles) and garrison_change and garrison_allowed and not garrison_system and ka.req.role.rules.resources intersects (pods/exec, pods/attach, pods/ephemeralcontainers, nodes/proxy)",
    output: `A role that may run commands in pods is made (rules=%ka.req.role.rules ${output})`,
    priority: "WARNING",
    tags: ["k8s", "T1098.006"],
  },
  {
    rule: "Service account is made in a namespace of the system",
    desc: "Accounts in kube-system are looked at by few and trusted by many.",
    condition:
      "ka.target.resource = serviceaccounts and not garrison_subresource and ka.verb = create and ka.target.namespace in (kube-system, kube-public, kube-node-lease) and garrison_allowed and not garrison_system",
    output: `A service account is made in a namespace of the system (${output})`,
    priority: "WARNING",
    tags: ["k8s", "T1136"],
  },
  {
    rule: "Token of a service account is asked for",
    desc: "Kubelets ask for their pods' tokens. Anybody else takes an identity that is not theirs.",
    condition:
      "ka.target.resource = serviceaccounts and ka.target.subresource = token and ka.verb = create and garrison_allowed and not garrison_system",
    output: `A token of a service account is asked for (${output})`,
    priority: "WARNING",
    tags: ["k8s", "T1528"],
  },
  {
    rule: "Certificate request is approved by hand",
    desc: "A client certificate for any name, up to system:masters, can be asked for; it cannot be taken back. Look at the request's subject.",
    condition:
      "ka.target.resource = certificatesigningrequests and ka.target.subresource = approval and ka.verb in (update, patch) and garrison_allowed and not garrison_system",
    output: `A certificate request is approved (${output})`,
    priority: "WARNING",
    tags: ["k8s", "T1098", "T1649"],
  },
  {
    rule: "Another identity is taken on",
    desc: "Impersonation acts with another user's rights. Look at whether the user may, and why.",
    condition: "ka.impuser.name exists and garrison_allowed and not garrison_system",
    output: `An identity is taken on (as=%ka.impuser.name ${output})`,
    priority: "NOTICE",
    tags: ["k8s", "T1134"],
  },
];

/** Pods, and what makes pods: there the one who wanted it is the one who asks, and not a controller. */
const pods =
  "ka.target.resource in (pods, deployments, statefulsets, daemonsets, replicasets, replicationcontrollers, jobs, cronjobs) and not garrison_subresource and garrison_change and garrison_allowed and not garrison_system";
const isSystemNamespace = "ka.target.namespace in (kube-system, kube-flannel, calico-system, garrison-system)";

const workloads: readonly BuiltinRule[] = [
  {
    rule: "Privileged pod is made",
    desc: "A privileged container is root of its node with a few words more. Look at what the workload really needs.",
    condition: `${pods} and ka.req.pod.containers.privileged intersects (true) and not ${isSystemNamespace}`,
    output: `A privileged pod is made (images=%ka.req.pod.containers.image ${output})`,
    priority: "ERROR",
    tags: ["k8s", "T1610", "T1611"],
  },
  {
    rule: "Pod in the host's namespaces is made",
    desc: "hostPID and hostIPC show and let signal all processes of the node; with them other pods' secrets.",
    condition: `${pods} and (ka.req.pod.host_pid = true or ka.req.pod.host_ipc = true) and not ${isSystemNamespace}`,
    output: `A pod in the host's namespaces is made (images=%ka.req.pod.containers.image ${output})`,
    priority: "ERROR",
    tags: ["k8s", "T1610", "T1611"],
  },
  {
    rule: "Pod in the host's network is made",
    desc: "It is past every network policy, and reaches what listens on the node's loopback.",
    condition: `${pods} and ka.req.pod.host_network = true and not ${isSystemNamespace}`,
    output: `A pod in the host's network is made (images=%ka.req.pod.containers.image ${output})`,
    priority: "WARNING",
    tags: ["k8s", "T1610"],
  },
  {
    rule: "Pod with a sensitive folder of the host is made",
    desc: "The folder gives the node away: its root, its runtime's socket, its credentials.",
    condition: `${pods} and ka.req.pod.volumes.hostpath intersects (garrison_sensitive_host_paths) and not ${isSystemNamespace}`,
    output: `A pod with a sensitive folder of the host is made (folders=%ka.req.pod.volumes.hostpath images=%ka.req.pod.containers.image ${output})`,
    priority: "ERROR",
    tags: ["k8s", "T1610", "T1611"],
  },
  {
    rule: "Pod of an untrusted image is made",
    desc: "Off until you fill the list garrison_trusted_images with your repositories: then a pod with any other image is told.",
    condition: `${pods} and not ka.req.pod.containers.image.repository in (garrison_trusted_images) and not ${isSystemNamespace}`,
    output: `A pod of an untrusted image is made (images=%ka.req.pod.containers.image ${output})`,
    priority: "WARNING",
    tags: ["k8s", "T1610", "T1204.003"],
    enabled: false,
  },
  {
    rule: "Pod is made in a namespace of the system by a user",
    desc: "Between the pods of the system nobody looks for another one.",
    condition: `${pods} and ka.target.namespace in (kube-system, kube-public, kube-node-lease)`,
    output: `A pod is made in a namespace of the system (images=%ka.req.pod.containers.image ${output})`,
    priority: "WARNING",
    tags: ["k8s", "T1036.005", "T1610"],
  },
  {
    rule: "Service is opened on every node",
    desc: "A NodePort is open on all nodes to whoever reaches one, past the ingress.",
    condition:
      "ka.target.resource = services and garrison_change and ka.req.service.type = NodePort and garrison_allowed",
    output: `A service is opened on every node (ports=%ka.req.service.ports ${output})`,
    priority: "NOTICE",
    tags: ["k8s", "T1133"],
  },
];

const objects: readonly BuiltinRule[] = [
  {
    rule: "ConfigMap holds credentials",
    desc: "ConfigMaps are neither guarded nor encrypted as Secrets are, and many may read them. Move the value, and change it.",
    condition:
      'ka.target.resource = configmaps and garrison_change and garrison_allowed and (ka.req.configmap.obj contains "aws_access_key_id" or ka.req.configmap.obj contains "aws_secret_access_key" or ka.req.configmap.obj contains "AWS_SECRET_ACCESS_KEY" or ka.req.configmap.obj contains "PRIVATE KEY-----" or ka.req.configmap.obj icontains "password=" or ka.req.configmap.obj icontains "passwd:" or ka.req.configmap.obj icontains "\\"password\\"" or ka.req.configmap.obj icontains "secret_key")',
    output: `A ConfigMap holds credentials (${output})`,
    priority: "WARNING",
    tags: ["k8s", "T1552.007"],
  },
  {
    rule: "Namespace is made",
    desc: "A new namespace has no network policy, no quota and no Pod Security level until somebody gives it one.",
    condition: "ka.target.resource = namespaces and ka.verb = create and garrison_allowed and not garrison_system",
    output: `A namespace is made (${output})`,
    priority: "INFORMATIONAL",
    tags: ["k8s"],
  },
  {
    rule: "Namespace is deleted",
    desc: "Everything in it goes with it. Look at who, and whether it was planned.",
    condition: "ka.target.resource = namespaces and ka.verb = delete and garrison_allowed and not garrison_system",
    output: `A namespace is deleted (${output})`,
    priority: "NOTICE",
    tags: ["k8s", "T1485"],
  },
  {
    rule: "Admission webhook is changed",
    desc: "Whoever holds a webhook sees and changes every object; whoever removes one removes a guard.",
    condition:
      'ka.target.resource in (mutatingwebhookconfigurations, validatingwebhookconfigurations, validatingadmissionpolicies, validatingadmissionpolicybindings, mutatingadmissionpolicies) and ka.verb in (create, update, patch, delete, deletecollection) and garrison_allowed and not garrison_system and not ka.user.name contains "cert-manager"',
    output: `An admission webhook or policy is changed (${output})`,
    priority: "WARNING",
    tags: ["k8s", "T1562.001", "T1556"],
  },
  {
    rule: "Events are deleted",
    desc: "They are the cluster's own diary: somebody wants one page of it gone.",
    condition:
      "ka.target.resource = events and ka.verb in (delete, deletecollection) and garrison_allowed and not garrison_system",
    output: `Events are deleted (${output})`,
    priority: "WARNING",
    tags: ["k8s", "T1070"],
  },
  {
    rule: "Audit or log collection is tampered with",
    desc: "The object's name says audit, falco, garrison, fluent or tetragon, and it is changed or deleted. Look at what still collects.",
    condition:
      "ka.target.resource in (configmaps, daemonsets, deployments, pods, tracingpolicies, auditsinks) and ka.verb in (delete, deletecollection, update, patch) and not garrison_subresource and garrison_allowed and not garrison_system and (ka.target.name contains audit or ka.target.name contains falco or ka.target.name contains garrison or ka.target.name contains fluent or ka.target.name contains tetragon)",
    output: `Audit or log collection is changed (${output})`,
    priority: "WARNING",
    tags: ["k8s", "T1562.008"],
  },
  {
    rule: "All secrets are listed",
    desc: "One request for every secret of a namespace or of the cluster, by somebody who is not of the system.",
    condition: "ka.target.resource = secrets and ka.verb = list and garrison_allowed and not garrison_system",
    output: `All secrets are listed (${output})`,
    priority: "WARNING",
    tags: ["k8s", "T1552.007"],
  },
  {
    rule: "Scheduled job is made in the cluster",
    desc: "A CronJob runs again and again, when nobody looks.",
    condition: "ka.target.resource = cronjobs and ka.verb = create and garrison_allowed and not garrison_system",
    output: `A CronJob is made (${output})`,
    priority: "INFORMATIONAL",
    tags: ["k8s", "T1053.007"],
  },
];

export const auditRules: readonly BuiltinItem[] = [...sessions, ...access, ...workloads, ...objects].map((rule) => ({
  ...rule,
  source: "k8s_audit" as const,
}));
