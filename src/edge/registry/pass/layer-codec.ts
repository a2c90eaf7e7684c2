// What a layer cache keeps of a layer, as bytes: JSON, compressed, with a digest in front. Whatever does not read back whole is a miss, never half a result.
import { createHash } from "node:crypto";
import zlib from "node:zlib";
import { z } from "zod";
import type { Cataloger } from "../../../core/sbom/cataloger.ts";
import type { LayerFindings } from "../../../core/sbom/layer-findings.ts";
import { gapKinds, secretSkipReasons } from "../../../model/image-analysis.ts";
import type { LayerBlob } from "../image-source.ts";
import type { ReadLayer } from "./read-layer.ts";

/** Raised when the pass itself would find something else in the same layer. */
const format = 3;
const digestBytes = 32;
const inflatedMax = 1024 * 1024 * 1024;

/**
 * Of a layer, what looked at it, and how: another set of cataloguers is another key. Blob and diff id belong to it both, for an image's configuration may claim any
 * diff id: only the pair was seen to belong together. A layer without a digest of its blob has its diff id alone; whoever finds that must check that the blob has it.
 */
export function layerKey(
  { digest, diffId }: Pick<LayerBlob, "digest" | "diffId">,
  catalogers: readonly Cataloger[],
  search: string,
): string {
  const looked = catalogers.map(({ id, version }) => `${id}@${version}`).toSorted();
  return createHash("sha256")
    .update(JSON.stringify([format, digest, diffId, looked, search]))
    .digest("hex");
}

export type CachedLayer = Pick<ReadLayer, "findings" | "secretsSkipped" | "storedBytes" | "inflatedBytes" | "files">;

export function encodeLayer({ findings, secretsSkipped, storedBytes, inflatedBytes, files }: CachedLayer): Uint8Array {
  const { listing, parts, secrets, gaps } = findings;
  const text = JSON.stringify({
    storedBytes,
    inflatedBytes,
    files,
    folders: listing.folders,
    folderOf: [...listing.folderOf],
    names: listing.names,
    attributes: [...listing.attributes],
    links: [...listing.links],
    owners: [...listing.owners],
    parts: [...parts],
    secrets,
    secretsSkipped,
    gaps,
  });
  const body = zlib.gzipSync(text, { level: 1 });
  return Buffer.concat([createHash("sha256").update(body).digest(), body]);
}

const index = z.int().min(0);
const entry = z.int().min(-1);
const Cached = z.object({
  storedBytes: z.number().min(0),
  inflatedBytes: z.number().min(0),
  files: index,
  folders: z.array(z.string()),
  // Millions of numbers: looked at by `hasSense`, which costs less than a schema.
  folderOf: z.custom<number[]>(Array.isArray),
  names: z.custom<string[]>(Array.isArray),
  attributes: z.custom<number[]>(Array.isArray),
  links: z.array(z.tuple([index, z.string()])),
  owners: z.array(z.tuple([index, z.tuple([z.int(), z.int()])])),
  parts: z.array(
    z.tuple([z.string(), z.array(z.object({ entry: index, part: z.unknown(), as: z.string().exactOptional() }))]),
  ),
  secrets: z.array(
    z.object({
      entry: index,
      rule: z.string(),
      title: z.string(),
      severity: z.enum(["critical", "high", "medium", "low"]),
      line: index,
      redacted: z.string().max(256),
    }),
  ),
  secretsSkipped: z.array(z.tuple([z.enum(secretSkipReasons), z.int().min(1)])),
  gaps: z.array(
    z.object({ entry, kind: z.enum(gapKinds), subject: z.string(), because: z.string(), count: z.int().min(1) }),
  ),
});

/** undefined for bytes that are not a layer's, whole. */
export function decodeLayer(bytes: Uint8Array): CachedLayer | undefined {
  const body = bytes.subarray(digestBytes);
  const digest = createHash("sha256").update(body).digest();
  if (bytes.length <= digestBytes || digest.compare(bytes, 0, digestBytes) !== 0) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(zlib.gunzipSync(body, { maxOutputLength: inflatedMax }).toString("utf8"));
  } catch {
    // Counted as a corrupt entry by the caller.
    return undefined;
  }
  const read = Cached.safeParse(value);
  if (!read.success || !hasSense(read.data)) return undefined;
  const {
    storedBytes,
    inflatedBytes,
    files,
    folders,
    folderOf,
    names,
    attributes,
    links,
    owners,
    parts,
    secrets,
    secretsSkipped,
    gaps,
  } = read.data;
  const findings: LayerFindings = {
    listing: {
      count: names.length,
      folders,
      folderOf: Uint32Array.from(folderOf),
      names,
      attributes: Uint32Array.from(attributes),
      links: new Map(links),
      owners: new Map(owners),
    },
    parts: new Map(parts),
    secrets,
    gaps,
  };
  return { findings, secretsSkipped, storedBytes, inflatedBytes, files };
}

function hasSense({
  folders,
  folderOf,
  names,
  attributes,
  links,
  owners,
  parts,
  secrets,
  gaps,
}: z.infer<typeof Cached>): boolean {
  const count = names.length;
  if (folderOf.length !== count || attributes.length !== count) return false;
  for (let i = 0; i < count; i++) {
    if (typeof names[i] !== "string" || !isBelow(folderOf[i], folders.length) || !isBelow(attributes[i], 5 << 12))
      return false;
  }
  const isEntry = ({ entry: at }: { readonly entry: number }) => at < count;
  return (
    [...links, ...owners].every(([at]) => at < count) &&
    parts.every(([, list]) => list.every(isEntry)) &&
    secrets.every(isEntry) &&
    gaps.every(isEntry)
  );
}

function isBelow(value: unknown, end: number): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value < end;
}
