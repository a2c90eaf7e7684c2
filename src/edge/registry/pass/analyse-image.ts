// An image to its analysis: layers read several at once (or taken from the cache), squashed, looked at again where links demand it, joined. The one door of the pass.
import { Fault } from "../../../base/fault.ts";
import type { ImageAnalysis, ImageLayer } from "../../../model/image-analysis.ts";
import { analyse, factCatalogers } from "../../../core/sbom/analyse.ts";
import type { Cataloger } from "../../../core/sbom/cataloger.ts";
import type { LayerFindings, LayerGap, LayerPart } from "../../../core/sbom/layer-findings.ts";
import { secondLooks, secondLooksMax, type SecondLook } from "../../../core/sbom/second-look.ts";
import { squash, type SquashedImage } from "../../../core/sbom/squash.ts";
import {
  imageLimits,
  type ImageSource,
  type LayerBlob,
  type LayeredImage,
  type ScanProgress,
  type TreeImage,
} from "../image-source.ts";
import type { SecretSearch, SecretSkips } from "./bodies.ts";
import { createDispatch } from "./dispatch.ts";
import type { LayerCache } from "./layer-cache.ts";
import { decodeLayer, encodeLayer, layerKey, type CachedLayer } from "./layer-codec.ts";
import { hasItsDiffId, lookAgain, readLayer, type PassLimits } from "./read-layer.ts";
import { contentDigest, readTree } from "./read-tree.ts";

export interface AnalyseImageOptions {
  /** All of the list, when absent. */
  readonly catalogers?: readonly Cataloger[];
  readonly secrets: boolean;
  readonly cache?: LayerCache;
  readonly signal?: AbortSignal;
  /** Called often: keep it cheap. */
  readonly onProgress?: (progress: ScanProgress) => void;
  /** Layers read at once. */
  readonly workers?: number;
  readonly limits?: PassLimits;
}

const workersDefault = 3;

interface Pass {
  readonly catalogers: readonly Cataloger[];
  readonly all: readonly Cataloger[];
  readonly secrets: SecretSearch | undefined;
  readonly signal: AbortSignal;
  readonly options: AnalyseImageOptions;
}

/** Throws Faults of the source, and "registry/layer-digest" when a layer is not the one the image names. What could not be read otherwise is a gap. */
export async function analyseImage(source: ImageSource, options: AnalyseImageOptions): Promise<ImageAnalysis> {
  const catalogers = options.catalogers ?? (await import("../../../core/sbom/catalogers/list.ts")).catalogers;
  const pass: Pass = {
    catalogers,
    all: [...catalogers, ...factCatalogers],
    secrets: options.secrets ? await openSecretSearch() : undefined,
    signal: options.signal ?? new AbortController().signal,
    options,
  };
  return source.kind === "layers" ? await analyseLayers(source, pass) : await analyseTree(source, pass);
}

async function openSecretSearch(): Promise<SecretSearch> {
  const { createSecretSearch } = await import("../../../core/sbom/secrets/find-secrets.ts");
  return createSecretSearch();
}

async function analyseLayers(source: LayeredImage, pass: Pass): Promise<ImageAnalysis> {
  if (source.layers.length > imageLimits.layersMax) {
    throw new Fault(
      `${source.reference} has ${source.layers.length} layers, at most ${imageLimits.layersMax} are read`,
      { code: "registry/too-many-layers", kind: "too-large" },
    );
  }
  const read = await readLayers(source, pass);
  const found = read.map((layer) => layer.findings);
  const image = squash(found.map((one) => one.listing));
  const looked = await lookTwice(source.layers, image, found, pass);
  const analysed = analyse({ image, found: looked, catalogers: pass.catalogers, config: source.config });
  const layers = source.layers.map((blob, index) => layerRow(blob, read[index]!, createdBy(source, index)));
  return {
    schema: 1,
    source: source.source,
    reference: source.reference,
    digest: source.digest,
    otherDigests: [...source.otherDigests],
    layers,
    config: source.config,
    ...searched(
      pass,
      read.flatMap((layer) => layer.secretsSkipped),
    ),
    ...analysed,
    gaps: [...source.gaps, ...analysed.gaps],
  };
}

