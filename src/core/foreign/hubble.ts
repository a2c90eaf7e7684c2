// Hubble flows as `hubble observe -o jsonpb` writes them (flow.proto of Cilium's public API) -> flows, dns_events, http_events, gaps.
import { parseInstantMs } from "../../base/instant.ts";
import { type WorkloadKind, workloadKinds } from "../../model/identity.ts";
import { isBrokenLine } from "./batch.ts";
import { dnsRows, httpRows } from "./hubble-layer7.ts";
import { at, countAt, isObject, type Json, listAt, textAt, textsAt } from "./json.ts";
import { redactedLowerCase } from "./redact-foreign.ts";
import { finishRow, type Mapped, type PartialRow } from "./row.ts";

/** One line: a flow (bare, or under "flow"), lost events, or a node's status (taken, no rows). */
export function mapHubble(item: unknown): Mapped {
  if (isBrokenLine(item)) return { because: item.brokenLine };
  if (!isObject(item)) return { because: "it is not an object" };
  if (isObject(item["lost_events"])) return mapLost(item, item["lost_events"]);
  if (isObject(item["node_status"])) return { rows: [] };
  const flow = isObject(item["flow"]) ? item["flow"] : item;
  const verdict = verdicts[textAt(flow, "verdict")];
  if (verdict === undefined) return { because: "it has no verdict: not a Hubble flow" };
  const time = parseInstantMs(textAt(flow, "time") || textAt(item, "time"));
  if (time === undefined) return { because: "its time cannot be read" };
  const node = textAt(flow, "node_name") || textAt(item, "node_name");
  const ends = endsOf(flow);
  const facts = { flow, time, node, ends };
  if (isObject(at(flow, "l7", "dns"))) return dnsRows(facts, verdict.name);
  if (isObject(at(flow, "l7", "http"))) return httpRows(facts, verdict.name);
  return mapPacket(facts, verdict);
}

const verdicts: Readonly<
  Record<string, { readonly name: "allow" | "deny" | "log" | "unknown"; readonly because: string }>
> = {
  FORWARDED: { name: "allow", because: "forwarded" },
  REDIRECTED: { name: "allow", because: "redirected to the proxy" },
  TRANSLATED: { name: "allow", because: "translated" },
  DROPPED: { name: "deny", because: "dropped" },
  AUDIT: { name: "log", because: "policy audit mode: would have been denied" },
  ERROR: { name: "unknown", because: "the datapath had an error" },
  TRACED: { name: "unknown", because: "traced only, no verdict" },
  VERDICT_UNKNOWN: { name: "unknown", because: "Hubble does not say" },
};

export interface HubbleEnd {
  readonly kind: WorkloadKind;
  readonly namespace: string;
  readonly workload: string;
  readonly pod: string;
  readonly address: string;
  readonly port: number;
  readonly service: string;
  readonly domain: string;
  readonly reason: string;
}

/** Who opened the connection and who answers; a reply's packet travels the other way. */
export interface HubbleFacts {
  readonly flow: Json;
  readonly time: number;
  readonly node: string;
  readonly ends: { readonly source: HubbleEnd; readonly destination: HubbleEnd; readonly isReply: boolean };
}

function endsOf(flow: Json): HubbleFacts["ends"] {
  const isReply = flow["is_reply"] === true || flow["reply"] === true;
  const [from, to] = [endOf(flow, "source"), endOf(flow, "destination")];
  return isReply ? { source: to, destination: from, isReply } : { source: from, destination: to, isReply };
}

function endOf(flow: Json, end: "source" | "destination"): HubbleEnd {
  const endpoint = at(flow, end);
  const pod = textAt(endpoint, "pod_name");
  const workload = listAt(endpoint, "workloads")[0];
  const labels = textsAt(endpoint, "labels");
  const transport = transportOf(flow);
  const kind = kindOf(textAt(workload, "kind"), pod, labels);
  return {
    kind,
    namespace: textAt(endpoint, "namespace"),
    workload: textAt(workload, "name") || pod || (kind === "Host" ? "host" : ""),
    pod,
    address: textAt(flow, "IP", end),
    port: countAt(transport.body, `${end}_port`),
    service: textAt(flow, `${end}_service`, "name"),
    domain: redactedLowerCase(textsAt(flow, `${end}_names`)[0] ?? "").replace(/\.$/, ""),
    reason: kind === "Unknown" ? "Hubble names no workload" : "",
  };
}

