// Words of the detections' screens: actions, marks, controls, states of rules, and what an empty list means. Pure.
import type { Api } from "../../../../src/apps/server/contract/api.ts";
import type { DetectionCard, NoiseRow, RuntimeRule } from "../../../../src/apps/server/contract/runtime.ts";
import type { ResponseOf } from "../../../../src/apps/server/contract/endpoint.ts";
import { formatCount } from "../../kit/format.ts";

export type DetectionList = ResponseOf<Api["listDetections"]>;
export type OneDetection = ResponseOf<Api["getDetection"]>;
export type Cover = DetectionList["cover"];
export type Evidence = OneDetection["evidence"][number];
export type TreeProcess = OneDetection["tree"][number];
export type Control = OneDetection["controls"][number];
export type NoiseSuggestions = ResponseOf<Api["noiseSuggest"]>;
export type { DetectionCard, NoiseRow, RuntimeRule };

export const severityOrder = ["critical", "high", "medium", "low", "info"] as const;
export const severityWords: Readonly<Record<DetectionCard["severity"], string>> = {
  critical: "Critical",
  high: "High",
  medium: "Medium",
  low: "Low",
  info: "Info",
};

/** Rules in Falco's form have its priorities; a detection of theirs has the severity beside it. */
const severityOfPriority: Readonly<Record<string, DetectionCard["severity"]>> = {
  emergency: "critical",
  alert: "critical",
  critical: "critical",
  error: "high",
  warning: "medium",
  notice: "low",
  informational: "info",
  debug: "info",
};

/** The severity that a rule's detections have; undefined for a word that nobody here knows. */
export function ruleSeverity({ severity }: Pick<RuntimeRule, "severity">): DetectionCard["severity"] | undefined {
  const word = severity.toLowerCase();
  return severityOrder.find((each) => each === word) ?? severityOfPriority[word];
}

export const actionWords: Readonly<Record<DetectionCard["action"], string>> = {
  detected: "Detected",
  killed: "Killed",
  denied: "Denied",
  "would-kill": "Would be killed",
  "would-deny": "Would be denied",
  frozen: "Frozen",
  isolated: "Isolated",
};

export const markWords = {
  real: "Real",
  noise: "Noise",
  handled: "Handled",
} as const satisfies Record<NonNullable<DetectionCard["mark"]>["verdict"], string>;

export const ruleStateWords: Readonly<Record<RuntimeRule["state"], string>> = {
  loaded: "Loaded",
  blind: "Blind",
  refused: "Refused",
  disabled: "Switched off",
  unknown: "Not known",
};

/** How often a rule spoke; one that could not speak is not said to have been quiet. */
export function spokeText({ detections, state }: Pick<RuntimeRule, "detections" | "state">): string {
  if (detections > 0) return detections === 1 ? "once" : `${formatCount(detections)} times`;
  if (state === "loaded") return "not in this window";
  if (state === "unknown") return "not known";
  return {
    blind: "it cannot speak: it is blind here",
    refused: "it cannot speak: it is refused",
    disabled: "it is switched off",
  }[state];
}

export const trendWords: Readonly<Record<NoiseRow["trend"], string>> = {
  rising: "Rising",
  falling: "Falling",
  steady: "Steady",
  new: "New",
};

/** An action that stopped something is said to have stopped it only with its receipt. */
export function actionText({ action, receipt }: Pick<DetectionCard, "action" | "receipt">): string {
  const word = actionWords[action];
  const isDone = action === "killed" || action === "denied" || action === "frozen" || action === "isolated";
  return isDone && receipt === "" ? `${word}, not proved` : word;
}

export function isStopped({ action, receipt }: Pick<DetectionCard, "action" | "receipt">): boolean {
  return receipt !== "" && (action === "killed" || action === "denied" || action === "frozen" || action === "isolated");
}

export interface Silence {
  readonly title: string;
  readonly hint: string;
  /** All of it was looked at. */
  readonly isWhole: boolean;
}

/** What an empty list means: nobody looked, some looked, or all did. */
export function silenceOf(cover: Cover, isFiltered: boolean): Silence {
  const { nodes, nodesDetecting, rules } = cover;
  if (nodes === 0 || nodesDetecting === 0)
    return {
      title: "Nobody looks",
      hint:
        nodes === 0
          ? "No agent is connected, so nothing can be detected. Start one: the guide is docs/guides/runtime.md."
          : `None of ${counted(nodes, "node")} detects. ${cover.notDetecting[0] ?? ""}.`.replace(/\.\.$/, "."),
      isWhole: false,
    };
  if (isFiltered)
    return {
      title: "Nothing matches this filter",
      hint: "Remove a term of the filter, or choose a longer time range.",
      isWhole: false,
    };
  if (nodesDetecting < nodes || cover.rulesRefused > 0 || cover.unjudged > 0)
    return {
      title: "Nothing was found, but not all was looked at",
      hint: `${counted(nodesDetecting, "node")} of ${nodes} ${nodesDetecting === 1 ? "detects" : "detect"}. Choose a longer time range, or look at the Rules tab for what is missing.`,
      isWhole: false,
    };
  return {
    title: "Nothing was found",
    hint: `${counted(nodes, "node")} ${nodes === 1 ? "looks" : "look"} with ${counted(rules, "rule")}. Choose a longer time range to see older detections.`,
    isWhole: true,
  };
}