function layerRow(blob: LayerBlob, read: CachedLayer, by: string): ImageLayer {
  return {
    digest: blob.digest,
    diffId: blob.diffId,
    mediaType: blob.mediaType,
    sizeBytes: read.storedBytes,
    inflatedBytes: read.inflatedBytes,
    files: read.files,
    createdBy: by,
    isBase: false,
  };
}

/** Whether secrets were searched, and what was left out of that: the counts of all layers. */
function searched(pass: Pass, skips: SecretSkips): Pick<ImageAnalysis, "secretsSearched" | "secretsSkipped"> {
  if (pass.secrets === undefined) return { secretsSearched: false };
  const counts = new Map<SecretSkips[number][0], number>();
  for (const [reason, count] of skips) counts.set(reason, (counts.get(reason) ?? 0) + count);
  return { secretsSearched: true, secretsSkipped: [...counts].map(([reason, count]) => ({ reason, count })) };
}

/** Lines of the history that made a layer, in order; "" when the history does not fit the layers. */
function createdBy({ config, layers }: LayeredImage, index: number): string {
  const lines = config.history.filter((line) => !line.isEmptyLayer);
  return lines.length === layers.length ? lines[index]!.createdBy : "";
}

async function readLayers(source: LayeredImage, pass: Pass): Promise<CachedLayer[]> {
  const results: CachedLayer[] = [];
  const progress = {
    layers: source.layers.length,
    layersDone: 0,
    bytes: 0,
    bytesTotal: source.layers.reduce((sum, layer) => sum + layer.sizeBytes, 0),
  };
  const used = { bytes: 0, entries: 0 };
  const failed = new AbortController();
  const signal = AbortSignal.any([pass.signal, failed.signal]);
  let next = 0;
  const work = async () => {
    while (next < source.layers.length) {
      const index = next++;
      results[index] = await readOrRecall(source, index, { ...pass, signal }, used, (bytes) => {
        progress.bytes += bytes;
        pass.options.onProgress?.({ ...progress });
      });
      used.bytes += results[index].inflatedBytes;
      used.entries += results[index].findings.listing.count;
      progress.layersDone++;
      pass.options.onProgress?.({ ...progress });
    }
  };
  const workers = Math.max(1, Math.min(pass.options.workers ?? workersDefault, source.layers.length));
  const outcomes = await Promise.allSettled(
    Array.from({ length: workers }, () =>
      work().catch((error: unknown) => {
        failed.abort(error);
        throw error;
      }),
    ),
  );
  const first = outcomes.find((outcome) => outcome.status === "rejected");
  if (first !== undefined) throw failed.signal.aborted ? failed.signal.reason : first.reason;
  return results;
}

async function readOrRecall(
  source: LayeredImage,
  index: number,
  pass: Pass,
  used: { readonly bytes: number; readonly entries: number },
  onStored: (bytes: number) => void,
): Promise<CachedLayer> {
  const blob = source.layers[index]!;
  const { cache, limits } = pass.options;
  const key =
    blob.diffId === ""
      ? ""
      : layerKey(blob, pass.all, pass.secrets === undefined ? "" : `secrets@${pass.secrets.version}`);
  try {
    const recalled = key === "" ? undefined : await recall(blob, key, pass);
    if (recalled !== undefined) {
      onStored(blob.sizeBytes);
      return recalled;
    }
    const read = await readLayer(blob, {
      signal: pass.signal,
      dispatch: createDispatch(pass.all),
      secrets: pass.secrets,
      usedBytes: () => used.bytes,
      usedEntries: () => used.entries,
      onStored,
      ...(limits === undefined ? {} : { limits }),
    });
    if (read.isVerified && key !== "") await cache?.put(key, encodeLayer(read));
    return read;
  } catch (error) {
    // Whatever a stopped source says then, this is why.
    pass.signal.throwIfAborted();
    throw error instanceof Fault
      ? namedFault(error, `${source.reference}, layer ${index + 1} of ${source.layers.length}`)
      : error;
  }
}

