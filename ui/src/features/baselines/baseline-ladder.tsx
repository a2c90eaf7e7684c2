// The three steps as buttons. Before a step is taken stands what it would mean, judged on the last week's rows.
import { useState } from "react";
import { call } from "../../../../src/apps/server/contract/client.ts";
import { apiClient, queryClient, useCall } from "../../api/client.ts";
import { troubleOf } from "../../api/trouble.ts";
import { Confirm } from "../../kit/confirm.tsx";
import { formatCount } from "../../kit/format.ts";
import { Loading, Notice, sentence, TroubleState } from "../../kit/states.tsx";
import {
  type BaselinePreview,
  type BaselineStep,
  inSentence,
  keyOf,
  kindWords,
  type Ladder,
  learnSince,
  stepHints,
  stepProblem,
  steps,
  stepText,
  stepWords,
} from "./baseline-words.ts";

interface BaselineLadderProps {
  readonly ladder: Ladder;
  readonly mayChange: boolean;
}

export function BaselineLadder({ ladder, mayChange }: BaselineLadderProps) {
  const [asked, setAsked] = useState<BaselineStep | undefined>(undefined);
  return (
    <section className="baseline-section" aria-label="Ladder">
      <div className="baseline-ladder" role="group" aria-label="Step">
        {steps.map((step) => {
          const problem = mayChange ? stepProblem(ladder, step) : "Operators change steps; your role is viewer.";
          const isHere = ladder.step === step;
          return (
            <button
              key={step}
              type="button"
              data-step={step}
              aria-pressed={isHere}
              disabled={problem !== ""}
              title={problem || stepHints[step]}
              onClick={() => setAsked(step)}
            >
              <b>{isHere ? stepText(ladder) : stepWords[step]}</b>
              <span>{stepHints[step]}</span>
              {isHere && step === "protecting" && ladder.baseline?.dryRun === true ? (
                <span className="baseline-next">A dry run: nothing is ended. Press to end the dry run.</span>
              ) : null}
            </button>
          );
        })}
      </div>
      {asked === undefined ? null : <StepQuestion ladder={ladder} to={asked} onClose={() => setAsked(undefined)} />}
    </section>
  );
}

interface StepQuestionProps {
  readonly ladder: Ladder;
  readonly to: BaselineStep;
  readonly onClose: () => void;
}

function StepQuestion({ ladder, to, onClose }: StepQuestionProps) {
  const isUp = to !== "learning" && steps.indexOf(to) >= steps.indexOf(ladder.step);
  const preview = useCall(
    "previewBaseline",
    { query: { ...keyOf(ladder), to: to === "learning" ? "monitoring" : to, since: learnSince } },
    { enabled: isUp },
  );
  const isEnforcing = to === "protecting" && ladder.step === "protecting";
  return (
    <Confirm
      title={titleOf(ladder, to)}
      act={isEnforcing ? "End the dry run" : isUp ? `Go to ${stepWords[to].toLowerCase()}` : "Step down"}
      onConfirm={() => take(ladder, to)}
      onClose={onClose}
    >
      <p>{meaning(ladder, to)}</p>
      {!isUp ? null : preview.data === undefined ? (
        preview.error === null ? (
          <Loading label="Judging the recorded rows" rows={3} />
        ) : (
          <TroubleState trouble={troubleOf(preview.error)} onRetry={() => void preview.refetch()} />
        )
      ) : (
        <PreviewPart preview={preview.data} />
      )}
    </Confirm>
  );
}

function titleOf({ workload, step }: Ladder, to: BaselineStep): string {
  if (to === "protecting" && step === "protecting") return `End the dry run of ${workload}`;
  return `${workload}: ${stepWords[step].toLowerCase()} to ${stepWords[to].toLowerCase()}`;
}

function meaning({ step }: Ladder, to: BaselineStep): string {
  if (to === "learning")
    return "Its baseline is deleted and it learns again; the versions are kept and can be restored.";
  if (to === "monitoring")
    return step === "protecting"
      ? "Nothing is ended any more; drift is told as before."
      : "What was seen in the last week is frozen as a baseline. Agents tell what is outside it.";
  return step === "protecting"
    ? "From now on the kernel ends programs that are not in the baseline, on nodes that can."
    : "A dry run: nodes tell which programs they would end, and end none.";
}

function PreviewPart({ preview }: { readonly preview: BaselinePreview }) {
  const { wouldDrift, wouldKill, newInLastDay, cautions, to } = preview;
  return (
    <div className="baseline-preview">
      <p>
        {wouldDrift.length === 0
          ? "Judged on the last week: no recorded row would be drift."
          : `Judged on the last week: ${thingText(wouldDrift.length + preview.wouldDriftOmitted)} would be drift.`}
      </p>
      {to === "protecting" ? <PreviewList title="Programs that would be ended" rows={wouldKill} tone="bad" /> : null}
      <PreviewList
        title="Would be drift"
        rows={to === "protecting" ? wouldDrift.filter(({ kind }) => kind !== "executables") : wouldDrift}
      />
      <PreviewList title="New within the last day" rows={newInLastDay} />
      {cautions.map((caution) => (
        <Notice key={caution} tone="warning">
          {sentence(caution)}
        </Notice>
      ))}
    </div>
  );
}

function thingText(count: number): string {
  return count === 1 ? "1 thing" : `${formatCount(count)} things`;
}

const rowsShown = 6;

interface PreviewListProps {
  readonly title: string;
  readonly rows: BaselinePreview["wouldDrift"];
  readonly tone?: "bad";
}

function PreviewList({ title, rows, tone }: PreviewListProps) {
  if (rows.length === 0) return null;
  return (
    <section data-tone={tone}>
      <h3>
        {title} <span className="none">{formatCount(rows.length)}</span>
      </h3>
      <ul>
        {rows.slice(0, rowsShown).map(({ kind, item, count }) => (
          <li key={`${kind} ${item}`}>
            <span className="data">{item}</span>{" "}
            <span className="none">
              {inSentence(kindWords[kind])}, {formatCount(count)}×
            </span>
          </li>
        ))}
        {rows.length > rowsShown ? <li className="none">and {formatCount(rows.length - rowsShown)} more</li> : null}
      </ul>
    </section>
  );
}

/** What somebody else changed meanwhile is not lost: the write is refused. */
async function take(ladder: Ladder, to: BaselineStep): Promise<void> {
  const key = keyOf(ladder);
  if (to === "learning" || (to === "monitoring" && ladder.step === "protecting"))
    await call(apiClient, "demoteBaseline", { body: { ...key, to } });
  else {
    const dryRun = !(to === "protecting" && ladder.step === "protecting");
    const ifGeneration = ladder.baseline?.generation ?? 0;
    await call(apiClient, "promoteBaseline", { body: { ...key, to, dryRun, ifGeneration, since: learnSince } });
  }
  await queryClient.invalidateQueries();
}
