// etcd, kube-apiserver and, where wanted, kube-controller-manager in a Place: what both kinds of own cluster share.
// Flags and their reasons were measured with 1.20.2. Later versions may want others.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createApiClient, type Access, type ApiClient } from "./api-client.ts";
import type { ClusterOptions } from "./cluster-types.ts";
import { kubeconfigText, makeAuthority, makeTokenKeys, type Authority, type KeyAndCertificate } from "./pki.ts";
import { tailOfLog, until, type Daemon, type Place } from "./processes.ts";

export interface Ports {
  readonly api: number;
  readonly etcd: number;
  readonly etcdPeer: number;
}

export interface ControlPlaneOptions {
  readonly cluster: ClusterOptions;
  readonly place: Place;
  /** For everything that is written. */
  readonly folder: string;
  readonly ports: Ports;
  /** Where clients reach the API server, also in its certificate. */
  readonly address: string;
  readonly bindAddress: string;
  readonly serviceRange: string;
  /** First address of the service range: the API server's own service. */
  readonly serviceAddress: string;
  readonly programs: {
    readonly etcd: string;
    readonly apiServer: string;
    readonly controllerManager: string | undefined;
  };
  /** A node's API server publishes its address for pods and admits only pods that have a service account. */
  readonly hasNode: boolean;
}

export interface ControlPlane {
  readonly access: Access;
  readonly admin: ApiClient;
  readonly kubeconfigPath: string;
  readonly authority: Authority;
  readonly auditLogPath: string | undefined;
  readonly stopApi: () => Promise<void>;
  readonly killApi: () => Promise<void>;
  readonly startApi: () => Promise<void>;
  readonly pauseApi: () => Promise<void>;
  readonly resumeApi: () => void;
  readonly compact: () => Promise<number>;
  /** Writes a kubeconfig with a client certificate and returns its path. */
  readonly writeKubeconfig: (name: string, user: KeyAndCertificate) => Promise<string>;
  readonly logTail: (program: string) => Promise<string>;
  readonly stop: () => Promise<void>;
}

const readyTimeoutMsDefault = 180_000;

/** KUBEBUILDER_CONTROLPLANE_START_TIMEOUT as envtest reads it ("20s", "2m"), else 180 s: machines that run tests are busy. */
export function readyTimeoutMs(environment: Readonly<Record<string, string | undefined>>): number {
  const given = environment["KUBEBUILDER_CONTROLPLANE_START_TIMEOUT"] ?? "";
  if (given === "") return readyTimeoutMsDefault;
  const [, count, unit] = /^(\d{1,5})(s|m)$/.exec(given) ?? [];
  if (count === undefined) throw new Error(`KUBEBUILDER_CONTROLPLANE_START_TIMEOUT: "${given}" is not like 60s or 2m`);
  return Number(count) * (unit === "m" ? 60_000 : 1000);
}

export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { folder, place, ports, programs, address } = options;
  const server = `https://${address}:${ports.api}`;
  const authority = await makeAuthority("test-cluster");
  const apiArguments = await prepareApi(options, authority);
  const adminUser = await authority.issue({ commonName: "test-admin", group: "system:masters" });

  async function writeKubeconfig(name: string, user: KeyAndCertificate): Promise<string> {
    const path = join(folder, `${name}.kubeconfig`);
    await writeFile(path, kubeconfigText({ server, caPem: authority.caPem, user }), { mode: 0o600 });
    return path;
  }
  const kubeconfigPath = await writeKubeconfig("admin", adminUser);
  const access: Access = { server, caPem: authority.caPem, ...adminUser };
  const admin = createApiClient(access);
  const daemons: Daemon[] = [];
  let api: Daemon | undefined;

  async function startApi(): Promise<void> {
    if (api?.isRunning() === true) return;
    api = await place.start({ name: "kube-apiserver", program: programs.apiServer, args: apiArguments });
    await untilReady(admin, api, folder);
  }
  async function stopApi(): Promise<void> {
    await api?.stop();
  }
  async function stop(): Promise<void> {
    for (const daemon of [...daemons].reverse()) await daemon.stop();
    admin.close();
  }
  try {
    const etcd = await place.start({ name: "etcd", program: programs.etcd, args: etcdArguments(folder, ports) });
    // Stopped last; the API server, which may be replaced, before it.
    daemons.push(etcd, { ...etcd, name: "kube-apiserver", stop: stopApi });
    await etcdCall(place, ports, "untilHealthy").catch(async (thrown: unknown) => {
      throw new Error(`etcd did not get ready:\n${await tailOfLog(folder, "etcd")}`, { cause: thrown });
    });
    await startApi();
    if (programs.controllerManager !== undefined) {
      const user = await authority.issue({ commonName: "system:kube-controller-manager" });
      const args = controllerArguments(folder, await writeKubeconfig("controller-manager", user));
      const name = "kube-controller-manager";
      daemons.push(await place.start({ name, program: programs.controllerManager, args }));
    }
  } catch (thrown) {
    await stop();
    throw thrown;
  }
  return {
    access,
    admin,
    kubeconfigPath,
    authority,
    auditLogPath: options.cluster.audit === undefined ? undefined : join(folder, "audit.log"),
    stopApi,
    killApi: async () => api?.kill(),
    startApi,
    pauseApi: async () => api?.pause(),
    resumeApi: () => api?.signal("SIGCONT"),
    compact: async () => Number(await etcdCall(place, ports, "compact")),
    writeKubeconfig,
    logTail: (program) => tailOfLog(folder, program),
    stop,
  };
}