/** What is kept of a layer. Where no digest ties the blob to the key, it is hashed first: a claimed diff id lets no image speak for another. */
async function recall(blob: LayerBlob, key: string, { options, signal }: Pass): Promise<CachedLayer | undefined> {
  const kept = await options.cache?.get(key);
  if (kept === undefined) return undefined;
  const recalled = decodeLayer(kept);
  if (recalled === undefined) await options.cache?.drop(key);
  else if (blob.digest === "" && !(await hasItsDiffId(blob, { signal, limits: options.limits ?? imageLimits })))
    return undefined;
  return recalled;
}

/** The same fault, and which image and layer it is about. */
function namedFault(fault: Fault, subject: string): Fault {
  const { code, kind, hint, retryAfterMs, where } = fault;
  return new Fault(`${subject}: ${fault.message}`, {
    code,
    kind,
    cause: fault,
    ...(hint === undefined ? {} : { hint }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(where === undefined ? {} : { where }),
  });
}

async function lookTwice(
  blobs: readonly LayerBlob[],
  image: SquashedImage,
  found: readonly LayerFindings[],
  pass: Pass,
): Promise<readonly LayerFindings[]> {
  const looks = secondLooks(image, found, pass.all);
  if (looks.length === 0) return found;
  const result = [...found];
  const byLayer = new Map<number, SecondLook[]>();
  for (const look of looks.slice(0, secondLooksMax))
    byLayer.set(look.layer, [...(byLayer.get(look.layer) ?? []), look]);
  for (const [layer, these] of byLayer) {
    const more = await lookAgain(blobs[layer]!, these, pass.signal);
    result[layer] = joined(result[layer]!, more.parts, more.gaps);
  }
  const over = looks.length - secondLooksMax;
  if (over > 0) {
    const gap: LayerGap = {
      kind: "limit-reached",
      entry: -1,
      subject: "",
      because: "more linked files than are looked at again",
      count: over,
    };
    result[0] = joined(result[0]!, new Map(), [gap]);
  }
  return result;
}

function joined(
  findings: LayerFindings,
  more: ReadonlyMap<string, readonly LayerPart[]>,
  gaps: readonly LayerGap[],
): LayerFindings {
  const parts = new Map(findings.parts);
  for (const [id, list] of more) parts.set(id, [...(parts.get(id) ?? []), ...list]);
  return { ...findings, parts, gaps: [...findings.gaps, ...gaps] };
}

async function analyseTree(source: TreeImage, pass: Pass): Promise<ImageAnalysis> {
  const progress = { layers: 1, layersDone: 0, bytes: 0, bytesTotal: 0 };
  const read = await readTree(source, {
    signal: pass.signal,
    dispatch: createDispatch(pass.all),
    secrets: pass.secrets,
    onRead: (bytes) => {
      progress.bytes += bytes;
      pass.options.onProgress?.(progress);
    },
  });
  const image = squash([read.findings.listing]);
  const analysed = analyse({ image, found: [read.findings], catalogers: pass.catalogers, config: source.config });
  const content = withoutLayers(analysed);
  return {
    schema: 1,
    source: source.source,
    reference: source.reference,
    digest: contentDigest([content.packages, content.facts, content.secrets]),
    otherDigests: [],
    layers: [],
    ...(source.config === undefined ? {} : { config: source.config }),
    ...searched(pass, read.secretsSkipped),
    ...content,
    gaps: [...source.gaps, ...content.gaps],
  };
}

/** A folder has no layers: what the pass calls layer 0 is -1 outside. */
function withoutLayers<Value>(value: Value): Value {
  return JSON.parse(
    JSON.stringify(value, (key, given: unknown) => (key === "layer" && typeof given === "number" ? -1 : given)),
  );
}
