// A small HTTPS client for the Kubernetes API, for arranging and checking in tests: independent of the product's own client, which it helps to test.
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { Agent, request as httpsRequest } from "node:https";
import type { IncomingMessage } from "node:http";
import { dirname, resolve } from "node:path";
import { createInterface } from "node:readline";
import { parse } from "yaml";
import { z } from "zod";
import { until } from "./processes.ts";

const requestTimeoutMs = 30_000;
const untilTimeoutMs = 120_000;
const bodyBytesMax = 64 * 1024 * 1024;

/** Any object of the API; what a test reads beyond the metadata it names with `at`. */
export const KubernetesObject = z.looseObject({
  apiVersion: z.string().optional(),
  kind: z.string().optional(),
  metadata: z
    .looseObject({
      name: z.string().default(""),
      namespace: z.string().optional(),
      resourceVersion: z.string().optional(),
      uid: z.string().optional(),
      continue: z.string().optional(),
    })
    .default({ name: "" }),
  items: z.array(z.unknown()).optional(),
});
export type KubernetesObject = z.infer<typeof KubernetesObject>;

export interface ApiAnswer {
  readonly status: number;
  /** Parsed JSON, or the text when it is none. */
  readonly body: unknown;
}

export interface WatchEvent {
  readonly type: string;
  readonly object: KubernetesObject;
}

export interface OpenWatch {
  /** Resolves when the server or close() ended it. */
  readonly ended: Promise<void>;
  close(): void;
}

export interface ApiClient {
  /** Any request, any status. PATCH is sent as a merge patch unless `contentType` says otherwise. Rejects when the server is away. */
  request(method: string, path: string, body?: object, contentType?: string): Promise<ApiAnswer>;
  /** These reject unless the status is 2xx. */
  get(path: string): Promise<KubernetesObject>;
  create(path: string, object: object): Promise<KubernetesObject>;
  replace(path: string, object: object): Promise<KubernetesObject>;
  patch(path: string, merge: object): Promise<KubernetesObject>;
  remove(path: string): Promise<KubernetesObject>;
  /** `path` with watch=true in its query. Rejects on another status than 200. */
  watch(path: string, onEvent: (event: WatchEvent) => void): Promise<OpenWatch>;
  /** Polls an object until `is` holds; a 404 counts as not yet. */
  until(path: string, what: string, is: (object: KubernetesObject) => boolean): Promise<KubernetesObject>;
  close(): void;
}

/** The value below these keys and indices, or undefined. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  let current: unknown = value;
  for (const key of path) {
    if (typeof current !== "object" || current === null) return undefined;
    current = Object.entries(current).find(([name]) => name === String(key))?.[1];
  }
  return current;
}

export interface Access {
  /** https address without a path. */
  readonly server: string;
  readonly caPem: string;
  readonly certificatePem?: string;
  readonly keyPem?: string;
  readonly token?: string;
}

const optionalText = z.string().optional();
const Kubeconfig = z.looseObject({
  "current-context": z.string(),
  clusters: z.array(
    z.looseObject({
      name: z.string(),
      cluster: z.looseObject({
        server: z.string(),
        "certificate-authority-data": optionalText,
        "certificate-authority": optionalText,
      }),
    }),
  ),
  users: z.array(
    z.looseObject({
      name: z.string(),
      user: z.looseObject({
        token: optionalText,
        "client-certificate-data": optionalText,
        "client-certificate": optionalText,
        "client-key-data": optionalText,
        "client-key": optionalText,
      }),
    }),
  ),
  contexts: z.array(
    z.looseObject({ name: z.string(), context: z.looseObject({ cluster: z.string(), user: z.string() }) }),
  ),
});

