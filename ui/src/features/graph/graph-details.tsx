// Everything about the chosen vertex or edge: health with its reasons, traffic both ways, ports, verdicts, and what leads on.
import { Link } from "@tanstack/react-router";
import { Ellipsis } from "lucide-react";
import type { Edge, Traffic, Vertex } from "../../../../src/model/graph.ts";
import { useUrlState } from "../../app/use-url-state.ts";
import { bytesText, healthWords, percentText, rateText, vertexKindWords } from "../../canvas/vertex-text.ts";
import { changeWords, healthIcons } from "../../canvas/vertex-card.tsx";
import { CopyButton } from "../../kit/copy.tsx";
import { DetailsPane } from "../../kit/details-pane.tsx";
import { field, FieldList, type Field } from "../../kit/field-list.tsx";
import { formatBytes, formatCount, formatDateTime, formatMicroseconds } from "../../kit/format.ts";
import { IconButton } from "../../kit/icon-button.tsx";
import { StateWord } from "../../kit/state-word.tsx";
import { kindWord } from "../../kit/workload-text.ts";
import { graphCommand, type Picked } from "./graph-question.ts";
import { eventsFilter, flowsFilter } from "./selection-filter.ts";
import { pageOf, useActs } from "./use-acts.ts";
import type { GraphAnswer } from "./use-graph.ts";

interface GraphDetailsProps {
  readonly answer: GraphAnswer;
  readonly picked: Picked;
  readonly onClose: () => void;
  readonly onMenu: (vertex: Vertex, at: { readonly x: number; readonly y: number }) => void;
}

const tones = { ok: "good", degraded: "warning", failing: "bad", unknown: "muted" } as const;
const peersMax = 40;

export function GraphDetails({ answer, picked, onClose, onMenu }: GraphDetailsProps) {
  const title = picked.kind === "vertex" ? picked.vertex.name : `${picked.source.name} → ${picked.destination.name}`;
  return (
    <DetailsPane title={title} onClose={onClose}>
      {picked.kind === "vertex" ? (
        <VertexDetails answer={answer} vertex={picked.vertex} onMenu={onMenu} />
      ) : (
        <EdgeDetails answer={answer} picked={picked} />
      )}
    </DetailsPane>
  );
}

