// The columns of the flows list.
import type { Flow } from "../../../src/model/flow.ts";
import type { Column } from "./data-grid.tsx";
import { formatAddress, formatBytes, formatClock, formatMicroseconds, rttMedianUs } from "./format.ts";
import { Verdict } from "./verdict.tsx";
import { WorkloadName } from "./workload-name.tsx";

export const flowColumns: readonly Column<Flow>[] = [
  {
    id: "time",
    header: "Time",
    width: "100px",
    cell: (flow) => <time dateTime={flow.time}>{formatClock(flow.time)}</time>,
  },
  {
    id: "source",
    header: "Source",
    width: "minmax(112px, 1.2fr)",
    cell: (flow) => <FlowEnd flow={flow} end="source" />,
  },
  {
    id: "destination",
    header: "Destination",
    width: "minmax(112px, 1.3fr)",
    cell: (flow) => <FlowEnd flow={flow} end="destination" />,
  },
  {
    id: "port",
    header: "Port",
    width: "84px",
    cell: ({ destinationPort, protocol }) => (
      <span className="port">
        {destinationPort === 0 ? "" : destinationPort}
        <small>{protocol}</small>
      </span>
    ),
  },
  {
    id: "process",
    header: "Process",
    hideBelowPx: 760,
    width: "minmax(84px, 0.7fr)",
    cell: ({ process, executable, reporter }) => (
      <Reporter process={process} executable={executable} reporter={reporter} />
    ),
  },
  {
    id: "verdict",
    header: "Verdict",
    width: "minmax(112px, 1.4fr)",
    cell: ({ verdict, verdictBecause }) => <Verdict verdict={verdict} because={verdictBecause} />,
  },
  {
    id: "sent",
    header: "Sent",
    hideBelowPx: 700,
    width: "76px",
    align: "end",
    cell: (flow) => <Bytes count={flow.bytesSent} flow={flow} />,
  },
  {
    id: "received",
    header: "Received",
    hideBelowPx: 980,
    width: "80px",
    align: "end",
    cell: (flow) => <Bytes count={flow.bytesReceived} flow={flow} />,
  },
  {
    id: "rtt",
    header: "RTT",
    hideBelowPx: 900,
    width: "70px",
    align: "end",
    cell: ({ rttUs }) => <RoundTrip rttUs={rttUs} />,
  },
];

/** Both ends of one connection may be watched and then report it each: the process says whose row this is. */
function Reporter({ process, executable, reporter }: Pick<Flow, "process" | "executable" | "reporter">) {
  return (
    <span title={`${executable}\nReported by the ${reporter}`}>
      <small>{reporter === "source" ? "out " : "in "}</small>
      {process}
    </span>
  );
}

export function FlowEnd({ flow, end }: { readonly flow: Flow; readonly end: "source" | "destination" }) {
  if (end === "source")
    return (
      <WorkloadName
        cluster={flow.cluster}
        namespace={flow.sourceNamespace}
        kind={flow.sourceKind}
        name={flow.sourceWorkload}
        fallback={formatAddress(flow.sourceAddress)}
        reason={flow.sourceReason}
      />
    );
  return (
    <WorkloadName
      cluster={flow.cluster}
      namespace={flow.destinationNamespace}
      kind={flow.destinationKind}
      name={flow.destinationWorkload || flow.destinationDomain}
      fallback={formatAddress(flow.destinationAddress)}
      reason={flow.destinationReason}
    />
  );
}

/** Whether the reporter counts bytes at all: polling does not, and a foreign sensor's zero may mean that it does not. */
export function knowsBytes({ fidelity, bytesSent, bytesReceived }: Flow): boolean {
  return fidelity === "foreign" ? bytesSent + bytesReceived > 0 : fidelity !== "polled" && fidelity !== "notified";
}

function Bytes({ count, flow }: { readonly count: number; readonly flow: Flow }) {
  if (knowsBytes(flow)) return formatBytes(count);
  return (
    <span className="none" title={`Not known: this row was ${flow.fidelity}`}>
      –
    </span>
  );
}

function RoundTrip({ rttUs }: { readonly rttUs: Flow["rttUs"] }) {
  const median = rttMedianUs(rttUs);
  if (median === undefined)
    return (
      <span className="none" title="No round-trip time was measured">
        –
      </span>
    );
  return formatMicroseconds(median);
}
