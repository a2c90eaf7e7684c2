// How an API server is reached and who asks: read from a kubeconfig file or a pod's service account, with everything checked.
// Files that rotate are read again; plug-ins that run programs are used only where the operator named the kubeconfig.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import path from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { Fault } from "../../base/fault.ts";
import { kubeLimits } from "./limits.ts";
import { type ClientPair, createPlugin } from "./plugin.ts";

export type KubeSource =
  | {
      readonly kind: "file";
      readonly file: string;
      /** Empty: the current one of the file. */
      readonly context: string;
      /** Whether the file may name programs that are run for a credential. */
      readonly plugins: "allowed" | "refused";
    }
  | { readonly kind: "in-cluster"; readonly host: string; readonly port: string; readonly folder: string };

export interface KubeAccess {
  /** "https://10.0.0.1:6443". */
  readonly server: URL;
  readonly ca: Buffer | undefined;
  readonly certificate: Buffer | undefined;
  readonly key: Buffer | undefined;
  /** Name in the server's certificate, where it is not the address. */
  readonly serverName: string;
  /** Headers that carry the credential, as they are now. Throws Fault "kube/credential". */
  headers(): Promise<Readonly<Record<string, string>>>;
  /** A certificate that a program made, as it is now; used where there is no `certificate`. Absent: there is no program. Throws as `headers` does. */
  readonly clientPair?: () => Promise<ClientPair | undefined>;
  /** Changes when anything that was read changed. */
  readonly fingerprint: string;
  /** The name of the context in use; "" in a cluster. */
  readonly context: string;
}

const serviceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

/** The source of a pod; undefined outside of a cluster. */
export function inClusterSource(environment: Readonly<Record<string, string | undefined>>): KubeSource | undefined {
  const host = environment["KUBERNETES_SERVICE_HOST"] ?? "";
  const port = environment["KUBERNETES_SERVICE_PORT"] ?? "";
  return host === "" || port === "" ? undefined : { kind: "in-cluster", host, port, folder: serviceAccountFolder };
}

const text = z.string().max(kubeLimits.kubeconfigBytesMax).optional();

const Cluster = z.object({
  server: z.string(),
  "certificate-authority": text,
  "certificate-authority-data": text,
  "insecure-skip-tls-verify": z.boolean().optional(),
  "tls-server-name": text,
  "proxy-url": text,
});
const User = z.object({
  token: text,
  tokenFile: text,
  "client-certificate": text,
  "client-certificate-data": text,
  "client-key": text,
  "client-key-data": text,
  username: text,
  password: text,
  exec: z.unknown().optional(),
  "auth-provider": z.unknown().optional(),
});
type User = z.infer<typeof User>;
const Kubeconfig = z.object({
  "current-context": text,
  clusters: z.array(z.object({ name: z.string(), cluster: Cluster })).nullish(),
  users: z.array(z.object({ name: z.string(), user: User.nullish() })).nullish(),
  contexts: z.array(z.object({ name: z.string(), context: z.object({ cluster: z.string(), user: text }) })).nullish(),
});

function bad(message: string, hint: string): Fault {
  return new Fault(message, { code: "kube/kubeconfig", kind: "usage", hint });
}

/** Reads what is there now. Throws Fault "kube/kubeconfig" saying what is wrong with it. */
export async function loadAccess(source: KubeSource): Promise<KubeAccess> {
  return source.kind === "file" ? await fromFile(source) : await fromPod(source);
}

async function fromPod({ host, port, folder }: KubeSource & { kind: "in-cluster" }): Promise<KubeAccess> {
  const ca = await contentOf(path.join(folder, "ca.crt"));
  const server = serverUrl(`https://${isIP(host) === 6 ? `[${host}]` : host}:${port}`);
  const token = tokenFile(path.join(folder, "token"));
  await token();
  return {
    server,
    ca,
    certificate: undefined,
    key: undefined,
    serverName: "",
    context: "",
    headers: async () => bearer(await token()),
    fingerprint: fingerprintOf([server.href, ca]),
  };
}

async function fromFile(source: KubeSource & { kind: "file" }): Promise<KubeAccess> {
  const whole = (await contentOf(source.file)).toString("utf8");
  const config = parseKubeconfig(whole, source.file);
  const context = source.context === "" ? (config["current-context"] ?? "") : source.context;
  const chosen = config.contexts?.find(({ name }) => name === context)?.context;
  if (chosen === undefined) {
    const known = (config.contexts ?? [])
      .slice(0, 10)
      .map(({ name }) => name)
      .join(", ");
    throw bad(`there is no context "${context}" in ${source.file}`, `it has: ${known === "" ? "none" : known}`);
  }
  const cluster = config.clusters?.find(({ name }) => name === chosen.cluster)?.cluster;
  if (cluster === undefined)
    throw bad(`there is no cluster "${chosen.cluster}" in ${source.file}`, "add it to clusters");
  refuseUnsafe(cluster, source.file);
  const server = serverUrl(cluster.server);
  const user = config.users?.find(({ name }) => name === (chosen.user ?? ""))?.user ?? {};
  const beside = (file: string) => path.resolve(path.dirname(source.file), file);
  const one = (data: string | undefined, file: string | undefined) => materialOf(data, file, beside);
  const ca = await one(cluster["certificate-authority-data"], cluster["certificate-authority"]);
  const certificate = await one(user["client-certificate-data"], user["client-certificate"]);
  const key = await one(user["client-key-data"], user["client-key"]);
  return {
    server,
    ca,
    certificate,
    key,
    context,
    serverName: cluster["tls-server-name"] ?? "",
    ...credentialsOf(user, source, { context, beside }),
    fingerprint: fingerprintOf([whole, context, ca, certificate, key]),
  };
}

