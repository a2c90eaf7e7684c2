// The evidence in order of time, as a line of steps.
import { formatClock } from "../../kit/format.ts";
import { evidenceKind, type OneDetection } from "./detection-words.ts";

export function EvidenceList({ found }: { readonly found: OneDetection }) {
  const { evidence, evidenceOmitted, eventsOmitted } = found;
  return (
    <section className="fields" aria-label="Evidence">
      <h3>Evidence</h3>
      {evidence.length === 0 ? <p className="none">{found.detection.source} gave none beside its message.</p> : null}
      <ol className="evidence-list">
        {evidence.map((each, index) => (
          // oxlint-disable-next-line react/no-array-index-key -- two entries may say the same
          <li key={index} data-last={index === evidence.length - 1}>
            {each.at === undefined ? null : (
              <time dateTime={each.at} title={each.at}>
                {formatClock(each.at)}
              </time>
            )}
            {each.kind === "" ? null : <b>{evidenceKind(each)}</b>}
            <span className="data">{each.text}</span>
          </li>
        ))}
      </ol>
      {evidenceOmitted > 0 ? <p className="none">And {evidenceOmitted} later entries.</p> : null}
      {eventsOmitted > 0 ? (
        <p className="none">Evidence of {eventsOmitted} older equal detections is not read.</p>
      ) : null}
    </section>
  );
}
