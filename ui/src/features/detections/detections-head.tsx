// Above the list: how many of each severity, whether it is live, and what waits while somebody looks.
import { formatCount } from "../../kit/format.ts";
import { useUrlState } from "../../app/use-url-state.ts";
import { isChosen, severityOrder, severityWords, toggleSeverity, type DetectionList } from "./detection-words.ts";
import type { LiveState } from "./use-live-answer.ts";

interface DetectionsHeadProps {
  readonly totals: DetectionList["totals"];
  /** Whether any node looks: nobody's silence is not counted as none. */
  readonly isLookedAt: boolean;
  readonly stream: LiveState;
  readonly pending: number;
  readonly onRelease: () => void;
}

const streams: Readonly<Record<LiveState, readonly [tone: string, text: string]>> = {
  off: ["past", "Fixed window"],
  live: ["live", "Live"],
  reconnecting: ["stale", "Line lost; trying again"],
};

export function DetectionsHead({ totals, isLookedAt, stream, pending, onRelease }: DetectionsHeadProps) {
  const [state, update] = useUrlState();
  const q = state.q ?? "";
  const [tone, text] = streams[stream];
  return (
    <div className="list-bar detections-head">
      <span className="stream-badge" data-tone={tone}>
        <i aria-hidden="true" />
        {text}
      </span>
      {pending > 0 ? (
        <button type="button" className="pill" onClick={onRelease}>
          {formatCount(pending)} new
        </button>
      ) : null}
      <span className="spacer" />
      <ul className="detection-totals" aria-label="Detections by severity">
        {severityOrder.map((severity) => (
          <li key={severity} data-none={totals[severity] === 0}>
            <button
              type="button"
              aria-pressed={isChosen(q, severity)}
              title={
                isChosen(q, severity) ? "Show all severities" : `Show only ${severityWords[severity].toLowerCase()}`
              }
              onClick={() => update({ q: toggleSeverity(q, severity) || undefined, pick: undefined })}
            >
              <b>{totals[severity] === 0 && !isLookedAt ? "–" : formatCount(totals[severity])}</b>
              <span className="detection-severity" data-severity={severity}>
                {severityWords[severity]}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
