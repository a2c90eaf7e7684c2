// What the pass brings home from one layer: its listing, parts by cataloguer, secrets, gaps. Plain data: it is what a layer cache keeps.
import type { AnalysisGap, SecretFinding } from "../../model/image-analysis.ts";
import type { LayerListing } from "./layer-listing.ts";

export interface LayerPart {
  readonly entry: number;
  readonly part: unknown;
  /** The path it was read for, when that is not the one the layer lists: a link's name. */
  readonly as?: string;
}

export interface LayerGap extends Omit<AnalysisGap, "layer"> {
  /** The entry it is about: when a later layer hides that, the gap is gone too. -1: the layer's. */
  readonly entry: number;
}

export type LayerSecret = Omit<SecretFinding, "layer" | "isHidden" | "path"> & { readonly entry: number };

export interface LayerFindings {
  readonly listing: LayerListing;
  /** By the cataloguer's id. */
  readonly parts: ReadonlyMap<string, readonly LayerPart[]>;
  readonly secrets: readonly LayerSecret[];
  readonly gaps: readonly LayerGap[];
}
