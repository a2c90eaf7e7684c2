// The picture as a table of its vertices or of its edges: all that are shown, with the same numbers and the same selection.
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { useUrlState } from "../../app/use-url-state.ts";
import {
  busiestOf,
  bytesText,
  degreesText,
  healthWords,
  percentText,
  rateText,
  vertexKindWords,
} from "../../canvas/vertex-text.ts";
import { changeWords, healthIcons } from "../../canvas/vertex-card.tsx";
import type { ShownEdge, ShownVertex } from "../../canvas/shape.ts";
import type { Health } from "../../../../src/model/graph.ts";
import { formatCount, formatMicroseconds } from "../../kit/format.ts";
import { SortedGrid, type SortedColumn } from "../../kit/sorted-grid.tsx";
import { StateWord } from "../../kit/state-word.tsx";
import { pageOf } from "./use-acts.ts";
import type { GraphAnswer } from "./use-graph.ts";

interface GraphTableProps {
  readonly answer: GraphAnswer;
  readonly foundText: string;
  readonly found: ReadonlySet<string>;
  readonly onPick: (id: string) => void;
}

const tones = { ok: "good", degraded: "warning", failing: "bad", unknown: "muted" } as const;
const badness = { ok: 0, unknown: 1, degraded: 2, failing: 3 } as const;

export function GraphTable({ answer, foundText, found, onPick }: GraphTableProps) {
  const [state, update] = useUrlState();
  const { shown } = answer;
  const isCompared = answer.diff !== undefined;
  const vertexColumns = useMemo(() => vertexColumnsOf(answer, isCompared), [answer, isCompared]);
  const edgeColumns = useMemo(() => edgeColumnsOf(answer, isCompared), [answer, isCompared]);
  const isHit = (id: string): boolean => foundText === "" || found.has(id);
  const vertices = shown.vertices.filter(({ vertex }) => isHit(vertex.id));
  const edges = shown.edges.filter(({ edge }) => isHit(edge.source) || isHit(edge.destination));
  const toneOf = (isBad: boolean): { readonly tone?: "deny" } => (isBad ? { tone: "deny" } : {});
  const isEdges = state.as === "edges";
  const matching = foundText === "" ? "" : ` that match “${foundText}”`;
  return (
    <div className="graph-tables">
      <header>
        <div className="segments" role="group" aria-label="Table of">
          <button type="button" aria-pressed={!isEdges} onClick={() => update({ as: "table" })}>
            Vertices ({formatCount(vertices.length)})
          </button>
          <button type="button" aria-pressed={isEdges} onClick={() => update({ as: "edges" })}>
            Edges ({formatCount(edges.length)})
          </button>
        </div>
        <span className="list-count">
          {isEdges ? "Edges" : "Vertices"}
          {matching === "" ? ", all that are in the picture" : matching}
        </span>
      </header>
      {isEdges ? (
        <SortedGrid
          label="Edges of the graph"
          columns={edgeColumns}
          rows={edges}
          initial={{ by: "health", direction: "descending" }}
          onOpen={({ edge }) => onPick(edge.id)}
          extrasOf={({ edge }) => toneOf(edge.health.state === "failing")}
        />
      ) : (
        <SortedGrid
          label="Vertices of the graph"
          columns={vertexColumns}
          rows={vertices}
          initial={{ by: "health", direction: "descending" }}
          onOpen={({ vertex }) => onPick(vertex.id)}
          extrasOf={({ vertex }) => toneOf(vertex.health.state === "failing")}
        />
      )}
    </div>
  );
}

function HealthCell({ health }: { readonly health: Health }) {
  return (
    <StateWord
      tone={tones[health.state]}
      icon={healthIcons[health.state]}
      word={healthWords[health.state]}
      because={health.because.join("; ")}
    />
  );
}

function NameCell({ shown }: { readonly shown: ShownVertex }) {
  const { vertex } = shown;
  const page = pageOf(vertex);
  return (
    <span className="workload-name">
      {page === undefined ? (
        <span>{vertex.name}</span>
      ) : (
        <Link
          to="/workloads/$cluster/$namespace/$kind/$name"
          params={page}
          search={(before) => ({ range: before.range })}
          tabIndex={-1}
          onClick={(event) => event.stopPropagation()}
        >
          {vertex.name}
        </Link>
      )}
      <span className="workload-ns">{vertex.simulated ? "demo" : ""}</span>
    </span>
  );
}

