// Who talks to the workload and whom it talks to, as a small picture: lines as thick as their bytes, coloured and named by health.
import { Link } from "@tanstack/react-router";
import { Globe } from "lucide-react";
import { quoteValue } from "../../app/url-state.ts";
import { carried } from "../../app/use-url-state.ts";
import { formatBytes, formatCount } from "../../kit/format.ts";
import { HealthWord } from "../../kit/health-word.tsx";
import { WorkloadName } from "../../kit/workload-name.tsx";
import { lineWidthPx, type Neighbour, type Neighbours } from "./neighbours.ts";
import type { WorkloadQuestion } from "./workload-question.ts";

interface NeighboursCardProps {
  readonly neighbours: Neighbours;
  readonly params: WorkloadQuestion["params"];
}

const shownMax = 8;
const rowPx = 44;
const spinePx = 10;
const picturePx = 34;

export function NeighboursCard({ neighbours, params }: NeighboursCardProps) {
  const { inbound, outbound } = neighbours;
  const most = Math.max(0, ...[...inbound, ...outbound].map(({ edge }) => bytesOf(edge.traffic)));
  const question = { params, most };
  if (neighbours.own === undefined)
    return (
      <section className="neighbours" aria-label="Neighbours">
        <p className="none">No neighbours are known: it is not in the service graph of this window.</p>
      </section>
    );
  return (
    <section className="neighbours" aria-label="Neighbours">
      <Side {...question} title="Talks to it" rows={inbound} direction="inbound" />
      <Side {...question} title="It talks to" rows={outbound} direction="outbound" />
    </section>
  );
}

function bytesOf({ bytesSent, bytesReceived }: { readonly bytesSent: number; readonly bytesReceived: number }): number {
  return bytesSent + bytesReceived;
}

interface SideProps {
  readonly title: string;
  readonly rows: readonly Neighbour[];
  readonly direction: "inbound" | "outbound";
  readonly params: WorkloadQuestion["params"];
  readonly most: number;
}

function Side({ title, rows, direction, params, most }: SideProps) {
  const shown = rows.slice(0, shownMax);
  return (
    <section aria-label={title}>
      <h3>
        {title} <span className="count">{rows.length}</span>
      </h3>
      {rows.length === 0 ? <p className="none">nobody in this window</p> : null}
      <div className="neighbours-rows">
        <Branches rows={shown} direction={direction} most={most} />
        <ul>
          {shown.map(({ vertex, edge }) => (
            <li key={edge.id}>
              <span className="neighbour-name">
                {vertex.kind === "external" ? <Globe aria-hidden="true" /> : null}
                {vertex.workloadKind === undefined ? (
                  <span title={vertex.because}>{vertex.name}</span>
                ) : (
                  <WorkloadName
                    cluster={vertex.cluster}
                    namespace={vertex.namespace}
                    kind={vertex.workloadKind}
                    name={vertex.name}
                  />
                )}
              </span>
              <span className="neighbour-numbers">
                <HealthWord health={edge.health} reasons="none" />
                <Link
                  to="/flows"
                  search={(before) => ({ ...carried(before), q: flowsOf(params.name, vertex.name, direction) })}
                  title={`${[...edge.ports, formatBytes(bytesOf(edge.traffic)), ...edge.health.because].join("\n")}\nShow the flows`}
                >
                  {formatCount(edge.traffic.connections)} connections
                  {edge.traffic.connectionsFailed > 0 ? (
                    <b className="outcome-bad">, {formatCount(edge.traffic.connectionsFailed)} failed</b>
                  ) : null}
                </Link>
              </span>
            </li>
          ))}
        </ul>
      </div>
      {rows.length > shownMax ? <p className="none">and {rows.length - shownMax} more in Traffic</p> : null}
    </section>
  );
}

function flowsOf(own: string, other: string, direction: SideProps["direction"]): string {
  const [from, to] = direction === "inbound" ? [other, own] : [own, other];
  return `from:${quoteValue(from)} to:${quoteValue(to)}`;
}

/** One line per row from a spine, as a tree; what it says is in the list beside it. */
function Branches({ rows, direction, most }: Pick<SideProps, "rows" | "direction" | "most">) {
  const height = rows.length * rowPx;
  return (
    <svg
      className="branches"
      width={picturePx}
      height={height}
      viewBox={`0 0 ${picturePx} ${height}`}
      aria-hidden="true"
    >
      <line x1={spinePx} y1={0} x2={spinePx} y2={Math.max(0, height - rowPx / 2)} />
      {rows.map(({ edge }, index) => {
        const y = index * rowPx + rowPx / 2;
        const width = lineWidthPx(bytesOf(edge.traffic), most);
        const tip = direction === "inbound" ? spinePx : picturePx - 4;
        const back = direction === "inbound" ? 9 : -9;
        const [from, to] = direction === "inbound" ? [tip + back, picturePx - 4] : [spinePx, tip + back];
        return (
          <g key={edge.id} data-health={edge.health.state}>
            <line x1={from} y1={y} x2={to} y2={y} strokeWidth={width} />
            <path d={`M${tip + back} ${y - 6} L${tip} ${y} L${tip + back} ${y + 6} Z`} />
          </g>
        );
      })}
    </svg>
  );
}
