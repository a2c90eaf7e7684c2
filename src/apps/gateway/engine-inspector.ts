// The inspection interface over the WAF's engine: each request under the rule set and policy that are in force when it begins, to its end.
import type {
  Interruption,
  Transaction,
  TransactionPolicy,
  TransactionReport,
  WafEngine,
} from "../../core/waf/engine/engine.ts";
import {
  headerOf,
  type ConnectionSource,
  type Inspection,
  type Inspector,
  type Outcome,
  type RequestHead,
  type ResponseHead,
  type Stop,
} from "./inspect.ts";
import { isPlainProbe } from "../../core/waf/transparent/probe.ts";
import type { TrustedProxies } from "./trusted-proxies.ts";

/** What a policy is chosen by. */
export interface RequestFacts {
  readonly source: ConnectionSource;
  /** Lower case, without port. */
  readonly host: string;
  /** Without its query. */
  readonly path: string;
  readonly method: string;
}

/** A rule set in force. Transactions keep the one that they began with. */
export interface ServedRules {
  readonly engine: WafEngine;
  /** Of what was read; names the rule set in events. */
  readonly digest: string;
  /** Undefined: the request is not looked at. */
  policyFor(facts: RequestFacts): TransactionPolicy | undefined;
}

/** One request that is over, for who makes events of it. */
export interface InspectedRequest {
  readonly report: TransactionReport;
  readonly policy: TransactionPolicy;
  readonly ruleSet: string;
  readonly source: ConnectionSource;
  readonly head: RequestHead;
  readonly facts: RequestFacts;
  readonly timeMs: number;
  /** What a listed proxy said; "" when none did. */
  readonly forwardedFor: string;
  readonly responseStatus: number;
  readonly outcome: Outcome;
}

export interface InspectorParts {
  readonly current: () => ServedRules | undefined;
  readonly proxies: TrustedProxies;
  readonly nowMs: () => number;
  /** For requests that no engine gives one. */
  readonly uniqueId: () => string;
  /** Requests that rules spoke about, that were stopped, malformed, or not looked at wholly. */
  readonly onTold: (request: InspectedRequest) => void;
  readonly counts: InspectorCounts;
}

export interface InspectorCounts {
  inspected: number;
  /** Policy "off", or none selects it. */
  unselected: number;
  /** Not wholly looked at, by reason. */
  readonly notInspected: Record<string, number>;
  /** Sum of the engine's time. */
  evaluationUs: number;
}

/** Reasons that are remembered by name; the others count as "other". */
const reasonsMax = 64;

export function createEngineInspector(parts: InspectorParts): Inspector {
  return {
    begin(source, head) {
      const served = parts.current();
      const facts = factsOf(source, head);
      const policy = policyOf(served?.policyFor(facts), source, head);
      if (served === undefined || policy === undefined || policy.mode === "off") {
        parts.counts.unselected += 1;
        return unselected(parts, { source, head, facts });
      }
      parts.counts.inspected += 1;
      return inspect(parts, served, policy, { source, head, facts });
    },
  };
}

/** A kubelet's probe is never blocked: a rule that fires wrongly must not have pods restarted. Nothing is where a door only watches. */
function policyOf(
  policy: TransactionPolicy | undefined,
  source: ConnectionSource,
  head: RequestHead,
): TransactionPolicy | undefined {
  if (policy?.mode !== "block") return policy;
  const isProbe = source.isFromNode === true && isPlainProbe(head);
  if (!isProbe && source.isObserved !== true) return policy;
  const known = detecting.get(policy);
  if (known !== undefined) return known;
  const made: TransactionPolicy = { ...policy, mode: "detect" };
  detecting.set(policy, made);
  return made;
}

const detecting = new WeakMap<TransactionPolicy, TransactionPolicy>();

interface About {
  readonly source: ConnectionSource;
  readonly head: RequestHead;
  readonly facts: RequestFacts;
}