export function counted(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** What is not looked at, one sentence; "" when all is. */
export function coverText(cover: Cover): string {
  const { nodes, nodesDetecting, rulesBlind, rulesRefused, suppressed, unjudged } = cover;
  const parts = [
    nodes > nodesDetecting
      ? `${counted(nodes - nodesDetecting, "node")} of ${nodes} ${nodes - nodesDetecting === 1 ? "does" : "do"} not detect`
      : "",
    rulesRefused > 0 ? `${counted(rulesRefused, "rule")} ${rulesRefused === 1 ? "is" : "are"} refused` : "",
    rulesBlind > 0 ? `${counted(rulesBlind, "rule")} ${rulesBlind === 1 ? "is" : "are"} blind` : "",
    suppressed > 0
      ? `${counted(suppressed, "detection")} ${suppressed === 1 ? "was" : "were"} kept back by a rate limit`
      : "",
    unjudged > 0 ? `${counted(unjudged, "event")} ${unjudged === 1 ? "was" : "were"} not judged in time` : "",
  ];
  return parts.filter((part) => part !== "").join(", ");
}

/** The filter with this severity alone chosen, or without it when it was. */
export function toggleSeverity(q: string, severity: (typeof severityOrder)[number]): string {
  const rest = q.replace(/(^|\s)severity:\S+/g, "").trim();
  return isChosen(q, severity) ? rest : `${rest} severity:${severity}`.trim();
}

export function isChosen(q: string, severity: (typeof severityOrder)[number]): boolean {
  return q.split(/\s+/).includes(`severity:${severity}`);
}

/** "Container · exec": the step's number goes, the type stays. */
export function evidenceKind({ kind }: Pick<Evidence, "kind">): string {
  return kind.replace(/^\d+ /, "");
}

export interface Deed {
  readonly what: string;
  readonly count: number;
  readonly group: "file" | "connection" | "name";
}

/** Everything that a process did, connections first: they leave the machine. */
export function deedsOf({ files, connections, names }: TreeProcess): readonly Deed[] {
  const of = (group: Deed["group"]) => (deed: { readonly what: string; readonly count: number }) => ({
    ...deed,
    group,
  });
  return [...connections.map(of("connection")), ...names.map(of("name")), ...files.map(of("file"))];
}

/** Depth of each process for indenting: the farthest ancestor is 0. */
export function depthsOf(tree: readonly TreeProcess[]): readonly number[] {
  const first = tree[0]?.generation ?? 0;
  return tree.map(({ generation }) => generation - first);
}

/** Processes in the order of a tree: each below its parent, siblings by start. */
export function treeOrder(tree: readonly TreeProcess[]): readonly TreeProcess[] {
  const known = new Set(tree.map(({ process }) => process.processId));
  const childrenOf = Map.groupBy(tree, ({ process }) =>
    known.has(process.parentProcessId) ? process.parentProcessId : "",
  );
  const rows: TreeProcess[] = [];
  const seen = new Set<string>();
  const visit = (parent: string): void => {
    for (const each of (childrenOf.get(parent) ?? []).toSorted(byStart)) {
      if (seen.has(each.process.processId)) continue;
      seen.add(each.process.processId);
      rows.push(each);
      visit(each.process.processId);
    }
  };
  visit("");
  return [...rows, ...tree.filter(({ process }) => !seen.has(process.processId))];
}

function byStart(one: TreeProcess, other: TreeProcess): number {
  if (one.generation !== other.generation) return one.generation - other.generation;
  return one.process.startTime < other.process.startTime ? -1 : one.process.startTime > other.process.startTime ? 1 : 0;
}

/** How a process stands. */
export function processEnd({ endedAt, exitCode, signal }: TreeProcess): {
  readonly text: string;
  readonly isBad: boolean;
} {
  if (endedAt === undefined) return { text: "running", isBad: false };
  if (signal !== undefined && signal > 0) return { text: signal === 9 ? "killed" : `signal ${signal}`, isBad: true };
  if (exitCode === undefined || exitCode < 0) return { text: "ended", isBad: false };
  return { text: `exit ${exitCode}`, isBad: exitCode !== 0 };
}

/** "12 of 15 of this noise; 20 of 40 detections of the rule". */
export function impactText({ covers, of, silences, ruleTotal }: NoiseSuggestions["suggestions"][number]): string {
  return `Ends ${formatCount(covers)} of ${formatCount(of)} on this workload. Of all ${formatCount(ruleTotal)} detections of the rule it would have silenced ${formatCount(silences)}.`;
}
