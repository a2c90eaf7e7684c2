// What an image rule is: it looks at one analysis and tells what it found. What was not looked at is never told as good: the rule is silent.
import type { ImageAnalysis, ImageConfig, ImageFacts } from "../../model/image-analysis.ts";
import type { AdviceSeverity, BaseKnowledge } from "./advice.ts";

export interface ImageView {
  readonly analysis: ImageAnalysis;
  readonly config: ImageConfig | undefined;
  readonly facts: ImageFacts;
  readonly base: BaseKnowledge | undefined;
  /** Undefined: nothing is said about age. */
  readonly nowMs: number | undefined;
  readonly ageDaysMax: number;
  readonly sizeBytesMax: number;
}

export interface Told {
  readonly message: string;
  /** The file, user, label or variable; "" for the whole image. */
  readonly subject?: string;
  readonly layer?: number;
  readonly severity?: AdviceSeverity;
  readonly fix?: string;
}

export interface ImageRule {
  readonly id: `image/${string}`;
  /** Hadolint's number for the same in a Dockerfile. */
  readonly hadolint: string;
  readonly severity: AdviceSeverity;
  readonly title: string;
  readonly fix: string;
  readonly references: readonly string[];
  check(view: ImageView): Iterable<Told>;
}

export function defineImageRules(...rules: readonly ImageRule[]): readonly ImageRule[] {
  return rules;
}
