// Files and tools for cataloguers' tests: what the pass gives them, without a pass. Decoding, inflating and hashing by Node.
import { createHash } from "node:crypto";
import zlib from "node:zlib";
import { Fault } from "../../src/base/fault.ts";
import type { OperatingSystem } from "../../src/model/image-analysis.ts";
import type { Cataloger, CatalogFile, CatalogTools, CatalogedFile, Combined } from "../../src/core/sbom/cataloger.ts";

function orFault(inflate: () => Uint8Array): Uint8Array {
  try {
    return inflate();
  } catch (error) {
    throw new Fault("The data cannot be inflated", { code: "test/bad-data", kind: "usage", cause: error });
  }
}

function buffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export const catalogTools: CatalogTools = {
  inflateRaw: (bytes, bytesMax) => orFault(() => zlib.inflateRawSync(bytes, { maxOutputLength: bytesMax })),
  inflateZlib: (bytes, bytesMax) => orFault(() => zlib.inflateSync(bytes, { maxOutputLength: bytesMax })),
  gunzip: (bytes, bytesMax) => orFault(() => zlib.gunzipSync(bytes, { maxOutputLength: bytesMax })),
  unzstd: (bytes, bytesMax) => orFault(() => zlib.zstdDecompressSync(bytes, { maxOutputLength: bytesMax })),
  utf8: (bytes) => buffer(bytes).toString("utf8"),
  latin1: (bytes) => buffer(bytes).toString("latin1"),
  sha1: (bytes) => createHash("sha1").update(bytes).digest("hex"),
  sha256: (bytes) => createHash("sha256").update(bytes).digest("hex"),
  indexOf: (bytes, needle, from = 0) =>
    typeof needle === "string" ? buffer(bytes).indexOf(needle, from, "latin1") : buffer(bytes).indexOf(needle, from),
};

export function catalogFile(path: string, content: string | Uint8Array, mode = 0o644): CatalogFile {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return { path, mode, bytes, text: () => catalogTools.utf8(bytes), latin1: () => catalogTools.latin1(bytes) };
}

/** Reads each file (all in layer 0) and combines what came out, as the pass does. Parts go through JSON, as the cache does it. */
export function catalog(
  cataloger: Cataloger,
  files: readonly CatalogFile[],
  operatingSystem?: OperatingSystem,
): Combined {
  const parts: CatalogedFile<unknown>[] = [];
  for (const file of files) {
    const part = cataloger.read(file, catalogTools);
    if (part !== undefined) parts.push({ path: file.path, layer: 0, part: JSON.parse(JSON.stringify(part)) });
  }
  const sorted = parts.toSorted((left, right) => (left.path < right.path ? -1 : 1));
  const paths = new Set(files.map((file) => file.path));
  return cataloger.combine(sorted, { operatingSystem, has: (path) => paths.has(path) });
}
