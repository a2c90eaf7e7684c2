// Where an image comes from, as the layer pass sees it: a configuration and layers that can be streamed. Each source (registry, OCI layout, archive, containerd, folder) makes one.
import type { AnalysisGap, ImageConfig, ImageAnalysis } from "../../model/image-analysis.ts";

export type LayerEncoding = "none" | "gzip" | "zstd";

export interface LayerBlob {
  /** "sha256:..." of the blob as stored; "" when the source has none (a tar in a docker archive): then the diff id vouches alone. */
  readonly digest: string;
  /** Of the uncompressed tar, from the verified configuration. */
  readonly diffId: string;
  readonly mediaType: string;
  readonly encoding: LayerEncoding;
  /** 0: not known before it is read. */
  readonly sizeBytes: number;
  /** The blob as stored, once per call, from the start; a piece is only good until the next is asked for. Rejects with a Fault; the caller verifies digest and diff id. */
  open(signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
}

/** A layered image. Manifest and configuration are verified against their digests already. */
export interface LayeredImage {
  readonly kind: "layers";
  readonly source: ImageAnalysis["source"];
  readonly reference: string;
  /** Of the platform's manifest; of a docker archive: of its configuration. */
  readonly digest: string;
  readonly otherDigests: readonly string[];
  readonly config: ImageConfig;
  /** Bottom first; empty layers of the history are not among them. */
  readonly layers: readonly LayerBlob[];
  readonly gaps: readonly AnalysisGap[];
}

/** One entry of a directory tree, with no leading "/". Symbolic links are told, never followed out of the root. */
export interface TreeEntry {
  readonly path: string;
  readonly type: "file" | "directory" | "symlink" | "other";
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly linkTarget: string;
  /**
   * Of files: the content from the start; a piece is only good until another one of the same tree is asked for. Throws a Fault when the file cannot be read, or is not
   * as it was listed any more: then nothing of it counts.
   */
  pieces(): Iterable<Uint8Array>;
}

/** A root directory or a running container's root: no layers, read in place. */
export interface TreeImage {
  readonly kind: "tree";
  readonly source: "root" | "container";
  readonly reference: string;
  readonly config: ImageConfig | undefined;
  readonly gaps: readonly AnalysisGap[];
  entries(signal: AbortSignal): Iterable<TreeEntry>;
}

export type ImageSource = (LayeredImage | TreeImage) & AsyncDisposable;

/** What came so far: for a progress bar. */
export interface ScanProgress {
  readonly layers: number;
  readonly layersDone: number;
  readonly bytes: number;
  /** 0 when not known. */
  readonly bytesTotal: number;
}

/** Named limits of untrusted images; what is over one is a gap or a Fault that names it. */
export const imageLimits = {
  manifestBytesMax: 4 * 1024 * 1024,
  configBytesMax: 8 * 1024 * 1024,
  layersMax: 500,
  /** Of one blob as stored, and of all layers inflated. */
  blobBytesMax: 20 * 1024 ** 3,
  inflatedBytesMax: 60 * 1024 ** 3,
  /** Inflated by stored, beyond the first 64 MiB of a layer. */
  inflateRatioMax: 200,
  entriesPerLayerMax: 4_000_000,
  entriesMax: 10_000_000,
  /** Of a file in a folder, when less of it is on the disk than its size says: holes cost nothing to make. */
  sparseBytesMax: 1024 ** 3,
  pathBytesMax: 8192,
  pathSegmentsMax: 512,
  /** Archives in archives. */
  archiveDepthMax: 5,
  indexDepthMax: 3,
} as const;
