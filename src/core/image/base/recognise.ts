// Which image was built on. In this order: what its builder wrote down, layers shared with an image that was scanned, the Dockerfile's FROM, the history with the
// operating system. Each answer says how it is known; what is a guess says so.
import type { ImageAnalysis, ImageConfig } from "../../../model/image-analysis.ts";
import type { BaseKnowledge } from "../advice.ts";
import { imageOfRelease, runtimeFamilies, systemFamilies } from "./families.ts";

/** An image that was analysed, as far as recognition needs it. */
export interface KnownImage {
  readonly image: string;
  readonly digest: string;
  /** From the bottom. */
  readonly diffIds: readonly string[];
}

export interface RecogniseOptions {
  readonly known?: readonly KnownImage[];
  /** Of the manifest. Labels are looked at as well. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** The image of the final stage's FROM, when the Dockerfile is at hand. */
  readonly from?: string;
}

const nothing: BaseKnowledge = {
  how: "",
  image: "",
  digest: "",
  layers: 0,
  because: "nothing tells what it was built on",
};

export function recogniseBase(analysis: ImageAnalysis, options: RecogniseOptions = {}): BaseKnowledge {
  return (
    byAnnotation(analysis, options) ??
    byLayers(analysis, options.known ?? []) ??
    byDockerfile(analysis, options) ??
    byHistory(analysis) ??
    nothing
  );
}

const nameKey = "org.opencontainers.image.base.name";
const digestKey = "org.opencontainers.image.base.digest";

function byAnnotation(
  analysis: ImageAnalysis,
  { annotations = {}, known = [] }: RecogniseOptions,
): BaseKnowledge | undefined {
  const labels = analysis.config?.labels ?? {};
  const image = annotations[nameKey] ?? labels[nameKey] ?? "";
  const digest = annotations[digestKey] ?? labels[digestKey] ?? "";
  if (image === "" && digest === "") return undefined;
  const same = known.find((one) => digest !== "" && one.digest === digest);
  const layers = same === undefined ? (byHistory(analysis)?.layers ?? 0) : sharedLayers(analysis, same);
  return {
    how: "annotation",
    image,
    digest,
    layers,
    because: `its builder wrote it down (${image === "" ? digestKey : nameKey})`,
  };
}

/** The known image with the most layers, all of which are at the bottom of this one. */
function byLayers(analysis: ImageAnalysis, known: readonly KnownImage[]): BaseKnowledge | undefined {
  let best: KnownImage | undefined;
  for (const one of known) {
    const count = one.diffIds.length;
    if (count === 0 || count >= analysis.layers.length || one.digest === analysis.digest) continue;
    if (sharedLayers(analysis, one) === count && count > (best?.diffIds.length ?? 0)) best = one;
  }
  if (best === undefined) return undefined;
  const layers = best.diffIds.length;
  const because = `its ${layers === 1 ? "lowest layer is" : `lowest ${layers} layers are`} those of ${best.image}`;
  return { how: "layers", image: best.image, digest: best.digest, layers, because };
}

/** How many layers from the bottom are the same; 0 unless all of the other's are. */
function sharedLayers(analysis: ImageAnalysis, { diffIds }: KnownImage): number {
  const isPrefix = diffIds.every((diffId, index) => diffId !== "" && analysis.layers[index]?.diffId === diffId);
  return isPrefix ? diffIds.length : 0;
}

function byDockerfile(analysis: ImageAnalysis, { from = "" }: RecogniseOptions): BaseKnowledge | undefined {
  if (from === "" || from.includes("$")) return undefined;
  const layers = byHistory(analysis)?.layers ?? 0;
  return { how: "dockerfile", image: from, digest: "", layers, because: "the Dockerfile says FROM so" };
}

function byHistory(analysis: ImageAnalysis): BaseKnowledge | undefined {
  const { config, operatingSystem: system } = analysis;
  if (config === undefined) return undefined;
  const end = baseEnd(config);
  const layers = config.history.slice(0, end).filter(({ isEmptyLayer }) => !isEmptyLayer).length;
  const runtime = end === 0 ? undefined : runtimeIn(config, end);
  if (runtime !== undefined) {
    return {
      how: "history",
      image: runtime.image,
      digest: "",
      layers,
      because: `its history sets ${runtime.variable}, as the official image does: the variant is a guess`,
    };
  }
  const family = systemFamilies.find(({ id }) => id === system?.id);
  if (system === undefined || family === undefined || family.image === "" || system.versionId === "") return undefined;
  const release =
    family.releases.find((one) => system.versionId === one || system.versionId.startsWith(`${one}.`)) ??
    system.versionId;
  const first = config.history.findIndex(({ isEmptyLayer }) => !isEmptyLayer);
  const isPlain =
    first >= 0 &&
    /ADD (?:file|rootfs|[a-z-]+\.tar)|COPY (?:\/ \/|dir:)|debuerreotype|# debian\.sh|ADD alpine-minirootfs/.test(
      config.history[first]?.createdBy ?? "",
    );
  const image = imageOfRelease(family.image, release);
  const because = `its os-release is that of ${system.name === "" ? image : system.name}${isPlain ? ", its first layer adds a whole file system" : ""}: the variant is a guess`;
  return { how: "history", image, digest: "", layers: layers > 0 ? layers : isPlain ? 1 : 0, because };
}

/** Where the base's part of the history ends: behind the last CMD or ENTRYPOINT that something else was built over; 0 when there is none. */
function baseEnd({ history }: ImageConfig): number {
  let end = 0;
  let isOver = false;
  for (let index = history.length - 1; index >= 0; index--) {
    const { createdBy, isEmptyLayer } = history[index] ?? { createdBy: "", isEmptyLayer: true };
    if (!isEmptyLayer) isOver = true;
    else if (isOver && /(?:^|#\(nop\)\s+)(?:CMD|ENTRYPOINT)\s/.test(createdBy)) {
      end = index + 1;
      break;
    }
  }
  return end;
}

function runtimeIn({ history }: ImageConfig, end: number): { image: string; variable: string } | undefined {
  for (const { image, variable, releases } of runtimeFamilies) {
    const pattern = new RegExp(`(?:ENV|#\\(nop\\)\\s+ENV)\\s+${variable}[= ]v?(?:jdk-?)?([0-9]+(?:\\.[0-9]+)*)`);
    for (const { createdBy } of history.slice(0, end)) {
      const version = pattern.exec(createdBy.slice(0, 1024))?.[1];
      if (version === undefined) continue;
      const release = releases.find((one) => version === one || version.startsWith(`${one}.`)) ?? version;
      return { image: imageOfRelease(image, release), variable };
    }
  }
  return undefined;
}
