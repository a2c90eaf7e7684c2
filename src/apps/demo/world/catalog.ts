// The simulated shop as tables: nodes, workloads, services, peers outside. A new service is one line here and its calls in traffic.ts.
// Every name and address outside is from the ranges and domains reserved for documentation (RFC 5737, RFC 2606).

export interface NodeSpec {
  readonly name: string;
  readonly address: string;
  /** Pods' addresses begin with this. */
  readonly podPrefix: string;
  readonly zone: string;
}

export const nodes: readonly NodeSpec[] = [1, 2, 3].map((number) => ({
  name: `demo-node-${number}`,
  address: `10.90.0.${10 + number}`,
  podPrefix: `10.244.${number}.`,
  zone: ["a", "b", "c"][number - 1] ?? "a",
}));

export type AppKind = "Deployment" | "StatefulSet" | "DaemonSet";

export interface AppSpec {
  readonly namespace: string;
  readonly name: string;
  readonly kind: AppKind;
  readonly replicas: number;
  /** Without its tag. */
  readonly image: string;
  readonly version: string;
  readonly port: number;
  /** Port of its Service; 0: it has none. */
  readonly servicePort: number;
  readonly command: readonly string[];
  readonly uid: number;
  readonly memoryMebibytes: number;
  readonly isHostNetwork: boolean;
  /** Names of Secrets that its environment comes from. */
  readonly secrets: readonly string[];
  /** Rolled out now and then. */
  readonly isRolledOut: boolean;
  /** Of its pods, beside `app`. */
  readonly labels: Readonly<Record<string, string>>;
}

type AppLine = Pick<AppSpec, "name" | "replicas" | "image" | "version" | "port" | "command"> & Partial<AppSpec>;

const node = (script: string): readonly string[] => ["/usr/local/bin/node", script];

function shop(line: AppLine): AppSpec {
  return {
    namespace: "shop",
    kind: "Deployment",
    servicePort: 80,
    uid: 1000,
    memoryMebibytes: 256,
    isHostNetwork: false,
    secrets: [],
    isRolledOut: true,
    labels: {},
    ...line,
  };
}

function system(namespace: string, line: AppLine): AppSpec {
  return { ...shop({ memoryMebibytes: 128, ...line }), namespace, isRolledOut: false };
}

const images = "images.example.com/shop";

