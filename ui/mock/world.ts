// A small seeded world: a shop on Kubernetes, and a bare machine. Rows are true to the model's schemas.
import type { AnyEvent } from "../../src/apps/server/contract/telemetry.ts";
import { AnyEvent as AnyEventSchema } from "../../src/apps/server/contract/telemetry.ts";
import { Flow } from "../../src/model/flow.ts";
import type { WorkloadKind } from "../../src/model/identity.ts";
import { pick, seeded } from "./random.ts";
import { wafSpecials } from "./waf-world.ts";

export interface Actor {
  readonly namespace: string;
  readonly name: string;
  readonly kind: WorkloadKind;
  readonly cluster: string;
  readonly node: string;
  readonly image: string;
  readonly process: string;
  readonly executable: string;
  readonly address: string;
}

type ActorRow = readonly [namespace: string, name: string, kind: WorkloadKind, image: string, executable: string];

const actorRows: readonly ActorRow[] = [
  ["shop", "frontend", "Deployment", "registry.example/shop/frontend:2.31.0", "/usr/local/bin/node"],
  ["shop", "checkout", "Deployment", "registry.example/shop/checkout:4.2.1", "/app/checkout"],
  ["shop", "cart", "Deployment", "registry.example/shop/cart:1.9.3", "/app/cart"],
  ["shop", "catalog", "Deployment", "registry.example/shop/catalog:3.0.0", "/opt/java/bin/java"],
  ["shop", "orders-db", "StatefulSet", "docker.io/library/postgres:16.4", "/usr/lib/postgresql/16/bin/postgres"],
  ["shop", "session-cache", "StatefulSet", "docker.io/library/redis:7.4", "/usr/local/bin/redis-server"],
  ["shop", "nightly-report", "CronJob", "registry.example/shop/report:0.8.0", "/usr/bin/python3.11"],
  ["payments", "gateway", "Deployment", "registry.example/pay/gateway:7.1.0", "/app/gateway"],
  ["payments", "ledger", "StatefulSet", "registry.example/pay/ledger:5.5.2", "/app/ledger"],
  ["kube-system", "coredns", "Deployment", "registry.k8s.io/coredns/coredns:v1.12.0", "/coredns"],
  ["kube-system", "node-exporter", "DaemonSet", "quay.io/prometheus/node-exporter:v1.9.0", "/bin/node_exporter"],
  ["web", "storefront", "Deployment", "registry.example/demo/storefront:1.0.0", "/app/storefront"],
  ["web", "recommendations", "Deployment", "registry.example/demo/recommendations:1.0.0", "/app/recommendations"],
  ["web", "stock-db", "StatefulSet", "docker.io/library/postgres:16.4", "/usr/lib/postgresql/16/bin/postgres"],
  ["host", "ssh.service", "SystemdUnit", "", "/usr/sbin/sshd"],
  ["host", "nginx.service", "SystemdUnit", "", "/usr/sbin/nginx"],
  ["host", "session-3 (root)", "Session", "", "/usr/bin/bash"],
  ["host", "build-runner", "Container", "docker.io/library/debian:12", "/usr/bin/make"],
];

export const actors: readonly Actor[] = actorRows.map(([namespace, name, kind, image, executable], index) => ({
  namespace,
  name,
  kind,
  image,
  executable,
  process: executable.split("/").at(-1) ?? "",
  cluster: namespace === "web" ? "demo" : "local",
  node: namespace === "host" ? "laptop" : namespace === "web" ? "demo-a" : `worker-${1 + (index % 3)}`,
  address: `10.42.${index % 3}.${10 + index}`,
}));

const outside = [
  { domain: "api.payments.example", address: "203.0.113.20", port: 443 },
  { domain: "packages.example", address: "198.51.100.7", port: 80 },
  { domain: "", address: "192.0.2.77", port: 4444 },
] as const;

type Edge = readonly [from: string, to: string, port: number, protocol: Flow["protocol"], weight: number];
const edges: readonly Edge[] = [
  ["frontend", "checkout", 8080, "tcp", 9],
  ["frontend", "catalog", 8080, "tcp", 12],
  ["frontend", "cart", 8080, "tcp", 8],
  ["checkout", "orders-db", 5432, "tcp", 7],
  ["checkout", "gateway", 8443, "tcp", 4],
  ["cart", "session-cache", 6379, "tcp", 9],
  ["catalog", "orders-db", 5432, "tcp", 3],
  ["gateway", "ledger", 9000, "tcp", 4],
  ["gateway", "api.payments.example", 443, "tcp", 3],
  ["nightly-report", "orders-db", 5432, "tcp", 1],
  ["nightly-report", "192.0.2.77", 4444, "tcp", 1],
  ["checkout", "coredns", 53, "udp", 4],
  ["frontend", "coredns", 53, "udp", 5],
  ["node-exporter", "192.0.2.77", 9100, "tcp", 1],
  ["session-3 (root)", "packages.example", 80, "tcp", 2],
  ["nginx.service", "checkout", 8080, "tcp", 2],
  ["build-runner", "packages.example", 80, "tcp", 1],
  ["storefront", "recommendations", 8080, "tcp", 4],
  ["recommendations", "stock-db", 5432, "tcp", 4],
];
const weighted = edges.flatMap((edge) => Array.from({ length: edge[4] }, () => edge));

