// Network policies: the operations of contract/policy.ts over the server's policy desk. Nothing here changes anything.
import type { policy } from "../contract/policy.ts";
import type { HandlersOf } from "../http/calls.ts";
import type { ServerParts } from "../parts.ts";
import { boardsOf } from "../policy/board.ts";
import { createPolicyDesk } from "../policy/desk.ts";
import { detailOf } from "../policy/detail.ts";
import { explained, shownFlow } from "../policy/explain.ts";
import { previewed } from "../policy/preview.ts";
import { recommended } from "../policy/recommend.ts";
import { ruleBook } from "../policy/rule-book.ts";
import { policySchemas } from "../policy/schema/schemas.ts";
import { traced } from "../policy/trace.ts";
import { workloadPolicies } from "../policy/workload.ts";
import { countBook, recordedFlows } from "../policy/window-counts.ts";

type Parts = Pick<ServerParts, "state" | "clusters" | "queries" | "clock">;

export function policyHandlers({ state, clusters, queries, clock }: Parts): HandlersOf<keyof typeof policy> {
  const desk = createPolicyDesk({ state, clusters, clock });
  const rules = ruleBook(state.resources, clock);
  const board = { desk, counts: countBook({ queries, clock }), state, clusters, clock };
  const answering = { desk, queries };
  return {
    policyBoard: ({ query }) => boardsOf(board, query),
    policyDetail: ({ query }) => detailOf(board, query),
    policyWorkload: ({ query }) => workloadPolicies(desk, query),
    policyPreview: ({ body }) => previewed(answering, body),
    policyExplain: ({ body }) => explained(desk, body),
    policyTrace: ({ body }) => traced(desk, rules, body),
    policyRecommend: ({ body }) => recommended(answering, body),
    async policyFlows({ query: { cluster, ...asked } }) {
      const { flows, looked, window } = await recordedFlows(queries, await desk.of(cluster), asked);
      return { flows: flows.map(shownFlow), looked, window };
    },
    policySchema: () =>
      Promise.resolve({ kinds: policySchemas.map((kind) => ({ ...kind, schema: { ...kind.schema } })) }),
  };
}
