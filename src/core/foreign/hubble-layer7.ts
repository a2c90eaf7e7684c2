// The application-layer half of Hubble flows: what a proxy saw of DNS and HTTP.
import { at, countAt, textAt, textsAt } from "./json.ts";
import type { HubbleEnd, HubbleFacts } from "./hubble.ts";
import { redactedLowerCase } from "./redact-foreign.ts";
import { finishRow, type Mapped } from "./row.ts";

const rcodes = ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"];

/** The subject columns of one end. */
function subjectOf(end: HubbleEnd) {
  return {
    namespace: end.namespace,
    workload: end.workload,
    workloadKind: end.kind,
    pod: end.pod,
    identityReason: end.reason,
  };
}

/** A request that went through says nothing that its response does not; a refused one has no response. */
function isAnswered(facts: HubbleFacts, verdict: string): boolean {
  return textAt(facts.flow, "l7", "type") === "REQUEST" && verdict === "allow";
}

function latencyUs(facts: HubbleFacts): number {
  return Math.floor(countAt(facts.flow, "l7", "latency_ns") / 1000);
}

export function dnsRows(facts: HubbleFacts, verdict: string): Mapped {
  if (isAnswered(facts, verdict)) return { rows: [] };
  const { source, destination } = facts.ends;
  const dns = at(facts.flow, "l7", "dns");
  const isResponse = textAt(facts.flow, "l7", "type") === "RESPONSE";
  const code = countAt(dns, "rcode");
  const row = finishRow("dns_events", facts.node, {
    time: facts.time,
    reporter: "foreign",
    question: redactedLowerCase(textAt(dns, "query")).replace(/\.$/, ""),
    questionType: textsAt(dns, "qtypes")[0] ?? "",
    responseCode: isResponse ? (rcodes[code] ?? `RCODE${code}`) : "denied",
    answers: [...textsAt(dns, "ips"), ...textsAt(dns, "cnames")].slice(0, 32),
    ttlSeconds: countAt(dns, "ttl"),
    latencyUs: latencyUs(facts),
    server: destination.address,
    serverPort: destination.port,
    count: 1,
    ...subjectOf(source),
  });
  return { rows: [row] };
}

export function httpRows(facts: HubbleFacts, verdict: string): Mapped {
  if (isAnswered(facts, verdict)) return { rows: [] };
  const isAtSource = textAt(facts.flow, "traffic_direction") !== "INGRESS";
  const { source, destination } = facts.ends;
  const [own, peer] = isAtSource ? [source, destination] : [destination, source];
  const http = at(facts.flow, "l7", "http");
  const { host, path } = splitUrl(textAt(http, "url"));
  const row = finishRow("http_events", facts.node, {
    time: facts.time,
    reporter: isAtSource ? "source" : "destination",
    method: textAt(http, "method"),
    host,
    path,
    version: textAt(http, "protocol"),
    status: countAt(http, "code"),
    latencyUs: latencyUs(facts),
    peerAddress: peer.address,
    peerPort: peer.port,
    peerNamespace: peer.namespace,
    peerWorkload: peer.workload,
    traceId: textAt(facts.flow, "trace_context", "parent", "trace_id"),
    count: 1,
    ...subjectOf(own),
  });
  return { rows: [row] };
}

/** "http://user:secret@shop/cart?token=x" -> host "shop", path "/cart": user and query are dropped, headers are never read. */
export function splitUrl(url: string): { host: string; path: string } {
  const match = /^(?:[a-z][a-z0-9+.-]{0,15}:\/\/)?([^/?#]{0,300})([^?#]*)/i.exec(url);
  const authority = match?.[1] ?? "";
  const isPath = url.startsWith("/");
  const host = isPath ? "" : redactedLowerCase(authority.slice(authority.lastIndexOf("@") + 1));
  return { host, path: (isPath ? (/^[^?#]*/.exec(url)?.[0] ?? "") : (match?.[2] ?? "")) || "/" };
}
