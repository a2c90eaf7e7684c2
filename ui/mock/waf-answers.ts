// The mock's answers about the WAF: board, one request, the narrowest exclusion with its proof, what blocking would have stopped.
import { refuseBySentinel, spanOf, windowOf, type Asked } from "./asked.ts";
import { sentinelOf } from "./filter.ts";
import { Refusal } from "./refusal.ts";
import { attacks } from "./waf-world.ts";
import { actors, eventNumbered } from "./world.ts";

const stepMs = 180;
const zero = { blocked: 0, detected: 0, logged: 0, failed: 0 };
type Counts = typeof zero;
const iso = (ms: number): string => new Date(ms).toISOString();

function countsOf(total: number, share: Partial<Counts>): Counts {
  const of = (part = 0): number => Math.round(total * part);
  return {
    blocked: of(share.blocked),
    detected: of(share.detected),
    logged: of(share.logged),
    failed: of(share.failed),
  };
}

function ruleRows(total: number) {
  const rows = attacks.flatMap((attack) => attack.rules.map((rule) => ({ attack, rule })));
  return rows.map(({ attack, rule }, index) => ({
    ruleId: rule.ruleId + index,
    message: rule.message,
    severity: rule.severity,
    points: rule.score,
    counts: countsOf(total / (index + 2), { [attack.verdict]: 1 }),
    variables: [{ name: rule.variable, count: Math.round(total / (index + 2)) }],
    workloads: 1 + (index % 3),
    sources: 2 + index,
  }));
}

interface Shares {
  readonly total: number;
  readonly share: Partial<Counts>;
  readonly isEmpty: boolean;
}

function workloadRows(asked: Asked, { total, share, isEmpty }: Shares) {
  return actors
    .filter(({ namespace }) => namespace === "shop")
    .map(({ namespace, name, kind, cluster }, index) => ({
      cluster,
      namespace,
      workload: name,
      workloadKind: kind,
      service: name,
      counts: index < 3 ? countsOf(total / (index + 2), share) : zero,
      topRule: index < 3 && !isEmpty ? 942_100 : 0,
      ...(index < 3 && !isEmpty ? { lastAt: iso(asked.nowMs - 5000 * (index + 1)) } : {}),
      mode: (["block", "detect", "detect", "off", "off", "mixed", "unknown"] as const)[index] ?? "off",
      policies: index < 1 ? [{ scope: "cluster/local", name: "shop-frontend", isOwn: true }] : [],
      because: index === 6 ? "no gateway tells of it" : "",
    }));
}

function wafBoard(asked: Asked) {
  const sentinel = sentinelOf(asked.query["q"] ?? "");
  refuseBySentinel(sentinel);
  const { since, until } = spanOf(asked);
  const isEmpty = sentinel === "empty";
  const total = isEmpty ? 0 : Math.round((until - since) / 9000);
  const share = { blocked: 0.5, detected: 0.17, logged: 0.17, failed: 0.04 };
  const steps = 60;
  const wave = (index: number): number => 1 + 0.8 * Math.sin(index / 4) + (index % 17 === 0 ? 2 : 0);
  return {
    totals: countsOf(total, share),
    buckets: Array.from({ length: steps }, (_, index) => ({
      at: iso(since + ((until - since) * index) / steps),
      counts: countsOf((total / steps) * wave(index), share),
    })),
    bucketSeconds: Math.max(1, Math.round((until - since) / steps / 1000)),
    rules: isEmpty ? [] : ruleRows(total),
    rulesOmitted: 0,
    sources: isEmpty
      ? []
      : [...new Set(attacks.map(({ client }) => client))].map((client, index) => ({
          cluster: "local",
          clientAddress: `::ffff:${client}`,
          namespace: "",
          workload: "",
          workloadKind: "External" as const,
          counts: countsOf(total / (index + 2), share),
          rules: 1 + index,
          lastAt: iso(asked.nowMs - 8000 * (index + 1)),
        })),
    sourcesOmitted: 0,
    workloads: workloadRows(asked, { total, share, isEmpty }),
    workloadsOmitted: 0,
    gateways: isEmpty
      ? []
      : ["gateway-a", "gateway-b"].map((node, index) => ({
          cluster: "local",
          node,
          isConnected: true,
          seenAt: iso(asked.nowMs - 2000),
          ruleSet: "5d41402abc4b2a76b9719d911017c592",
          rules: 844,
          ruleSetProblem: index === 0 ? "" : "custom.conf:12: no operator is called @regexp (did you mean @rx?)",
          workers: 2,
          requests: 120_000 + total * 40,
          notInspected: 12,
        })),
    window: windowOf(asked),
  };
}

