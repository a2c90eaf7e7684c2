// What is said above the picture, and instead of it: partial, stale, left out, hidden, empty, forbidden.
import { Waypoints } from "lucide-react";
import { rangeLabel } from "../../app/time-range.ts";
import { filterOf, rangeOf } from "../../app/url-state.ts";
import { useUrlState } from "../../app/use-url-state.ts";
import { formatCount, formatDateTime } from "../../kit/format.ts";
import { KeptLine } from "../../kit/kept-line.tsx";
import { Loading, Notice, State, TroubleState } from "../../kit/states.tsx";
import { gapSummary, missingOf } from "../../kit/timeline-data.ts";
import { WindowNotices } from "../../kit/window-notices.tsx";
import type { GraphAnswer } from "./use-graph.ts";

export function GraphNotices({ answer }: { readonly answer: GraphAnswer }) {
  const [state, update] = useUrlState();
  const { shown, graph, before, window } = answer;
  const { vertices, edges } = shown.hidden;
  const near = state.near === undefined ? undefined : answer.vertices.get(state.near);
  return (
    <>
      <WindowNotices window={window} error={answer.graph === undefined ? undefined : answer.error} />
      {answer.isPickLost ? (
        <Notice tone="info" act={<Act title="Let it go" onClick={() => update({ pick: undefined }, "replace")} />}>
          What this link chose did not show up in this window, or is not in the filter.
        </Notice>
      ) : null}
      {near === undefined ? null : (
        <Notice tone="info" act={<Act title="Show all" onClick={() => update({ near: undefined })} />}>
          Only {near.name} and who it talks to.
        </Notice>
      )}
      {near === undefined && vertices > 0 ? (
        <Notice
          tone="info"
          act={<Act title="Show all" onClick={() => update({ hide: undefined, without: undefined })} />}
        >
          {formatCount(vertices)} vertices and {formatCount(edges)} edges are hidden by your layers.
        </Notice>
      ) : null}
      {graph !== undefined && graph.omitted.vertices > 0 && state.open === undefined ? (
        <p className="visually-hidden">
          {formatCount(graph.omitted.vertices)} vertices are merged into “n more”; open one to see them.
        </p>
      ) : null}
      {before === undefined ? null : (
        <Notice tone="info" act={<Act title="Do not compare" onClick={() => update({ before: undefined })} />}>
          Compared with {formatDateTime(before.since)} – {formatDateTime(before.until).slice(11)}.
          {missingOf(before.gaps).length > 0 ? ` Data is missing there: ${gapSummary(before.gaps)}.` : ""}
        </Notice>
      )}
    </>
  );
}

function Act({ title, onClick }: { readonly title: string; readonly onClick: () => void }) {
  return (
    <button type="button" className="button" onClick={onClick}>
      {title}
    </button>
  );
}

/** Why there is no picture. */
export function NoGraph({ answer }: { readonly answer: GraphAnswer }) {
  const [state] = useUrlState();
  const { trouble, graph, window, shown } = answer;
  if (trouble !== undefined && graph === undefined) return <TroubleState trouble={trouble} onRetry={answer.retry} />;
  if (answer.isPending) return <Loading label="Loading the graph" rows={8} />;
  if (shown.hidden.vertices > 0)
    return (
      <State
        icon={<Waypoints />}
        title="All of it is hidden"
        hint="Every namespace of this picture is hidden by your layers. “Show all” above brings them back."
      />
    );
  const where = rangeLabel(rangeOf(state)).toLowerCase();
  const isFiltered = filterOf(state) !== "";
  return (
    <div className="graph-empty">
      <KeptLine window={window} />
      <State
        icon={<Waypoints />}
        title={`${isFiltered ? "Nothing that matches talked" : "Nobody talked to anybody"} · ${where}`}
        hint={
          isFiltered
            ? "Remove a term of the filter, leave the namespace above, or choose a longer time range."
            : "The graph is drawn from connections that agents see. Choose a longer time range, or look at Health: is an agent connected?"
        }
      >
        {window !== undefined && missingOf(window.gaps).length > 0 ? (
          <p>Note: {gapSummary(window.gaps)} in this window, so this is not the same as “nobody talked”.</p>
        ) : null}
      </State>
    </div>
  );
}