export function actorNamed(name: string): Actor | undefined {
  return actors.find((actor) => actor.name === name);
}

function verdictOf(edge: Edge, random: () => number): Pick<Flow, "verdict" | "verdictBecause"> {
  const [from, to, , protocol] = edge;
  if (to === "192.0.2.77") return { verdict: "deny", verdictBecause: "policy shop/egress-default rule 4" };
  if (from === "nightly-report" && random() < 0.4)
    return { verdict: "deny", verdictBecause: "policy shop/orders-db rule 2" };
  if (protocol === "udp") return { verdict: "unknown", verdictBecause: "UDP has no handshake" };
  return { verdict: "allow", verdictBecause: "established" };
}

/** The flow with this number, at this time: the same number gives the same flow. Higher numbers are newer. */
export function flowNumbered(number: number, timeMs: number): Flow {
  const random = seeded(number * 7919 + 17);
  const edge = pick(random, weighted);
  const [from, to, port, protocol] = edge;
  const source = actorNamed(from) as Actor;
  const destination = actorNamed(to);
  const external = outside.find((each) => each.domain === to || each.address === to);
  const { verdict, verdictBecause } = verdictOf(edge, random);
  const denied = verdict === "deny";
  const sent = denied ? 0 : Math.round(120 + random() ** 4 * 90_000);
  const gone = random() < 0.02;
  return Flow.parse({
    time: new Date(timeMs).toISOString(),
    durationMs: Math.round(40 + random() * 9000),
    cluster: source.cluster,
    node: source.node,
    ingest: Math.floor(number / 8) + 1,
    reporter: "source",
    verdict,
    verdictBecause,
    merged: 1 + Math.floor(random() * 4),
    protocol,
    sourceKind: gone ? "Unknown" : source.kind,
    sourceNamespace: gone ? "" : source.namespace,
    sourceWorkload: gone ? "" : source.name,
    sourcePod: source.kind === "Deployment" && !gone ? `${source.name}-7c9d-${number % 3}` : "",
    sourceReason: gone ? "gone before it could be read" : "",
    sourceAddress: `::ffff:${source.address}`,
    sourcePort: 32_768 + Math.floor(random() * 28_000),
    destinationKind: destination?.kind ?? "External",
    destinationNamespace: destination?.namespace ?? "",
    destinationWorkload: destination?.name ?? "",
    destinationAddress: `::ffff:${destination?.address ?? external?.address ?? "192.0.2.1"}`,
    destinationPort: port,
    destinationService: destination?.namespace === "host" ? "" : (destination?.name ?? ""),
    destinationDomain: external?.domain ?? "",
    process: source.process,
    executable: source.executable,
    pid: 1000 + (number % 9000),
    container: source.image === "" ? "" : source.name,
    containerId: source.image === "" ? "" : "3f9c1e2ab7d4".padEnd(64, "0"),
    image: source.image,
    connectionsOpened: denied ? 0 : 1,
    connectionsClosed: denied ? 0 : 1,
    connectionsFailed: denied ? 1 : 0,
    retransmits: random() < 0.05 ? 2 : 0,
    packetsSent: Math.ceil(sent / 900),
    packetsReceived: Math.ceil(sent / 300),
    bytesSent: sent,
    bytesReceived: denied ? 0 : Math.round(sent * (0.4 + random() * 9)),
    rttUs: denied || protocol === "udp" ? {} : { [String(32 + Math.floor(random() * 14))]: 3 },
    tls: port === 443 || port === 8443 ? "seen" : "not-looked",
    serverName: port === 443 ? "api.payments.example" : "",
    flowId: `f${number}`,
  });
}

const commands: readonly (readonly string[])[] = [
  ["/bin/sh", "-c", "pg_isready -h orders-db -U shop"],
  ["psql", "--host=orders-db", "--password=‹redacted:password-flag›", "-c", "select 1"],
  ["curl", "-sS", "-H", "Authorization: ‹redacted:authorization-header›", "http://checkout:8080/healthz"],
  ["/app/checkout", "--listen=:8080", "--workers=8"],
  ["python3", "/srv/report.py", "--since=yesterday", "--format=pdf"],
];
const questions = [
  "orders-db.shop.svc.cluster.local",
  "api.payments.example",
  "packages.example",
  "old-cart.shop.svc",
] as const;