function vertexColumnsOf({ seconds, shown }: GraphAnswer, isCompared: boolean): readonly SortedColumn<ShownVertex>[] {
  return [
    {
      id: "name",
      header: "Name",
      width: "minmax(150px, 1.6fr)",
      value: ({ vertex }) => vertex.name,
      cell: (row) => <NameCell shown={row} />,
    },
    {
      id: "kind",
      header: "Kind",
      width: "92px",
      value: ({ vertex }) => vertex.kind,
      cell: ({ vertex }) => vertexKindWords[vertex.kind],
    },
    {
      id: "namespace",
      header: "Namespace",
      width: "minmax(84px, 0.8fr)",
      hideBelowPx: 640,
      value: ({ vertex }) => vertex.namespace,
      cell: ({ vertex }) => vertex.namespace,
    },
    {
      id: "health",
      header: "Health",
      width: "minmax(120px, 1.6fr)",
      value: ({ vertex }) => badness[vertex.health.state],
      cell: ({ vertex }) => <HealthCell health={vertex.health} />,
    },
    ...(isCompared ? [changeColumn] : []),
    {
      id: "rate",
      header: "Rate",
      width: "100px",
      align: "end",
      value: ({ vertex }) => busiestOf(vertex).connections,
      cell: ({ vertex }) => rateText(busiestOf(vertex), seconds),
    },
    {
      id: "edges",
      header: "Edges",
      width: "96px",
      align: "end",
      hideBelowPx: 860,
      cell: ({ vertex }) => degreesText(vertex.id, shown.edges),
    },
    {
      id: "endpoints",
      header: "Endpoints",
      width: "88px",
      align: "end",
      value: ({ vertex }) => vertex.endpoints ?? -1,
      cell: ({ vertex }) =>
        vertex.endpoints === undefined ? <span className="none">–</span> : formatCount(vertex.endpoints),
    },
  ];
}

const changeColumn: SortedColumn<ShownVertex> = {
  id: "change",
  header: "Change",
  width: "92px",
  value: ({ change }) => change,
  cell: ({ change }) => changeWords[change],
};

function edgeColumnsOf({ seconds, vertices }: GraphAnswer, isCompared: boolean): readonly SortedColumn<ShownEdge>[] {
  const nameOf = (id: string): string => vertices.get(id)?.name ?? id;
  const changes: SortedColumn<ShownEdge> = {
    id: "change",
    header: "Change",
    width: "minmax(92px, 1fr)",
    value: ({ change }) => change,
    cell: ({ change, changes: words }) => (
      <span title={words.join("; ")}>{[changeWords[change], ...words].join(" ")}</span>
    ),
  };
  return [
    {
      id: "source",
      header: "Source",
      width: "minmax(110px, 1.2fr)",
      value: ({ edge }) => nameOf(edge.source),
      cell: ({ edge }) => nameOf(edge.source),
    },
    {
      id: "destination",
      header: "Destination",
      width: "minmax(110px, 1.2fr)",
      value: ({ edge }) => nameOf(edge.destination),
      cell: ({ edge }) => nameOf(edge.destination),
    },
    {
      id: "ports",
      header: "Ports",
      width: "minmax(76px, 0.6fr)",
      hideBelowPx: 700,
      cell: ({ edge }) => <span className="data-text">{edge.ports.join(", ")}</span>,
    },
    {
      id: "health",
      header: "Health",
      width: "minmax(120px, 1.6fr)",
      value: ({ edge }) => badness[edge.health.state],
      cell: ({ edge }) => <HealthCell health={edge.health} />,
    },
    ...(isCompared ? [changes] : []),
    ...edgeFigures(seconds),
  ];
}

function edgeFigures(seconds: number): readonly SortedColumn<ShownEdge>[] {
  return [
    {
      id: "rate",
      header: "Rate",
      width: "96px",
      align: "end",
      value: ({ edge }) => edge.traffic.connections,
      cell: ({ edge }) => rateText(edge.traffic, seconds),
    },
    {
      id: "failed",
      header: "Failed",
      width: "68px",
      align: "end",
      value: ({ edge }) => edge.traffic.connectionsFailed / Math.max(1, edge.traffic.connections),
      cell: ({ edge }) => percentText(edge.traffic.connectionsFailed, edge.traffic.connections) ?? "–",
    },
    {
      id: "bytes",
      header: "Bytes",
      width: "84px",
      align: "end",
      hideBelowPx: 900,
      value: ({ edge }) => edge.traffic.bytesSent + edge.traffic.bytesReceived,
      cell: ({ edge }) => bytesText(edge.traffic, seconds),
    },
    {
      id: "latency",
      header: "p95",
      width: "76px",
      align: "end",
      hideBelowPx: 900,
      value: ({ edge }) => edge.traffic.http?.latencyUsP95 ?? -1,
      cell: ({ edge }) =>
        edge.traffic.http?.latencyUsP95 === undefined ? (
          <span className="none" title="No request was timed">
            –
          </span>
        ) : (
          formatMicroseconds(edge.traffic.http.latencyUsP95)
        ),
    },
  ];
}
