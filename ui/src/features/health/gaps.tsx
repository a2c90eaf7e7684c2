// What is known to be missing: when, where, how much, why.
import type { Gap } from "../../../../src/model/gap.ts";
import { gapCost } from "../../../../src/model/gap-class.ts";
import { useCall } from "../../api/client.ts";
import { troubleOf } from "../../api/trouble.ts";
import { formatDateTime, formatDuration } from "../../kit/format.ts";
import { Loading, TroubleState } from "../../kit/states.tsx";
import { amountText, gapWords } from "../../kit/timeline-data.ts";

const refetchMs = 10_000;

export function Gaps() {
  const answer = useCall("listGaps", { query: { since: "24h", limit: 50 } }, { refetchMs });
  const rows = answer.data?.rows ?? [];
  return (
    <section className="card" aria-labelledby="gaps-title">
      <h2 id="gaps-title">Gaps in the last 24 hours</h2>
      {answer.isPending ? <Loading label="Loading gaps" rows={3} /> : null}
      {answer.error === null ? null : (
        <TroubleState trouble={troubleOf(answer.error)} onRetry={() => void answer.refetch()} />
      )}
      {answer.data !== undefined && rows.length === 0 ? (
        <p className="calm">None: nothing is known to be missing.</p>
      ) : null}
      {rows.length === 0 ? null : (
        <table className="plain">
          <thead>
            <tr>
              <th>From</th>
              <th className="end">Length</th>
              <th>Node</th>
              <th>Data</th>
              <th>Why</th>
              <th className="end">How much</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((gap) => (
              <tr key={`${gap.time}${gap.node}${gap.reason}${gap.table}`}>
                <td className="data">{formatDateTime(gap.time)}</td>
                <td className="data end">{formatDuration(gap.durationMs)}</td>
                <td>{gap.node}</td>
                <td>{gap.table === "*" ? "everything" : gap.table}</td>
                <td>
                  <span title={gap.reason}>{gapWords[gap.reason]}</span>
                  {gap.detail === "" ? null : <small> {gap.detail}</small>}
                </td>
                <td className="data end">
                  <Amount gap={gap} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

/** In what it counts, and whether that is lost. */
function Amount({ gap }: { readonly gap: Pick<Gap, "reason" | "detail" | "rows" | "counted"> }) {
  const { class: which, unit, cost } = gapCost(gap);
  const count = gap.counted === "no" && gap.rows === 0 ? "not countable" : amountText(gap.rows, unit);
  if (which === "less-exact") return <span title={cost}>{count}, less exact</span>;
  return `${count}${which === "lost" ? " lost" : ", no rule asked"}`;
}
