// Tars and images as tests need them: every header kind, lies included, and image folders that our sources and Debian's tools read.
// Nothing of the product's own reader is used here: two hands, so that one does not vouch for itself.
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";

export type TarKind =
  | "file"
  | "hardlink"
  | "symlink"
  | "character"
  | "block"
  | "directory"
  | "fifo"
  | "v7-file"
  | "contiguous";

const typeFlags: Readonly<Record<TarKind, string>> = {
  file: "0",
  hardlink: "1",
  symlink: "2",
  character: "3",
  block: "4",
  directory: "5",
  fifo: "6",
  "v7-file": "\0",
  contiguous: "7",
};

export interface TarEntry {
  readonly path: string | Uint8Array;
  readonly kind?: TarKind;
  readonly body?: string | Uint8Array;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly linkTarget?: string;
  readonly modifiedSeconds?: number;
  /** ustar (default; a long path takes the prefix, a longer one a PAX header), gnu (long names by "L" and "K"), v7 (no magic at all). */
  readonly format?: "ustar" | "gnu" | "v7";
  /** Records of a PAX header put before the entry, as they are. */
  readonly pax?: Readonly<Record<string, string>>;
  /** The size the header claims, when it is to lie. */
  readonly claimedBytes?: number;
  /** Write the size in base 256. */
  readonly isBase256?: boolean;
  /** A wrong checksum. */
  readonly isBroken?: boolean;
  /** Another type flag than the kind's. */
  readonly typeFlag?: string;
}

/** A whole tar with its two zero blocks. A Uint8Array among the entries is taken as it is. */
export function tarOf(
  entries: readonly (TarEntry | Uint8Array)[],
  options: { readonly end?: "none" | "blocks" } = {},
): Buffer {
  const parts = entries.flatMap((entry) => (entry instanceof Uint8Array ? [Buffer.from(entry)] : entryBlocks(entry)));
  return Buffer.concat(options.end === "none" ? parts : [...parts, Buffer.alloc(1024)]);
}

/** A PAX global header. */
export function paxGlobal(records: Readonly<Record<string, string>>): Buffer {
  return Buffer.concat(special("g", "pax_global_header", paxBody(records)));
}

export function paxBody(records: Readonly<Record<string, string>>): Buffer {
  return Buffer.concat(Object.entries(records).map(([key, value]) => paxRecord(key, value)));
}

function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.from(` ${key}=${value}\n`);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

function bytesOf(value: string | Uint8Array | undefined): Buffer {
  return value === undefined ? Buffer.alloc(0) : Buffer.from(value as Uint8Array);
}

function padded(body: Buffer): Buffer {
  const rest = body.length % 512;
  return rest === 0 ? body : Buffer.concat([body, Buffer.alloc(512 - rest)]);
}

function special(flag: string, name: string, body: Buffer): Buffer[] {
  return [headerBlock({ path: name, typeFlag: flag, body }, body.length, Buffer.from(name)), padded(body)];
}

function entryBlocks(entry: TarEntry): Buffer[] {
  const body = bytesOf(entry.body);
  const name = bytesOf(entry.path);
  const link = bytesOf(entry.linkTarget);
  const before: Buffer[] = [];
  let pax = entry.pax;
  if (entry.format === "gnu") {
    if (name.length > 100) before.push(...special("L", "././@LongLink", Buffer.concat([name, Buffer.alloc(1)])));
    if (link.length > 100) before.push(...special("K", "././@LongLink", Buffer.concat([link, Buffer.alloc(1)])));
  } else if (entry.format !== "v7") {
    if (name.length > 100 && splitAt(name) < 0) pax = { path: name.toString(), ...pax };
    if (link.length > 100) pax = { linkpath: link.toString(), ...pax };
  }
  if (pax !== undefined) before.push(...special("x", "PaxHeaders/entry", paxBody(pax)));
  return [...before, headerBlock(entry, entry.claimedBytes ?? body.length, name), padded(body)];
}

/** Where a long name can be cut for ustar's prefix field; -1 when it cannot. */
function splitAt(name: Buffer): number {
  for (let i = Math.min(155, name.length - 2); i > 0; i--) {
    if (name[i] === 0x2f && name.length - i - 1 <= 100) return i;
  }
  return -1;
}

function octal(block: Buffer, value: number, [offset, length]: readonly [number, number]): void {
  block.write(`${value.toString(8).padStart(length - 1, "0")}\0`, offset, "latin1");
}

function headerBlock(entry: TarEntry, sizeBytes: number, name: Buffer): Buffer {
  const block = Buffer.alloc(512);
  const cut = name.length > 100 && entry.format === undefined ? splitAt(name) : -1;
  if (cut > 0) {
    name.copy(block, 345, 0, cut);
    name.copy(block, 0, cut + 1);
  } else {
    name.copy(block, 0, 0, 100);
  }
  octal(block, entry.mode ?? (entry.kind === "directory" ? 0o755 : 0o644), [100, 8]);
  octal(block, entry.uid ?? 0, [108, 8]);
  octal(block, entry.gid ?? 0, [116, 8]);
  if (entry.isBase256 === true || sizeBytes > 0o77777777777) {
    block.writeUInt8(0x80, 124);
    block.writeBigUInt64BE(BigInt(sizeBytes), 128);
  } else {
    octal(block, sizeBytes, [124, 12]);
  }
  octal(block, entry.modifiedSeconds ?? 0, [136, 12]);
  block.write(entry.typeFlag ?? typeFlags[entry.kind ?? "file"], 156, "latin1");
  bytesOf(entry.linkTarget).copy(block, 157, 0, 100);
  if (entry.format === "gnu") block.write("ustar  \0", 257, "latin1");
  else if (entry.format !== "v7") block.write("ustar\x0000", 257, "latin1");
  sealHeader(block);
  if (entry.isBroken === true) block.writeUInt8((block[148]! % 7) + 0x31, 148);
  return block;
}

