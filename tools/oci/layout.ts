// Container images as an OCI image layout (image-spec 1.1): an archive that `ctr images import`, `podman load` and `kind load image-archive` read.
// Needs no registry, no engine and no root. Equal entries give equal digests.
import { createHash, randomBytes, type Hash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { tarBytes, type TarEntry } from "./tar.ts";

export interface OciLayer {
  /** Kept in the image's history: what this layer is. */
  readonly comment: string;
  readonly entries: readonly TarEntry[];
}

export interface OciImage {
  /** Full reference that containerd gives the image on import: "garrison.local/garrison:0.1.0". */
  readonly name: string;
  /** From the one that changes least to the one that changes most. */
  readonly layers: readonly OciLayer[];
  readonly entrypoint: readonly string[];
  readonly command?: readonly string[];
  /** "65532:65532"; absent: root. */
  readonly user?: string;
  readonly workingFolder?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly architecture?: "amd64" | "arm64";
  /** RFC 3339; a time of the sources, never of the build. */
  readonly createdAt?: string;
}

export interface OciOptions {
  /** A path that ends with ".tar" becomes an archive, another one a folder, which must not exist. */
  readonly output: string;
  /** "none" is quick to write and quick to import: for tests. */
  readonly compression?: "gzip" | "none";
}

export interface WrittenImage {
  /** "sha256:..." of the manifest. */
  readonly digest: string;
  /** Of all blobs. */
  readonly bytes: number;
  readonly layers: readonly { readonly comment: string; readonly bytes: number; readonly bytesUnpacked: number }[];
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const media = {
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  index: "application/vnd.oci.image.index.v1+json",
  layer: { gzip: "application/vnd.oci.image.layer.v1.tar+gzip", none: "application/vnd.oci.image.layer.v1.tar" },
} as const;
const epoch = "1970-01-01T00:00:00Z";

/** Writes the image; on failure nothing is left behind. The output of before is replaced only by a whole one. */
export async function writeOciLayout(image: OciImage, options: OciOptions): Promise<WrittenImage> {
  const output = path.resolve(options.output);
  const isArchive = output.endsWith(".tar");
  await mkdir(path.dirname(output), { recursive: true });
  const folder = `${output}.${randomBytes(4).toString("hex")}.part`;
  try {
    const blobs = path.join(folder, "blobs", "sha256");
    await mkdir(blobs, { recursive: true });
    const written = await writeBlobs(image, { blobs, compression: options.compression ?? "gzip" });
    const files = [
      ["oci-layout", jsonBytes({ imageLayoutVersion: "1.0.0" })],
      ["index.json", jsonBytes(indexOf(image, written.manifest))],
    ] as const;
    for (const [name, bytes] of files) await pipeline([bytes], createWriteStream(path.join(folder, name)));
    if (isArchive)
      await writeArchive(
        folder,
        written.blobs,
        files.map(([name]) => name),
      );
    await rename(isArchive ? path.join(folder, "archive.tar") : folder, output);
    return {
      digest: written.manifest.digest,
      bytes: written.blobs.reduce((sum, { size }) => sum + size, 0),
      layers: written.layers,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeArchive(folder: string, blobs: readonly Descriptor[], names: readonly string[]): Promise<void> {
  const paths = [...new Set([...blobs.map(({ digest }) => `blobs/sha256/${hexOf(digest)}`), ...names])];
  const entries: TarEntry[] = [];
  for (const name of paths) {
    const from = path.join(folder, name);
    entries.push({ type: "copy", path: name, from, size: (await stat(from)).size });
  }
  await pipeline(Readable.from(tarBytes(entries)), createWriteStream(path.join(folder, "archive.tar")));
}

interface BlobsOptions {
  readonly blobs: string;
  readonly compression: "gzip" | "none";
}

interface WrittenBlobs {
  readonly manifest: Descriptor;
  readonly blobs: readonly Descriptor[];
  readonly layers: WrittenImage["layers"];
}

async function writeBlobs(image: OciImage, { blobs, compression }: BlobsOptions): Promise<WrittenBlobs> {
  const layers: (Descriptor & { readonly diffId: string; readonly comment: string; readonly bytesUnpacked: number })[] =
    [];
  for (const { comment, entries } of image.layers) {
    layers.push({ ...(await writeLayer(entries, { blobs, compression })), comment });
  }
  const config = await writeJson(blobs, media.config, configOf(image, layers));
  const manifest = await writeJson(blobs, media.manifest, {
    schemaVersion: 2,
    mediaType: media.manifest,
    config,
    layers: layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
    ...(image.labels === undefined ? {} : { annotations: image.labels }),
  });
  return {
    manifest,
    blobs: [...layers, config, manifest],
    layers: layers.map(({ comment, size, bytesUnpacked }) => ({ comment, bytes: size, bytesUnpacked })),
  };
}

async function writeLayer(
  entries: readonly TarEntry[],
  { blobs, compression }: BlobsOptions,
): Promise<Descriptor & { diffId: string; bytesUnpacked: number }> {
  const temporary = path.join(blobs, `${randomBytes(8).toString("hex")}.part`);
  const unpacked = counter();
  const packed = counter();
  const tar = Readable.from(unpacked.through(tarBytes(entries)), { objectMode: false });
  const file = createWriteStream(temporary);
  if (compression === "gzip") await pipeline(tar, createGzip({ level: 6 }), packed.through, file);
  else await pipeline(tar, packed.through, file);
  const digest = packed.digest();
  await rename(temporary, path.join(blobs, hexOf(digest)));
  return {
    mediaType: media.layer[compression],
    digest,
    size: packed.bytes(),
    diffId: unpacked.digest(),
    bytesUnpacked: unpacked.bytes(),
  };
}

/** Hash and length of what flows through. */
function counter(): {
  readonly through: (source: AsyncIterable<Uint8Array>) => AsyncGenerator<Uint8Array>;
  digest(): string;
  bytes(): number;
} {
  const hash: Hash = createHash("sha256");
  let bytes = 0;
  return {
    async *through(source) {
      for await (const chunk of source) {
        hash.update(chunk);
        bytes += chunk.length;
        yield chunk;
      }
    },
    digest: () => `sha256:${hash.digest("hex")}`,
    bytes: () => bytes,
  };
}

async function writeJson(blobs: string, mediaType: string, value: unknown): Promise<Descriptor> {
  const bytes = jsonBytes(value);
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  await pipeline([bytes], createWriteStream(path.join(blobs, hexOf(digest))));
  return { mediaType, digest, size: bytes.length };
}

function configOf(image: OciImage, layers: readonly { diffId: string; comment: string }[]): unknown {
  const created = image.createdAt ?? epoch;
  return {
    created,
    architecture: image.architecture ?? "amd64",
    os: "linux",
    config: {
      Entrypoint: image.entrypoint,
      ...(image.command === undefined ? {} : { Cmd: image.command }),
      ...(image.user === undefined ? {} : { User: image.user }),
      WorkingDir: image.workingFolder ?? "/",
      Env: Object.entries(image.environment ?? {}).map(([name, value]) => `${name}=${value}`),
      ...(image.labels === undefined ? {} : { Labels: image.labels }),
    },
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(({ comment }) => ({ created, comment })),
  };
}

function indexOf(image: OciImage, manifest: Descriptor): unknown {
  const tag = /:([\w][\w.-]*)$/.exec(image.name)?.[1];
  return {
    schemaVersion: 2,
    mediaType: media.index,
    manifests: [
      {
        ...manifest,
        platform: { architecture: image.architecture ?? "amd64", os: "linux" },
        annotations: {
          "io.containerd.image.name": image.name,
          ...(tag === undefined ? {} : { "org.opencontainers.image.ref.name": tag }),
        },
      },
    ],
  };
}

function jsonBytes(value: unknown): Uint8Array {
  return Buffer.from(`${JSON.stringify(value)}\n`);
}

function hexOf(digest: string): string {
  return digest.slice("sha256:".length);
}