function etcdArguments(folder: string, ports: Ports): string[] {
  const client = `http://127.0.0.1:${ports.etcd}`;
  const peer = `http://127.0.0.1:${ports.etcdPeer}`;
  return [
    `--data-dir=${join(folder, "etcd")}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    "--unsafe-no-fsync",
  ];
}

/** Writes keys, certificates and the audit files; returns the API server's flags. */
async function prepareApi(options: ControlPlaneOptions, authority: Authority): Promise<string[]> {
  const { folder, ports, address, hasNode } = options;
  const pki = join(folder, "pki");
  await mkdir(pki, { recursive: true });
  const files = new Map<string, string>();
  const frontProxy = await makeAuthority("test-front-proxy");
  const tokens = makeTokenKeys();
  const certificates = {
    server: await authority.issue({
      commonName: "kube-apiserver",
      names: ["localhost", "127.0.0.1", address, options.serviceAddress, "kubernetes", "kubernetes.default.svc"],
    }),
    kubelet: await authority.issue({ commonName: "kube-apiserver-kubelet-client", group: "system:masters" }),
    proxy: await frontProxy.issue({ commonName: "front-proxy-client" }),
  };
  files.set("ca.crt", authority.caPem).set("front-proxy-ca.crt", frontProxy.caPem);
  files.set("token.key", tokens.privatePem).set("token.pub", tokens.publicPem);
  for (const [name, { keyPem, certificatePem }] of Object.entries(certificates))
    files.set(`${name}.key`, keyPem).set(`${name}.crt`, certificatePem);
  for (const [name, text] of files) await writeFile(join(pki, name), text, { mode: 0o600 });
  return [
    `--etcd-servers=http://127.0.0.1:${ports.etcd}`,
    `--bind-address=${options.bindAddress}`,
    `--secure-port=${ports.api}`,
    "--insecure-port=0",
    `--advertise-address=${address}`,
    `--service-cluster-ip-range=${options.serviceRange}`,
    "--allow-privileged=true",
    "--authorization-mode=Node,RBAC",
    "--enable-admission-plugins=NodeRestriction",
    // Without controllers no namespace gets its default account; loopback is no address for an Endpoints object.
    ...(hasNode ? [] : ["--endpoint-reconciler-type=none"]),
    ...(options.programs.controllerManager === undefined ? ["--disable-admission-plugins=ServiceAccount"] : []),
    `--tls-cert-file=${pki}/server.crt`,
    `--tls-private-key-file=${pki}/server.key`,
    `--client-ca-file=${pki}/ca.crt`,
    `--kubelet-certificate-authority=${pki}/ca.crt`,
    `--kubelet-client-certificate=${pki}/kubelet.crt`,
    `--kubelet-client-key=${pki}/kubelet.key`,
    "--kubelet-preferred-address-types=InternalIP",
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-signing-key-file=${pki}/token.key`,
    `--service-account-key-file=${pki}/token.pub`,
    `--requestheader-client-ca-file=${pki}/front-proxy-ca.crt`,
    "--requestheader-allowed-names=front-proxy-client",
    "--requestheader-extra-headers-prefix=X-Remote-Extra-",
    "--requestheader-group-headers=X-Remote-Group",
    "--requestheader-username-headers=X-Remote-User",
    `--proxy-client-cert-file=${pki}/proxy.crt`,
    `--proxy-client-key-file=${pki}/proxy.key`,
    ...(await auditArguments(options)),
    ...(options.cluster.apiServerArguments ?? []),
  ];
}

const auditPolicyDefault = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived"],
  rules: [{ level: "Metadata" }],
};

async function auditArguments({ cluster: { audit }, folder }: ControlPlaneOptions): Promise<string[]> {
  if (audit === undefined) return [];
  const policy = join(folder, "audit-policy.json");
  await writeFile(policy, JSON.stringify(audit.policy ?? auditPolicyDefault));
  const args = [`--audit-policy-file=${policy}`, `--audit-log-path=${join(folder, "audit.log")}`];
  if (audit.webhook === undefined) return args;
  const webhook = join(folder, "audit-webhook.kubeconfig");
  const { url, caPem = "", token = "" } = audit.webhook;
  await writeFile(webhook, kubeconfigText({ server: url, caPem, user: { token } }), { mode: 0o600 });
  // A second instead of thirty: tests wait for it.
  return [...args, `--audit-webhook-config-file=${webhook}`, "--audit-webhook-batch-max-wait=1s"];
}

function controllerArguments(folder: string, kubeconfig: string): string[] {
  const pki = join(folder, "pki");
  return [
    `--kubeconfig=${kubeconfig}`,
    `--authentication-kubeconfig=${kubeconfig}`,
    `--authorization-kubeconfig=${kubeconfig}`,
    "--bind-address=127.0.0.1",
    // Nobody asks it, and several clusters may run here: no ports.
    "--port=0",
    "--secure-port=0",
    "--leader-elect=false",
    "--use-service-account-credentials=true",
    `--service-account-private-key-file=${pki}/token.key`,
    `--root-ca-file=${pki}/ca.crt`,
    "--controllers=*,bootstrapsigner,tokencleaner",
  ];
}

/** Ready: /readyz says so (with the bootstrap of RBAC), and the namespace "default" is there. */
async function untilReady(admin: ApiClient, api: Daemon, folder: string): Promise<void> {
  let last = "it did not answer";
  try {
    await until("the API server is ready", readyTimeoutMs(process.env), async () => {
      if (!api.isRunning()) throw new Error("kube-apiserver ended");
      for (const path of ["/readyz", "/api/v1/namespaces/default"]) {
        // Refused connections are what waiting is for.
        const answer = await admin.request("GET", path).catch((thrown: unknown) => String(thrown));
        if (typeof answer === "string" || answer.status !== 200) {
          last = typeof answer === "string" ? answer : `${path}: ${answer.status}`;
          return undefined;
        }
      }
      return true;
    });
  } catch (thrown) {
    const log = await tailOfLog(folder, "kube-apiserver");
    throw new Error(`the API server did not get ready (${last}); its last lines:\n${log}`, { cause: thrown });
  }
}

/** Talks to etcd's JSON gateway from within its place by a short Node program, so that no client of etcd is needed. */
function etcdCall(place: Place, ports: Ports, what: "untilHealthy" | "compact"): Promise<string> {
  const program = `
    const base = process.argv[1];
    const call = async (path, body) => {
      const answer = await fetch(base + path, { method: "POST", body: JSON.stringify(body) });
      if (!answer.ok) throw new Error(path + ": " + answer.status + " " + (await answer.text()));
      return answer.json();
    };
    const newest = async () => (await call("/v3/kv/range", { key: "AA==" })).header.revision;
    if (process.argv[2] === "compact") {
      const revision = await newest();
      await call("/v3/kv/compaction", { revision, physical: true });
      console.log(revision);
    } else {
      for (let tries = 0; ; tries++) {
        try { await newest(); break; }
        catch (thrown) { if (tries > 300) throw thrown; await new Promise((done) => setTimeout(done, 100)); }
      }
    }`;
  const flags = ["--input-type=module", "-e", program];
  return place.run(process.execPath, [...flags, `http://127.0.0.1:${ports.etcd}`, what]);
}
