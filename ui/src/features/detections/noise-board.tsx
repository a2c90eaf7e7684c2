// What speaks too much: each cluster against its budget, rules and workloads by how often, and what would end it.
import { EyeOff, VolumeX } from "lucide-react";
import { useEffect } from "react";
import { useCall } from "../../api/client.ts";
import { troubleOf, type Trouble } from "../../api/trouble.ts";
import { filterOf } from "../../app/url-state.ts";
import { useKeys } from "../../app/use-keys.ts";
import { useUrlState } from "../../app/use-url-state.ts";
import { DetailsPane } from "../../kit/details-pane.tsx";
import { formatCount } from "../../kit/format.ts";
import { SortedGrid, type SortedColumn } from "../../kit/sorted-grid.tsx";
import { Loading, State, TroubleState } from "../../kit/states.tsx";
import { PartNotices } from "../../kit/window-notices.tsx";
import { WorkloadName } from "../../kit/workload-name.tsx";
import { DetectionSeverity } from "./detection-marks.tsx";
import { DayBars } from "./day-bars.tsx";
import { NoiseSuggestion } from "./noise-suggestion.tsx";
import { counted, severityOrder, trendWords, type NoiseRow } from "./detection-words.ts";
import { budgetText, noiseSilence, type NoiseBudget } from "./noise-words.ts";

const daysShown = 7;

function columnsOf(days: readonly string[]): readonly SortedColumn<NoiseRow>[] {
  return [
    {
      id: "rule",
      header: "Rule",
      width: "minmax(120px, 2fr)",
      value: ({ rule }) => rule,
      cell: ({ rule }) => <span title={rule}>{rule}</span>,
    },
    {
      id: "severity",
      header: "Severity",
      hideBelowPx: 800,
      width: "92px",
      value: ({ severity }) => severityOrder.indexOf(severity),
      cell: ({ severity }) => <DetectionSeverity severity={severity} />,
    },
    {
      id: "workload",
      header: "Workload",
      width: "minmax(84px, 1.1fr)",
      value: ({ namespace, workload }) => `${namespace}/${workload}`,
      cell: (row) => (
        <WorkloadName
          cluster={row.cluster}
          namespace={row.namespace}
          kind={row.workloadKind}
          name={row.workload}
          fallback="unknown"
        />
      ),
    },
    {
      id: "days",
      header: "7 days",
      hideBelowPx: 620,
      width: "118px",
      cell: (row) => <DayBars days={days} counts={row.perDay} />,
    },
    {
      id: "trend",
      header: "Trend",
      hideBelowPx: 900,
      width: "78px",
      value: ({ trend }) => trend,
      cell: ({ trend }) => trendWords[trend],
    },
    {
      id: "share",
      header: "Share",
      align: "end",
      hideBelowPx: 700,
      width: "66px",
      value: ({ share }) => share,
      cell: ({ share }) => `${Math.round(share * 100)} %`,
    },
    {
      id: "last24h",
      header: "24 h",
      align: "end",
      width: "52px",
      value: ({ last24h }) => last24h,
      cell: ({ last24h }) => formatCount(last24h),
    },
  ];
}

const keyOf = (row: NoiseRow): string =>
  JSON.stringify([row.cluster, row.namespace, row.workloadKind, row.workload, row.rule]);

export function NoiseTab({ onTrouble }: { readonly onTrouble: (trouble: Trouble | undefined) => void }) {
  const [state, update] = useUrlState();
  const q = filterOf(state);
  const answer = useCall("noiseBoard", { query: { q, days: daysShown } }, { refetchMs: 30_000, keep: true });
  const { error } = answer;
  useEffect(() => onTrouble(error === null ? undefined : troubleOf(error)), [error, onTrouble]);
  const close = (): void => update({ pick: undefined }, "replace");
  useKeys({ Escape: close });
  if (answer.data === undefined)
    return answer.error === null ? (
      <Loading label="Counting detections" rows={8} />
    ) : (
      <TroubleState trouble={troubleOf(answer.error)} onRetry={() => void answer.refetch()} />
    );
  const { rows, rowsOmitted, clusters, cover, days, window } = answer.data;
  const silence = noiseSilence(cover, q !== "");
  const picked = rows.find((row) => keyOf(row) === state.pick);
  return (
    <>
      <PartNotices window={window} omitted={rowsOmitted} />
      <Budgets clusters={clusters} days={days} isPart={(state.q ?? "") !== "" || state.ns !== undefined} />
      <div className="live-panes">
        <SortedGrid
          label="Noise"
          columns={columnsOf(days)}
          rows={rows}
          initial={{ by: "last24h", direction: "descending" }}
          onOpen={(row) => update({ pick: keyOf(row) }, "replace")}
        >
          <State icon={silence.isWhole ? <VolumeX /> : <EyeOff />} title={silence.title} hint={silence.hint} />
        </SortedGrid>
        {picked === undefined ? null : (
          <DetailsPane title="Too much?" onClose={close}>
            <NoiseSuggestion key={keyOf(picked)} row={picked} days={daysShown} />
          </DetailsPane>
        )}
      </div>
    </>
  );
}

interface BudgetsProps {
  readonly clusters: readonly NoiseBudget[];
  readonly days: readonly string[];
  /** A filter lets some of the detections through only. */
  readonly isPart: boolean;
}

/** A day's detections against what a person can be asked to look at. */
function Budgets({ clusters, days, isPart }: BudgetsProps) {
  if (clusters.length === 0) return null;
  return (
    <ul className="noise-budgets" aria-label="Noise budgets">
      {clusters.map((each) => (
        <Budget key={each.cluster} of={each} days={days} isPart={isPart} />
      ))}
    </ul>
  );
}

interface BudgetProps {
  readonly of: NoiseBudget;
  readonly days: readonly string[];
  readonly isPart: boolean;
}

function Budget({ of, days, isPart }: BudgetProps) {
  const { cluster, perDay, last24h, budget, pods, cover } = of;
  const { word, tone, note } = budgetText(of, isPart);
  return (
    <li data-tone={tone}>
      <b>{cluster}</b>
      <span>
        <span className="noise-word">{word}</span>: {formatCount(last24h)} of {formatCount(budget)} a day
      </span>
      {tone === "unknown" ? null : (
        <meter
          min={0}
          max={Math.max(budget, last24h)}
          high={budget}
          optimum={0}
          value={last24h}
          aria-label={`Detections of ${cluster} in 24 hours`}
        />
      )}
      {perDay.some((count) => count > 0) ? <DayBars days={days} counts={perDay} /> : null}
      <span className="none" title="20 a day for ten pods">
        {pods === undefined ? "pods not known: budget of a quiet cluster" : counted(pods, "pod")}
      </span>
      {note === "" ? null : (
        <span className="none" title={cover.notDetecting.join("\n") || undefined}>
          {note}
        </span>
      )}
    </li>
  );
}
