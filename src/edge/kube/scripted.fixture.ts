// A scripted API server as a transport: each request is answered by a function, so that stalls, broken answers and expiry happen on purpose.
import { silentLogger } from "../../base/logger.ts";
import type { KubeAccess } from "./access.ts";
import { type KubeLimits, kubeLimits } from "./limits.ts";
import { watchedResources, type WatchedKind } from "./resources.ts";
import type { KubeAnswer, KubeGet, KubeTransport } from "./transport.ts";
import { type ClusterWatch, type ServerReport, watchCluster } from "./watch-cluster.ts";
import type { ResourceReport } from "./watch-resource.ts";

/** What is sent: a status with a body, lines that may be followed by silence, or a connection that breaks. */
export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly text?: string;
  /** After the text: "end" (default), "hang" until aborted, "break" with an error. */
  readonly after?: "end" | "hang" | "break";
}

/** Undefined: the default of the fixture (discovery, an empty list, a watch that hangs). */
export type Script = (path: URL, count: number) => Reply | undefined;

export function scriptedTransport(script: Script): KubeTransport & { readonly paths: string[] } {
  const paths: string[] = [];
  const counts = new Map<string, number>();
  return {
    paths,
    close: () => undefined,
    async get({ path, signal }: KubeGet): Promise<KubeAnswer> {
      signal.throwIfAborted();
      paths.push(path);
      const url = new URL(path, "https://api.example.com");
      const key = `${url.pathname}${url.searchParams.has("watch") ? "?watch" : ""}`;
      const count = counts.get(key) ?? 0;
      counts.set(key, count + 1);
      const reply = script(url, count) ?? defaultReply(url);
      return {
        status: reply.status ?? 200,
        header: (name) => reply.headers?.[name] ?? "",
        body: bodyOf(reply, signal),
      };
    },
  };
}

async function* bodyOf({ text = "", after = "end" }: Reply, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  if (text !== "") yield Buffer.from(text);
  if (after === "break") throw Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
  if (after === "end") return;
  await new Promise<void>((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(Object.assign(new Error("aborted"), { name: "AbortError" })), {
      once: true,
    });
  });
}

const verbs = ["get", "list", "watch"];

/** Aggregated discovery of everything that is read, without the groups named. */
export function discovery(url: URL, without: readonly string[] = []): Reply | undefined {
  if (url.pathname !== "/api" && url.pathname !== "/apis") return undefined;
  const versions = watchedResources.flatMap((resource) => resource.versions.slice(0, 1));
  const groups = [...new Set(versions.map(({ group }) => group))].filter(
    (group) => (group === "") === (url.pathname === "/api"),
  );
  const items = groups.map((name) => ({
    metadata: { name },
    versions: [
      {
        version: "v1",
        resources: versions
          .filter(({ group, plural }) => group === name && !without.includes(plural))
          .map(({ plural }) => ({ resource: plural, verbs })),
      },
    ],
  }));
  return { text: JSON.stringify({ kind: "APIGroupDiscoveryList", items }) };
}

function defaultReply(url: URL): Reply {
  if (url.pathname === "/version") return { text: JSON.stringify({ gitVersion: "v1.36.3" }) };
  const found = discovery(url);
  if (found !== undefined) return found;
  if (url.searchParams.has("watch")) return { after: "hang" };
  return { text: listText([], "1") };
}

export function listText(items: readonly object[], resourceVersion: string, next = ""): string {
  return JSON.stringify({ kind: "List", metadata: { resourceVersion, continue: next }, items });
}

export function lines(...events: readonly object[]): string {
  return events.map((event) => `${JSON.stringify(event)}\n`).join("");
}

export function item(name: string, resourceVersion = "1"): object {
  return { metadata: { name, uid: `u-${name}`, resourceVersion } };
}

export const scriptedAccess: KubeAccess = {
  server: new URL("https://api.example.com"),
  ca: undefined,
  certificate: undefined,
  key: undefined,
  serverName: "",
  headers: async () => ({}),
  fingerprint: "f",
  context: "",
};

export interface Heard {
  /** "Pod list a,b", "Pod put c", "Pod remove u-c", in order. */
  readonly said: string[];
  readonly states: Map<WatchedKind, ResourceReport>;
  readonly servers: ServerReport[];
  readonly broken: string[];
  reopened: number;
}

/** Fast versions of the waits. */
export const quick: KubeLimits = {
  ...kubeLimits,
  retryMsMin: 5,
  retryMsMax: 20,
  forbiddenMsMin: 10,
  forbiddenMsMax: 20,
  watchSilentMsMax: 60,
  bodySilentMsMax: 100,
  pingMs: 20,
  pingMsMax: 60,
  discoverMs: 40,
  reloadMs: 20,
};

/** Watches with `script` until `isEnough`, then stops. Throws after a while. */
export async function watchUntil(
  script: Script,
  isEnough: (heard: Heard) => boolean,
  over: Partial<ClusterWatch> = {},
): Promise<Heard & { readonly paths: readonly string[] }> {
  const heard: Heard = { said: [], states: new Map(), servers: [], broken: [], reopened: 0 };
  const transport = scriptedTransport(script);
  const stop = new AbortController();
  const names = (items: readonly unknown[]) => items.map((one) => String(one)).join(",");
  const running = watchCluster({
    source: { kind: "in-cluster", host: "h", port: "1", folder: "/none" },
    handlersFor: (kind) => ({
      read: (raw) => (raw as { metadata?: { name?: string } } | null)?.metadata?.name,
      onList: (items) => void heard.said.push(`${kind} list ${names(items)}`),
      onPut: (one) => void heard.said.push(`${kind} put ${String(one)}`),
      onRemove: (uid) => void heard.said.push(`${kind} remove ${uid}`),
      onState: (report) => void heard.states.set(kind, report),
      onBroken: (because) => void heard.broken.push(because),
      onCurrent: () => undefined,
    }),
    onServer: (report) => void heard.servers.push(report),
    onReopened: () => (heard.reopened += 1),
    clock: { nowMs: () => Date.now() },
    random: () => 0.5,
    logger: silentLogger,
    signal: stop.signal,
    limits: quick,
    access: async () => scriptedAccess,
    transport: () => transport,
    ...over,
  });
  const ended = new AbortController();
  const end = () => ended.abort();
  running.then(end, end);
  for (let tries = 0; tries < 12_000 && !ended.signal.aborted && !isEnough(heard); tries += 1)
    await new Promise((resolve) => setTimeout(resolve, 5));
  const wasEnough = isEnough(heard);
  stop.abort();
  await running;
  if (!wasEnough)
    throw new Error(`never enough: ${JSON.stringify({ ...heard, states: [...heard.states] }, undefined, 1)}`);
  return { ...heard, paths: transport.paths };
}
