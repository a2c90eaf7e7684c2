// Media types of manifests, configurations and layers, OCI's and docker's.
import type { LayerEncoding } from "../image-source.ts";

export const indexTypes: ReadonlySet<string> = new Set([
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
]);
export const manifestTypes: ReadonlySet<string> = new Set([
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
]);
export const schema1Types: ReadonlySet<string> = new Set([
  "application/vnd.docker.distribution.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v1+prettyjws",
]);
export const configTypes: ReadonlySet<string> = new Set([
  "application/vnd.oci.image.config.v1+json",
  "application/vnd.docker.container.image.v1+json",
  "application/octet-stream",
]);

/** What is asked for, best first. */
export const acceptedTypes = [...indexTypes, ...manifestTypes].join(", ");

const layerPattern =
  /^application\/vnd\.(?:oci\.image\.layer\.(?:nondistributable\.)?v1\.tar|docker\.image\.rootfs\.(?:foreign\.)?diff\.tar)(?:[.+](gzip|zstd))?$/;

/** How a layer of this type is stored; undefined when it is no layer we can read (encrypted, an artifact's). */
export function encodingOf(mediaType: string): LayerEncoding | undefined {
  const match = layerPattern.exec(mediaType);
  if (match === null) return undefined;
  return match[1] === "gzip" ? "gzip" : match[1] === "zstd" ? "zstd" : "none";
}

/** The first bytes say what a stored layer really is; undefined when they are no known compression (then it is a tar, or nothing). */
export function encodingOfBytes(head: Uint8Array): LayerEncoding {
  if (head.length >= 2 && head[0] === 0x1f && head[1] === 0x8b) return "gzip";
  if (head.length >= 4 && head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd) return "zstd";
  // A skippable frame: zstd's other beginning.
  if (head.length >= 4 && (head[0]! & 0xf0) === 0x50 && head[1] === 0x2a && head[2] === 0x4d && head[3] === 0x18) {
    return "zstd";
  }
  return "none";
}
