// From a root document to one platform's image: indexes are followed, every document is verified before it is read. Registry, layout, archive and containerd share it.
import { Fault } from "../../../base/fault.ts";
import type { AnalysisGap, ImageConfig } from "../../../model/image-analysis.ts";
import { imageLimits, type LayerBlob, type LayeredImage } from "../image-source.ts";
import { readConfig } from "./config.ts";
import { verifyDigest } from "./digest.ts";
import { type Descriptor, type ImageIndex, type ImageManifest, parseManifest, refuseArtifact } from "./manifest.ts";
import { encodingOf } from "./media-types.ts";
import { choosePlatform, formatPlatform, type PlatformChoice, platformRank } from "./platform.ts";

/** Where documents and layers come from. What it gives is not believed: digests are checked here, and by whoever reads layers. */
export interface ContentStore {
  /** A manifest or configuration, at most `bytesMax`; Fault "registry/not-found" when it is not there. */
  fetch(descriptor: Descriptor, as: "manifest" | "config", bytesMax: number): Promise<Uint8Array>;
  openLayer(descriptor: Descriptor, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
}

export interface RootDocument {
  readonly bytes: Uint8Array;
  /** Wanted, or computed when only a tag was named. */
  readonly digest: string;
  readonly mediaType: string;
}

export interface ResolveOptions {
  readonly store: ContentStore;
  readonly choice: PlatformChoice;
  readonly source: LayeredImage["source"];
  /** As the user named it; every error begins with it. */
  readonly reference: string;
}

interface Found {
  readonly manifest: ImageManifest;
  readonly digest: string;
  readonly parents: readonly string[];
  readonly config: ImageConfig;
  readonly diffIds: readonly string[];
  readonly gaps: readonly AnalysisGap[];
}

/** How many entries of one index are tried when their platforms are not written beside them. */
const candidatesMax = 50;

/** Throws Faults "registry/...": no platform, no image, not as its digest says, over a limit. */
export async function resolveImage(root: RootDocument, options: ResolveOptions): Promise<LayeredImage> {
  const found = await follow(root, options, []);
  return {
    kind: "layers",
    source: options.source,
    reference: options.reference,
    digest: found.digest,
    otherDigests: [...new Set([...found.parents, found.manifest.config.digest])],
    config: withBaseAnnotations(found.config, found),
    layers: layersOf(found, options),
    gaps: found.gaps,
  };
}

async function follow(root: RootDocument, options: ResolveOptions, parents: readonly string[]): Promise<Found> {
  const what = options.reference;
  verifyDigest(root.bytes, root.digest, what);
  const document = parseManifest(root.bytes, root.mediaType, what);
  if (document.kind === "manifest") return await readImage(document, root.digest, options, parents);
  if (parents.length >= imageLimits.indexDepthMax) {
    throw new Fault(`${what}: its indexes are nested deeper than ${imageLimits.indexDepthMax}`, {
      code: "registry/index-depth",
      kind: "too-large",
    });
  }
  return await choose(document, options, [...parents, root.digest]);
}

/** The best entry that is an image, is there, and is of a platform that fits. */
async function choose(index: ImageIndex, options: ResolveOptions, parents: readonly string[]): Promise<Found> {
  const { choice, reference } = options;
  const candidates = choosePlatform(index.manifests, choice, reference).slice(0, candidatesMax);
  let lastFault: Fault | undefined;
  let other: Found | undefined;
  for (const candidate of candidates) {
    try {
      const bytes = await fetchDocument(candidate, options, "manifest", imageLimits.manifestBytesMax);
      const found = await follow({ bytes, digest: candidate.digest, mediaType: candidate.mediaType }, options, parents);
      if (candidate.platform !== undefined || fits(found.config, choice)) return found;
      other ??= found;
    } catch (thrown) {
      if (!(thrown instanceof Fault) || !skippable.has(thrown.code)) throw thrown;
      lastFault = thrown;
    }
  }
  if (other !== undefined && !choice.isAsked && candidates.length === 1) return other;
  if (other === undefined && lastFault !== undefined) throw lastFault;
  const { os, architecture, variant } = other?.config ?? { os: "", architecture: "", variant: "" };
  throw noPlatform(reference, choice, formatPlatform({ os, architecture, variant }));
}

/** An index may list signatures, and a store need not hold every platform: then the next entry is looked at. */
const skippable: ReadonlySet<string> = new Set(["registry/not-an-image", "registry/not-found", "registry/no-platform"]);

function fits(config: ImageConfig, { wanted }: PlatformChoice): boolean {
  return config.architecture === "" || platformRank(wanted, config) !== undefined;
}

function noPlatform(what: string, { wanted }: PlatformChoice, offered: string): Fault {
  return new Fault(`${what}: it has no image for ${formatPlatform(wanted)}`, {
    code: "registry/no-platform",
    kind: "not-found",
    hint: `there is one for ${offered.replaceAll(/[^ -~]/g, "?")}: choose it with --platform`,
  });
}

async function readImage(
  manifest: ImageManifest,
  digest: string,
  options: ResolveOptions,
  parents: readonly string[],
): Promise<Found> {
  const { reference: what, choice } = options;
  refuseArtifact(manifest, what);
  const bytes = await fetchDocument(manifest.config, options, "config", imageLimits.configBytesMax);
  verifyDigest(bytes, manifest.config.digest, `${what}: configuration`);
  const { config, diffIds, gaps } = readConfig(bytes, what);
  if (diffIds.length !== manifest.layers.length) {
    throw new Fault(
      `${what}: manifest and configuration disagree: ${manifest.layers.length} and ${diffIds.length} layers`,
      {
        code: "registry/bad-manifest",
        kind: "usage",
      },
    );
  }
  // Of an index the entry's platform decides; an image alone is asked itself.
  if (parents.length === 0 && choice.isAsked && !fits(config, choice)) {
    throw noPlatform(what, choice, formatPlatform(config));
  }
  return { manifest, digest, parents, config, diffIds, gaps };
}

async function fetchDocument(
  descriptor: Descriptor,
  { store, reference }: ResolveOptions,
  as: "manifest" | "config",
  bytesMax: number,
): Promise<Uint8Array> {
  if (descriptor.size > bytesMax) {
    throw new Fault(`${reference}: its ${as} has ${descriptor.size} bytes, more than ${bytesMax}`, {
      code: `registry/${as}-too-large`,
      kind: "too-large",
    });
  }
  if (descriptor.data !== undefined) return Buffer.from(descriptor.data, "base64");
  return await store.fetch(descriptor, as, bytesMax);
}

function layersOf({ manifest, diffIds }: Found, { store, reference }: ResolveOptions): LayerBlob[] {
  return manifest.layers.map((descriptor, index) => {
    const { digest, mediaType, size } = descriptor;
    const encoding = encodingOf(mediaType);
    return {
      digest,
      diffId: diffIds[index] ?? "",
      mediaType,
      encoding: encoding ?? "none",
      sizeBytes: size,
      async open(signal) {
        if (encoding === undefined) {
          throw new Fault(
            `${reference}: layer ${index} is of a type that cannot be read: ${mediaType.replaceAll(/[^ -~]/g, "?")}`,
            {
              code: "registry/layer-type",
              kind: "usage",
              hint: mediaType.includes("encrypted")
                ? "it is encrypted: decrypt the image first"
                : "tar, gzip and zstd are read",
            },
          );
        }
        if (size > imageLimits.blobBytesMax) {
          throw new Fault(`${reference}: layer ${index} has ${size} bytes, more than ${imageLimits.blobBytesMax}`, {
            code: "registry/layer-too-large",
            kind: "too-large",
          });
        }
        return await store.openLayer(descriptor, signal);
      },
    } satisfies LayerBlob;
  });
}

const baseAnnotations = ["org.opencontainers.image.base.name", "org.opencontainers.image.base.digest"] as const;

/** What the manifest says of the base image stands with the labels: the advice reads one list. */
function withBaseAnnotations(config: ImageConfig, { manifest }: Found): ImageConfig {
  const added = baseAnnotations.flatMap((name) => {
    const value = manifest.annotations[name];
    return value === undefined || Object.hasOwn(config.labels, name) ? [] : [[name, value.slice(0, 4096)] as const];
  });
  return added.length === 0 ? config : { ...config, labels: { ...config.labels, ...Object.fromEntries(added) } };
}
