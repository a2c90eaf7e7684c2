// The demo's talk with the running server: join tokens for its nodes, the first bytes it wants read, the story to follow.
import { Fault } from "../../base/fault.ts";
import { resourceNameOf } from "../../core/policy/parse/resource-name.ts";
import { DemoStory } from "../../model/demo-story.ts";
import { call, type ClientOptions } from "../server/contract/client.ts";
import { demoLimits } from "./config.ts";
import { demoPolicies } from "./world/policies.ts";
import { demoPolicies as demoWafPolicies } from "./world/visits.ts";

/** The server of this machine, as its data folder says now: asked anew each time, since a restart may change it. */
export interface ServerAccess {
  readonly client: ClientOptions;
  /** host:port of the agents' door. */
  readonly agents: string;
}

export interface Control {
  /** Waits until the server answers. Rejects with a Fault when it does not in time. */
  waitForServer(signal: AbortSignal): Promise<ServerAccess>;
  /** A token for so many nodes. */
  joinToken(nodes: number): Promise<string>;
  /** Has HTTP and TLS read in the demo's cluster, unless somebody has said otherwise already. */
  askForFirstBytes(): Promise<void>;
  /** Puts the demo's policies, and the wish to preview them, that were never there: what a person changed or deleted is theirs to say. */
  offerPolicies(): Promise<void>;
  /** Resolves when the server reads the cluster's inventory, or after a while all the same. */
  waitForInventory(signal: AbortSignal): Promise<void>;
  /** What is to go wrong now; nothing without a resource. */
  story(): Promise<DemoStory>;
}

export function createControl(cluster: string, access: () => Promise<ServerAccess>): Control {
  const scope = `cluster/${cluster}`;
  return {
    async waitForServer(signal) {
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(demoLimits.serverWaitMsMax)]);
      for (;;) {
        try {
          const found = await access();
          await call(found.client, "listKinds", { signal: deadline });
          return found;
        } catch (cause) {
          const isFinal = cause instanceof Fault && (cause.kind === "unauthenticated" || cause.kind === "forbidden");
          if (!deadline.aborted && !isFinal) {
            await new Promise((resolve) => setTimeout(resolve, 500));
            continue;
          }
          throw new Fault("the demo finds no server that it may talk to", {
            code: "demo/no-server",
            kind: "unavailable",
            hint: "start one with `npm start` (or `garrison up`) on the same data folder",
            cause,
          });
        }
      }
    },
    async joinToken(nodes) {
      const { client } = await access();
      return (await call(client, "createJoinToken", { body: { cluster, uses: nodes, expiresInSeconds: 3600 } })).token;
    },
    async askForFirstBytes() {
      const { client } = await access();
      const spec = { match: { namespace: "*", workload: "*", node: "*" }, http: true, tls: true };
      const name = "demo-first-bytes";
      const body = { apiVersion: "garrison/v1" as const, kind: "Visibility", scope, name, spec };
      try {
        await call(client, "applyResource", { params: { kind: "Visibility", name }, query: { ifGeneration: 0 }, body });
      } catch (error) {
        // It is there, from an earlier run or changed by a person: theirs to say.
        if (!(error instanceof Fault && error.kind === "conflict")) throw error;
      }
    },
    offerPolicies: async () => offerPolicies((await access()).client, scope),
    async waitForInventory(signal) {
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(demoLimits.inventoryWaitMsMax)]);
      while (!deadline.aborted) {
        const found = await clustersOf(access).catch(() => []);
        if (found.some((one) => one.name === cluster && one.state === "connected")) return;
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    },
    async story() {
      const { client } = await access();
      const { resources } = await call(client, "listResources", { params: { kind: "DemoStory" } });
      const found = resources.find((one) => one.scope === scope && one.name === "default" && !one.deleted);
      return DemoStory.parse(found?.spec ?? {});
    },
  };
}

async function offerPolicies(client: ClientOptions, scope: string): Promise<void> {
  const policies = demoPolicies.map((manifest) => ({
    kind: "Policy",
    name: resourceNameOf(manifest),
    spec: { manifest },
  }));
  // The nodes compile and check them, and touch no packet.
  const enforcement = { kind: "Enforcement", name: "default", spec: { mode: "preview" } };
  const firewall = [...demoWafPolicies].map(([app, { spec }]) => ({ kind: "WafPolicy", name: `shop-${app}`, spec }));
  for (const { kind, name, spec } of [...policies, enforcement, ...firewall]) {
    const params = { kind, name };
    if (await wasEver(client, { params, query: { scope } })) continue;
    const body = { apiVersion: "garrison/v1" as const, kind, scope, name, spec };
    await call(client, "applyResource", { params, body });
  }
}

/** Deleted ones too: their history is kept. */
async function wasEver(
  client: ClientOptions,
  asked: { readonly params: { kind: string; name: string }; readonly query: { scope: string } },
): Promise<boolean> {
  try {
    return (await call(client, "resourceHistory", asked)).generations.length > 0;
  } catch (error) {
    if (error instanceof Fault && error.kind === "not-found") return false;
    throw error;
  }
}

async function clustersOf(access: () => Promise<ServerAccess>) {
  const { client } = await access();
  return (await call(client, "listClusters", {})).clusters;
}
