// The answer of the server for the address as it is: asked again while the window is live, kept while another is on its way.
import { useMemo } from "react";
import type { Window } from "../../../../src/apps/server/contract/common.ts";
import type { Edge, GraphDiff, ServiceGraph, Vertex } from "../../../../src/model/graph.ts";
import { useCall } from "../../api/client.ts";
import { troubleOf, type Trouble } from "../../api/trouble.ts";
import { rangeOf } from "../../app/url-state.ts";
import { useUrlState } from "../../app/use-url-state.ts";
import { beforeWindow, graphQuery, listOf, type Picked } from "./graph-question.ts";
import { layersOf, shownGraph, sidesOf, type Layer, type Shown } from "./shown-graph.ts";

export interface GraphAnswer {
  readonly graph: ServiceGraph | undefined;
  readonly diff: GraphDiff | undefined;
  readonly window: Window | undefined;
  readonly before: Window | undefined;
  /** Length of the window that was looked at. */
  readonly seconds: number;
  readonly shown: Shown;
  readonly layers: readonly Layer[];
  /** All vertices of the answer by id, hidden ones too. */
  readonly vertices: ReadonlyMap<string, Vertex>;
  readonly picked: Picked | undefined;
  /** What the address names is not in the answer. */
  readonly isPickLost: boolean;
  readonly trouble: Trouble | undefined;
  readonly error: unknown;
  readonly isPending: boolean;
  /** What is shown belongs to the question before. */
  readonly isOld: boolean;
  readonly retry: () => void;
}

const refetchMs = 5000;
/** A comparison reads two windows: it is asked for less often. */
const refetchDiffMs = 15_000;
/** Both ends of a comparison move in steps, so that equal questions stay equal. */
const diffStepMs = 15_000;
const nothing: ServiceGraph = {
  level: "service",
  vertices: [],
  edges: [],
  omitted: { vertices: 0, edges: 0 },
  totals: { vertices: 0, edges: 0 },
};

export function useGraph(): GraphAnswer {
  const [state] = useUrlState();
  const query = graphQuery(state);
  const isLive = rangeOf(state).kind === "relative" && state.paused !== "1";
  const past = beforeWindow(state, Math.floor(Date.now() / diffStepMs) * diffStepMs);
  const plain = useCall("serviceGraph", { query }, { keep: true, ...(isLive ? { refetchMs } : {}) });
  const compared = useCall(
    "graphDiff",
    { query: { ...query, beforeSince: past?.beforeSince ?? "", beforeUntil: past?.beforeUntil ?? "" } },
    { keep: true, enabled: past !== undefined, ...(isLive ? { refetchMs: refetchDiffMs } : {}) },
  );
  const { hide, dim, without, near = "" } = state;
  const graph = plain.data?.graph;
  const diff = past === undefined ? undefined : compared.data?.diff;
  const sides = useMemo(() => sidesOf(graph ?? nothing, diff), [graph, diff]);
  const shown = useMemo(
    () => shownGraph(sides, { hide: listOf(hide), dim: listOf(dim), without: listOf(without), near }),
    [sides, hide, dim, without, near],
  );
  const layers = useMemo(() => layersOf(sides), [sides]);
  const vertices = useMemo(() => new Map(sides.vertices.map(({ vertex }) => [vertex.id, vertex])), [sides]);
  const picked = useMemo(() => pickedOf(state.pick, sides.edges, vertices), [state.pick, sides, vertices]);
  const error = plain.error ?? (past === undefined ? null : compared.error);
  const window = plain.data?.window;
  return {
    graph,
    diff,
    window,
    before: past === undefined ? undefined : compared.data?.before,
    seconds: window === undefined ? 1 : Math.max(1, (Date.parse(window.until) - Date.parse(window.since)) / 1000),
    shown,
    layers,
    vertices,
    picked,
    isPickLost: state.pick !== undefined && picked === undefined && graph !== undefined && !plain.isPlaceholderData,
    trouble: error === null ? undefined : troubleOf(error),
    error,
    isPending: plain.isPending,
    isOld: plain.isPlaceholderData,
    retry: () => {
      void plain.refetch();
      if (past !== undefined) void compared.refetch();
    },
  };
}

function pickedOf(
  pick: string | undefined,
  edges: readonly { readonly edge: Edge }[],
  vertices: ReadonlyMap<string, Vertex>,
): Picked | undefined {
  if (pick === undefined) return undefined;
  const vertex = vertices.get(pick);
  if (vertex !== undefined) return { kind: "vertex", vertex };
  const edge = edges.find((each) => each.edge.id === pick)?.edge;
  const [source, destination] = [vertices.get(edge?.source ?? ""), vertices.get(edge?.destination ?? "")];
  if (edge === undefined || source === undefined || destination === undefined) return undefined;
  return { kind: "edge", edge, source, destination };
}
