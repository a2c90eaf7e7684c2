// The service graph, its difference between two windows, and the overview: sums from the store, decided by core/graph.
import { graphDiff } from "../../../core/graph/diff.ts";
import { assign, rankVertices } from "../../../core/graph/limit.ts";
import { limited } from "../../../core/graph/service-graph.ts";
import { graphLimits, type graph } from "../contract/graph.ts";
import { draftGraph, type GraphParts } from "../graph/graph-answers.ts";
import { overviewOf, type OverviewParts } from "../graph/overview.ts";
import type { HandlersOf } from "../http/calls.ts";

export function graphHandlers(parts: GraphParts & OverviewParts): HandlersOf<keyof typeof graph> {
  return {
    async serviceGraph({ query }) {
      const { draft, sums } = await draftGraph(parts, query);
      const assignment = assign(rankVertices(draft), query.level, limitsOf(query));
      return { graph: limited(draft, assignment), window: sums.window };
    },
    async graphDiff({ query }) {
      const { beforeSince, beforeUntil, ...rest } = query;
      const [before, after] = await Promise.all([
        draftGraph(parts, { ...rest, since: beforeSince, until: beforeUntil }),
        draftGraph(parts, rest),
      ]);
      const diff = graphDiff(before, after, limitsOf(query));
      return { diff, before: before.sums.window, window: after.sums.window };
    },
    overview: ({ query }) => overviewOf(parts, query),
  };
}

function limitsOf({ verticesMax, open }: { readonly verticesMax: number; readonly open: string }) {
  const ids = open.split(",").filter((id) => id !== "");
  return { verticesMax, open: new Set(ids), openedMax: Math.max(verticesMax, graphLimits.verticesMax) };
}
