// Every field of one flow, grouped, with what leads on from it.
import { Link } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import type { Flow } from "../../../../src/model/flow.ts";
import { carried } from "../../app/use-url-state.ts";
import { CopyButton } from "../../kit/copy.tsx";
import { field, FieldList, type FieldGroup } from "../../kit/field-list.tsx";
import {
  formatBytes,
  formatCount,
  formatDateTime,
  formatDuration,
  formatEndpoint,
  formatMicroseconds,
  rttMedianUs,
} from "../../kit/format.ts";
import { Verdict } from "../../kit/verdict.tsx";
import { processMark } from "../../kit/row-mark.ts";
import { hasPage, kindWord } from "../../kit/workload-text.ts";
import { FlowEnd, knowsBytes } from "../../kit/flow-columns.tsx";
import { flowCommand, relatedTerms } from "../../kit/flow-text.ts";

// The trace comes when details are opened, not with the first screen.
const FlowWhy = lazy(() => import("../policies/flow-why.tsx").then((module) => ({ default: module.FlowWhy })));

const levels = ["five-tuple", "source port dropped", "pod pair", "workload pair", "namespace pair"] as const;
const tlsWords = {
  "not-looked": "Not looked at (visibility is off for this workload)",
  "not-seen": "Looked, not seen",
  seen: "Seen",
} as const;

export function FlowDetails({ flow }: { readonly flow: Flow }) {
  return (
    <>
      <p className="details-verdict">
        <Verdict verdict={flow.verdict} because={flow.verdictBecause} />
      </p>
      <div className="details-acts">
        <CopyButton text={flowCommand(flow)} label="Copy as command" />
        <CopyButton text={JSON.stringify(flow, null, 2)} label="Copy JSON" />
      </div>
      <Suspense>
        <FlowWhy flow={flow} />
      </Suspense>
      <FieldList groups={groupsOf(flow)} />
      <section className="fields">
        <h3>Related</h3>
        <ul className="related">
          <ProcessLink flow={flow} />
          {relatedTerms(flow).map(({ title, q }) => (
            <li key={title}>
              <Link to="/flows" search={(before) => ({ ...carried(before), q })}>
                {title}
              </Link>
              <code>{q}</code>
            </li>
          ))}
        </ul>
      </section>
    </>
  );
}

/** To the process in the tree of the workload that reported the flow. */
function ProcessLink({ flow }: { readonly flow: Flow }) {
  const isSource = flow.reporter === "source";
  const kind = isSource ? flow.sourceKind : flow.destinationKind;
  const namespace = isSource ? flow.sourceNamespace : flow.destinationNamespace;
  const name = isSource ? flow.sourceWorkload : flow.destinationWorkload;
  if (flow.pid === 0 || !hasPage(kind, namespace, name)) return null;
  return (
    <li>
      <Link
        to="/workloads/$cluster/$namespace/$kind/$name"
        params={{ cluster: flow.cluster, namespace, kind, name }}
        search={(before) => ({ ...carried(before), tab: "processes", row: processMark(flow.pid) })}
      >
        This process in the tree of its workload
      </Link>
      <code>
        {flow.process} {flow.pid}
      </code>
    </li>
  );
}

function groupsOf(flow: Flow): readonly FieldGroup[] {
  return [
    { title: "When and where", fields: originFields(flow) },
    { title: "Source", fields: endFields(flow, "source") },
    { title: "Destination", fields: endFields(flow, "destination") },
    { title: "Process", fields: processFields(flow) },
    { title: "Connections", fields: connectionFields(flow) },
    { title: "Policy", fields: policyFields(flow) },
  ];
}

function originFields(flow: Flow) {
  return [
    field("Time", formatDateTime(flow.time), "data"),
    field("Window", formatDuration(flow.durationMs), "data"),
    field("Seen by", `${flow.reporter} on ${flow.node}`),
    field("Cluster", flow.cluster),
    field(
      "Fidelity",
      flow.fidelity === "kernel" ? "kernel" : `${flow.fidelity} (may miss what lived between two looks)`,
    ),
    field(
      "Detail",
      `${levels[flow.level] ?? flow.level}${flow.merged > 1 ? `, ${formatCount(flow.merged)} merged` : ""}`,
    ),
  ];
}

function endFields(flow: Flow, end: "source" | "destination") {
  const source = end === "source";
  const reason = source ? flow.sourceReason : flow.destinationReason;
  return [
    field("Workload", <FlowEnd flow={flow} end={end} />),
    field(
      "Kind",
      source
        ? kindWord(flow.sourceKind, flow.sourceWorkload)
        : kindWord(flow.destinationKind, flow.destinationWorkload),
    ),
    field("Not known, because", reason),
    field("Namespace", source ? flow.sourceNamespace : flow.destinationNamespace),
    field("Pod", source ? flow.sourcePod : flow.destinationPod, "data"),
    field("Service", source ? "" : flow.destinationService),
    field("DNS name", source ? "" : flow.destinationDomain, "data"),
    field(
      "Address",
      source
        ? formatEndpoint(flow.sourceAddress, flow.sourcePort)
        : formatEndpoint(flow.destinationAddress, flow.destinationPort),
      "data",
    ),
  ];
}

function processFields(flow: Flow) {
  return [
    field("Name", flow.process, "data"),
    field("Executable", flow.executable, "data"),
    field("Process id", flow.pid === 0 ? "" : flow.pid, "data"),
    field("Container", flow.container),
    field("Container id", flow.containerId.slice(0, 12), "data"),
    field("Image", flow.image, "data"),
  ];
}

/** Bytes and packets of one direction, as far as the reporter knows them. */
function payload(flow: Flow, bytes: number, packets: number): string {
  if (flow.fidelity === "polled" || flow.fidelity === "notified") return `Not known: ${flow.fidelity}`;
  return `${knowsBytes(flow) ? formatBytes(bytes) : "Unknown size"} in ${formatCount(packets)} packets`;
}

function connectionFields(flow: Flow) {
  const median = rttMedianUs(flow.rttUs);
  return [
    field("Protocol", flow.protocol),
    field("Opened, closed", `${formatCount(flow.connectionsOpened)}, ${formatCount(flow.connectionsClosed)}`, "data"),
    field("Failed", formatCount(flow.connectionsFailed), "data"),
    field("Resets, retransmits", `${formatCount(flow.resets)}, ${formatCount(flow.retransmits)}`, "data"),
    field("Sent", payload(flow, flow.bytesSent, flow.packetsSent), "data"),
    field("Received", payload(flow, flow.bytesReceived, flow.packetsReceived), "data"),
    field("Round trip", median === undefined ? "Not measured" : `${formatMicroseconds(median)} (median)`, "data"),
    field("TLS", tlsWords[flow.tls]),
    field("Server name", flow.serverName, "data"),
    field("Loopback", flow.loopback ? "Both ends are on this machine" : ""),
  ];
}

function policyFields(flow: Flow) {
  const none = "No policy is in force";
  return [
    field("Judged by", flow.policies.length === 0 ? none : flow.policies.join(", ")),
    field("Staged", flow.policiesStaged.join(", ")),
    field("Generation", flow.policyGeneration === 0 ? "" : flow.policyGeneration, "data"),
  ];
}
