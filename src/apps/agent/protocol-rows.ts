// DNS look-ups and HTTP exchanges as rows.
import { isLoopbackAddress, isNamed } from "../../core/flow/flow-ends.ts";
import type { FlowAggregator } from "../../core/flow/flow-aggregator.ts";
import type { RemoteQuestion } from "../../core/directory/remote-end.ts";
import type { DnsExchange } from "../../core/protocol/dns-exchange.ts";
import type { Fidelity, Subject } from "../../model/identity.ts";
import type { Row } from "../../model/table.ts";
import type { HttpExchange } from "./http-exchanges.ts";
import { localPeer, peerQuestion } from "./peers.ts";

/** Who did it: the columns that rows of events share. */
export interface RowDoer {
  readonly columns: { readonly processId: string; readonly pid: number; readonly process: string };
  readonly subject: Subject;
  readonly fidelity: Fidelity;
}

export function dnsRowOf(exchange: DnsExchange, { columns, subject, fidelity }: RowDoer): Row<"dns_events"> {
  const { question, answers, ttlSeconds, timeMs, questionType, responseCode, latencyUs, server, serverPort } = exchange;
  return {
    time: timeMs,
    reporter: "sensor",
    question,
    questionType,
    responseCode,
    answers: [...answers],
    ttlSeconds,
    latencyUs,
    server,
    serverPort,
    count: 1,
    ...columns,
    ...subject,
    fidelity,
  };
}

/** The row, and what the address book is to be asked when no process of this machine is known at the other end. */
export function httpRowOf(
  exchange: HttpExchange,
  flows: FlowAggregator,
  { columns, subject, fidelity }: RowDoer,
): { readonly row: Row<"http_events">; readonly peer: RemoteQuestion | undefined } {
  const { event, reporter, method, host, path, version, status, latencyUs, traceId } = exchange;
  const local = flows.otherEnd(event);
  const isSource = reporter === "source";
  const row: Row<"http_events"> = {
    time: event.timeMs,
    reporter,
    method,
    host,
    path,
    version,
    status,
    latencyUs,
    peerAddress: event.remoteAddress,
    peerPort: event.remotePort,
    ...localPeer(local?.subject),
    port: isSource ? event.remotePort : event.localPort,
    traceId,
    count: 1,
    ...columns,
    ...subject,
    fidelity,
  };
  const isAnswered = isNamed(local) || isLoopbackAddress(event.remoteAddress);
  return { row, peer: isAnswered ? undefined : peerQuestion(event, isSource) };
}
