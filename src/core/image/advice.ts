// What the build advice says of a Dockerfile or an image: a rule's finding with its place, its fix, and what the field's linter calls it.
export const adviceSeverities = ["error", "warning", "info", "style"] as const;
export type AdviceSeverity = (typeof adviceSeverities)[number];

export interface AdviceFinding {
  /** "dockerfile/latest-tag", "image/root-user". */
  readonly rule: string;
  /** Hadolint's number for the same ("DL3007"), "" when it has none. */
  readonly hadolint: string;
  readonly severity: AdviceSeverity;
  readonly message: string;
  /** One sentence: what to write instead. */
  readonly fix: string;
  /** Of a Dockerfile: line and column from 1; 0 of an image. */
  readonly line: number;
  readonly column: number;
  /** Numbers of other lists for the same: "CIS Docker 4.1", "CIS-DI-0001" (Dockle). */
  readonly references?: readonly string[];
  /** Of an image: the file, user, label or variable it is about; "" for the whole image. */
  readonly subject: string;
  readonly layer: number;
}

/** Another base that would do, with what it would change, counted on real data where both are known. */
export interface BaseProposal {
  readonly image: string;
  readonly kind: "newer" | "slim" | "distroless" | "scratch" | "minimal";
  readonly because: string;
  /** Vulnerabilities of the image now that would go, by severity; undefined: the other base was never scanned. */
  readonly removes: { readonly total: number; readonly critical: number; readonly high: number } | undefined;
  /** Why there is no count; "" when there is. */
  readonly removesBecause: string;
  readonly packagesRemoved: number | undefined;
  /** What the image needs and the other base lacks: a shell in the entrypoint, a dynamic linker. */
  readonly mindful: readonly string[];
}

export interface BaseKnowledge {
  /** How it is known: an annotation, layers shared with a scanned image, os-release and history, the Dockerfile's FROM; "" when it is not. */
  readonly how: "annotation" | "layers" | "history" | "dockerfile" | "";
  readonly image: string;
  readonly digest: string;
  /** Layers from the bottom that are its. */
  readonly layers: number;
  readonly because: string;
}
