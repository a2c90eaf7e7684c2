// An OCI image layout, a folder or packed in a tar: index.json names images, blobs are files named by their digest.
import { Fault } from "../../../base/fault.ts";
import { isDigest } from "../../../core/image/reference.ts";
import { notThere, type StoredFiles } from "../files/stored-files.ts";
import { imageLimits, type LayeredImage } from "../image-source.ts";
import { parseJson } from "../manifest/bounded-json.ts";
import { sha256Of } from "../manifest/digest.ts";
import { type Descriptor, type ImageIndex, parseManifest } from "../manifest/manifest.ts";
import { indexTypes, manifestTypes } from "../manifest/media-types.ts";
import { isAttestation, type PlatformChoice } from "../manifest/platform.ts";
import { type ContentStore, resolveImage } from "../manifest/resolve.ts";

export interface LayoutChoice {
  /** A name of index.json (tag or full name), or a digest; "" when there is only one. */
  readonly wanted: string;
  readonly choice: PlatformChoice;
  readonly source: LayeredImage["source"];
  readonly reference: string;
}

/** Throws Faults "registry/not-a-layout", "registry/choose-image", and those of resolving. */
export async function openOciLayout(files: StoredFiles, options: LayoutChoice): Promise<LayeredImage> {
  const { reference, choice, source } = options;
  await refuseOtherLayout(files);
  const bytes = await files.read("index.json", imageLimits.manifestBytesMax);
  if (bytes === undefined) throw notALayout(files.what, "index.json");
  const index = parseManifest(bytes, "", `${files.what}: index.json`);
  if (index.kind !== "index") throw notALayout(files.what, "an index in index.json");
  const store = layoutStore(files);
  const chosen = chooseByName(index, options, files.what);
  const resolve = { store, choice, source, reference };
  const [only] = chosen;
  if (chosen.length === 1 && only !== undefined) {
    const document = await store.fetch(only, "manifest", imageLimits.manifestBytesMax);
    return await resolveImage({ bytes: document, digest: only.digest, mediaType: only.mediaType }, resolve);
  }
  // Several platforms side by side without an index of their own: the list is the index.
  const own = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: chosen }));
  const digest = sha256Of(own);
  const image = await resolveImage({ bytes: own, digest, mediaType: "" }, resolve);
  return { ...image, otherDigests: image.otherDigests.filter((other) => other !== digest) };
}

async function refuseOtherLayout(files: StoredFiles): Promise<void> {
  const marker = await files.read("oci-layout", 4096);
  if (marker === undefined) {
    if (await files.has("index.json")) return;
    throw notALayout(files.what, "oci-layout");
  }
  const data = parseJson(marker, `${files.what}: oci-layout`);
  const version =
    typeof data === "object" && data !== null && "imageLayoutVersion" in data ? data.imageLayoutVersion : "";
  if (typeof version !== "string" || !version.startsWith("1.")) throw notALayout(files.what, "imageLayoutVersion 1.x");
}

function notALayout(what: string, missing: string): Fault {
  return new Fault(`${what}: it is no OCI image layout: it has no ${missing}`, {
    code: "registry/not-a-layout",
    kind: "usage",
    hint: "a layout has the files oci-layout and index.json, and a folder blobs",
  });
}

const nameAnnotations = ["org.opencontainers.image.ref.name", "io.containerd.image.name"] as const;

function namesOf({ annotations }: Descriptor): string[] {
  return nameAnnotations.flatMap((name) => annotations[name] ?? []);
}

/** Entries that are meant: by digest, by name, or the only one; several without names of their own are taken together. */
function chooseByName(index: ImageIndex, { wanted }: LayoutChoice, what: string): readonly Descriptor[] {
  const images = index.manifests.filter((entry) => isImageEntry(entry));
  if (wanted !== "") {
    const digest = wanted.slice(wanted.indexOf("@") + 1);
    const found = isDigest(digest)
      ? images.filter((entry) => entry.digest === digest)
      : images.filter((entry) => namesOf(entry).some((name) => isSameName(name, wanted)));
    if (found.length > 0) return found;
    if (isDigest(digest)) {
      // Blobs need not be named by index.json: the digest is enough.
      return [
        {
          mediaType: "",
          digest,
          size: 0,
          urls: [],
          annotations: {},
          artifactType: "",
          platform: undefined,
          data: undefined,
        },
      ];
    }
    throw chooseImage(`${what}: it has no image "${printable(wanted)}"`, images);
  }
  if (images.length === 0)
    throw new Fault(`${what}: it holds no image`, { code: "registry/not-found", kind: "not-found" });
  const names = new Set(images.map((entry) => namesOf(entry)[0] ?? ""));
  if (names.size > 1) throw chooseImage(`${what}: it holds several images`, images);
  return images;
}

function isImageEntry(entry: Descriptor): boolean {
  const isDocument = entry.mediaType === "" || indexTypes.has(entry.mediaType) || manifestTypes.has(entry.mediaType);
  return isDocument && entry.artifactType === "" && !isAttestation(entry);
}

/** "web:1" means the entry named "1" or "web:1" or "docker.io/library/web:1". */
function isSameName(name: string, wanted: string): boolean {
  return name === wanted || name.endsWith(`/${wanted}`) || (!name.includes(":") && wanted.endsWith(`:${name}`));
}

function chooseImage(message: string, images: readonly Descriptor[]): Fault {
  const names = images.flatMap((entry) => namesOf(entry)[0] ?? entry.digest);
  const list = [...new Set(names)].slice(0, 20).map(printable).join(", ");
  return new Fault(message, {
    code: "registry/choose-image",
    kind: "usage",
    hint: `name one of them: ${list === "" ? "there is none" : list}`,
  });
}

function printable(text: string): string {
  return text.slice(0, 200).replaceAll(/[^ -~]/g, "?");
}

/** Blobs of a layout; also what a content store on disk looks like. */
export function layoutStore(files: StoredFiles): ContentStore {
  return {
    async fetch(descriptor, _as, bytesMax) {
      const name = blobName(descriptor.digest, files.what);
      const bytes = await files.read(name, bytesMax);
      if (bytes === undefined) throw notThere(files.what, name);
      return bytes;
    },
    openLayer: (descriptor, signal) => files.stream(blobName(descriptor.digest, files.what), signal),
  };
}

function blobName(digest: string, what: string): string {
  if (!isDigest(digest)) throw notThere(what, "blob with a digest that is none");
  const colon = digest.indexOf(":");
  return `blobs/${digest.slice(0, colon)}/${digest.slice(colon + 1)}`;
}
