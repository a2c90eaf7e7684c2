// The list: equal detections of a quarter of an hour are one row with their count; the chosen one is told in full beside it.
import { CircleCheck, EyeOff, SearchX } from "lucide-react";
import { useEffect, useState } from "react";
import { call } from "../../../../src/apps/server/contract/client.ts";
import { apiClient, useCall } from "../../api/client.ts";
import { troubleOf, type Trouble } from "../../api/trouble.ts";
import { rangeQuery } from "../../app/time-range.ts";
import { filterOf, rangeOf } from "../../app/url-state.ts";
import { useKeys } from "../../app/use-keys.ts";
import { useUrlState } from "../../app/use-url-state.ts";
import { Age } from "../../kit/age.tsx";
import { DataGrid, type Column } from "../../kit/data-grid.tsx";
import { DetailsPane } from "../../kit/details-pane.tsx";
import { formatCount } from "../../kit/format.ts";
import { Loading, Notice, State, TroubleState } from "../../kit/states.tsx";
import { WindowNotices } from "../../kit/window-notices.tsx";
import { WorkloadName } from "../../kit/workload-name.tsx";
import { DetectionAction, DetectionMarkWord, DetectionSeverity, TechniqueNames } from "./detection-marks.tsx";
import { DetectionDetails } from "./detection-details.tsx";
import { DetectionsHead } from "./detections-head.tsx";
import { coverText, silenceOf, type DetectionCard, type DetectionList } from "./detection-words.ts";
import { useHeld, useSecurityStream } from "./use-live-answer.ts";

const columns: readonly Column<DetectionCard>[] = [
  {
    id: "severity",
    header: "Severity",
    width: "92px",
    cell: ({ severity }) => <DetectionSeverity severity={severity} />,
  },
  {
    id: "what",
    header: "What",
    width: "minmax(200px, 2.8fr)",
    cell: (card) => (
      <span className="detection-what" title={`${card.title}\n${card.rule}`}>
        <span>{card.title || card.rule}</span>
        <DetectionMarkWord mark={card.mark} />
      </span>
    ),
  },
  {
    id: "workload",
    header: "Workload",
    hideBelowPx: 560,
    width: "minmax(110px, 1fr)",
    cell: (card) => (
      <WorkloadName
        cluster={card.cluster}
        namespace={card.namespace}
        kind={card.workloadKind}
        name={card.workload}
        fallback={card.node}
        reason={card.identityReason}
      />
    ),
  },
  {
    id: "process",
    header: "Process",
    hideBelowPx: 1000,
    width: "minmax(90px, 0.6fr)",
    cell: ({ process, executable }) => (
      <span className="data" title={executable}>
        {process}
      </span>
    ),
  },
  {
    id: "technique",
    header: "Technique",
    hideBelowPx: 1160,
    width: "minmax(110px, 0.7fr)",
    cell: ({ techniques }) => <TechniqueNames techniques={techniques} />,
  },
  { id: "action", header: "Done", hideBelowPx: 860, width: "142px", cell: (card) => <DetectionAction card={card} /> },
  {
    id: "count",
    header: "Times",
    align: "end",
    hideBelowPx: 900,
    width: "64px",
    cell: ({ count }) => formatCount(count),
  },
  {
    id: "last",
    header: "Last",
    align: "end",
    hideBelowPx: 380,
    width: "94px",
    cell: ({ lastAt }) => <Age time={lastAt} />,
  },
];

const keyOf = ({ id, cluster }: DetectionCard): string => `${cluster} ${id}`;
const pageRows = 200;

