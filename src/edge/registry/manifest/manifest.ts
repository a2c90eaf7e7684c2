// Manifests and indexes, read from verified bytes: what they name, bounded; what is no image is refused with the reason.
import { z } from "zod";
import { Fault } from "../../../base/fault.ts";
import { isDigest } from "../../../core/image/reference.ts";
import { imageLimits } from "../image-source.ts";
import { parseJson } from "./bounded-json.ts";
import { configTypes, indexTypes, manifestTypes, schema1Types } from "./media-types.ts";

export const manifestLimits = { descriptorsMax: 5000, annotationsMax: 1000, urlsMax: 20 } as const;

const Digest = z.string().max(256).refine(isDigest, "no digest");
const MediaType = z.string().max(256).default("");
const Annotations = z
  .record(z.string(), z.string())
  .refine((record) => Object.keys(record).length <= manifestLimits.annotationsMax, "too many annotations")
  .nullish()
  .transform((value) => value ?? {});

const Platform = z.object({
  os: z.string().max(64).default(""),
  architecture: z.string().max(64).default(""),
  variant: z.string().max(64).default(""),
  "os.version": z.string().max(64).default(""),
});

const Descriptor = z.object({
  mediaType: MediaType,
  digest: Digest,
  size: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  urls: z
    .array(z.string().max(4096))
    .max(manifestLimits.urlsMax)
    .nullish()
    .transform((value) => value ?? []),
  annotations: Annotations,
  artifactType: MediaType,
  platform: Platform.nullish().transform((value) => value ?? undefined),
  /** The content itself, base64: small things in line. */
  data: z
    .string()
    .max(2 * 1024 * 1024)
    .nullish()
    .transform((value) => value ?? undefined),
});
export type Descriptor = z.infer<typeof Descriptor>;

const Index = z.object({
  mediaType: MediaType,
  artifactType: MediaType,
  manifests: z.array(Descriptor).max(manifestLimits.descriptorsMax),
  annotations: Annotations,
});

const Manifest = z.object({
  mediaType: MediaType,
  artifactType: MediaType,
  config: Descriptor,
  layers: z.array(Descriptor).max(manifestLimits.descriptorsMax),
  annotations: Annotations,
  subject: Descriptor.nullish().transform((value) => value ?? undefined),
});

export type ImageIndex = z.infer<typeof Index> & { readonly kind: "index" };
export type ImageManifest = z.infer<typeof Manifest> & { readonly kind: "manifest" };

/**
 * Reads a manifest or an index. `contentType` is what the transport or the descriptor called it, "" when nothing did; it and the text itself must not disagree
 * about which of the two it is. Throws Fault "registry/schema1", "registry/bad-manifest", "registry/bad-json".
 */
export function parseManifest(bytes: Uint8Array, contentType: string, what: string): ImageIndex | ImageManifest {
  if (bytes.length > imageLimits.manifestBytesMax) {
    throw new Fault(`${what}: its manifest is larger than ${imageLimits.manifestBytesMax} bytes`, {
      code: "registry/manifest-too-large",
      kind: "too-large",
    });
  }
  const data = parseJson(bytes, `${what}: manifest`);
  if (typeof data !== "object" || data === null || Array.isArray(data)) throw badManifest(what, "it is no object");
  const own = "mediaType" in data && typeof data.mediaType === "string" ? data.mediaType : "";
  const isOld = "schemaVersion" in data && data.schemaVersion === 1;
  if (isOld || schema1Types.has(own) || schema1Types.has(contentType)) {
    throw new Fault(`${what}: its manifest is of docker's schema 1, which has no verified configuration`, {
      code: "registry/schema1",
      kind: "usage",
      hint: "push the image again with a client of this decade, or convert it: skopeo copy --format oci",
    });
  }
  const kind = kindOf(data, own, contentType, what);
  const parsed = (kind === "index" ? Index : Manifest).safeParse(data);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw badManifest(what, `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not as expected"}`.slice(0, 200));
  }
  return { kind, ...parsed.data } as ImageIndex | ImageManifest;
}

/** Both lists at once, or a type that says the other, is how one document is made to mean two things. */
function kindOf(data: object, own: string, contentType: string, what: string): "index" | "manifest" {
  const isIndex = "manifests" in data;
  const isManifest = "layers" in data || "config" in data;
  if (isIndex && isManifest) throw badManifest(what, "it is an index and a manifest at once");
  if (!isIndex && !isManifest) throw badManifest(what, "it is neither an index nor an image's manifest");
  for (const type of [own, contentType]) {
    if ((isIndex && manifestTypes.has(type)) || (isManifest && indexTypes.has(type))) {
      throw badManifest(what, `it is called ${type}, but is ${isIndex ? "an index" : "a manifest"}`);
    }
  }
  return isIndex ? "index" : "manifest";
}

/** Throws Fault "registry/not-an-image" for a manifest whose content is something else: a chart, a signature, an SBOM. */
export function refuseArtifact(manifest: ImageManifest, what: string): void {
  const configType = manifest.config.mediaType;
  const isImage = configType === "" || configTypes.has(configType);
  if (isImage && manifest.artifactType === "") return;
  if (isImage && configType !== "application/octet-stream") return;
  const type = (manifest.artifactType === "" ? configType : manifest.artifactType).replaceAll(/[^ -~]/g, "?");
  throw new Fault(`${what}: it is no container image but an artifact (${type.slice(0, 120)})`, {
    code: "registry/not-an-image",
    kind: "usage",
    hint: "name the image itself; charts, signatures and SBOMs have no layers to scan",
  });
}

function badManifest(what: string, because: string): Fault {
  return new Fault(`${what}: its manifest cannot be used: ${because}`, {
    code: "registry/bad-manifest",
    kind: "usage",
  });
}
