// Who the workload talks to, both directions, added up over the window.
import { useNavigate } from "@tanstack/react-router";
import { ArrowDownLeft, ArrowUpRight, Unplug } from "lucide-react";
import type { Api } from "../../../../src/apps/server/contract/api.ts";
import type { ResponseOf } from "../../../../src/apps/server/contract/endpoint.ts";
import { useCall } from "../../api/client.ts";
import { troubleOf } from "../../api/trouble.ts";
import { quoteValue } from "../../app/url-state.ts";
import { carried } from "../../app/use-url-state.ts";
import { Age } from "../../kit/age.tsx";
import { formatAddress, formatBytes, formatCount, formatMicroseconds } from "../../kit/format.ts";
import { SortedGrid, type SortedColumn } from "../../kit/sorted-grid.tsx";
import { Loading, State, TroubleState } from "../../kit/states.tsx";
import { PartNotices } from "../../kit/window-notices.tsx";
import { WorkloadName } from "../../kit/workload-name.tsx";
import type { WorkloadQuestion } from "./workload-question.ts";

type Peer = ResponseOf<Api["workloadPeers"]>["peers"][number];

function peerName(peer: Peer): string {
  return peer.workload || peer.domain || formatAddress(peer.address);
}

function columnsOf(cluster: string): readonly SortedColumn<Peer>[] {
  const peerColumn: SortedColumn<Peer> = {
    id: "peer",
    header: "Peer",
    width: "minmax(160px, 2fr)",
    value: peerName,
    cell: (peer) => (
      <WorkloadName
        cluster={cluster}
        namespace={peer.namespace}
        kind={peer.kind}
        name={peer.workload || peer.domain}
        fallback={formatAddress(peer.address)}
      />
    ),
  };
  return [directionColumn, peerColumn, ...restColumns];
}

const directionColumn: SortedColumn<Peer> = {
  id: "direction",
  header: "Direction",
  width: "100px",
  value: ({ direction }) => direction,
  cell: ({ direction }) => <Direction direction={direction} />,
};

const restColumns: readonly SortedColumn<Peer>[] = [
  {
    id: "port",
    header: "Port",
    width: "92px",
    value: ({ port }) => port,
    cell: ({ port, protocol }) => (
      <span className="port">
        {port === 0 ? "" : port}
        <small>{protocol}</small>
      </span>
    ),
  },
  {
    id: "processes",
    header: "Processes",
    width: "minmax(90px, 1fr)",
    hideBelowPx: 1000,
    cell: ({ processes }) => (
      <span className="data-text" title={processes.join(", ")}>
        {processes.join(", ")}
      </span>
    ),
  },
  { ...number("connections", "Connections", ({ connections }) => connections, formatCount), width: "100px" },
  {
    ...number("failed", "Failed", ({ connectionsFailed }) => connectionsFailed, formatCount),
    cell: ({ connectionsFailed }) => (
      <span className={connectionsFailed > 0 ? "outcome-bad" : "none"}>{formatCount(connectionsFailed)}</span>
    ),
  },
  number("sent", "Sent", ({ bytesSent }) => bytesSent, formatBytes),
  number("received", "Received", ({ bytesReceived }) => bytesReceived, formatBytes),
  {
    ...number("rtt", "RTT", ({ rttUsMedian }) => rttUsMedian ?? -1, formatMicroseconds),
    cell: ({ rttUsMedian }) => <RoundTrip us={rttUsMedian} />,
  },
  {
    ...number("seen", "Last seen", ({ lastSeen }) => Date.parse(lastSeen), formatCount),
    width: "116px",
    cell: ({ lastSeen }) => <Age time={lastSeen} />,
  },
];

// oxlint-disable-next-line eslint/max-params -- a column in one line reads better than an options object
function number(
  id: string,
  header: string,
  value: (peer: Peer) => number,
  format: (value: number) => string,
): SortedColumn<Peer> {
  return { id, header, width: "84px", align: "end", value, cell: (peer) => format(value(peer)) };
}

function RoundTrip({ us }: { readonly us: number | undefined }) {
  if (us !== undefined) return formatMicroseconds(us);
  return (
    <span className="none" title="No round-trip time was measured">
      –
    </span>
  );
}

function Direction({ direction }: { readonly direction: Peer["direction"] }) {
  const Icon = direction === "outbound" ? ArrowUpRight : ArrowDownLeft;
  return (
    <span className="direction">
      <Icon aria-hidden="true" />
      {direction}
    </span>
  );
}

export function TrafficTab({ question }: { readonly question: WorkloadQuestion }) {
  const { params, query, settings } = question;
  const navigate = useNavigate();
  const answer = useCall("workloadPeers", { params, query }, settings);
  const open = (peer: Peer): void => {
    const other = peerName(peer);
    const own = `${peer.direction === "outbound" ? "from" : "to"}:${quoteValue(params.name)}`;
    const theirs = other === "" ? "" : ` ${peer.direction === "outbound" ? "to" : "from"}:${quoteValue(other)}`;
    void navigate({ to: "/flows", search: (before) => ({ ...carried(before), q: own + theirs }) });
  };
  return (
    <>
      <PartNotices window={answer.data?.window} omitted={answer.data?.omitted ?? 0} />
      <SortedGrid
        window={answer.data?.window}
        label="Peers"
        columns={columnsOf(params.cluster)}
        rows={answer.data?.peers ?? []}
        initial={{ by: "connections", direction: "descending" }}
        onOpen={open}
        extrasOf={({ connectionsFailed }) => (connectionsFailed > 0 ? { tone: "deny" } : {})}
      >
        {answer.isPending ? <Loading label="Loading peers" /> : null}
        {answer.error === null ? null : (
          <TroubleState trouble={troubleOf(answer.error)} onRetry={() => void answer.refetch()} />
        )}
        {answer.data?.peers.length === 0 ? (
          <State
            icon={<Unplug />}
            title="It talked to nobody in this window"
            hint="No connection in either direction was seen. Choose a longer time range to look further back."
          />
        ) : null}
      </SortedGrid>
    </>
  );
}
