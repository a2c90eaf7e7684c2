// The processes that make up Garrison, and the doors' counters.
import { CircleAlert, CircleCheck, CircleDashed, CircleX } from "lucide-react";
import type { Status } from "../../../../src/apps/server/contract/health.ts";
import { Age } from "../../kit/age.tsx";
import { formatBytes, formatCount, formatDuration } from "../../kit/format.ts";
import { StateWord } from "../../kit/state-word.tsx";

const tones = {
  ok: { tone: "good", icon: CircleCheck },
  degraded: { tone: "warning", icon: CircleAlert },
  down: { tone: "bad", icon: CircleX },
  absent: { tone: "muted", icon: CircleDashed },
} as const;

export function Parts({ status }: { readonly status: Status }) {
  const refused = Object.entries(status.ingest.refusedByCode);
  return (
    <section className="card" aria-labelledby="parts-title">
      <h2 id="parts-title">Parts</h2>
      <table className="plain">
        <thead>
          <tr>
            <th>Part</th>
            <th>State</th>
            <th>Version</th>
            <th className="end">Memory</th>
            <th className="end">CPU time</th>
            <th className="end">Started</th>
          </tr>
        </thead>
        <tbody>
          {status.parts.map((part) => (
            <tr key={part.name}>
              <th scope="row">{part.name}</th>
              <td>
                <StateWord {...tones[part.state]} word={part.state} because={part.because} />
              </td>
              <td className="data">{part.version || "–"}</td>
              <td className="data end">{part.residentBytes === 0 ? "–" : formatBytes(part.residentBytes)}</td>
              <td className="data end">{part.cpuMs === 0 ? "–" : formatDuration(part.cpuMs)}</td>
              <td className="data end">{part.startedAt === undefined ? "–" : <Age time={part.startedAt} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <dl className="facts">
        <Count name="Rows taken in" value={status.ingest.rows} />
        <Count name="Blocks" value={status.ingest.blocks} />
        <Count name="Known already" value={status.ingest.duplicates} />
        <div>
          <dt>Waiting for the store</dt>
          <dd>
            {formatCount(status.ingest.spoolBlocks)} blocks, {formatBytes(status.ingest.spoolBytes)}
          </dd>
        </div>
        <div>
          <dt>Refused</dt>
          <dd className={refused.length > 0 ? "outcome-bad" : undefined}>
            {refused.length === 0 ? "none" : refused.map(([code, count]) => `${formatCount(count)} ${code}`).join(", ")}
          </dd>
        </div>
      </dl>
    </section>
  );
}

function Count({ name, value }: { readonly name: string; readonly value: number }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{formatCount(value)}</dd>
    </div>
  );
}
