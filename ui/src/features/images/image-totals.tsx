// The head of the screen: how many images, how many of them nobody looked at, and what was found in all.
import { NotKnown } from "../../kit/fact.tsx";
import { formatCount } from "../../kit/format.ts";
import { severityWords, type ImageList, type Severity } from "./image-words.ts";

const shown = ["critical", "high", "medium", "low"] as const satisfies readonly Severity[];

export function ImageTotals({ list }: { readonly list: ImageList }) {
  const { totals } = list;
  const { risk } = totals;
  const found = (count: number) =>
    totals.analysed === 0 ? <NotKnown because="no image was analysed" /> : formatCount(count);
  return (
    <div className="image-head">
      <dl className="image-totals">
        <div>
          <dt>Images</dt>
          <dd>{formatCount(totals.images)}</dd>
        </div>
        <div>
          <dt>Running</dt>
          <dd>{formatCount(totals.running)}</dd>
        </div>
        <div data-tone={totals.runningNotAnalysed > 0 ? "warning" : undefined}>
          <dt>Running, not analysed</dt>
          <dd>{formatCount(totals.runningNotAnalysed)}</dd>
        </div>
      </dl>
      <dl className="image-totals" aria-label="Findings">
        {shown.map((severity) => (
          <div key={severity} data-severity={severity}>
            <dt>{severityWords[severity]}</dt>
            <dd>{found(risk.severities[severity])}</dd>
          </div>
        ))}
        <div data-tone={risk.knownExploited > 0 ? "bad" : undefined}>
          <dt>Known exploited</dt>
          <dd>{found(risk.knownExploited)}</dd>
        </div>
        <div>
          <dt>Fix available</dt>
          <dd>{found(risk.fixable)}</dd>
        </div>
        <div>
          <dt>In use</dt>
          <dd>
            {risk.loaded === undefined ? (
              <NotKnown because="no agent looked at the processes of an analysed image" />
            ) : (
              found(risk.loaded)
            )}
          </dd>
        </div>
        <div className="fact-minor">
          <dt>Accepted</dt>
          <dd>{found(risk.suppressed)}</dd>
        </div>
      </dl>
    </div>
  );
}
