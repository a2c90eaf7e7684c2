// What cataloguers get to decode, inflate and hash with: Node's own, bounded, every failure a Fault.
import { createHash } from "node:crypto";
import zlib from "node:zlib";
import { Fault } from "../../../base/fault.ts";
import type { CatalogTools } from "../../../core/sbom/cataloger.ts";

export const catalogTools: CatalogTools = {
  inflateRaw: (bytes, bytesMax) => inflated(() => zlib.inflateRawSync(bytes, { maxOutputLength: bytesMax })),
  inflateZlib: (bytes, bytesMax) => inflated(() => zlib.inflateSync(bytes, { maxOutputLength: bytesMax })),
  gunzip: (bytes, bytesMax) => inflated(() => zlib.gunzipSync(bytes, { maxOutputLength: bytesMax })),
  unzstd(bytes, bytesMax) {
    if (typeof zlib.zstdDecompressSync !== "function") throw noZstd();
    return inflated(() => zlib.zstdDecompressSync(bytes, { maxOutputLength: bytesMax }));
  },
  utf8: (bytes) => bufferOf(bytes).toString("utf8"),
  latin1: (bytes) => bufferOf(bytes).toString("latin1"),
  sha1: (bytes) => createHash("sha1").update(bytes).digest("hex"),
  sha256: (bytes) => createHash("sha256").update(bytes).digest("hex"),
  indexOf: (bytes, needle, from = 0) =>
    typeof needle === "string"
      ? bufferOf(bytes).indexOf(needle, from, "latin1")
      : bufferOf(bytes).indexOf(needle, from),
};

export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function noZstd(): Fault {
  return new Fault("This Node cannot read zstd", {
    code: "registry/no-zstd",
    kind: "usage",
    hint: "Run garrison on Node 22.15 or newer.",
  });
}

function inflated(run: () => Uint8Array): Uint8Array {
  try {
    return run();
  } catch (error) {
    const code = (error as { readonly code?: string }).code;
    throw code === "ERR_BUFFER_TOO_LARGE"
      ? new Fault("Compressed data grows over its limit", { code: "registry/inflate-limit", kind: "too-large" })
      : new Fault("Compressed data is damaged", { code: "registry/inflate-damaged", kind: "usage", cause: error });
  }
}
