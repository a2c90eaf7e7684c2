// What a node says of enforcement as a whole, in words for a person. Pure.
import type { ChangeJudgement } from "./judge-change.ts";
import type { BreakGlass } from "./break-glass.ts";
import type { NodeWord } from "./statuses.ts";

type Word = Pick<NodeWord, "state" | "because">;

export function glassWord({ by, because }: BreakGlass): Word {
  const who = by === "" ? "a person" : by;
  const why = because === "" ? "" : ` (${because})`;
  return {
    state: "broken-glass",
    because: `break-glass by ${who}${why}: nothing is enforced until it is ended`,
  };
}

export function failedWord(message: string): Word {
  return { state: "failed", because: message.slice(0, 400) };
}

export const lookingWord: Word = {
  state: "off",
  because: "nothing is denied yet: looking which connections are open, before the first change is judged",
};

export const blindWord: Word = {
  state: "failed",
  because: "who is who in the cluster was not heard yet; what is in the kernel stays as it is",
};

export function heldWord(given: {
  readonly because: "taken-back" | "refused";
  readonly digest: string;
  readonly refusal: string;
  readonly stays: string;
  /** Policies in it that were taken back with an earlier change. */
  readonly heldBack: readonly string[];
}): Word {
  const [first, ...others] = given.heldBack;
  const more = others.length === 0 ? "" : ` and ${others.length} more`;
  const brought = first === undefined ? "" : ` (with it ${first}${more}: change or delete what was taken back)`;
  const why = given.because === "refused" ? `is refused: ${given.refusal}` : `was taken back${brought}`;
  const hint = `\`garrison policy apply --confirm ${given.digest}\` brings it all the same`;
  return { state: given.because, because: `change ${given.digest} ${why}; ${given.stays}; ${hint}` };
}

export function previewWord({ because, liveFlows, cutFlows }: ChangeJudgement): Word {
  const words = because === "" ? `it would deny ${cutFlows} of ${liveFlows} live connections` : `enforced, ${because}`;
  return { state: "preview", because: `preview, no packet is touched: ${words}` };
}

/** `isAsked`: an Enforcement resource says so. */
export function offWord(isAsked: boolean): Word {
  return {
    state: "off",
    because: isAsked
      ? "enforcement is off on this node"
      : "no Enforcement resource is for this node: nothing is enforced",
  };
}

export interface InForceWords {
  readonly digest: string;
  readonly isPending: boolean;
  /** "" when the kernel has exactly the rules. */
  readonly readBack: string;
  /** Pods that nobody told of pass. */
  readonly isOpenToStrangers: boolean;
  /** What is old of the identities; "" when nothing is. */
  readonly stale: string;
}

export function inForceWord({ digest, isPending, readBack, isOpenToStrangers, stale }: InForceWords): Word {
  if (readBack !== "") return { state: "unproved", because: `the kernel's rules differ: ${readBack}` };
  const until = isPending ? ", taken back in time unless it is confirmed" : "";
  const open = isOpenToStrangers ? "; pods nobody told of yet are open (workloadInterfaces)" : "";
  const old = stale === "" ? "" : `; identities are old: ${stale}`;
  return { state: "enforced", because: `change ${digest} is in force${until}${open}${old}` };
}

type NodePart = NodeWord["node"];

/** The numbers of a node; what was not looked at is left out. */
export function nodeNumbers(given: {
  readonly mode: NodePart["mode"];
  readonly policies: number;
  readonly pending: { readonly deadlineMs: number } | undefined;
  readonly judgement: Pick<ChangeJudgement, "liveFlows" | "cutFlows"> | undefined;
  readonly connectionsCut: number;
  readonly repairs: number;
  readonly dns: NodePart["dns"] | undefined;
}): NodePart {
  const { mode, policies, pending, judgement, connectionsCut, repairs, dns } = given;
  return {
    mode,
    policies,
    isConfirmed: pending === undefined,
    ...(pending === undefined ? {} : { takenBackAtMs: pending.deadlineMs }),
    ...(judgement === undefined ? {} : { liveFlows: judgement.liveFlows, cutFlows: judgement.cutFlows }),
    connectionsCut,
    repairs,
    ...(dns === undefined ? {} : { dns }),
  };
}
