// The smallest new policy that allows a denied direction of one flow: of the subject's workload, for this peer and port only. It goes where it
// is asked before whatever denied: a NetworkPolicy where the default tier's end denied, else a policy of the denying tier ahead of the rule.
import type { RuleRef } from "../../../model/policy-verdict.ts";
import type { Direction, Policy, PolicySet } from "../model.ts";
import { commonLasting, smallestSelecting, type Labels } from "../recommend/lasting-labels.ts";
import type { PeerDraft, PolicyDraft, WriteDialect } from "../write/draft.ts";
import { writeDraft, type WriteOptions } from "../write/write-draft.ts";
import { hashText, hexOf } from "./hash.ts";
import { endWords, portWords } from "./end-words.ts";
import { hasPorts, type End, type Question } from "./question.ts";
import { endOfTierRule } from "./rule-ids.ts";
import type { Row } from "./rows.ts";

export const newAllowLimits = {
  /** Other pods of the namespace that a selector of labels is tried against. */
  othersMax: 2000,
} as const;

export interface WrittenAllow {
  readonly words: string;
  /** None where it cannot be written. */
  readonly manifests: readonly object[];
}

export interface NewAllowQuestion {
  readonly direction: Direction;
  readonly question: Question;
  readonly decidedBy: RuleRef | undefined;
  readonly set: PolicySet;
  readonly rowsOf: (namespace: string) => readonly Row[];
}

export function newAllow(asked: NewAllowQuestion): WrittenAllow {
  const { direction, question } = asked;
  const own = direction === "ingress" ? question.destination : question.source;
  const peer = direction === "ingress" ? question.source : question.destination;
  const what = `${direction === "ingress" ? "from" : "to"} ${endWords(peer)} on ${portWords(question.destinationPort, question.protocol)}`;
  const words = `add a policy for ${endWords(own)} that allows ${direction} ${what}`;
  const endpoint = own.sole?.endpoint;
  const place = placeOf(asked);
  const drafted =
    endpoint === undefined || own.sole?.kind !== "workload" ? undefined : peerDraft(peer, own.sole, asked);
  if (endpoint === undefined || drafted === undefined || place === undefined) return { words, manifests: [] };
  const { dialect, options } = place;
  const hash = hexOf(hashText(`${own.text} ${what}`));
  const draft: PolicyDraft = {
    namespace: endpoint.namespace,
    name: `allow-${direction}-${hash}`,
    labels: labelsOf(own.sole as Row, asked),
    directions: [direction],
    rules: [
      {
        direction,
        peer: drafted,
        ports: [{ protocol: question.protocol, ...portsOf(question) }],
        comment: `allows ${what}`,
      },
    ],
    annotations: {},
  };
  return { words: `${words}${place.words}`, manifests: writeDraft(draft, dialect, options).manifests };
}

function portsOf({ protocol, destinationPort }: Question): { readonly from: number; readonly to: number } {
  return hasPorts(protocol) ? { from: destinationPort, to: destinationPort } : { from: 0, to: 65_535 };
}

interface Place {
  readonly dialect: WriteDialect;
  readonly options: WriteOptions;
  readonly words: string;
}

/** Undefined: no object of ours may stand before what denied. */
function placeOf({ decidedBy, set, question }: NewAllowQuestion): Place | undefined {
  const isPlain = [6, 17, 132].includes(question.protocol);
  if (decidedBy === undefined) return undefined;
  const { tier, policy: id, rule } = decidedBy;
  const isDefaultEnd = rule === endOfTierRule && tier === "default";
  if ((isDefaultEnd || tier === "") && isPlain) return { dialect: "kubernetes", options: {}, words: "" };
  const policy = set.policies.find((each) => each.id === id);
  if (tier.startsWith("kube-")) return policy === undefined ? undefined : clusterPlace(policy);
  if (tier === "cilium") return undefined;
  const order = policy === undefined ? 0 : orderBefore(policy);
  const options = { tier: tier === "" ? "default" : tier, order };
  return { dialect: "calico", options, words: `, in tier ${options.tier} with order ${order}` };
}

/** A number below the denying policy's order. */
function orderBefore({ order }: Policy): number {
  return Number.isFinite(order) ? order - 1 : 0;
}

function clusterPlace({ tier, order, dialect }: Policy): Place | undefined {
  const priority = order - 1;
  if (dialect !== "cluster" || !Number.isInteger(priority) || priority < 0) return undefined;
  const clusterTier = tier === "kube-admin" ? "Admin" : "Baseline";
  return {
    dialect: "cluster",
    options: { clusterTier, priority },
    words: `, in tier ${clusterTier} with priority ${priority}`,
  };
}

function peerDraft(peer: End, own: Row, asked: NewAllowQuestion): PeerDraft | undefined {
  const row = peer.sole;
  if (row?.kind === "workload" && row.endpoint !== undefined) {
    const { namespace } = row.endpoint;
    return {
      kind: "pods",
      namespace: namespace === own.endpoint?.namespace ? "" : namespace,
      labels: labelsOf(row, asked),
    };
  }
  if (peer.text === "") return undefined;
  return { kind: "nets", nets: [`${peer.text}/${peer.family === 4 ? 32 : 128}`] };
}

/** Labels that select the pod's workload and, where that is possible, nothing else of its namespace. */
function labelsOf({ endpoint }: Row, { rowsOf }: NewAllowQuestion): Labels {
  if (endpoint === undefined) return {};
  const siblings: Labels[] = [endpoint.labels];
  const others: Labels[] = [];
  for (const { endpoint: other } of rowsOf(endpoint.namespace)) {
    if (other?.kind !== "workload" || other.id === endpoint.id) continue;
    if (siblings.length + others.length >= newAllowLimits.othersMax) break;
    const isSibling = endpoint.workload !== "" && other.workload === endpoint.workload;
    (isSibling ? siblings : others).push(other.labels);
  }
  const lasting = commonLasting(siblings);
  const own = Object.keys(lasting).length > 0 ? lasting : commonLasting([endpoint.labels]);
  return Object.keys(own).length === 0 ? endpoint.labels : smallestSelecting(own, others);
}
