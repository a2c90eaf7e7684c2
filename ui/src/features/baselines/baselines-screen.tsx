// The ladder: every workload and image with its step, how far its learning can be believed, and what drifts. A row leads to its page.
import { useNavigate } from "@tanstack/react-router";
import { Footprints, SearchX } from "lucide-react";
import { useState } from "react";
import { useCall } from "../../api/client.ts";
import { troubleOf } from "../../api/trouble.ts";
import { carried, useUrlState } from "../../app/use-url-state.ts";
import { Age } from "../../kit/age.tsx";
import { NotKnown } from "../../kit/fact.tsx";
import { formatCount } from "../../kit/format.ts";
import { SortedGrid, type SortedColumn } from "../../kit/sorted-grid.tsx";
import { Loading, State, TroubleState } from "../../kit/states.tsx";
import { PartNotices, WindowNotices } from "../../kit/window-notices.tsx";
import { workloadSubtitle } from "../../kit/workload-text.ts";
import {
  baselineParams,
  driftNotKnown,
  imageText,
  type Ladder,
  learnSince,
  matching,
  steps,
  stepText,
  stepWords,
} from "./baseline-words.ts";
import "../../styles/baselines.css";

const refetchMs = 30_000;

function countColumn(id: string, header: string, pick: (seen: Ladder["seen"]) => number): SortedColumn<Ladder> {
  return {
    id,
    header,
    align: "end",
    width: "minmax(70px, 0.4fr)",
    hideBelowPx: 900,
    value: ({ seen }) => pick(seen),
    cell: ({ seen }) => formatCount(pick(seen)),
  };
}

const columns: readonly SortedColumn<Ladder>[] = [
  {
    id: "workload",
    header: "Workload",
    width: "minmax(90px, 1.4fr)",
    value: (row) => `${row.namespace}/${row.workload}`,
    // No link of its own: every cell of a row opens the same page, and that page leads to the workload.
    cell: ({ cluster, namespace, kind, workload }) => (
      <span className="workload-name" title={workloadSubtitle({ kind, namespace, cluster })}>
        <b>{workload}</b>
        <span className="workload-ns">{namespace === workload ? "" : namespace}</span>
      </span>
    ),
  },
  {
    id: "image",
    header: "Image",
    width: "minmax(140px, 1.2fr)",
    hideBelowPx: 1100,
    value: imageText,
    cell: (row) => <span className={row.imageDigest === "" ? "none" : "data"}>{imageText(row)}</span>,
  },
  {
    id: "step",
    header: "Step",
    width: "minmax(142px, 0.8fr)",
    value: ({ step }) => steps.indexOf(step),
    cell: (row) => (
      <span className="baseline-step" data-step={row.step}>
        {stepText(row)}
      </span>
    ),
  },
  {
    id: "confidence",
    header: "Confidence",
    width: "minmax(110px, 0.7fr)",
    hideBelowPx: 480,
    value: ({ confidence }) => confidence.score,
    cell: ({ confidence }) => <Confidence confidence={confidence} />,
  },
  {
    id: "drift",
    header: "Drift",
    align: "end",
    width: "minmax(44px, 0.4fr)",
    value: ({ drift }) => drift,
    cell: (row) => {
      const because = driftNotKnown(row);
      return because === "" ? (
        <span className={row.drift > 0 ? "baseline-drift" : "none"}>{formatCount(row.drift)}</span>
      ) : (
        <NotKnown because={because} />
      );
    },
  },
  countColumn("programs", "Programs", ({ executables }) => executables),
  countColumn("destinations", "Peers", ({ destinations }) => destinations),
  countColumn("domains", "Names", ({ domains }) => domains),
  {
    id: "lastSeen",
    header: "Seen",
    width: "minmax(120px, 0.5fr)",
    hideBelowPx: 700,
    value: ({ lastSeen }) => lastSeen,
    cell: ({ lastSeen }) => <Age time={lastSeen} />,
  },
];

export function Confidence({ confidence }: Pick<Ladder, "confidence">) {
  const { score, level, because } = confidence;
  return (
    <span className="baseline-confidence" data-level={level} title={because.join("; ")}>
      <meter min={0} max={100} value={score} aria-label={`Confidence ${score} of 100`} />
      {level}
    </span>
  );
}

/** The ladder always looks at seven days: there is no range to narrow. */
const narrow = "All workloads of 7 days are looked at here; the page of one reads its rows alone and sees more of it.";

export function BaselinesScreen() {
  const navigate = useNavigate();
  const [state, update] = useUrlState();
  // The box keeps what is typed; the URL follows it.
  const [find, setFind] = useState(state.q ?? "");
  const answer = useCall("listBaselines", { query: { since: learnSince } }, { refetchMs, keep: true });
  if (answer.data === undefined)
    return answer.error === null ? (
      <Loading label="Loading what workloads do" />
    ) : (
      <TroubleState trouble={troubleOf(answer.error)} onRetry={() => void answer.refetch()} />
    );
  const { rows, omitted, window } = answer.data;
  const shown = matching(rows, find);
  return (
    <div className="screen baselines-screen">
      <WindowNotices window={window} error={answer.error} narrow={narrow} />
      <PartNotices window={undefined} omitted={omitted} narrow={narrow} />
      <div className="baselines-head">
        <StepCounts rows={rows} />
        <input
          className="baselines-find"
          type="search"
          aria-label="Find workloads"
          placeholder="Find a workload, namespace, image or step"
          value={find}
          onChange={({ currentTarget }) => {
            setFind(currentTarget.value);
            update({ q: currentTarget.value || undefined }, "replace");
          }}
        />
      </div>
      <SortedGrid
        label="Workloads on the ladder"
        columns={columns}
        rows={shown}
        initial={{ by: "drift", direction: "descending" }}
        window={window}
        onOpen={(row) =>
          void navigate({
            to: "/baselines/$cluster/$namespace/$kind/$image/$name",
            params: baselineParams(row),
            search: carried,
          })
        }
        extrasOf={({ drift }) => (drift > 0 ? { tone: "deny" } : {})}
      >
        {rows.length === 0 ? (
          <State
            icon={<Footprints />}
            title="Nothing has been learnt yet"
            hint="Workloads are learnt from what agents record. Start one on a node (Health says how), let workloads run, and they appear here by themselves."
          />
        ) : (
          <State icon={<SearchX />} title="No workload matches" hint="Search for less." />
        )}
      </SortedGrid>
    </div>
  );
}

function StepCounts({ rows }: { readonly rows: readonly Ladder[] }) {
  const drifting = rows.filter(({ drift }) => drift > 0).length;
  return (
    <dl className="baseline-counts">
      {steps.map((step) => (
        <div key={step} data-step={step}>
          <dt>{stepWords[step]}</dt>
          <dd>{formatCount(rows.filter((row) => row.step === step).length)}</dd>
        </div>
      ))}
      <div data-step="drift">
        <dt>Drifting</dt>
        <dd>{formatCount(drifting)}</dd>
      </div>
    </dl>
  );
}