/** The current context of a kubeconfig file. Certificates and tokens only: no plugins. */
export async function readAccess(path: string): Promise<Access> {
  const config = Kubeconfig.parse(parse(await readFile(path, "utf8")));
  const context = config.contexts.find(({ name }) => name === config["current-context"])?.context;
  const cluster = config.clusters.find(({ name }) => name === context?.cluster)?.cluster;
  const user = config.users.find(({ name }) => name === context?.user)?.user;
  if (cluster === undefined || user === undefined) throw new Error(`${path}: its current context is not complete`);
  async function pemOf(data: string | undefined, file: string | undefined): Promise<string | undefined> {
    if (data !== undefined) return Buffer.from(data, "base64").toString("utf8");
    return file === undefined ? undefined : await readFile(resolve(dirname(path), file), "utf8");
  }
  const caPem = await pemOf(cluster["certificate-authority-data"], cluster["certificate-authority"]);
  const certificatePem = await pemOf(user["client-certificate-data"], user["client-certificate"]);
  const keyPem = await pemOf(user["client-key-data"], user["client-key"]);
  if (user.token === undefined && keyPem === undefined)
    throw new Error(`${path}: its user has neither a token nor a client certificate`);
  return {
    server: cluster.server.replace(/\/$/, ""),
    caPem: caPem ?? "",
    ...(certificatePem === undefined || keyPem === undefined ? {} : { certificatePem, keyPem }),
    ...(user.token === undefined ? {} : { token: user.token }),
  };
}

export function createApiClient(access: Access): ApiClient {
  const agent = new Agent({
    keepAlive: true,
    ...(access.caPem === "" ? {} : { ca: access.caPem }),
    ...(access.certificatePem === undefined ? {} : { cert: access.certificatePem, key: access.keyPem }),
  });

  async function open(method: string, path: string, body?: object, contentType?: string): Promise<IncomingMessage> {
    const headers: Record<string, string> = { accept: "application/json" };
    if (access.token !== undefined) headers["authorization"] = `Bearer ${access.token}`;
    if (body !== undefined)
      headers["content-type"] =
        contentType ?? (method === "PATCH" ? "application/merge-patch+json" : "application/json");
    const request = httpsRequest(`${access.server}${path}`, { method, agent, headers });
    request.setTimeout(requestTimeoutMs, () => request.destroy(new Error(`${method} ${path}: no answer`)));
    request.end(body === undefined ? undefined : JSON.stringify(body));
    const [answer] = (await once(request, "response")) as [IncomingMessage];
    return answer;
  }

  async function request(method: string, path: string, body?: object, contentType?: string): Promise<ApiAnswer> {
    const answer = await open(method, path, body, contentType);
    return { status: answer.statusCode ?? 0, body: await readBody(answer) };
  }

  async function accepted(method: string, path: string, body?: object): Promise<KubernetesObject> {
    const answer = await request(method, path, body);
    if (answer.status < 200 || answer.status > 299)
      throw new Error(
        `${method} ${path}: ${answer.status} ${JSON.stringify(at(answer.body, "message") ?? answer.body)}`,
      );
    return KubernetesObject.parse(answer.body);
  }

  return {
    request,
    get: (path) => accepted("GET", path),
    create: (path, object) => accepted("POST", path, object),
    replace: (path, object) => accepted("PUT", path, object),
    patch: (path, merge) => accepted("PATCH", path, merge),
    remove: (path) => accepted("DELETE", path),
    async watch(path, onEvent) {
      const answer = await open("GET", `${path}${path.includes("?") ? "&" : "?"}watch=true`);
      if (answer.statusCode !== 200)
        throw new Error(`watch ${path}: ${answer.statusCode} ${JSON.stringify(await readBody(answer))}`);
      answer.socket.setTimeout(0);
      return followWatch(answer, onEvent);
    },
    until: (path, what, is) =>
      until(`${path}: ${what}`, untilTimeoutMs, async () => {
        const answer = await request("GET", path);
        if (answer.status === 404) return undefined;
        if (answer.status !== 200) throw new Error(`GET ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
        const object = KubernetesObject.parse(answer.body);
        return is(object) ? object : undefined;
      }),
    close: () => agent.destroy(),
  };
}

const Event = z.object({ type: z.string(), object: KubernetesObject });

function followWatch(answer: IncomingMessage, onEvent: (event: WatchEvent) => void): OpenWatch {
  // Before anything can end it; readline's own "close" is not sure to come for a destroyed input.
  const ended = new Promise<void>((resolve) => answer.once("close", resolve));
  const lines = createInterface({ input: answer });
  lines.on("line", (line) => onEvent(Event.parse(JSON.parse(line))));
  // A broken connection ends a watch like any other end; who watches begins anew.
  answer.on("error", () => lines.close());
  lines.on("error", () => lines.close());
  return { ended, close: () => answer.destroy() };
}

async function readBody(answer: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bodyBytesMax) throw new Error("the API server's answer is too long");
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString("utf8");
  try {
    return JSON.parse(text);
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return text;
    throw thrown;
  }
}
