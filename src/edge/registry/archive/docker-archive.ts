// Archives of docker save, podman and skopeo: manifest.json names configurations, layers and tags. Newer docker writes an OCI layout beside it, which is taken first.
import { z } from "zod";
import { Fault } from "../../../base/fault.ts";
import { isDigest, parseReference } from "../../../core/image/reference.ts";
import { notThere, type StoredFiles } from "../files/stored-files.ts";
import { imageLimits, type LayerBlob, type LayeredImage } from "../image-source.ts";
import { parseJson } from "../manifest/bounded-json.ts";
import { readConfig } from "../manifest/config.ts";
import { sha256Of, verifyDigest } from "../manifest/digest.ts";
import { encodingOfBytes } from "../manifest/media-types.ts";
import { formatPlatform, platformRank } from "../manifest/platform.ts";
import { type LayoutChoice, openOciLayout } from "../oci-layout/oci-layout.ts";

const Entries = z
  .array(
    z.object({
      Config: z.string().min(1).max(4096),
      RepoTags: z
        .array(z.string().max(4096))
        .max(1000)
        .nullish()
        .transform((value) => value ?? []),
      Layers: z
        .array(z.string().max(4096))
        .max(imageLimits.layersMax)
        .nullish()
        .transform((value) => value ?? []),
    }),
  )
  .max(1000);
type Entry = z.infer<typeof Entries>[number];

/** Throws Faults "registry/bad-archive", "registry/choose-image", "registry/no-platform" and those of configurations. */
export async function openArchive(files: StoredFiles, options: LayoutChoice): Promise<LayeredImage> {
  const listed = await files.read("manifest.json", imageLimits.manifestBytesMax);
  const isLayout = await files.has("index.json");
  if (listed === undefined && isLayout) return await openOciLayout(files, options);
  if (listed === undefined) {
    const isOld = await files.has("repositories");
    throw new Fault(`${files.what}: it is no image archive: it has neither manifest.json nor index.json`, {
      code: "registry/bad-archive",
      kind: "usage",
      hint: isOld
        ? "docker before 1.10 wrote it: load and save it again"
        : "save one with docker save or skopeo copy; for the tar of a file system unpack it and use --root",
    });
  }
  const parsed = Entries.safeParse(parseJson(listed, `${files.what}: manifest.json`));
  if (!parsed.success) {
    throw new Fault(`${files.what}: its manifest.json cannot be used`, { code: "registry/bad-archive", kind: "usage" });
  }
  if (isLayout) {
    const image = await fromLayout(files, options);
    if (image !== undefined) return image;
  }
  return await openEntry(files, chooseEntry(parsed.data, options.wanted, files.what), options);
}

/** The layout of a mixed archive; undefined when it does not hold what is wanted, but manifest.json may. */
async function fromLayout(files: StoredFiles, options: LayoutChoice): Promise<LayeredImage | undefined> {
  try {
    return await openOciLayout(files, options);
  } catch (thrown) {
    const gone = ["registry/choose-image", "registry/not-found", "registry/not-an-image"];
    if (thrown instanceof Fault && gone.includes(thrown.code)) return undefined;
    throw thrown;
  }
}

function chooseEntry(entries: readonly Entry[], wanted: string, what: string): Entry {
  const found = wanted === "" ? entries : entries.filter((entry) => isMeant(entry, wanted));
  const [first] = found;
  if (first !== undefined && (wanted !== "" || found.length === 1)) return first;
  const names = entries.map((entry) => entry.RepoTags[0] ?? entry.Config);
  const message = wanted === "" ? "it holds several images" : `it has no image "${printable(wanted)}"`;
  throw new Fault(`${what}: ${entries.length === 0 ? "it holds no image" : message}`, {
    code: "registry/choose-image",
    kind: "usage",
    hint: `name one of them: ${names.slice(0, 20).map(printable).join(", ")}`,
  });
}

/** By tag as docker reads tags, or by image id. */
function isMeant(entry: Entry, wanted: string): boolean {
  const id = idOf(entry.Config);
  if (id !== "" && (wanted === id || wanted === `sha256:${id}` || (wanted.length >= 12 && id.startsWith(wanted))))
    return true;
  return entry.RepoTags.some((tag) => tag === wanted || fullName(tag) === fullName(wanted));
}

function fullName(text: string): string {
  try {
    const { registry, repository, tag, digest } = parseReference(text);
    return `${registry}/${repository}:${tag === "" && digest === "" ? "latest" : tag}@${digest}`;
  } catch {
    // A name that docker would not take means only itself.
    return text;
  }
}

/** "<hex>.json" and "blobs/sha256/<hex>" carry the digest of what is in them. */
function idOf(name: string): string {
  return /^(?:blobs\/sha256\/([0-9a-f]{64})|([0-9a-f]{64})(?:\.json)?)$/.exec(name)?.slice(1).find(Boolean) ?? "";
}

async function openEntry(files: StoredFiles, entry: Entry, options: LayoutChoice): Promise<LayeredImage> {
  const { reference, choice, source } = options;
  const bytes = await files.read(entry.Config, imageLimits.configBytesMax);
  if (bytes === undefined) throw notThere(files.what, printable(entry.Config));
  const id = idOf(entry.Config);
  if (id !== "") verifyDigest(bytes, `sha256:${id}`, `${reference}: configuration`);
  const { config, diffIds, gaps } = readConfig(bytes, reference);
  if (diffIds.length !== entry.Layers.length) {
    throw new Fault(
      `${reference}: manifest.json and configuration disagree: ${entry.Layers.length} and ${diffIds.length} layers`,
      { code: "registry/bad-archive", kind: "usage" },
    );
  }
  if (choice.isAsked && config.architecture !== "" && platformRank(choice.wanted, config) === undefined) {
    throw new Fault(`${reference}: it has no image for ${formatPlatform(choice.wanted)}`, {
      code: "registry/no-platform",
      kind: "not-found",
      hint: `it is for ${printable(formatPlatform(config))}`,
    });
  }
  const layers: LayerBlob[] = [];
  for (const [index, name] of entry.Layers.entries()) {
    layers.push(await layerOf(files, { name, diffId: diffIds[index] ?? "", reference, index }));
  }
  return { kind: "layers", source, reference, digest: sha256Of(bytes), otherDigests: [], config, layers, gaps };
}

interface LayerPlace {
  readonly name: string;
  readonly diffId: string;
  readonly reference: string;
  readonly index: number;
}

/** How a layer is stored is told by its first bytes. One that is missing is told when it is opened: the others can still be read. */
async function layerOf(files: StoredFiles, { name, diffId, reference, index }: LayerPlace): Promise<LayerBlob> {
  const isThere = await files.has(name);
  const encoding = isThere ? encodingOfBytes(await files.head(name, 4)) : "none";
  const id = /^blobs\/(sha256|sha512)\/([0-9a-f]+)$/.exec(name);
  const digest = id === null ? "" : `${id[1]}:${id[2]}`;
  return {
    digest: isDigest(digest) ? digest : "",
    diffId,
    mediaType: "application/vnd.docker.image.rootfs.diff.tar",
    encoding,
    sizeBytes: await files.sizeOf(name),
    async open(signal) {
      if (!isThere) throw notThere(reference, `layer ${index} (${printable(name)})`);
      return await files.stream(name, signal);
    },
  };
}

function printable(text: string): string {
  return text.slice(0, 200).replaceAll(/[^ -~]/g, "?");
}
