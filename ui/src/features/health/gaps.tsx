// What is known to be missing: when, where, how much, why.
import { useCall } from "../../api/client.ts";
import { troubleOf } from "../../api/trouble.ts";
import { formatCount, formatDateTime, formatDuration } from "../../kit/format.ts";
import { Loading, TroubleState } from "../../kit/states.tsx";
import { gapWords } from "../../kit/timeline-data.ts";

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
              <th className="end">Rows lost</th>
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
                <td className="data end">{gap.counted === "no" ? "not countable" : formatCount(gap.rows)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