function Health({ of }: { readonly of: Vertex | Edge }) {
  const { state, because } = of.health;
  return (
    <div className="graph-health">
      <StateWord tone={tones[state]} icon={healthIcons[state]} word={healthWords[state]} />
      {because.length === 0 ? null : (
        <ul>
          {because.map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** Absent numbers were not looked at: their lines are left out or say so; zero is zero. */
function trafficFields(traffic: Traffic, seconds: number): readonly (Field | undefined)[] {
  const { http } = traffic;
  const failed = percentText(traffic.connectionsFailed, traffic.connections);
  return [
    field("Rate", rateText(traffic, seconds), "data"),
    field("Connections", formatCount(traffic.connections), "data"),
    field("Failed", `${formatCount(traffic.connectionsFailed)}${failed === undefined ? "" : ` (${failed})`}`, "data"),
    field("Denied", formatCount(traffic.connectionsDenied), "data"),
    field("Sent, received", `${formatBytes(traffic.bytesSent)}, ${formatBytes(traffic.bytesReceived)}`, "data"),
    field("Throughput", bytesText(traffic, seconds), "data"),
    field("Resets, retransmits", `${formatCount(traffic.resets)}, ${formatCount(traffic.retransmits)}`, "data"),
    field(
      "Round trip",
      traffic.rttUsMean === undefined ? "Not measured" : `${formatMicroseconds(traffic.rttUsMean)} (mean)`,
      "data",
    ),
    ...(http === undefined
      ? [field("HTTP", "Not looked at")]
      : [
          field("Requests", formatCount(http.requests), "data"),
          field(
            "4xx, 5xx, no answer",
            [http.errors4xx, http.errors5xx, http.unanswered].map(formatCount).join(", "),
            "data",
          ),
          field("Latency", latencyText(http), "data"),
        ]),
  ];
}

function latencyText({ latencyUsMedian, latencyUsP95 }: NonNullable<Traffic["http"]>): string {
  if (latencyUsMedian === undefined) return "No request was answered";
  const p95 = latencyUsP95 === undefined ? "" : `, 95 % within ${formatMicroseconds(latencyUsP95)}`;
  return `median ${formatMicroseconds(latencyUsMedian)}${p95}`;
}

interface VertexDetailsProps extends Pick<GraphDetailsProps, "answer" | "onMenu"> {
  readonly vertex: Vertex;
}

function VertexDetails({ answer, vertex, onMenu }: VertexDetailsProps) {
  const [state] = useUrlState();
  const acts = useActs();
  const isDiveable = !["external", "unknown", "endpoint"].includes(vertex.kind);
  const { seconds } = answer;
  return (
    <>
      <Health of={vertex} />
      <div className="details-acts">
        {isDiveable ? (
          <button type="button" className="button" onClick={() => acts.dive(vertex)}>
            {vertex.kind === "more" ? "Open them" : "Dive in"}
          </button>
        ) : null}
        <CopyButton
          text={graphCommand({
            ...state,
            ns: undefined,
            cluster: undefined,
            q: flowsFilter({ kind: "vertex", vertex }),
          })}
          label="Copy as command"
        />
        <IconButton label="More acts" onClick={() => onMenu(vertex, { x: innerWidth - 250, y: 200 })}>
          <Ellipsis />
        </IconButton>
      </div>
      <FieldList
        groups={[
          {
            title: "What it is",
            fields: [
              field(
                "Kind",
                vertex.workloadKind === undefined
                  ? vertexKindWords[vertex.kind]
                  : `${vertexKindWords[vertex.kind]} (${kindWord(vertex.workloadKind)})`,
              ),
              field("Workload", pageLink(vertex)),
              field("Namespace", vertex.namespace),
              field("Cluster", vertex.simulated ? `${vertex.cluster} (demo: nothing in it is real)` : vertex.cluster),
              field("Services", vertex.services.join(", ")),
              field("Stands for", vertex.kind === "more" ? `${formatCount(vertex.members)} of the least busy` : ""),
              field(
                "Workloads inside",
                vertex.workloads === undefined || vertex.kind === "workload" ? "" : formatCount(vertex.workloads),
                "data",
              ),
              field("Endpoints", endpointsText(vertex), "data"),
              field("Not known, because", vertex.because),
            ],
          },
          { title: "What comes in", fields: trafficFields(vertex.inbound, seconds) },
          { title: "What goes out", fields: trafficFields(vertex.outbound, seconds) },
          { title: "Inside of it", fields: vertex.inside === undefined ? [] : trafficFields(vertex.inside, seconds) },
        ]}
      />
      <Peers answer={answer} vertex={vertex} />
      <Related flows={flowsFilter({ kind: "vertex", vertex })} events={eventsFilter(vertex)} />
    </>
  );
}

function endpointsText({ endpoints, endpointsNotReady = 0, kind }: Vertex): string {
  if (kind === "external" || kind === "unknown") return "";
  if (endpoints === undefined) return "Not known: no inventory of this cluster";
  return endpointsNotReady === 0
    ? formatCount(endpoints)
    : `${formatCount(endpoints)}, ${formatCount(endpointsNotReady)} not ready`;
}

/** Undefined where there is no page of its own: the field is left out then. */
function pageLink(vertex: Vertex) {
  const page = pageOf(vertex);
  if (page === undefined) return undefined;
  return (
    <Link to="/workloads/$cluster/$namespace/$kind/$name" params={page} search={(before) => ({ range: before.range })}>
      {page.name}
    </Link>
  );
}

/** Its edges as buttons: how the keyboard gets to an edge. */
function Peers({ answer, vertex }: { readonly answer: GraphAnswer; readonly vertex: Vertex }) {
  const acts = useActs();
  const mine = answer.shown.edges
    .filter(({ edge }) => edge.source === vertex.id || edge.destination === vertex.id)
    .toSorted((a, b) => b.edge.traffic.connections - a.edge.traffic.connections);
  if (mine.length === 0) return null;
  return (
    <section className="fields">
      <h3>Talks with</h3>
      <ul className="graph-peers">
        {mine.slice(0, peersMax).map(({ edge, change }) => {
          const isOut = edge.source === vertex.id;
          const other = answer.vertices.get(isOut ? edge.destination : edge.source);
          const Icon = healthIcons[edge.health.state];
          return (
            <li key={edge.id}>
              <button type="button" onClick={() => acts.pick(edge.id)} data-health={edge.health.state}>
                <span>{isOut ? "to" : "from"}</span>
                <b>{other?.name ?? ""}</b>
                <i>
                  <Icon aria-label={healthWords[edge.health.state]} />
                  {changeWords[change]}
                </i>
                <span className="data-text">{rateText(edge.traffic, answer.seconds)}</span>
              </button>
            </li>
          );
        })}
      </ul>
      {mine.length > peersMax ? (
        <p className="calm">And {formatCount(mine.length - peersMax)} more: see the table.</p>
      ) : null}
    </section>
  );
}

function EdgeDetails({
  answer,
  picked,
}: {
  readonly answer: GraphAnswer;
  readonly picked: Picked & { readonly kind: "edge" };
}) {
  const [state] = useUrlState();
  const acts = useActs();
  const { edge, source, destination } = picked;
  const changes = answer.shown.edges.find((each) => each.edge.id === edge.id)?.changes ?? [];
  const { allow, deny, unknown } = edge.verdicts;
  const flows = flowsFilter(picked);
  return (
    <>
      <Health of={edge} />
      <div className="details-acts">
        <button type="button" className="button" onClick={() => acts.pick(source.id)}>
          {source.name}
        </button>
        <button type="button" className="button" onClick={() => acts.pick(destination.id)}>
          {destination.name}
        </button>
        <CopyButton
          text={graphCommand({ ...state, ns: undefined, cluster: undefined, q: flows })}
          label="Copy as command"
        />
      </div>
      <FieldList
        groups={[
          {
            title: "Since the compared window",
            fields: changes.map((change, index) => field(`Change ${index + 1}`, change)),
          },
          {
            title: "Connection",
            fields: [
              field("Source", pageLink(source)),
              field("Destination", pageLink(destination)),
              field(
                "Ports",
                `${edge.ports.join(", ")}${edge.portsOmitted > 0 ? ` and ${formatCount(edge.portsOmitted)} more` : ""}`,
                "data",
              ),
              field("Services", edge.services.join(", ")),
              field(
                "Verdicts",
                `${formatCount(allow)} allowed, ${formatCount(deny)} denied, ${formatCount(unknown)} unknown`,
              ),
              field("Told by", reportedWords[edge.reportedBy]),
              field(
                "First, last seen",
                `${formatDateTime(edge.firstSeen)}, ${formatDateTime(edge.lastSeen).slice(11)}`,
                "data",
              ),
            ],
          },
          { title: "Traffic", fields: trafficFields(edge.traffic, answer.seconds) },
        ]}
      />
      <Related flows={flows} events={eventsFilter(destination)} />
    </>
  );
}

const reportedWords = {
  both: "both ends",
  source: "the source only: there may be more that the other end would tell",
  destination: "the destination only: there may be more that the other end would tell",
} as const;

function Related({ flows, events }: { readonly flows: string; readonly events: string }) {
  return (
    <section className="fields">
      <h3>Related</h3>
      <ul className="related">
        <li>
          <Link to="/flows" search={(before) => ({ range: before.range, q: flows })}>
            Its flows
          </Link>
          <code>{flows}</code>
        </li>
        {events === "" ? null : (
          <li>
            <Link to="/events" search={(before) => ({ range: before.range, q: events })}>
              Its events
            </Link>
            <code>{events}</code>
          </li>
        )}
      </ul>
    </section>
  );
}