export function DetectionListTab({ onTrouble }: { readonly onTrouble: (trouble: Trouble | undefined) => void }) {
  const [state, update] = useUrlState();
  const range = rangeOf(state);
  const q = filterOf(state);
  const query = { q, ...rangeQuery(range), limit: pageRows };
  const isLive = range.kind === "relative";
  const answer = useCall("listDetections", { query }, { keep: true, ...(isLive ? { refetchMs: 15_000 } : {}) });
  const stream = useSecurityStream(q, isLive, () => void answer.refetch());
  const [busy, setBusy] = useState(false);
  const [active, setActive] = useState(-1);
  const { pick } = state;
  const { rows = [], pending, release } = useHeld(answer.data?.rows, busy || active >= 0 || pick !== undefined, keyOf);
  const older = useOlder(JSON.stringify(query), answer.data);
  const all = older.rows.length === 0 ? rows : [...rows, ...older.rows];
  useReported(answer.error, onTrouble);
  const close = (): void => {
    if (pick === undefined) setActive(-1);
    update({ pick: undefined }, "replace");
  };
  useKeys({ Escape: close });
  if (answer.data === undefined)
    return answer.error === null ? (
      <Loading label="Loading detections" rows={8} />
    ) : (
      <TroubleState trouble={troubleOf(answer.error)} onRetry={() => void answer.refetch()} />
    );
  const { cover, totals, window } = answer.data;
  return (
    <>
      <WindowNotices window={window} error={answer.error} />
      <CoverNotice cover={cover} />
      <DetectionsHead
        totals={totals}
        isLookedAt={cover.nodesDetecting > 0}
        stream={stream}
        pending={pending}
        onRelease={() => {
          setActive(-1);
          release();
        }}
      />
      <div className="live-panes">
        <DataGrid
          label="Detections, newest first"
          columns={columns}
          count={all.length}
          rowAt={(index) => all[index]}
          active={active >= 0 ? active : all.findIndex(({ id }) => id === pick)}
          window={older.next === undefined ? window : undefined}
          onActive={(index) => {
            setActive(index);
            const row = all[index];
            if (pick !== undefined && row !== undefined) update({ pick: row.id }, "replace");
          }}
          onOpen={(index) => update({ pick: all[index]?.id }, "replace")}
          onEnd={older.load}
          onBusy={setBusy}
          extrasOf={(card) => extrasOf(card)}
        >
          <NoDetections list={answer.data} isFiltered={q !== ""} />
        </DataGrid>
        {pick === undefined ? null : (
          <DetailsPane title="Detection" onClose={close}>
            <DetectionDetails key={pick} id={pick} place="pane" />
          </DetailsPane>
        )}
      </div>
    </>
  );
}

/** Tells the screen about the list's trouble, so that the filter bar can mark the place. */
function useReported(error: unknown, onTrouble: (trouble: Trouble | undefined) => void): void {
  useEffect(() => onTrouble(error === null ? undefined : troubleOf(error)), [error, onTrouble]);
}

function extrasOf(card: DetectionCard): { readonly tone?: "deny" | "muted" } {
  if (card.mark?.verdict === "handled" || card.mark?.verdict === "noise") return { tone: "muted" };
  return card.severity === "critical" || card.severity === "high" ? { tone: "deny" } : {};
}

/** Pages after the first; a new question forgets them. */
function useOlder(question: string, first: DetectionList | undefined) {
  const [loaded, setLoaded] = useState<{
    question: string;
    rows: readonly DetectionCard[];
    next: string | undefined;
  }>();
  const [busy, setBusy] = useState(false);
  const mine = loaded?.question === question ? loaded : undefined;
  const next = mine === undefined ? first?.next : mine.next;
  const load = (): void => {
    if (busy || next === undefined) return;
    setBusy(true);
    const query = JSON.parse(question) as { readonly q: string; readonly limit: number };
    call(apiClient, "listDetections", { query: { ...query, cursor: next } })
      .then((page) => setLoaded({ question, rows: [...(mine?.rows ?? []), ...page.rows], next: page.next }))
      // The first page's own question says what is wrong.
      .catch(() => undefined)
      .finally(() => setBusy(false));
  };
  return { rows: mine?.rows ?? [], next, load };
}

function CoverNotice({ cover }: { readonly cover: DetectionList["cover"] }) {
  const text = coverText(cover);
  if (text === "" || cover.nodesDetecting === 0) return null;
  return (
    <Notice tone="info">
      <span title={cover.notDetecting.join("\n") || undefined}>Not all is looked at: {text}.</span>
    </Notice>
  );
}

function NoDetections({ list, isFiltered }: { readonly list: DetectionList; readonly isFiltered: boolean }) {
  const { title, hint, isWhole } = silenceOf(list.cover, isFiltered);
  const icon = isWhole ? <CircleCheck /> : list.cover.nodesDetecting === 0 ? <EyeOff /> : <SearchX />;
  return <State icon={icon} title={title} hint={hint} />;
}
