// One request through the engine: connection, head, body, end. What comes out is a decision for the server and, where there is something to tell, an event.
import type { Interruption, Transaction, TransactionReport } from "../../core/waf/engine/engine.ts";
import { modsecurityLines } from "../../core/waf/report/modsecurity-line.ts";
import { excerptOf, redactRuleText } from "../../core/waf/report/redact.ts";
import { severityName } from "../../core/waf/report/waf-row.ts";
import { redactPath } from "../../core/redact/redact.ts";
import type { LoadedWaf } from "./load.ts";
import type { WafDecision, WafEventRule, WafLibraryEvent } from "./types.ts";

export type HeaderPairs = readonly (readonly [name: string, value: string])[];

export interface JudgedHead {
  readonly method: string;
  readonly target: string;
  readonly protocol: string;
  readonly headers: HeaderPairs;
  readonly clientAddress: string;
  readonly clientPort: number;
  readonly serverAddress: string;
  readonly serverPort: number;
}

/** What stopped a request that the engine did not: the server's own limits. */
export interface OwnStop {
  readonly status: number;
  readonly because: string;
}

export interface Judging {
  readonly mayBlock: boolean;
  readonly wantsBody: boolean;
  /** True: stopped. Call `finish` next. */
  body(chunk: Buffer): boolean;
  /** Of the library's own doing. */
  skip(reason: string): void;
  stop(stop: OwnStop): void;
  /** Ends the request and says what to do. Once. */
  finish(): WafDecision;
}

/** Begins with the head: phase 1 has run when this returns. */
export function beginJudging(waf: LoadedWaf, came: JudgedHead, tell: (event: WafLibraryEvent) => void): Judging {
  const { engine, policy } = waf;
  const head = withClient(came, waf.clientAddress);
  if (policy.mode === "off") return unjudged;
  const transaction = engine.begin(policy);
  const skipped: string[] = [];
  let own: OwnStop | undefined;
  let stopped = begin(transaction, head);
  return {
    mayBlock: policy.mode === "block",
    get wantsBody() {
      return stopped === undefined && transaction.wantsRequestBody;
    },
    body(chunk) {
      if (stopped === undefined && transaction.wantsRequestBody)
        stopped = transaction.requestBody(chunk.toString("latin1"));
      return stopped !== undefined;
    },
    skip: (reason) => void skipped.push(reason),
    stop(stop) {
      own = stop;
    },
    finish() {
      if (stopped === undefined && own === undefined) stopped = transaction.endRequest();
      const report = transaction.finish();
      const decision = decide(report, { stopped, own: policy.mode === "block" ? own : undefined, skipped });
      const event = eventOf(report, { head, decision, threshold: policy.inboundThreshold, own });
      if (event !== undefined) tell(event);
      return decision;
    },
  };
}

const addressCharactersMax = 64;

function withClient(head: JudgedHead, ask: LoadedWaf["clientAddress"]): JudgedHead {
  const told = ask?.({ headers: head.headers, connectionAddress: head.clientAddress });
  if (told === undefined || told === "" || told.length > addressCharactersMax) return head;
  return { ...head, clientAddress: told, clientPort: 0 };
}

function begin(transaction: Transaction, head: JudgedHead): Interruption | undefined {
  const { clientAddress, clientPort, serverAddress, serverPort, method, target, protocol } = head;
  transaction.connection({ clientAddress, clientPort, serverAddress, serverPort });
  transaction.requestLine(method, target, protocol);
  return transaction.requestHeaders(head.headers);
}

const passed: WafDecision = {
  id: "",
  isBlocked: false,
  isDropped: false,
  status: 0,
  headers: {},
  body: "",
  inboundScore: 0,
  ruleIds: [],
  notInspected: [],
};

const unjudged: Judging = {
  mayBlock: false,
  wantsBody: false,
  body: () => false,
  skip: () => undefined,
  stop: () => undefined,
  finish: () => passed,
};

interface Ending {
  readonly stopped: Interruption | undefined;
  readonly own: OwnStop | undefined;
  readonly skipped: readonly string[];
}

