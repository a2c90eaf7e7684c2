// What one can do with a thing of the graph: choose, dive, go back, hide, look near. All of it is a change of the address.
import { useNavigate } from "@tanstack/react-router";
import type { Vertex } from "../../../../src/model/graph.ts";
import { carried, useUrlState } from "../../app/use-url-state.ts";
import { hasPage } from "../../kit/workload-text.ts";
import { diveOf, upOf, withItem } from "./graph-question.ts";

export interface Acts {
  readonly pick: (id: string) => void;
  readonly dive: (vertex: Vertex) => void;
  readonly back: () => void;
  readonly hide: (vertex: Vertex) => void;
  readonly near: (id: string | undefined) => void;
  readonly openPage: (vertex: Vertex) => void;
}

/** Kind and name of the workload that a vertex is, or belongs to; undefined when it has no page. */
export function pageOf(vertex: Vertex) {
  const { cluster, namespace, workloadKind, workload, name } = vertex;
  if (workloadKind === undefined) return undefined;
  const owner = workload === "" ? name : workload;
  return hasPage(workloadKind, namespace, owner) ? { cluster, namespace, kind: workloadKind, name: owner } : undefined;
}

export function useActs(): Acts {
  const [state, update] = useUrlState();
  const navigate = useNavigate();
  const openPage = (vertex: Vertex): void => {
    const params = pageOf(vertex);
    if (params !== undefined)
      void navigate({ to: "/workloads/$cluster/$namespace/$kind/$name", params, search: carried });
  };
  return {
    // The same thing again in a row of the history would make "back" do nothing.
    pick: (id) => {
      if ((state.pick ?? "") !== id) update({ pick: id === "" ? undefined : id }, "replace");
    },
    dive: (vertex) => {
      const dive = diveOf(vertex, state);
      if (dive.kind === "level") update(dive.patch);
      else if (dive.kind === "page" && pageOf(vertex) !== undefined) openPage(vertex);
      else update({ pick: vertex.id }, "replace");
    },
    back: () => {
      if (state.pick !== undefined) return update({ pick: undefined }, "replace");
      if (state.near !== undefined) return update({ near: undefined });
      const up = upOf(state);
      return up === undefined ? undefined : update(up);
    },
    hide: (vertex) =>
      update({ without: withItem(state.without, vertex.id), ...(state.pick === vertex.id ? { pick: undefined } : {}) }),
    near: (id) => update({ near: id }),
    openPage,
  };
}
