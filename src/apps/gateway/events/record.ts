// An inspected request as it leaves its worker: redacted row, the lines for ModSecurity's readers, and what a person at the terminal is told.
import { modsecurityLines } from "../../../core/waf/report/modsecurity-line.ts";
import { wafRow, type WafRequestFacts } from "../../../core/waf/report/waf-row.ts";
import type { TransactionReport } from "../../../core/waf/engine/engine.ts";
import type { WafWorkload } from "../../../core/waf/policy/target.ts";
import type { Row } from "../../../model/table.ts";
import type { InspectedRequest } from "../engine-inspector.ts";
import { headerOf } from "../inspect.ts";

export type WafRow = Row<"waf_events">;

export interface EventRecord {
  readonly row: WafRow;
  /** One per rule that was logged, in ModSecurity's format, without line ends. */
  readonly lines: readonly string[];
  /** Who must be looked up by whoever knows identities: the protected side. */
  readonly upstreamAddress: string;
  readonly upstreamPort: number;
  /** What stands behind the door, as far as the worker knew. */
  readonly workload: Pick<WafWorkload, "namespace" | "workload" | "services"> | undefined;
  /** For stderr; "" when the request was not stopped and would not have been. */
  readonly notice: string;
}

/** Undefined: there is nothing to tell. */
export function recordOf(request: InspectedRequest): EventRecord | undefined {
  const { source, head, policy, facts } = request;
  const report = toldReport(request);
  const event = wafRow(report, policy, factsOf(request));
  if (event === undefined) return undefined;
  const { cluster: _cluster, node: _node, ingest: _ingest, ...columns } = event;
  const row: WafRow = { ...columns, time: request.timeMs };
  return {
    row,
    lines: modsecurityLines(report, { hostname: facts.host, uri: head.target }),
    upstreamAddress: source.upstreamAddress ?? source.serverAddress,
    upstreamPort: source.upstreamPort ?? source.serverPort,
    workload: source.workload,
    notice: report.interruption === undefined ? "" : noticeOf(row, report.isBlocked),
  };
}

/** What the door knows is added to what the engine says: a shape that no server should see counts as stopped. */
function toldReport({ report, outcome }: InspectedRequest): TransactionReport {
  const notInspected = [...report.notInspected, ...(outcome.notInspected ?? []), ...(outcome.counted ?? [])];
  if (outcome.malformed !== undefined) {
    const because = `malformed: ${outcome.malformed}`;
    const interruption = {
      action: "deny",
      status: outcome.status,
      location: "",
      ruleId: 0,
      phase: 1,
      because,
    } as const;
    return { ...report, notInspected, interruption, isBlocked: true };
  }
  const limit = outcome.status === 413 && report.interruption === undefined ? outcome.notInspected?.[0] : undefined;
  if (limit === undefined) return { ...report, notInspected };
  const interruption = {
    action: "deny",
    status: 413,
    location: "",
    ruleId: 0,
    phase: 2,
    because: `limit: ${limit}`,
  } as const;
  return { ...report, notInspected, interruption, isBlocked: true };
}

const noSubject = {
  namespace: "",
  workload: "",
  workloadKind: "Unknown" as const,
  service: "",
  pod: "",
  container: "",
  containerId: "",
  image: "",
  imageDigest: "",
  identityReason: "",
};

function factsOf({ source, head, facts, forwardedFor, outcome, ruleSet, timeMs }: InspectedRequest): WafRequestFacts {
  return {
    time: new Date(timeMs).toISOString(),
    cluster: "",
    node: "",
    ingest: 0,
    door: source.door,
    status: outcome.status,
    method: head.method.slice(0, 32),
    host: facts.host.slice(0, 253),
    target: head.target,
    clientAddress: addressOf(source.clientAddress),
    clientPort: source.clientPort,
    forwardedFor: forwardedFor === "" ? "::" : forwardedFor,
    clientNamespace: "",
    clientWorkload: "",
    clientKind: "Unknown" as const,
    clientService: "",
    clientPod: "",
    clientReason: "",
    serverAddress: addressOf(source.serverAddress),
    serverPort: source.serverPort,
    traceId: traceIdOf(headerOf(head.headers, "traceparent")),
    ruleSet,
    isTls: source.isTls,
    ...noSubject,
    fidelity: "proxy",
  };
}

/** The store's column takes addresses only. */
function addressOf(text: string): string {
  return /^[0-9a-fA-F:.]{2,45}$/.test(text) ? text : "::";
}

/** W3C Trace Context: version, 32 hexadecimal digits, parent, flags. */
function traceIdOf(header: string | undefined): string {
  const found = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/.exec(header ?? "");
  return found?.[1] ?? "";
}

/** "blocked 403 GET shop/search from 10.0.0.1: rule 942100 ARGS:q; score 5 of 5; id ...". */
function noticeOf(row: WafRow, isBlocked: boolean): string {
  const word = isBlocked ? `blocked ${row.status}` : "would block";
  const what = `${word} ${row.method} ${row.host}${row.path} from ${row.clientAddress}`;
  const rules = row.ruleIds
    .map((id, index) => ({ id, variable: row.variables[index] ?? "", score: row.scores[index] ?? 0 }))
    .filter(({ score, id }) => score > 0 || (id === row.decidingRule && isDecidedAlone(row)))
    // First what explains it: the rule that stopped it by itself, else the one that gave most points.
    .sort((one, other) => weightOf(row, other) - weightOf(row, one));
  const shown = rules.slice(0, 4).map(({ id, variable }) => (variable === "" ? `${id}` : `${id} ${variable}`));
  const more = rules.length > shown.length ? ` and ${rules.length - shown.length} more` : "";
  const why =
    shown.length > 0
      ? `rule ${shown.join(", ")}${more}`
      : row.decidingRule > 0
        ? `rule ${row.decidingRule}`
        : row.because;
  const isOutbound = row.phase > 2;
  const score = isOutbound
    ? `${row.outboundScore} of ${row.outboundThreshold}`
    : `${row.inboundScore} of ${row.inboundThreshold}`;
  return printable(`${what}: ${why}; score ${score}; id ${row.transactionId}`);
}

/** Below its threshold nothing adds up: the deciding rule denied by itself. */
function isDecidedAlone(row: WafRow): boolean {
  const isOutbound = row.phase > 2;
  return isOutbound ? row.outboundScore < row.outboundThreshold : row.inboundScore < row.inboundThreshold;
}

function weightOf(row: WafRow, { id, score }: { readonly id: number; readonly score: number }): number {
  return id === row.decidingRule && isDecidedAlone(row) ? Number.POSITIVE_INFINITY : score;
}

/** A terminal gets no control characters of a client. */
function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, 600);
}
