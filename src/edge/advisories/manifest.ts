// The manifest: which shards a database is made of, by digest, and what each feed gave. One file, a DSSE envelope, so that content and signatures change in one rename.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { Fault } from "../../base/fault.ts";
import { shardFormat, shardKinds } from "../../core/vuln/shard/table.ts";

export const manifestFile = "manifest.json";
export const payloadType = "application/vnd.garrison.advisories.v1+json";
/** A database of every feed has some two thousand shards: 1 MB. */
export const manifestBytesMax = 16 * 2 ** 20;

const instant = z.union([z.literal(""), z.iso.datetime()]);
const digest = z.string().regex(/^[0-9a-f]{64}$/);

const Feed = z.object({
  feed: z.string().min(1).max(128),
  ecosystems: z.array(z.string().max(256)).max(5000),
  isComprehensive: z.boolean(),
  records: z.int().min(0),
  refused: z.int().min(0),
  refusedBecause: z.array(z.string().max(1024)).max(20),
  sourceAt: instant,
  importedAt: instant,
  problem: z.string().max(2048),
  /** Understood, and nothing to match with: "withdrawn" -> how many. */
  leftOut: z.record(z.string().max(128), z.int().min(0)).default({}),
});
export type ManifestFeed = z.infer<typeof Feed>;

const ShardEntry = z.object({
  kind: z.enum(shardKinds),
  /** Of records: the ecosystem; else "". */
  label: z.string().max(256),
  /** A key is in the shard whose bucket `bucketOf(key, buckets)` is. */
  bucket: z.int().min(0).max(1023),
  buckets: z
    .int()
    .min(1)
    .max(1024)
    .refine((count) => Number.isInteger(Math.log2(count)), "a power of two"),
  bytes: z
    .int()
    .min(48)
    .max(2 ** 32),
  sha256: digest,
  entries: z.int().min(0),
});
export type ShardEntry = z.infer<typeof ShardEntry>;

const Manifest = z.object({
  /** Of the shards: what has another one is not opened at all. */
  format: z.literal(shardFormat),
  builtAt: z.iso.datetime(),
  feeds: z.array(Feed).max(1000),
  shards: z.array(ShardEntry).max(20_000),
});
export type Manifest = z.infer<typeof Manifest>;

const AnyFormat = z.object({ format: z.int() });

const Envelope = z.object({
  payloadType: z.literal(payloadType),
  payload: z.base64(),
  signatures: z.array(z.object({ keyid: z.string().max(128), sig: z.base64().max(256) })).max(16),
});
export type Envelope = z.infer<typeof Envelope>;

export interface ReadManifest {
  readonly manifest: Manifest;
  readonly envelope: Envelope;
  /** As it stands in the file. */
  readonly text: string;
}

/** Where a shard's file is, within the database's folder. */
export function shardFile(sha256: string): string {
  return path.posix.join("shards", `${sha256}.shard`);
}

/**
 * Throws `advisories/no-database` when there is none, `advisories/other-format` (not-found, too: there is none for this program) when another version of
 * Garrison built it, `advisories/bad-manifest` for one that cannot be used.
 */
export function readManifest(folder: string): ReadManifest {
  const file = path.join(folder, manifestFile);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    const isMissing = ["ENOENT", "ENOTDIR"].includes((cause as NodeJS.ErrnoException).code ?? "");
    throw new Fault(isMissing ? `there is no advisory database in ${folder}` : `cannot read ${file}`, {
      code: isMissing ? "advisories/no-database" : "advisories/unreadable",
      kind: isMissing ? "not-found" : "forbidden",
      hint: "make one with `garrison db build`, or copy one with `garrison db import`",
      cause,
    });
  }
  return parseManifest(text, file);
}

export function parseManifest(text: string, where: string): ReadManifest {
  try {
    if (text.length > manifestBytesMax) throw new Error("it is too large");
    const envelope = Envelope.parse(JSON.parse(text));
    const payload: unknown = JSON.parse(Buffer.from(envelope.payload, "base64").toString("utf8"));
    const { format } = AnyFormat.parse(payload);
    if (format !== shardFormat) throw otherFormat(format, where);
    const manifest = Manifest.parse(payload);
    return { manifest, envelope, text };
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    const words =
      cause instanceof z.ZodError ? z.prettifyError(cause).split("\n", 2).join(" ") : (cause as Error).message;
    throw new Fault(`the manifest of the advisory database cannot be used: ${words}`, {
      code: "advisories/bad-manifest",
      kind: "internal",
      where,
      hint: "build or fetch the database again",
      cause,
    });
  }
}

function otherFormat(format: number, where: string): Fault {
  const whose = format < shardFormat ? "an older" : "a newer";
  return new Fault(
    `the advisory database was built by ${whose} Garrison: it has format ${format}, this one reads ${shardFormat}`,
    {
      code: "advisories/other-format",
      kind: "not-found",
      where,
      hint: "build it again with `garrison db build`, or fetch one from a publisher of this version with `garrison db update`",
    },
  );
}

/** Names the content: shards, and what feeds claim of themselves. Not when it was built. */
export function digestOf(manifest: Manifest): string {
  const shards = manifest.shards
    .map(({ kind, label, bucket, sha256 }) => [kind, label, bucket, sha256].join(" "))
    .sort();
  const feeds = manifest.feeds
    .map(({ feed, ecosystems, isComprehensive, sourceAt, problem }) =>
      JSON.stringify([feed, ecosystems, isComprehensive, sourceAt, problem]),
    )
    .sort();
  return `sha256:${createHash("sha256")
    .update([...shards, ...feeds].join("\n"))
    .digest("hex")}`;
}
