// Policies in words: counters, what nodes make of them, kinds and directions. Pure; what was not looked at never becomes a zero.
import type {
  PolicyBoard,
  PolicyCard,
  PolicyCounts,
  PolicyEnforcement,
  PolicyNodeState,
} from "../../../../src/apps/server/contract/policy-shapes.ts";
import { formatCount } from "../../kit/format.ts";

export type Tone = "good" | "warning" | "bad" | "muted";

export const stateWords = {
  enforced: "enforced",
  unproved: "not proved",
  waiting: "waiting",
  preview: "preview",
  off: "not enforced",
  watched: "read only",
  refused: "refused",
  failed: "failed",
  "taken-back": "taken back",
  "broken-glass": "glass broken",
} as const satisfies Record<PolicyNodeState["state"], string>;

const stateTones = {
  enforced: "good",
  unproved: "warning",
  waiting: "warning",
  preview: "muted",
  off: "muted",
  watched: "muted",
  refused: "bad",
  failed: "bad",
  "taken-back": "bad",
  "broken-glass": "bad",
} as const satisfies Record<PolicyNodeState["state"], Tone>;

export function toneOf(state: PolicyNodeState["state"]): Tone {
  return stateTones[state];
}

/** What needs an eye first; the order of the contract's list of nodes. */
export const stateOrder = [
  "refused",
  "failed",
  "broken-glass",
  "taken-back",
  "unproved",
  "waiting",
  "preview",
  "watched",
  "off",
  "enforced",
] as const satisfies readonly PolicyNodeState["state"][];

export interface StateCount {
  readonly state: PolicyNodeState["state"];
  readonly nodes: number;
}

/** How many nodes are in each state, the worst first. */
export function stateCounts(enforcement: PolicyEnforcement): readonly StateCount[] {
  return stateOrder.flatMap((state) => {
    const nodes = enforcement.states[state] ?? 0;
    return nodes === 0 ? [] : [{ state, nodes }];
  });
}

/** "enforced on 3 nodes, refused on 1": for titles and for who cannot see colours. */
export function enforcementText(enforcement: PolicyEnforcement): string {
  const counts = stateCounts(enforcement);
  if (counts.length === 0) return "no node has told of it";
  return counts.map(({ state, nodes }) => `${stateWords[state]} on ${nodeText(nodes)}`).join(", ");
}

export function nodeText(nodes: number): string {
  return nodes === 1 ? "1 node" : `${formatCount(nodes)} nodes`;
}

/** "12 allowed, 3 denied"; undefined when neither was looked at. */
export function countsText(counts: PolicyCounts): string | undefined {
  const parts = [
    counts.allowed === undefined ? undefined : `${formatCount(counts.allowed)} allowed`,
    counts.denied === undefined ? undefined : `${formatCount(counts.denied)} denied`,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join(", ");
}

/** The counters to show on a card: what nodes reported, else what the server worked out from recorded flows. */
export function shownCounts({ counts, judged }: Pick<PolicyCard, "counts" | "judged">): {
  readonly counts: PolicyCounts;
  readonly source: "reported" | "judged" | "none";
} {
  if (counts.allowed !== undefined || counts.denied !== undefined) return { counts, source: "reported" };
  if (judged.allowed !== undefined || judged.denied !== undefined) return { counts: judged, source: "judged" };
  return { counts, source: "none" };
}

export const dialectWords = {
  kubernetes: "Kubernetes",
  cluster: "ClusterNetworkPolicy",
  admin: "AdminNetworkPolicy",
  calico: "Calico",
  cilium: "Cilium",
} as const satisfies Record<PolicyCard["dialect"], string>;

export function directionText(directions: PolicyCard["directions"]): string {
  if (directions.length === 2) return "in and out";
  return directions[0] === "egress" ? "out" : "in";
}

export function endpointText(endpoints: number | undefined): string {
  if (endpoints === undefined) return "endpoints not known";
  return endpoints === 1 ? "1 endpoint" : `${formatCount(endpoints)} endpoints`;
}

export function problemText({ errors, warnings, notes }: PolicyCard["problems"]): string {
  const parts = [
    errors === 0 ? "" : errors === 1 ? "1 error" : `${errors} errors`,
    warnings === 0 ? "" : warnings === 1 ? "1 warning" : `${warnings} warnings`,
    notes === 0 ? "" : notes === 1 ? "1 note" : `${notes} notes`,
  ];
  return parts.filter((part) => part !== "").join(", ");
}

export const modeWords = {
  off: "Not enforced",
  preview: "Preview only",
  enforce: "Enforced",
} as const satisfies Record<PolicyBoard["enforcement"]["mode"], string>;

const modeStrength = ["enforce", "preview", "off"] as const;

/** What holds in a cluster: the strongest mode that any of its nodes has, where, and who says so. */
export function modeText({ mode, scope, exceptions }: PolicyBoard["enforcement"]): {
  readonly mode: PolicyBoard["enforcement"]["mode"];
  readonly word: string;
  readonly because: string;
} {
  const says = scope === "" ? "no Enforcement resource" : `by Enforcement in scope ${scope}`;
  const strongest = modeStrength.find((each) => exceptions.some(({ mode: own }) => own === each));
  if (strongest === undefined) return { mode, word: modeWords[mode], because: says };
  if (modeStrength.indexOf(strongest) < modeStrength.indexOf(mode)) {
    const nodes = exceptions.filter(({ mode: own }) => own === strongest);
    const where = nodes.length === 1 ? (nodes[0]?.node ?? "") : nodeText(nodes.length);
    return {
      mode: strongest,
      word: `${modeWords[strongest]} on ${where}`,
      because: `by an Enforcement of its own; other nodes: ${modeWords[mode].toLowerCase()}`,
    };
  }
  return { mode, word: modeWords[mode], because: `${says}; otherwise on ${nodeText(exceptions.length)}` };
}

/** Whether a card holds every typed word: in its name, namespace, kind, dialect or selector. */
export function holdsWords(card: PolicyCard, typed: string): boolean {
  const text =
    `${card.namespace}/${card.name} ${card.kind} ${dialectWords[card.dialect]} ${card.selector}`.toLowerCase();
  return typed
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

export type PolicyParams = Readonly<Record<"cluster" | "dialect" | "kind" | "namespace" | "name", string>>;

/** Parts of a policy's id as the route has them. */
export function policyParams(cluster: string, id: string): PolicyParams {
  const [dialect = "", kind = "", namespace = "-", ...name] = id.split("/");
  return { cluster, dialect, kind, namespace, name: name.join("/") };
}

export function policyId({ dialect, kind, namespace, name }: PolicyParams): string {
  return `${dialect}/${kind}/${namespace}/${name}`;
}
