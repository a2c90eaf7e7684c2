// What the mock says of policies that are not there yet: previews of a text, and recommendations.
import { parseAllDocuments } from "yaml";
import { refuseBySentinel, windowOf, type Asked } from "./asked.ts";
import { ruleRefOf } from "./policy-explanations.ts";
import { idOf, mockPolicies } from "./policy-world.ts";

const world = { endpoints: 26, incomplete: "" };

interface Manifest {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
  readonly spec?: unknown;
}

const dialects = [
  ["networking.k8s.io/", "kubernetes"],
  ["policy.networking.k8s.io/", "cluster"],
  ["projectcalico.org/", "calico"],
  ["cilium.io/", "cilium"],
] as const;

interface Read {
  readonly objects: readonly { readonly id: string; readonly manifest: Manifest; readonly line: number }[];
  readonly problems: readonly object[];
}

function problem(message: string, line: number, rest: object = {}) {
  return {
    severity: "error",
    code: "policy/bad-manifest",
    message,
    hint: "",
    object: "",
    file: "",
    document: 0,
    line,
    path: "",
    ...rest,
  };
}

function read(text: string): Read {
  const objects: Read["objects"][number][] = [];
  const problems: object[] = [];
  for (const [document, parsed] of [...parseAllDocuments(text)].entries()) {
    const line = text.slice(0, parsed.range[0]).split("\n").length;
    const [error] = parsed.errors;
    if (error !== undefined) {
      problems.push(
        problem(error.message.split("\n")[0] ?? "", error.linePos?.[0].line ?? line, {
          code: "policy/bad-yaml",
          document,
        }),
      );
      continue;
    }
    const manifest = parsed.toJS() as Manifest | null;
    if (manifest === null) continue;
    const dialect = dialects.find(([group]) => manifest.apiVersion?.startsWith(group))?.[1];
    const { kind = "", metadata = {} } = manifest;
    const id = `${dialect ?? "unknown"}/${kind}/${metadata.namespace ?? "-"}/${metadata.name ?? ""}`;
    if (dialect === undefined || metadata.name === undefined) {
      const [path, message] =
        dialect === undefined
          ? ["apiVersion", `${manifest.apiVersion ?? "nothing"} has no policies`]
          : ["metadata.name", "a policy needs a name"];
      problems.push(
        problem(message, line, { object: id, document, path, hint: "Write networking.k8s.io/v1, for example." }),
      );
    }
    objects.push({ id, manifest, line });
  }
  return { objects, problems };
}

/** "" of a manifest whose name is missing. */
function nameFor({ kind = "", apiVersion = "", metadata = {} }: Manifest): string {
  const prefix = apiVersion.startsWith("projectcalico.org/") ? "calico-" : "";
  return [prefix + kind.toLowerCase(), metadata.namespace ?? "", metadata.name ?? ""]
    .filter((part) => part !== "")
    .join(".");
}

interface Group {
  readonly source: string;
  readonly destination: string;
  readonly protocol: string;
  readonly port: number;
  readonly before: string;
  readonly after: string;
  readonly decidedBefore?: object;
  readonly decidedAfter?: object;
  readonly connections: number;
  readonly keys: number;
  readonly uncertain: string;
}

/** What the mock's flows make of a text: catalog is cut off, the nightly report let in, and one address is uncertain. */
function groupsOf(changed: string, objects: Read["objects"], removed: readonly string[]): readonly Group[] {
  const db = mockPolicies.find(({ name }) => name === "orders-db");
  if (db === undefined) return [];
  const touchesDb = removed.includes(idOf(db)) || objects.some(({ id }) => id === idOf(db));
  const ends = { destination: "shop/StatefulSet/orders-db", protocol: "tcp", port: 5432, uncertain: "" };
  const cut: Group = {
    ...ends,
    source: "shop/Deployment/catalog",
    before: "allow",
    after: "deny",
    decidedBefore: ruleRefOf(db, "ingress", 1),
    decidedAfter: ruleRefOf(db, "ingress", -1),
    connections: 312,
    keys: 3,
  };
  const letIn: Group = {
    ...ends,
    source: "shop/CronJob/nightly-report",
    before: "deny",
    after: "allow",
    decidedBefore: ruleRefOf(db, "ingress", -1),
    connections: 42,
    keys: 1,
  };
  const unsure: Group = {
    source: "payments/Deployment/gateway",
    destination: "api.payments.example",
    protocol: "tcp",
    port: 443,
    before: "allow",
    after: "unknown",
    connections: 60,
    keys: 2,
    uncertain: "nobody saw which name the address 203.0.113.20 was looked up by",
  };
  const isMore = objects.length > 0 && /nightly-report|0\.0\.0\.0\/0|\{\}/.test(changed);
  return [
    ...(touchesDb && !/catalog/.test(changed) ? [cut] : []),
    ...(isMore ? [letIn] : []),
    ...(objects.length > 0 ? [unsure] : []),
  ];
}

