// A small Kubernetes API server on loopback, for the demo cluster and for tests: TLS with an own authority, bearer tokens, the kinds of
// resource-types.ts. It calls itself what `gitVersion` says, so that a simulated cluster is known as one.
import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import { createAccess, everything, type AccessRule, type ServerUser } from "./access.ts";
import { makeServingIdentity } from "./certificates.ts";
import { createHandler } from "./handler.ts";
import { createLists } from "./lists.ts";
import { resourceTypes, type ResourceType } from "./resource-types.ts";
import { createStore, type KubeStore } from "./store.ts";
import { createWatches, watchLimits } from "./watches.ts";

export const kubeServerLimits = {
  connectionsMax: 512,
  headersMsMax: 10_000,
  requestMsMax: 30_000,
  keepAliveMs: 60_000,
  headerBytesMax: 32 * 1024,
} as const;

export interface KubeServerOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly gitVersion: string;
  /** 0 takes a free one. */
  readonly port?: number;
  /** Further users beside "admin". */
  readonly users?: readonly ServerUser[];
  /** API groups that this server lacks: their resources are absent. */
  readonly absent?: (type: ResourceType) => boolean;
  readonly changesMax?: number;
  readonly bookmarkEveryMs?: number;
}

export interface KubeServer {
  /** "https://127.0.0.1:41234". */
  readonly url: string;
  readonly caPem: string;
  /** Of the user "admin", who may do everything. */
  readonly token: string;
  readonly store: KubeStore;
  /** A kubeconfig (YAML that is JSON) with the authority and the user's token. */
  kubeconfig(cluster: string, user?: string): string;
  /** Changes what a user may do from now on; open watches end with their next bookmark. */
  setRules(user: string, rules: readonly AccessRule[]): void;
  /** Forgets old changes and unfinished lists: clients that resume get 410. */
  compact(): void;
  /** Ends all watches, as a restart would. */
  endWatches(): void;
  readonly watches: number;
  close(): Promise<void>;
}

/** Resolves when it listens on 127.0.0.1. Namespaces "default" and "kube-system" are there. */
export async function startKubeServer(options: KubeServerOptions): Promise<KubeServer> {
  const { clock, gitVersion } = options;
  const identity = await makeServingIdentity(clock.nowMs());
  const admin = { name: "admin", token: randomBytes(32).toString("base64url"), rules: everything };
  const users = [admin, ...(options.users ?? [])];
  const changesMax = options.changesMax === undefined ? {} : { changesMax: options.changesMax };
  const store = createStore({ clock, newUid: randomUUID, random: Math.random, ...changesMax });
  for (const name of ["default", "kube-system"])
    store.put("Namespace", {
      metadata: { name, labels: { "kubernetes.io/metadata.name": name } },
      status: { phase: "Active" },
    });
  const types = resourceTypes.filter((type) => options.absent?.(type) !== true);
  const access = createAccess(users);
  const lists = createLists(store);
  const watches = createWatches({ store, bookmarkEveryMs: options.bookmarkEveryMs ?? watchLimits.bookmarkEveryMs });
  const handle = createHandler({ types, store, access, lists, watches, gitVersion, logger: options.logger });
  const server = createServer(
    {
      cert: identity.certificatePem,
      key: identity.keyPem,
      minVersion: "TLSv1.2",
      maxHeaderSize: kubeServerLimits.headerBytesMax,
      headersTimeout: kubeServerLimits.headersMsMax,
      requestTimeout: kubeServerLimits.requestMsMax,
      keepAliveTimeout: kubeServerLimits.keepAliveMs,
    },
    (request: IncomingMessage, response: ServerResponse) => void handle(request, response),
  );
  server.maxConnections = kubeServerLimits.connectionsMax;
  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    caPem: identity.caPem,
    token: admin.token,
    store,
    get watches() {
      return watches.size;
    },
    kubeconfig(cluster, name = "admin") {
      const user = users.find((candidate) => candidate.name === name);
      if (user === undefined) throw new Error(`no user ${name}`);
      return kubeconfigOf({ cluster, url, caPem: identity.caPem, user });
    },
    setRules: (user, rules) => access.setRules(user, rules),
    compact() {
      store.compact();
      lists.compact();
    },
    endWatches: () => watches.endAll(),
    async close() {
      watches.endAll();
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

interface KubeconfigParts {
  readonly cluster: string;
  readonly url: string;
  readonly caPem: string;
  readonly user: ServerUser;
}

function kubeconfigOf({ cluster, url, caPem, user }: KubeconfigParts): string {
  const authority = Buffer.from(caPem).toString("base64");
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: cluster, cluster: { server: url, "certificate-authority-data": authority } }],
    users: [{ name: user.name, user: user.token === undefined ? {} : { token: user.token } }],
    contexts: [{ name: cluster, context: { cluster, user: user.name } }],
    "current-context": cluster,
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}
