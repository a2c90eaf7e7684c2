// What the queries about images ask and answer.
import type { WindowRequest } from "./queries.ts";

export type ImageUseRequest = WindowRequest;

export interface UsedFile {
  /** As the runtime says it; "" when it does not. */
  readonly digest: string;
  readonly name: string;
  /** Within the container. */
  readonly path: string;
  readonly containers: number;
  readonly usedBy: string;
  readonly namespace: string;
  readonly workload: string;
}

export interface ImageUse {
  readonly files: readonly UsedFile[];
  /** Images of which any file was seen: the others were not looked at. */
  readonly seen: readonly {
    readonly digest: string;
    readonly name: string;
    readonly containers: number;
    readonly firstMs: number;
    readonly lastMs: number;
  }[];
  /** Why files may be missing; "" when none is. */
  readonly partialBecause: string;
}

export interface Reached {
  /** All that took connections: those not from outside are known not to be seen from there. */
  readonly workloads: readonly {
    readonly cluster: string;
    readonly namespace: string;
    readonly workload: string;
    readonly kind: string;
    readonly fromOutside: boolean;
  }[];
  readonly partialBecause: string;
}

export function asText(value: unknown): string {
  return typeof value === "string" ? value : "";
}

export function answerBecause(isCut: boolean, because: string): string {
  return isCut ? "there is more than one answer holds" : because;
}
