// What profiles and postures ask of the store, and what they get.
import type { ResolvedWindow } from "../../../core/filter/window.ts";
import type { Shown } from "../../../model/table.ts";
import type { Window, WindowRequest } from "./queries.ts";

export interface UsageRows {
  readonly rows: readonly Shown<"workload_usage">[];
  readonly omitted: number;
  readonly lookedAt: ResolvedWindow;
  window: Window;
}

/** The newest row of each container. */
export interface PostureRows {
  readonly rows: readonly Shown<"container_postures">[];
  readonly omitted: number;
  readonly lookedAt: ResolvedWindow;
  window: Window;
}

/** What a workload's processes did with files and networks. */
export interface TouchedPath {
  readonly container: string;
  readonly path: string;
  readonly use: "executed" | "mapped" | "read" | "written";
}

export interface TouchSums {
  readonly paths: readonly TouchedPath[];
  readonly omitted: number;
  /** "tcp", "udp", as flows name them, by container. */
  readonly protocols: readonly { readonly container: string; readonly protocol: string }[];
  readonly partialBecause: string;
}

export type PostureListRequest = WindowRequest & { readonly q: string };