export function factsOf(source: ConnectionSource, head: RequestHead): RequestFacts {
  const absolute = /^https?:\/\/([^/?#]*)([^?#]*)/i.exec(head.target);
  const authority = absolute?.[1] ?? headerOf(head.headers, "host") ?? "";
  const target = absolute === null ? head.target : (absolute[2] ?? "") || "/";
  const end = target.search(/[?#]/);
  return {
    source,
    host: authority.replace(/:\d*$/, "").toLowerCase(),
    path: end < 0 ? target : target.slice(0, end),
    method: head.method,
  };
}

function stopOf(interruption: Interruption | undefined): Stop | undefined {
  if (interruption === undefined) return undefined;
  const { action, status, location, ruleId, because } = interruption;
  return { action, status, location, ruleId, because };
}

/** Nothing is looked at; a malformed request is refused and told all the same. */
function unselected(parts: InspectorParts, about: About): Inspection {
  let id = "";
  return {
    get id() {
      if (id === "") id = parts.uniqueId();
      return id;
    },
    mayBlock: false,
    readsResponses: false,
    requestHead: () => undefined,
    wantsRequestBody: false,
    requestBody: () => undefined,
    endRequest: () => undefined,
    responseHead: () => undefined,
    wantsResponseBody: false,
    responseBody: () => undefined,
    endResponse: () => undefined,
    finish(outcome) {
      if (outcome.malformed === undefined) return;
      const report = { ...emptyReport, id: this.id };
      const rest = { policy: unselectedPolicy, ruleSet: "", forwardedFor: "", responseStatus: 0 };
      tell(parts, { ...about, ...rest, report, timeMs: parts.nowMs(), outcome });
    },
  };
}

const unselectedPolicy: TransactionPolicy = {
  name: "",
  mode: "block",
  paranoia: 1,
  detectionParanoia: 1,
  inboundThreshold: 0,
  outboundThreshold: 0,
  responseBodies: false,
  settings: new Map(),
  exclusions: [],
  layers: [],
};

const emptyReport: TransactionReport = {
  id: "",
  policy: "",
  mode: "block",
  interruption: undefined,
  isBlocked: false,
  rules: [],
  rulesOmitted: 0,
  inboundScore: 0,
  outboundScore: 0,
  notInspected: [],
  evaluationUs: 0,
  requestBytes: 0,
  responseBytes: 0,
};

function inspect(parts: InspectorParts, served: ServedRules, policy: TransactionPolicy, about: About): Inspection {
  const transaction = served.engine.begin(policy);
  const timeMs = parts.nowMs();
  const forwardedFor = parts.proxies.clientOf(about.source.clientAddress, about.head.headers) ?? "";
  const seen = { status: 0 };
  return {
    id: transaction.id,
    mayBlock: policy.mode === "block",
    readsResponses: policy.responseBodies && served.engine.ruleSet.settings.responseBodyAccess,
    requestHead: (head) => begin(transaction, about.source, head, forwardedFor),
    get wantsRequestBody() {
      return transaction.wantsRequestBody;
    },
    requestBody: (chunk) => stopOf(transaction.requestBody(chunk.toString("latin1"))),
    endRequest: () => stopOf(transaction.endRequest()),
    responseHead: (head: ResponseHead) => {
      seen.status = head.status;
      return stopOf(transaction.responseHeaders(head.status, head.protocol, head.headers));
    },
    get wantsResponseBody() {
      return transaction.wantsResponseBody;
    },
    responseBody: (chunk) => stopOf(transaction.responseBody(chunk.toString("latin1"))),
    endResponse: () => stopOf(transaction.endResponse()),
    finish(outcome) {
      const report = transaction.finish();
      const ruleSet = served.digest;
      tell(parts, { ...about, report, policy, ruleSet, timeMs, forwardedFor, responseStatus: seen.status, outcome });
    },
  };
}

function begin(
  transaction: Transaction,
  source: ConnectionSource,
  head: RequestHead,
  forwardedFor: string,
): Stop | undefined {
  const { clientPort, serverAddress, serverPort } = source;
  const clientAddress = forwardedFor === "" ? source.clientAddress : forwardedFor;
  transaction.connection({
    clientAddress,
    clientPort: forwardedFor === "" ? clientPort : 0,
    serverAddress,
    serverPort,
  });
  transaction.requestLine(head.method, head.target, head.protocol);
  return stopOf(transaction.requestHeaders(head.headers));
}

function tell(parts: InspectorParts, request: InspectedRequest): void {
  const { report, outcome } = request;
  parts.counts.evaluationUs += report.evaluationUs;
  const reasons = [...report.notInspected, ...(outcome.notInspected ?? [])];
  for (const reason of [...reasons, ...(outcome.counted ?? [])]) {
    const isKnown = reason in parts.counts.notInspected;
    const key = isKnown || Object.keys(parts.counts.notInspected).length < reasonsMax ? reason : "other";
    parts.counts.notInspected[key] = (parts.counts.notInspected[key] ?? 0) + 1;
  }
  const isWorthTelling =
    report.interruption !== undefined ||
    outcome.malformed !== undefined ||
    reasons.length > 0 ||
    report.rules.some(({ isLogged }) => isLogged);
  if (isWorthTelling) parts.onTold(request);
}