/** The event with this number: process, DNS, HTTP, Kubernetes, file, audit, security and WAF by turns. */
export function eventNumbered(number: number, timeMs: number): AnyEvent {
  const random = seeded(number * 104_729 + 3);
  const actor = pick(random, actors);
  const time = new Date(timeMs).toISOString();
  const common = {
    time,
    cluster: actor.cluster,
    node: actor.node,
    ingest: Math.floor(number / 8) + 1,
    namespace: actor.namespace,
    workload: actor.name,
    workloadKind: actor.kind,
    image: actor.image,
    pod: actor.kind === "Deployment" ? `${actor.name}-7c9d-${number % 3}` : "",
    process: actor.process,
    pid: 1000 + (number % 9000),
    processId: `${1000 + (number % 9000)}.${number.toString(36)}.0badcafe`,
    executable: actor.executable,
    count: 1,
  };
  return AnyEventSchema.parse({ ...common, ...specialsOf(number, time, actor) });
}

function specialsOf(number: number, time: string, actor: Actor): Record<string, unknown> {
  const random = seeded(number * 31 + 7);
  const turn = Math.floor(random() * 22);
  const command = pick(random, commands);
  const question = pick(random, questions);
  const missing = question === "old-cart.shop.svc";
  if (turn < 6)
    return {
      kind: "process",
      action: "exec",
      name: command[0]?.split("/").at(-1),
      executable: command[0]?.startsWith("/") ? command[0] : `/usr/bin/${command[0]}`,
      arguments: command,
      redacted: command.some((word) => word.includes("redacted")) ? ["password-flag"] : [],
      ancestors: ["sh", "containerd-shim", "systemd"],
      startTime: time,
    };
  if (turn < 9)
    return {
      kind: "process",
      action: "exit",
      name: "sh",
      startTime: time,
      exitCode: random() < 0.2 ? 1 : 0,
      durationMs: 40,
    };
  if (turn < 14)
    return {
      kind: "dns",
      reporter: "sensor",
      question,
      questionType: "A",
      responseCode: missing ? "NXDOMAIN" : "NOERROR",
      answers: missing ? [] : ["10.42.1.14"],
      latencyUs: Math.round(200 + random() * 4000),
      server: "::ffff:10.42.0.10",
      serverPort: 53,
    };
  if (turn < 17)
    return {
      kind: "http",
      reporter: "destination",
      method: "GET",
      host: "checkout:8080",
      path: random() < 0.5 ? "/healthz" : "/api/cart/42",
      version: "HTTP/1.1",
      status: random() < 0.1 ? 503 : 200,
      latencyUs: 2300,
    };
  if (turn === 17) return { kind: "file", action: "create", path: `/var/lib/app/cache/${number}.tmp` };
  if (turn < 21) return clusterSpecials(turn, number, actor, random);
  if (random() < 0.7) return wafSpecials(number, actor, random());
  return {
    kind: "security",
    severity: "high",
    source: "falco",
    rule: "Shell in a container",
    title: "A shell was started in a container",
  };
}

/** Turns 18 to 20: what the cluster's own control plane tells. */
function clusterSpecials(turn: number, number: number, actor: Actor, random: () => number): Record<string, unknown> {
  if (turn === 18)
    return {
      kind: "kubernetes",
      type: "Warning",
      reason: "BackOff",
      objectKind: "Pod",
      objectName: `${actor.name}-7c9d-2`,
      message: "Back-off restarting failed container",
    };
  if (turn === 19) return inventorySpecials(actor, random);
  return {
    kind: "audit",
    auditId: `a${number}`,
    stage: "ResponseComplete",
    verb: random() < 0.5 ? "patch" : "get",
    user: "system:serviceaccount:ci:deployer",
    resource: "deployments",
    apiGroup: "apps",
    name: actor.name,
    responseCode: random() < 0.2 ? 403 : 200,
    actorNamespace: "ci",
    actorReason: "no pod of the cluster asked",
  };
}

function inventorySpecials(actor: Actor, random: () => number): Record<string, unknown> {
  const tag = actor.image.split(":").at(-1) ?? "";
  const name = actor.image.split("/").at(-1)?.split(":")[0] ?? actor.name;
  const change = pick(random, [
    `image ${name}:${tag.replace(/\d+$/, "0")} -> ${name}:${tag}`,
    "replicas 2 -> 3",
    `container ${actor.name}: OOMKilled`,
  ]);
  const isPod = change.startsWith("container");
  return {
    kind: "inventory",
    action: "changed",
    objectKind: isPod ? "Pod" : actor.kind,
    objectName: isPod ? `${actor.name}-7c9d-2` : actor.name,
    uid: `u-${actor.name}`,
    change,
    object: JSON.stringify({ kind: isPod ? "Pod" : actor.kind, name: actor.name, replicasDesired: 3 }),
  };
}
