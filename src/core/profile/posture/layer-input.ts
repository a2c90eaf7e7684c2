// What layers are made of, and the small words that all of them use.
import type { PostureFacts } from "../../../model/container-posture.ts";
import type { ContainerSecurity, PodSecurity } from "../../../model/pod-security.ts";
import type { LearningConfidence, PostureLayer, PostureLayerName, PostureValue } from "../../../model/posture.ts";
import type { Learnt } from "../learnt.ts";

export interface Declared {
  readonly pod: PodSecurity;
  readonly container: ContainerSecurity;
  readonly hostNetwork: boolean;
  readonly limits: Readonly<Record<string, string>>;
}

export interface LayerInput {
  /** Text: why there is none. */
  readonly declared: Declared | string;
  readonly facts: PostureFacts | string;
  readonly learnt: Learnt | string;
  readonly confidence: LearningConfidence;
}

export interface LayerParts extends Pick<PostureLayer, "verdict"> {
  readonly declared: PostureValue;
  readonly effective: PostureValue;
  readonly used?: PostureValue;
  readonly note?: string;
  readonly advice?: string;
}

/** One layer: what it is called, and how it is made of the input. */
export interface LayerMaker {
  readonly layer: PostureLayerName;
  readonly title: string;
  readonly make: (input: LayerInput) => LayerParts;
}

export function known(text: string, source: string, items: readonly string[] = []): PostureValue {
  return { text, items: [...items], source, because: "" };
}

export function unknown(because: string): PostureValue {
  return { text: "", items: [], source: "", because };
}

export const notUsed: PostureValue = { text: "not applicable", items: [], source: "", because: "" };

/** The declaration's word, or why there is none. */
export function declaredValue(input: LayerInput, make: (declared: Declared) => PostureValue): PostureValue {
  return typeof input.declared === "string" ? unknown(input.declared) : make(input.declared);
}

/** The kernel's word; `part` is the name under which the reader says what it could not read. */
export function effectiveValue(
  input: LayerInput,
  part: string,
  make: (facts: PostureFacts) => PostureValue,
): PostureValue {
  if (typeof input.facts === "string") return unknown(input.facts);
  const because = input.facts.unread[part];
  return because === undefined ? make(input.facts) : unknown(because);
}

export function usedValue(input: LayerInput, make: (learnt: Learnt) => PostureValue): PostureValue {
  if (typeof input.learnt === "string") return unknown(input.learnt);
  return input.learnt.lastMs === undefined ? unknown("nothing was learnt of it yet") : make(input.learnt);
}

/** "learnt over 26 h of 3 containers". */
export function learntSource({ confidence }: LayerInput): string {
  return `learnt over ${confidence.hours} h of ${confidence.replicas} containers`;
}

/** The facts, when there are any and the part was read. */
export function factsOf(input: LayerInput, part: string): PostureFacts | undefined {
  return typeof input.facts === "string" || input.facts.unread[part] !== undefined ? undefined : input.facts;
}

export function declaredOf(input: LayerInput): Declared | undefined {
  return typeof input.declared === "string" ? undefined : input.declared;
}

/** Either side missing: nothing can be compared. */
export function verdictOf(parts: { readonly differs: boolean; readonly excess: boolean; readonly isKnown: boolean }) {
  if (!parts.isKnown) return "unknown" as const;
  if (parts.differs) return "differs" as const;
  return parts.excess ? ("excess" as const) : ("good" as const);
}
