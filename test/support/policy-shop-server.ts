// A real server over the small shop: its door, state store and engine are real, its cluster and recorded flows are stand-ins.
import assert from "node:assert/strict";
import type { z } from "zod";
import { manualClock } from "../../src/base/clock.ts";
import type { policy } from "../../src/apps/server/contract/policy.ts";
import type { PolicyFlowKey, PolicyRuleCounts } from "../../src/edge/store/queries/queries.ts";
import { flowKey, outsideEnd, podEnd, policyResource, shopClusters, type ShopClusters } from "./policy-shop.ts";
import { ask, bearer, emptyQueries, testServer, type TestServer } from "./test-server.ts";

type Answer<Name extends keyof typeof policy> = z.infer<(typeof policy)[Name]["response"]>;

const window = {
  since: "2026-11-25T10:00:00.000Z",
  until: "2026-11-25T11:00:00.000Z",
  partial: false,
  partialBecause: "",
  gaps: [],
};
const web = podEnd("shop", "web-1");
const db = podEnd("shop", "db-0");
const probe = podEnd("ops", "probe-1");
const keys: readonly PolicyFlowKey[] = [
  flowKey(web, db, 5432, { connections: 70 }),
  flowKey(probe, db, 5432, { connections: 5, verdict: "deny" }),
  flowKey(web, outsideEnd("203.0.113.7"), 443, { connections: 3 }),
];

/** Calls expect 200 and give the parsed answer, which the server has checked against the contract. */
export interface Shop extends AsyncDisposable {
  readonly server: TestServer;
  readonly clusters: ShopClusters;
  readonly clock: ReturnType<typeof manualClock>;
  /** What agents report by rule, until it is changed. */
  told: Pick<PolicyRuleCounts, "rules" | "reporters">;
  put(manifest: Parameters<typeof policyResource>[0], name: string, scope?: string): Promise<void>;
  get<Name extends keyof typeof policy>(name: Name, path: string): Promise<Answer<Name>>;
  post<Name extends keyof typeof policy>(name: Name, path: string, body: object): Promise<Answer<Name>>;
}

/** The shop with what is recorded of it: web asks its database, a probe was stopped at it, web asks outside. */
export async function shop(flows: readonly PolicyFlowKey[] = keys): Promise<Shop> {
  const clusters = shopClusters();
  const lookedAt = { sinceMs: Date.parse(window.since), untilMs: Date.parse(window.until) };
  const queries = emptyQueries({
    policyFlowKeys: async () => ({ keys: flows, omitted: 0, lookedAt, window }),
    policyRuleCounts: async () => ({ ...made.told, cut: "", window }),
  });
  const clock = manualClock(Date.now());
  const server = await testServer({ queries, clusters, clock });
  const headers = bearer(server.localToken);
  const answered = async (asked: Parameters<typeof ask>[1]) => {
    const { status, text, json } = await ask(server, { ...asked, headers });
    assert.equal(status, 200, text);
    return json as never;
  };
  const made: Shop = {
    server,
    clusters,
    clock,
    told: { rules: [], reporters: [] },
    async put(manifest, name, scope) {
      const body = policyResource(manifest, name, scope);
      await answered({ method: "PUT", path: `/api/v1/resources/Policy/${name}`, body });
    },
    get: (_, path) => answered({ path: `/api/v1/policies/${path}` }),
    post: (_, path, body) => answered({ method: "POST", path: `/api/v1/policies/${path}`, body }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
  return made;
}