function decide(report: TransactionReport, { stopped, own, skipped }: Ending): WafDecision {
  const logged = report.rules.filter((rule) => rule.isLogged);
  const base = {
    ...passed,
    id: report.id,
    inboundScore: report.inboundScore,
    ruleIds: logged.map(({ ruleId }) => ruleId),
    notInspected: [...report.notInspected, ...skipped],
  };
  const status = stopped?.status ?? own?.status;
  if (status === undefined) return base;
  return { ...base, isBlocked: true, isDropped: stopped?.action === "drop", ...answerOf(status, report.id, stopped) };
}

const titles: ReadonlyMap<number, string> = new Map([
  [400, "Bad Request"],
  [403, "Forbidden"],
  [408, "Request Timeout"],
  [413, "Content Too Large"],
]);

/** problem+json (RFC 9457) with the transaction's id, so that whoever runs the service finds the event. */
function answerOf(
  status: number,
  id: string,
  stopped: Interruption | undefined,
): Pick<WafDecision, "status" | "headers" | "body"> {
  const headers: Record<string, string> = { "content-type": "application/problem+json", "cache-control": "no-store" };
  // A location that could end the header has no business there.
  if (stopped?.action === "redirect" && /^[\x21-\x7e]+$/.test(stopped.location)) headers["location"] = stopped.location;
  const title = titles.get(status) ?? (status < 400 ? "Found" : "Refused");
  return { status, headers, body: `${JSON.stringify({ type: "about:blank", title, status, transaction: id })}\n` };
}

interface Told {
  readonly head: JudgedHead;
  readonly decision: WafDecision;
  readonly threshold: number;
  readonly own: OwnStop | undefined;
}

function eventOf(report: TransactionReport, { head, decision, threshold, own }: Told): WafLibraryEvent | undefined {
  const logged = report.rules.filter((rule) => rule.isLogged);
  const isQuiet = logged.length === 0 && report.interruption === undefined && own === undefined;
  if (isQuiet && decision.notInspected.length === 0) return undefined;
  const host = head.headers.find(([name]) => name.toLowerCase() === "host")?.[1] ?? "";
  const end = head.target.search(/[?#]/);
  return {
    id: report.id,
    time: new Date(),
    verdict: verdictOf(report, own, decision),
    method: head.method.slice(0, 64),
    host: host.slice(0, 253),
    path: redactPath((end < 0 ? head.target : head.target.slice(0, end)).slice(0, 1024)).text,
    clientAddress: head.clientAddress,
    status: decision.status,
    inboundScore: report.inboundScore,
    inboundThreshold: threshold,
    because: report.interruption?.because ?? own?.because ?? "",
    notInspected: decision.notInspected,
    rules: logged.slice(0, eventRulesMax).map(ruleOf),
    lines: modsecurityLines(report, { hostname: host, uri: head.target }).slice(0, eventRulesMax),
  };
}

/** Rules of one event; a request that more matched has them counted in its score. */
const eventRulesMax = 128;

function verdictOf(
  report: TransactionReport,
  own: OwnStop | undefined,
  decision: WafDecision,
): WafLibraryEvent["verdict"] {
  const { interruption } = report;
  if (own !== undefined || (interruption !== undefined && interruption.because !== "rule")) return "failed";
  if (decision.isBlocked) return "blocked";
  if (interruption !== undefined) return "detected";
  return report.rules.length === 0 ? "failed" : "logged";
}

function ruleOf(rule: TransactionReport["rules"][number]): WafEventRule {
  const [variable] = rule.variables;
  const excerpt = variable === undefined ? { text: "", start: 0, end: 0 } : excerptOf(variable, rule.secrets);
  return {
    id: rule.ruleId,
    message: redactRuleText(rule.message, rule),
    severity: severityName(rule.severity),
    score: rule.score,
    phase: rule.phase,
    variable: variable?.name ?? "",
    matched: excerpt.text.slice(excerpt.start, excerpt.end),
    excerpt: excerpt.text,
  };
}