function objectsOf({ objects, problems }: Read, removed: readonly string[], known: ReadonlySet<string>) {
  return [
    ...objects.map(({ id, manifest }) => {
      const isRefused = problems.some((one) => (one as { object?: string }).object === id);
      const resource = { name: nameFor(manifest), manifest };
      const change = isRefused ? "refused" : known.has(id) ? "changed" : "added";
      return { id, change, ...(isRefused ? {} : { resource }) };
    }),
    ...removed.map((id) => ({ id, change: known.has(id) ? "removed" : "not-found" })),
  ];
}

export function previewOf(asked: Asked) {
  refuseBySentinel(asked.sentinel);
  const { changed = "", removed = [] } = asked.body as { changed?: string; removed?: readonly string[] };
  const text = read(changed);
  const known = new Set(mockPolicies.map(idOf));
  const groups = groupsOf(changed, text.objects, removed);
  const sum = (keep: (group: Group) => boolean) =>
    groups.filter(keep).reduce((total, { connections }) => total + connections, 0);
  const uncertain = sum((group) => group.uncertain !== "");
  const newlyDenied = sum((group) => group.after === "deny");
  const newlyAllowed = sum((group) => group.after === "allow");
  return {
    problems: text.problems,
    objects: objectsOf(text, removed, known),
    totals: {
      keys: 214,
      connections: 41_830,
      same: 41_830 - uncertain - newlyAllowed - newlyDenied,
      newlyAllowed,
      newlyDenied,
      uncertain,
      recordedOtherwise: 42,
    },
    groups,
    groupsOmitted: 0,
    endpoints: text.objects.map(({ id }) => ({
      id: "pod/shop/orders-db-0",
      added: known.has(id) ? [] : [id],
      removed: [],
      changed: known.has(id) ? [id] : [],
    })),
    endpointsOmitted: 0,
    flows: { keys: 214, connections: 41_830, omitted: 0 },
    world,
    window: windowOf(asked),
  };
}

interface Wanted {
  readonly namespace: string;
  readonly workload?: string;
  readonly dialect?: string;
  readonly approve?: readonly string[];
}

function manifestFor(namespace: string, name: string, dialect: string): string {
  if (dialect === "calico")
    return `apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata:
  name: recommended-${name}
  namespace: ${namespace}
spec:
  selector: app == '${name}'
  types: [Ingress, Egress]
  ingress:
    - action: Allow
      protocol: TCP
      source:
        selector: app == 'frontend'
      destination:
        ports: [8080]
  egress:
    - action: Allow
      protocol: UDP
      destination:
        selector: k8s-app == 'kube-dns'
        namespaceSelector: projectcalico.org/name == 'kube-system'
        ports: [53]
`;
  return `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: recommended-${name}
  namespace: ${namespace}
spec:
  podSelector:
    matchLabels:
      app: ${name}
  policyTypes: [Ingress, Egress]
  ingress:
    # 2104 connections, 6 days
    - from:
        - podSelector:
            matchLabels:
              app: frontend
      ports:
        - port: 8080
  egress:
    # cluster DNS
    - to:
        - namespaceSelector:
            matchLabels:
              kubernetes.io/metadata.name: kube-system
          podSelector:
            matchLabels:
              k8s-app: kube-dns
      ports:
        - port: 53
          protocol: UDP
`;
}

export function recommendationOf(asked: Asked) {
  refuseBySentinel(asked.sentinel);
  const { namespace, workload = "", dialect = "kubernetes", approve = [] } = asked.body as Wanted;
  const name = workload.split("/").at(-1) || "checkout";
  const evidence = (connections: number, days: number) => ({
    keys: 3,
    connections,
    bytes: connections * 5200,
    firstAt: new Date(asked.nowMs - days * 86_400_000).toISOString(),
    lastAt: new Date(asked.nowMs - 4000).toISOString(),
    days,
  });
  const key = `${namespace}/CronJob/nightly-report -> ${namespace}/Deployment/${name} 8080/tcp`;
  const isApproved = approve.includes(key) || approve.includes("*");
  return {
    policies: [
      {
        workloads: [`${namespace}/Deployment/${name}`],
        manifest: manifestFor(namespace, name, dialect),
        rules: [
          {
            direction: "ingress",
            words: "from pods app=frontend on 8080/tcp",
            from: "shown",
            evidence: evidence(2104, 6),
            confidence: 0.97,
          },
          {
            direction: "egress",
            words: "to pods k8s-app=kube-dns in kube-system on 53/udp",
            from: "dns",
            confidence: 1,
          },
        ],
        notes: [],
      },
    ],
    policiesOmitted: 0,
    held: isApproved
      ? []
      : [
          {
            key,
            workloads: [`${namespace}/Deployment/${name}`],
            direction: "ingress",
            words: "from pods app=nightly-report on 8080/tcp",
            because: "rare",
            evidence: evidence(2, 1),
          },
        ],
    heldOmitted: 0,
    leftOut: [{ because: "no lasting label selects shop/CronJob/nightly-report alone", keys: 2, connections: 5 }],
    notes: [`no flows of ${namespace}/StatefulSet/idle: no policy is recommended for it`],
    flows: { keys: 214, connections: 41_830, omitted: 0 },
    world,
    window: windowOf(asked),
  };
}