function eventOf({ query, body }: Asked) {
  const given = (body ?? query) as { readonly transactionId?: string; readonly time?: string };
  const number = Number.parseInt((given.transactionId ?? "").slice(1), 36);
  const event = eventNumbered(number, Date.parse(given.time ?? ""));
  if (event.kind === "waf") return event;
  throw new Refusal("no such request is kept", { code: "waf/unknown-request", kind: "not-found" });
}

function wafEvent(asked: Asked) {
  const event = eventOf(asked);
  return {
    event,
    rules: event.ruleIds.map((ruleId, index) => ({
      ruleId,
      file: `rules/REQUEST-${Math.floor(ruleId / 1000)}.conf`,
      line: 40 + index * 31,
      text: `SecRule ARGS "@detectSQLi" "id:${ruleId},phase:2,block,capture,t:none,t:urlDecodeUni"`,
      operator: "detectsqli",
    })),
    exclusions: [],
    window: windowOf({
      ...asked,
      query: { since: iso(Date.parse(event.time) - 1000), until: iso(Date.parse(event.time) + 1000) },
    }),
  };
}

function wafExclude(asked: Asked) {
  const event = eventOf(asked);
  const { ruleIds, reason } = asked.body as { readonly ruleIds: readonly number[]; readonly reason: string };
  const exclusions = ruleIds.map((ruleId, index) => ({
    id: `not-${ruleId}-${index}`,
    rules: [String(ruleId)],
    tags: [],
    target: event.variables[0] ?? "",
    path: event.path,
    methods: [event.method],
    reason: reason === "" ? "no attack" : reason,
    owner: "admin",
  }));
  return {
    exclusions,
    policy: { scope: "cluster/local", name: "shop-frontend", generation: 0 },
    spec: { target: { namespace: "shop", workload: "frontend" }, mode: "block", exclusions },
    proof: {
      attacks: 1240,
      caughtBefore: 1228,
      caughtAfter: 1228,
      lost: [],
      lostOmitted: 0,
      atTarget: { attacks: 310, caughtBefore: 304, caughtAfter: 171 },
      corpus: "built in",
      because: "",
    },
  };
}

function wafModePreview(asked: Asked) {
  const { since, until } = spanOf(asked);
  const isSeen = asked.query["workload"] !== "nightly-report";
  const newest = Math.floor(asked.nowMs / stepMs);
  const found = Array.from({ length: 4000 }, (_, index) =>
    eventNumbered((newest - index) % 1_000_000_000, (newest - index) * stepMs),
  );
  const groups = found
    .flatMap((event) => (event.kind === "waf" && event.ruleIds.length > 0 ? [event] : []))
    .slice(0, isSeen ? 3 : 0)
    .map((event, index) => ({
      ruleId: event.ruleIds[0] ?? 0,
      message: event.messages[0] ?? "",
      path: event.path,
      variable: event.variables[0] ?? "",
      requests: 40 - index * 12,
      sources: 12 - index * 4,
      lastAt: event.time,
      transactionId: event.transactionId,
    }));
  return {
    wouldBlock: groups.reduce((sum, { requests }) => sum + requests, 0),
    sources: groups.length * 4,
    groups,
    groupsOmitted: 0,
    observedSeconds: isSeen ? Math.round((until - since) / 1000) : 0,
    window: windowOf(asked),
  };
}

export const wafAnswers = { wafBoard, wafEvent, wafExclude, wafModePreview };
