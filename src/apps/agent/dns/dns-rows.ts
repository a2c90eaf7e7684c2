// The proxy's look-ups as rows of `dns_events`, with reporter "proxy".
import { dnsTypeName, responseCodeName } from "../../../core/protocol/dns-message.ts";
import { responseCodeOf, type ProxyLookup } from "../../../edge/dns-proxy/dns-proxy.ts";
import { dnsLimits } from "../../../core/protocol/dns-message.ts";
import type { Subject } from "../../../model/identity.ts";
import type { Row } from "../../../model/table.ts";

/** `timeMs`: when it was answered. The response code is what the client got, but "timeout" where the server said nothing. */
export function rowOf(lookup: ProxyLookup, subject: Subject, timeMs: number): Row<"dns_events"> {
  const { answer, refusal, question, server, latencyMs } = lookup;
  const records = answer?.records.filter(({ value }) => value !== "") ?? [];
  return {
    time: Math.round(timeMs - latencyMs),
    reporter: "proxy",
    question: question.name,
    questionType: dnsTypeName(question.type),
    responseCode: codeOf(answer?.responseCode ?? 0, refusal),
    answers: records.slice(0, dnsLimits.answersMax).map(({ value }) => value),
    ttlSeconds: records.reduce((least, { ttlSeconds }) => Math.min(least, ttlSeconds), records[0]?.ttlSeconds ?? 0),
    latencyUs: refusal === "upstream-timeout" ? 0 : Math.round(latencyMs * 1000),
    server: server.address,
    serverPort: server.port,
    count: 1,
    processId: "",
    pid: 0,
    process: "",
    ...subject,
    fidelity: "proxy",
  };
}

function codeOf(said: number, refusal: ProxyLookup["refusal"]): string {
  if (refusal === "") return responseCodeName(said);
  return refusal === "upstream-timeout" ? "timeout" : responseCodeName(responseCodeOf(refusal));
}
