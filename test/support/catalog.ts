// Runs one cataloguer over files given as text or bytes, as the layer pass would: read, then combine. Real decoding and inflating.
import { createHash } from "node:crypto";
import { gunzipSync, inflateRawSync, inflateSync } from "node:zlib";
import { Fault } from "../../src/base/fault.ts";
import type { Cataloger, CatalogFile, CatalogTools } from "../../src/core/sbom/cataloger.ts";
import type { AnalysisGap } from "../../src/model/image-analysis.ts";
import type { SoftwarePackage } from "../../src/model/software-package.ts";

function orFault(inflate: () => Uint8Array): Uint8Array {
  try {
    return inflate();
  } catch (cause) {
    throw new Fault("packed data cannot be read", { code: "test/broken-data", kind: "usage", cause });
  }
}

export const testTools: CatalogTools = {
  inflateRaw: (bytes, bytesMax) => orFault(() => inflateRawSync(bytes, { maxOutputLength: bytesMax })),
  inflateZlib: (bytes, bytesMax) => orFault(() => inflateSync(bytes, { maxOutputLength: bytesMax })),
  gunzip: (bytes, bytesMax) => orFault(() => gunzipSync(bytes, { maxOutputLength: bytesMax })),
  unzstd: () => {
    throw new Error("not in these tests");
  },
  utf8: (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8"),
  latin1: (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1"),
  sha1: (bytes) => createHash("sha1").update(bytes).digest("hex"),
  sha256: (bytes) => createHash("sha256").update(bytes).digest("hex"),
  indexOf: (bytes, needle, from) =>
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(
      typeof needle === "string" ? Buffer.from(needle, "latin1") : needle,
      from,
    ),
};

export type Files = Readonly<Record<string, string | Uint8Array>>;

export function fileOf(path: string, content: string | Uint8Array, mode = 0o644): CatalogFile {
  const bytes = typeof content === "string" ? Buffer.from(content, "utf8") : content;
  return { path, mode, bytes, text: () => testTools.utf8(bytes), latin1: () => testTools.latin1(bytes) };
}

/** Whether a cataloguer wants a file, by name: what the pass decides. */
export function isWanted({ wants }: Cataloger, path: string): boolean {
  const base = path.slice(path.lastIndexOf("/") + 1);
  return (
    (wants.names?.includes(base) ?? false) ||
    (wants.suffixes?.some((suffix) => base.endsWith(suffix)) ?? false) ||
    (wants.paths?.includes(path) ?? false) ||
    (wants.folders?.some((folder) => path.startsWith(folder) && !path.slice(folder.length).includes("/")) ?? false) ||
    (wants.pattern?.test(base) ?? false)
  );
}

export interface CatalogResult {
  readonly packages: readonly SoftwarePackage[];
  readonly gaps: readonly AnalysisGap[];
  /** Paths whose `read` threw, with the message. */
  readonly broken: readonly string[];
}

export function catalog(cataloger: Cataloger, files: Files): CatalogResult {
  const parts: { path: string; layer: number; part: unknown }[] = [];
  const broken: string[] = [];
  for (const [path, content] of Object.entries(files)) {
    if (!isWanted(cataloger, path)) continue;
    try {
      const part = cataloger.read(fileOf(path, content), testTools);
      // A part is cached as JSON: what does not survive that is lost.
      if (part !== undefined) parts.push({ path, layer: 0, part: JSON.parse(JSON.stringify(part)) as unknown });
    } catch (error) {
      broken.push(`${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const has = (path: string): boolean => Object.hasOwn(files, path);
  const { packages, gaps } = cataloger.combine(parts, { operatingSystem: undefined, has });
  return { packages, gaps: gaps ?? [], broken };
}

/** "namespace/name@version scope", with "?vcs_url=.." and the like when there are qualifiers; sorted. */
export function rowsOf(result: CatalogResult): string[] {
  return result.packages
    .map((item) => {
      const name = item.namespace === "" ? item.name : `${item.namespace}/${item.name}`;
      const qualifiers = Object.entries(item.qualifiers).map(([key, value]) => `${key}=${value}`);
      return `${name}@${item.version} ${item.scope}${qualifiers.length === 0 ? "" : ` ?${qualifiers.join("&")}`}`;
    })
    .toSorted();
}

export function gapsOf(result: CatalogResult): string[] {
  return result.gaps.map((gap) => `${gap.kind} ${gap.subject} x${gap.count}: ${gap.because}`);
}
