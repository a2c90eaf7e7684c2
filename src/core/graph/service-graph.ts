// The service graph in one call: pairs in, the answer out, with what was left out said and counted.
import type { ServiceGraph } from "../../model/graph.ts";
import { type Draft, finish } from "./draft.ts";
import { assign, type Assignment, type LimitOptions, merged, rankVertices } from "./limit.ts";
import { project, type ProjectOptions } from "./project.ts";
import type { Pair } from "./reconcile.ts";

export function serviceGraph(pairs: readonly Pair[], options: ProjectOptions & LimitOptions): ServiceGraph {
  const draft = project(pairs, options);
  return limited(draft, assign(rankVertices(draft), options.level, options));
}

/** `draft` with the assignment carried out; `omitted` counts what the "more" vertices stand for, and edges merged into theirs. */
export function limited(draft: Draft, assignment: Assignment): ServiceGraph {
  const shown = merged(draft, assignment);
  const hidden = [...assignment].filter(([id, standsFor]) => id !== standsFor && draft.vertices.has(id)).length;
  const counted = [...draft.vertices.values()].map(({ endpoints }) => endpoints).filter((count) => count !== undefined);
  return finish(shown, {
    omitted: { vertices: hidden, edges: draft.edges.size - shown.edges.size },
    totals: {
      vertices: draft.vertices.size,
      edges: draft.edges.size,
      ...(counted.length === 0 ? {} : { endpoints: counted.reduce((sum, count) => sum + count, 0) }),
    },
  });
}