function parseKubeconfig(whole: string, file: string): z.infer<typeof Kubeconfig> {
  let value: unknown;
  try {
    value = parse(whole, { maxAliasCount: 100 });
  } catch (cause) {
    throw bad(
      `${file} is not YAML`,
      `a kubeconfig is expected (${(cause as Error).message.split("\n")[0]?.slice(0, 200)})`,
    );
  }
  const parsed = Kubeconfig.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw bad(
    `${file} is not a kubeconfig: ${issue?.path.join(".")}: ${issue?.message}`,
    "kubectl config view shows one",
  );
}

function refuseUnsafe(cluster: z.infer<typeof Cluster>, file: string): void {
  if (cluster["insecure-skip-tls-verify"] === true) {
    throw bad(`${file} skips the check of the server's certificate`, "give certificate-authority-data instead");
  }
  if ((cluster["proxy-url"] ?? "") !== "")
    throw bad(`${file} names a proxy, which is not supported`, "remove proxy-url");
}

/** Plain HTTP only to this machine itself. */
function serverUrl(text: string): URL {
  const url = URL.parse(text);
  if (url === null)
    throw bad(`the server's address ${JSON.stringify(text.slice(0, 200))} is no URL`, "https://host:6443");
  if (url.username !== "" || url.password !== "") throw bad("the server's address holds a password", "use a token");
  const isLoopback = ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname);
  if (url.protocol === "https:" || (url.protocol === "http:" && isLoopback)) return url;
  throw bad(`the server's address ${url.origin} is not https`, "plain http is taken on loopback only");
}

async function contentOf(file: string): Promise<Buffer> {
  try {
    const content = await readFile(file);
    if (content.length <= kubeLimits.kubeconfigBytesMax) return content;
  } catch (cause) {
    throw bad(`${file} cannot be read: ${(cause as Error).message}`, "it must be readable by the server's user");
  }
  throw bad(`${file} is larger than ${kubeLimits.kubeconfigBytesMax} bytes`, "give a kubeconfig of this cluster alone");
}

async function materialOf(
  data: string | undefined,
  file: string | undefined,
  beside: (file: string) => string,
): Promise<Buffer | undefined> {
  if (data !== undefined && data !== "") return Buffer.from(data, "base64");
  return file === undefined || file === "" ? undefined : await contentOf(beside(file));
}

interface UserPlace {
  readonly context: string;
  readonly beside: (file: string) => string;
}

function credentialsOf(
  user: User,
  source: KubeSource & { kind: "file" },
  { context, beside }: UserPlace,
): Pick<KubeAccess, "headers" | "clientPair"> {
  const needsProgram = user.exec !== undefined && user.exec !== null;
  const needsProvider = user["auth-provider"] !== undefined && user["auth-provider"] !== null;
  if (needsProgram || needsProvider) {
    if (source.plugins === "allowed") {
      const ask = createPlugin(source.file, context);
      return { headers: async () => (await ask()).headers, clientPair: async () => (await ask()).pair };
    }
    throw bad(
      `${source.file} asks to run a program for its credential, which is not done for files of a folder`,
      "name it with --kubeconfig, or put a token or certificate into it",
    );
  }
  // As kubectl does: a token beats a token file.
  const token = user.token ?? "";
  if (token !== "") return { headers: async () => bearer(token) };
  if ((user.tokenFile ?? "") !== "") {
    const read = tokenFile(beside(user.tokenFile ?? ""));
    return { headers: async () => bearer(await read()) };
  }
  if ((user.username ?? "") !== "") {
    const basic = Buffer.from(`${user.username}:${user.password ?? ""}`).toString("base64");
    return { headers: async () => ({ authorization: `Basic ${basic}` }) };
  }
  return { headers: async () => ({}) };
}

function bearer(token: string): Record<string, string> {
  if (/[^\x21-\x7e]/.test(token)) {
    throw new Fault("the token holds characters that no token has", { code: "kube/credential", kind: "usage" });
  }
  return { authorization: `Bearer ${token}` };
}

/** A token that its owner replaces on disk before it ends. */
function tokenFile(file: string): () => Promise<string> {
  let token = "";
  let readAtMs = -Infinity;
  return async () => {
    if (performance.now() - readAtMs < kubeLimits.tokenMs) return token;
    token = (await contentOf(file)).toString("utf8").trim();
    readAtMs = performance.now();
    return token;
  };
}

function fingerprintOf(parts: readonly (string | Buffer | undefined)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part ?? "").update("\0");
  return hash.digest("hex");
}
