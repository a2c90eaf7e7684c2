// The flows under the picture: those of the selection, or of the whole filter when nothing is chosen. A row opens in Flows.
import { Link, useNavigate } from "@tanstack/react-router";
import { ChevronDown, ChevronUp } from "lucide-react";
import { useEffect, useState } from "react";
import type { Flow } from "../../../../src/model/flow.ts";
import { useLiveRows } from "../../api/live-rows.ts";
import { troubleOf } from "../../api/trouble.ts";
import { rangeQuery } from "../../app/time-range.ts";
import { filterOf, rangeOf } from "../../app/url-state.ts";
import { useUrlState } from "../../app/use-url-state.ts";
import { DataGrid } from "../../kit/data-grid.tsx";
import { flowColumns } from "../../kit/flow-columns.tsx";
import { flowKey } from "../../kit/flow-text.ts";
import { formatCount } from "../../kit/format.ts";
import { IconButton } from "../../kit/icon-button.tsx";
import { rowMark } from "../../kit/row-mark.ts";
import { Loading, sentence } from "../../kit/states.tsx";
import type { Picked } from "./graph-question.ts";
import { flowsFilter } from "./selection-filter.ts";

export function GraphRows({ picked }: { readonly picked: Picked | undefined }) {
  const [state] = useUrlState();
  const [isOpen, setOpen] = useState(true);
  const selection = picked === undefined ? "" : flowsFilter(picked);
  // The selection names its place; only the typed filter of the screen comes along.
  const q = picked === undefined ? filterOf(state) : [state.q ?? "", selection].filter((part) => part !== "").join(" ");
  return (
    <section className="graph-rows" aria-label="Flows of the selection" data-open={isOpen}>
      <header>
        <IconButton
          label={isOpen ? "Fold the flows" : "Show the flows"}
          pressed={isOpen}
          onClick={() => setOpen(!isOpen)}
        >
          {isOpen ? <ChevronDown /> : <ChevronUp />}
        </IconButton>
        <h2>Flows</h2>
        <span className="list-count">{picked === undefined ? "of the whole picture" : <code>{selection}</code>}</span>
        <span className="spacer" />
        <Link to="/flows" search={{ range: state.range, q: q === "" ? undefined : q }}>
          Open in Flows
        </Link>
      </header>
      {isOpen ? <Rows key={q} q={q} /> : null}
    </section>
  );
}

function Rows({ q }: { readonly q: string }) {
  const [state] = useUrlState();
  const navigate = useNavigate();
  const range = rangeOf(state);
  const [active, setActive] = useState(-1);
  const [isBusy, setBusy] = useState(false);
  const rows = useLiveRows("flows", { q, ...rangeQuery(range), live: range.kind === "relative" }, flowKey);
  const isHeld = state.paused === "1" || isBusy || active >= 0;
  useEffect(() => rows.store.hold(isHeld), [rows.store, isHeld]);
  const open = (flow: Flow | undefined): void => {
    if (flow === undefined) return;
    const search = { range: state.range, q: q === "" ? undefined : q, row: rowMark(flow, flowKey(flow)) };
    void navigate({ to: "/flows", search });
  };
  const { count, pending } = rows.snapshot;
  return (
    <div className="graph-rows-list">
      <DataGrid
        label={`Flows of the selection, newest first${pending > 0 ? `, ${formatCount(pending)} new wait` : ""}`}
        columns={flowColumns}
        count={count}
        rowAt={(index) => rows.store.rowAt(index)}
        active={active}
        onActive={setActive}
        onOpen={(index) => open(rows.store.rowAt(index))}
        onEnd={rows.loadOlder}
        onBusy={setBusy}
        extrasOf={({ verdict }) => (verdict === "deny" ? { tone: "deny" } : {})}
      >
        {rows.error !== undefined ? <NoRows error={rows.error} /> : null}
        {rows.error === undefined && rows.loading ? <Loading label="Loading flows" rows={4} /> : null}
        {rows.error === undefined && !rows.loading ? (
          <p className="calm graph-rows-none">
            No single flow of it is kept in this window. Sums live longer than rows: see Retention in Health.
          </p>
        ) : null}
      </DataGrid>
    </div>
  );
}

/** One line: the picture above says the same at length. */
function NoRows({ error }: { readonly error: unknown }) {
  const { message, hint } = troubleOf(error);
  return (
    <p className="calm graph-rows-none" role="alert">
      {sentence(message)} {hint}
    </p>
  );
}