/** Cilium's reserved identities say what is not a pod. */
function kindOf(kind: string, pod: string, labels: readonly string[]): WorkloadKind {
  const known = workloadKinds.find((name) => name === kind);
  if (known !== undefined) return known;
  if (pod !== "") return "Pod";
  if (labels.some((label) => label === "reserved:host" || label === "reserved:remote-node")) return "Host";
  if (labels.some((label) => label.startsWith("reserved:world") || label.startsWith("cidr:"))) return "External";
  return "Unknown";
}

function transportOf(flow: Json): {
  readonly protocol: "tcp" | "udp" | "icmp" | "sctp" | "other";
  readonly body: unknown;
} {
  const layer4 = at(flow, "l4");
  for (const [name, protocol] of protocolByName) {
    const body = at(layer4, name);
    if (body !== undefined) return { protocol, body };
  }
  return { protocol: "other", body: undefined };
}

const protocolByName = [
  ["TCP", "tcp"],
  ["UDP", "udp"],
  ["ICMPv4", "icmp"],
  ["ICMPv6", "icmp"],
  ["SCTP", "sctp"],
] as const;

/** One packet (or socket call) as a row: rows of one key add up. */
function mapPacket(
  { flow, time, node, ends }: HubbleFacts,
  verdict: { name: "allow" | "deny" | "log" | "unknown"; because: string },
): Mapped {
  const { source, destination, isReply } = ends;
  const { protocol, body } = transportOf(flow);
  const isOpening =
    protocol === "tcp" && at(body, "flags", "SYN") === true && at(body, "flags", "ACK") !== true && !isReply;
  const isClosing = protocol === "tcp" && at(body, "flags", "FIN") === true && isReply;
  const isReset = at(body, "flags", "RST") === true;
  const row: PartialRow<"flows"> = {
    time,
    reporter: textAt(flow, "traffic_direction") === "INGRESS" ? "destination" : "source",
    verdict: verdict.name,
    verdictBecause: becauseOf(flow, verdict),
    merged: 1,
    protocol,
    sourceKind: source.kind,
    sourceNamespace: source.namespace,
    sourceWorkload: source.workload,
    sourcePod: source.pod,
    sourceAddress: source.address,
    sourcePort: source.port,
    sourceReason: source.reason,
    destinationKind: destination.kind,
    destinationNamespace: destination.namespace,
    destinationWorkload: destination.workload,
    destinationPod: destination.pod,
    destinationAddress: destination.address,
    destinationPort: destination.port,
    destinationReason: destination.reason,
    destinationService: destination.service,
    destinationDomain: destination.domain,
    connectionsOpened: isOpening && verdict.name !== "deny" ? 1 : 0,
    connectionsFailed: isOpening && verdict.name === "deny" ? 1 : 0,
    connectionsClosed: isClosing ? 1 : 0,
    resets: isReset ? 1 : 0,
    packetsSent: isReply ? 0 : 1,
    packetsReceived: isReply ? 1 : 0,
    flowId: textAt(flow, "uuid"),
  };
  return { rows: [finishRow("flows", node, row)] };
}

/** The policy that decided where Hubble names it, else the drop reason. */
function becauseOf(flow: Json, verdict: { readonly because: string }): string {
  const names = ["egress_denied_by", "ingress_denied_by", "egress_allowed_by", "ingress_allowed_by"];
  for (const name of names) {
    const policy = listAt(flow, name)[0];
    const policyName = textAt(policy, "name");
    if (policyName !== "")
      return `policy ${[textAt(policy, "namespace"), policyName].filter((part) => part !== "").join("/")}`;
  }
  const reason = redactedLowerCase(textAt(flow, "drop_reason_desc")).replaceAll("_", " ");
  return reason === "" || reason === "drop reason unknown" ? verdict.because : reason;
}

/** Events that Hubble lost: a gap, so that nobody takes silence for peace. */
function mapLost(item: Json, lost: Json): Mapped {
  const time = parseInstantMs(textAt(item, "time"));
  if (time === undefined) return { because: "its time cannot be read" };
  const row = finishRow("gaps", textAt(item, "node_name"), {
    time,
    table: "flows",
    reason: "ring-full",
    rows: countAt(lost, "num_events_lost"),
    counted: "exact",
    detail: `Hubble lost events: ${textAt(lost, "source")}`,
  });
  return { rows: [row] };
}