/** Puts the right checksum into a header block that a test has changed. */
export function sealHeader(block: Buffer): Buffer {
  block.fill(0x20, 148, 156);
  let sum = 0;
  for (const byte of block.subarray(0, 512)) sum += byte;
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

export function sha256Of(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

export interface OciLayer {
  readonly tar: Uint8Array;
  /** gzip by default. */
  readonly encoding?: "none" | "gzip" | "zstd";
  readonly createdBy?: string;
  /** A diff id or digest that is not the true one. */
  readonly claimedDiffId?: string;
  readonly claimedDigest?: string;
  /** The stored bytes, when a test has broken them. */
  readonly blob?: Uint8Array;
}

export interface OciImage {
  /** A Uint8Array is a tar, stored with gzip. */
  readonly layers: readonly (Uint8Array | OciLayer)[];
  /** Merged over a small configuration: { config: { User: "node" }, history: [...] }. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** "latest" by default. */
  readonly tag?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface WrittenImage {
  readonly folder: string;
  readonly digest: string;
  readonly configDigest: string;
  readonly layers: readonly { readonly digest: string; readonly diffId: string; readonly sizeBytes: number }[];
}

const layerMedia = {
  none: "application/vnd.oci.image.layer.v1.tar",
  gzip: "application/vnd.oci.image.layer.v1.tar+gzip",
  zstd: "application/vnd.oci.image.layer.v1.tar+zstd",
} as const;

/** Writes an OCI layout with one image; the folder is made. */
export function writeOciLayout(folder: string, image: OciImage): WrittenImage {
  const blobs = path.join(folder, "blobs", "sha256");
  mkdirSync(blobs, { recursive: true });
  const layers = image.layers.map((given) => storedLayer(given instanceof Uint8Array ? { tar: given } : given));
  for (const layer of layers) writeFileSync(path.join(blobs, layer.digest.slice(7)), layer.blob);
  const config = putJson(blobs, imageConfig(image, layers));
  const manifest = putJson(blobs, {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: config.digest, size: config.sizeBytes },
    layers: layers.map(({ mediaType, digest, sizeBytes }) => ({ mediaType, digest, size: sizeBytes })),
    annotations: image.annotations,
  });
  const index = {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: [
      {
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        digest: manifest.digest,
        size: manifest.sizeBytes,
        platform: { os: "linux", architecture: "amd64" },
        annotations: { "org.opencontainers.image.ref.name": image.tag ?? "latest" },
      },
    ],
  };
  writeFileSync(path.join(folder, "index.json"), JSON.stringify(index));
  writeFileSync(path.join(folder, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  return { folder, digest: manifest.digest, configDigest: config.digest, layers };
}

/** A tar as `docker save` writes it: manifest.json, configuration, layers uncompressed. */
export function dockerArchive(image: OciImage, repositoryTag = "test:latest"): Buffer {
  const layers = image.layers.map((given) =>
    storedLayer({ ...(given instanceof Uint8Array ? { tar: given } : given), encoding: "none" }),
  );
  const config = Buffer.from(JSON.stringify(imageConfig(image, layers)));
  const configName = `${sha256Of(config).slice(7)}.json`;
  const names = layers.map((layer) => `${layer.diffId.slice(7)}/layer.tar`);
  return tarOf([
    ...layers.map((layer, i) => ({ path: names[i]!, body: layer.blob })),
    { path: configName, body: config },
    { path: "manifest.json", body: JSON.stringify([{ Config: configName, RepoTags: [repositoryTag], Layers: names }]) },
  ]);
}

function storedLayer(layer: OciLayer) {
  const encoding = layer.encoding ?? "gzip";
  const blob = layer.blob ?? encodedTar(layer.tar, encoding);
  return {
    blob,
    mediaType: layerMedia[encoding],
    digest: layer.claimedDigest ?? sha256Of(blob),
    diffId: layer.claimedDiffId ?? sha256Of(layer.tar),
    sizeBytes: blob.length,
    createdBy: layer.createdBy ?? "test",
  };
}

function encodedTar(tar: Uint8Array, encoding: "none" | "gzip" | "zstd"): Uint8Array {
  if (encoding === "none") return tar;
  return encoding === "gzip" ? gzipSync(tar, { level: 1 }) : zstdCompressSync(tar);
}

function imageConfig(
  image: OciImage,
  layers: readonly { readonly diffId: string; readonly createdBy: string }[],
): object {
  const created = "2026-01-01T00:00:00Z";
  return {
    created,
    architecture: "amd64",
    os: "linux",
    config: {},
    history: layers.map((layer) => ({ created, created_by: layer.createdBy })),
    ...image.config,
    rootfs: { type: "layers", diff_ids: layers.map((layer) => layer.diffId) },
  };
}

function putJson(blobs: string, value: object): { readonly digest: string; readonly sizeBytes: number } {
  const bytes = Buffer.from(JSON.stringify(value));
  const digest = sha256Of(bytes);
  writeFileSync(path.join(blobs, digest.slice(7)), bytes);
  return { digest, sizeBytes: bytes.length };
}