export const apps: readonly AppSpec[] = [
  shop({
    name: "storefront",
    replicas: 3,
    image: `${images}/storefront`,
    version: "2.14.0",
    port: 3000,
    command: node("/app/storefront.js"),
  }),
  shop({
    name: "web",
    replicas: 3,
    image: `${images}/web`,
    version: "5.3.1",
    port: 8080,
    command: node("/app/web.js"),
  }),
  shop({
    name: "cart",
    replicas: 2,
    image: `${images}/cart`,
    version: "1.22.4",
    port: 8080,
    command: ["/app/cart", "--listen=:8080"],
  }),
  shop({
    name: "checkout",
    replicas: 2,
    image: `${images}/checkout`,
    version: "3.8.0",
    port: 8080,
    command: ["/usr/bin/java", "-Xmx192m", "-jar", "/app/checkout.jar"],
  }),
  shop({
    name: "payments",
    replicas: 2,
    image: `${images}/payments`,
    version: "4.1.7",
    port: 8080,
    command: ["/usr/bin/java", "-Xmx192m", "-jar", "/app/payments.jar"],
    secrets: ["payments-db", "payments-provider"],
  }),
  shop({
    name: "catalog",
    replicas: 3,
    image: `${images}/catalog`,
    version: "2.9.3",
    port: 8080,
    command: ["/app/catalog"],
    secrets: ["catalog-db"],
  }),
  shop({
    name: "search",
    replicas: 2,
    image: `${images}/search`,
    version: "1.4.0",
    port: 8080,
    command: ["/app/search", "--index=/data"],
  }),
  shop({
    name: "recommendations",
    replicas: 2,
    image: `${images}/recommendations`,
    version: "1.9.2",
    port: 8080,
    command: ["/usr/bin/python3", "/app/serve.py", "--workers=1"],
    memoryMebibytes: 192,
    isRolledOut: false,
  }),
  shop({
    name: "shipping",
    replicas: 1,
    image: `${images}/shipping`,
    version: "1.7.1",
    port: 8080,
    command: ["/app/shipping"],
  }),
  shop({
    name: "email",
    replicas: 1,
    image: `${images}/email`,
    version: "1.3.8",
    port: 8080,
    command: node("/app/email.js"),
    secrets: ["mail-provider"],
  }),
  shop({ name: "ads", replicas: 1, image: `${images}/ads`, version: "0.9.5", port: 8080, command: ["/app/ads"] }),
  shop({
    name: "currency",
    replicas: 1,
    image: `${images}/currency`,
    version: "1.1.0",
    port: 8080,
    command: node("/app/currency.js"),
  }),
  shop({
    name: "postgres",
    kind: "StatefulSet",
    replicas: 1,
    image: "images.example.com/library/postgres",
    version: "17.2",
    port: 5432,
    servicePort: 5432,
    command: ["/usr/lib/postgresql/17/bin/postgres", "-D", "/var/lib/postgresql/data"],
    uid: 999,
    memoryMebibytes: 1024,
    secrets: ["payments-db"],
    isRolledOut: false,
  }),
  shop({
    name: "catalog-db",
    kind: "StatefulSet",
    replicas: 1,
    image: "images.example.com/library/postgres",
    version: "16.6",
    port: 5432,
    servicePort: 5432,
    command: ["/usr/lib/postgresql/16/bin/postgres", "-D", "/var/lib/postgresql/data"],
    uid: 999,
    memoryMebibytes: 512,
    secrets: ["catalog-db"],
    isRolledOut: false,
  }),
  shop({
    name: "redis",
    replicas: 1,
    image: "images.example.com/library/redis",
    version: "7.4.1",
    port: 6379,
    servicePort: 6379,
    command: ["/usr/local/bin/redis-server", "*:6379"],
    uid: 999,
    isRolledOut: false,
  }),
  shop({
    name: "rabbitmq",
    kind: "StatefulSet",
    replicas: 1,
    image: "images.example.com/library/rabbitmq",
    version: "4.0.4",
    port: 5672,
    servicePort: 5672,
    command: ["/opt/erlang/bin/beam.smp", "-W", "w", "-noshell"],
    uid: 999,
    memoryMebibytes: 512,
    isRolledOut: false,
  }),
  system("ingress", {
    name: "ingress-nginx",
    replicas: 2,
    image: "images.example.com/ingress-nginx/controller",
    version: "1.13.2",
    port: 443,
    servicePort: 443,
    command: ["/usr/local/nginx/sbin/nginx", "-c", "/etc/nginx/nginx.conf"],
    uid: 101,
  }),
  system("kube-system", {
    name: "coredns",
    replicas: 2,
    image: "images.example.com/kube/coredns",
    version: "1.13.1",
    port: 53,
    servicePort: 53,
    command: ["/coredns", "-conf", "/etc/coredns/Corefile"],
    uid: 65_532,
    // Where everybody looks for a cluster's DNS.
    labels: { "k8s-app": "kube-dns" },
  }),
  system("kube-system", {
    name: "kube-proxy",
    kind: "DaemonSet",
    replicas: 3,
    image: "images.example.com/kube/kube-proxy",
    version: "1.36.3",
    port: 10_256,
    servicePort: 0,
    command: ["/usr/local/bin/kube-proxy", "--config=/var/lib/kube-proxy/config.conf"],
    uid: 0,
    isHostNetwork: true,
  }),
  system("kube-system", {
    name: "metrics-server",
    replicas: 1,
    image: "images.example.com/kube/metrics-server",
    version: "0.8.0",
    port: 10_250,
    servicePort: 443,
    command: ["/metrics-server", "--secure-port=10250"],
  }),
  system("monitoring", {
    name: "prometheus",
    kind: "StatefulSet",
    replicas: 1,
    image: "images.example.com/prometheus/prometheus",
    version: "3.7.3",
    port: 9090,
    servicePort: 9090,
    command: ["/bin/prometheus", "--config.file=/etc/prometheus/prometheus.yml"],
    uid: 65_534,
    memoryMebibytes: 1024,
  }),
  system("monitoring", {
    name: "grafana",
    replicas: 1,
    image: "images.example.com/grafana/grafana",
    version: "12.3.0",
    port: 3000,
    servicePort: 80,
    command: ["/usr/share/grafana/bin/grafana", "server"],
    uid: 472,
  }),
  system("monitoring", {
    name: "node-exporter",
    kind: "DaemonSet",
    replicas: 3,
    image: "images.example.com/prometheus/node-exporter",
    version: "1.10.2",
    port: 9100,
    servicePort: 9100,
    command: ["/bin/node_exporter", "--path.rootfs=/host"],
    uid: 65_534,
    isHostNetwork: true,
  }),
];

/** Services that go by another name than their workload. */
export const serviceNames: Readonly<Record<string, string>> = { coredns: "kube-dns" };

/** Cluster addresses that are always the same. */
export const fixedAddresses: Readonly<Record<string, string>> = { "kube-dns": "10.96.0.10" };

export interface CronSpec {
  readonly name: string;
  readonly everyMinutes: number;
  readonly image: string;
  readonly command: readonly string[];
  readonly runsMs: number;
}

export const cronJobs: readonly CronSpec[] = [
  {
    name: "cart-cleanup",
    everyMinutes: 2,
    image: `${images}/cart:1.22.4`,
    command: ["/bin/sh", "-c", "/app/cart cleanup --older-than=72h"],
    runsMs: 4000,
  },
  {
    name: "postgres-backup",
    everyMinutes: 5,
    image: "images.example.com/library/postgres:17.2",
    command: ["/bin/sh", "-c", "pg_dump --host=postgres shop | upload https://backups.example.com/shop"],
    runsMs: 9000,
  },
];

export interface Outside {
  readonly name: string;
  readonly addresses: readonly string[];
}

/** Third parties that the shop talks to, by DNS name. */
export const outside = {
  payments: { name: "api.payments.example.com", addresses: ["192.0.2.10", "192.0.2.11"] },
  mail: { name: "smtp.mail.example.net", addresses: ["192.0.2.25"] },
  carrier: { name: "rates.carrier.example.org", addresses: ["192.0.2.40"] },
  exchange: { name: "rates.exchange.example.com", addresses: ["192.0.2.50"] },
  backups: { name: "backups.example.com", addresses: ["192.0.2.60"] },
} as const satisfies Record<string, Outside>;

/** The intruder's own. */
export const intruder = {
  download: { name: "cdn.kernel-update.test", addresses: ["198.51.100.66"] },
  control: { name: "c2.kernel-update.test", addresses: ["198.51.100.67"] },
  drop: { name: "drop.kernel-update.test", addresses: ["203.0.113.200"] },
} as const satisfies Record<string, Outside>;

/** Where people come from: load balancer address, and two ranges of clients. */
export const publicAddress = "203.0.113.10";
export const clientPrefixes = ["198.51.100.", "203.0.113."] as const;
export const publicName = "shop.example.com";
