// The service graph: who talks to whom, is it healthy and allowed. One selection for the picture, the details and the rows below.
import { useDeferredValue, useMemo, useState } from "react";
import { useKeys } from "../../app/use-keys.ts";
import { useUrlState } from "../../app/use-url-state.ts";
import { GraphCanvas } from "../../canvas/graph-canvas.tsx";
import { edgeLabel, vertexLabel } from "../../canvas/vertex-text.ts";
import type { ShownEdge } from "../../canvas/shape.ts";
import { ScreenFilter } from "../../kit/screen-filter.tsx";
import type { Vertex } from "../../../../src/model/graph.ts";
import { ActMenu, type MenuAt } from "./act-menu.tsx";
import { ChangesList } from "./changes-list.tsx";
import { focusFind } from "./find-box.tsx";
import { GraphBar } from "./graph-bar.tsx";
import { GraphDetails } from "./graph-details.tsx";
import { layoutSubject } from "./graph-question.ts";
import { GraphRows } from "./graph-rows.tsx";
import { GraphNotices, NoGraph } from "./graph-states.tsx";
import { GraphTable } from "./graph-table.tsx";
import { findVertices } from "./shown-graph.ts";
import { useActs } from "./use-acts.ts";
import { useGraph, type GraphAnswer } from "./use-graph.ts";

export function GraphScreen() {
  const answer = useGraph();
  return (
    <div className="screen">
      <ScreenFilter
        on="flows"
        placeholder="Filter the graph, e.g. ns:shop verdict:deny port:5432"
        trouble={answer.trouble}
      />
      <GraphBody answer={answer} />
    </div>
  );
}

function GraphBody({ answer }: { readonly answer: GraphAnswer }) {
  const [state, update] = useUrlState();
  const [menu, setMenu] = useState<MenuAt | undefined>(undefined);
  const { shown, picked } = answer;
  const acts = useActs();
  const { find, setFind, found, foundAt, foundSet } = useFind(answer);
  const labels = useLabels(answer);
  useKeys({ Escape: acts.back });
  const openMenu = (vertex: Vertex, at: { readonly x: number; readonly y: number }): void => setMenu({ vertex, ...at });
  const isEmpty = shown.vertices.length === 0;
  const isTable = state.as !== undefined;
  return (
    <>
      <GraphBar answer={answer} find={{ ...find, hits: found.length }} onFind={setFind} />
      <GraphNotices answer={answer} />
      <div className="graph-split" data-old={answer.isOld}>
        <div className="graph-main">
          {isEmpty ? <NoGraph answer={answer} /> : null}
          {!isEmpty && isTable ? (
            <GraphTable answer={answer} foundText={find.text} found={foundSet} onPick={acts.pick} />
          ) : null}
          {!isEmpty && !isTable ? (
            <GraphCanvas
              graph={shown}
              subject={layoutSubject(state)}
              seconds={answer.seconds}
              picked={state.pick ?? ""}
              found={foundSet}
              foundAt={foundAt}
              labelOf={labels.vertex}
              edgeLabelOf={labels.edge}
              onPick={acts.pick}
              onDive={acts.dive}
              onBack={acts.back}
              onFind={focusFind}
              onMenu={openMenu}
            />
          ) : null}
          <GraphRows picked={picked} />
        </div>
        {picked === undefined ? null : (
          <GraphDetails answer={answer} picked={picked} onClose={() => acts.pick("")} onMenu={openMenu} />
        )}
        {picked === undefined && answer.diff !== undefined ? (
          <ChangesList answer={answer} onPick={acts.pick} onClose={() => update({ before: undefined })} />
        ) : null}
      </div>
      {menu === undefined ? null : <ActMenu at={menu} onClose={() => setMenu(undefined)} />}
    </>
  );
}

function useFind({ shown }: GraphAnswer) {
  const [find, set] = useState({ text: "", at: 0 });
  const text = useDeferredValue(find.text);
  const found = useMemo(() => findVertices(shown, text), [shown, text]);
  const foundSet = useMemo(() => new Set(found), [found]);
  return {
    find,
    setFind: (patch: Partial<typeof find>) => set((before) => ({ ...before, ...patch })),
    found,
    foundSet,
    foundAt: found.length === 0 ? "" : (found[find.at % found.length] ?? ""),
  };
}

/** Stable while the answer is: cards keep their objects. */
function useLabels({ vertices, seconds }: GraphAnswer) {
  return useMemo(() => {
    const edge = ({ edge: each, changes }: ShownEdge): string => {
      const [source, destination] = [vertices.get(each.source), vertices.get(each.destination)];
      if (source === undefined || destination === undefined) return each.id;
      const text = edgeLabel(each, { source, destination }, seconds);
      return changes.length === 0 ? text : `${text}; changed: ${changes.join(", ")}`;
    };
    return { vertex: (vertex: Vertex): string => vertexLabel(vertex, seconds), edge };
  }, [vertices, seconds]);
}
