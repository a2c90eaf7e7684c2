// A folder or a container's root through the same cataloguers as a layer: one listing, files read in place and only when wanted.
import { createHash } from "node:crypto";
import { Fault } from "../../../base/fault.ts";
import { createListing } from "../../../core/sbom/layer-listing.ts";
import type { LayerFindings } from "../../../core/sbom/layer-findings.ts";
import { imageLimits, type TreeEntry, type TreeImage } from "../image-source.ts";
import { addGap, createBodyReader, type LayerNotes } from "./bodies.ts";
import { isExecutable, type Dispatch, type Interest } from "./dispatch.ts";
import type { SecretSearch } from "./bodies.ts";
import type { TarMember } from "./tar/walker.ts";

export interface ReadTreeOptions {
  readonly signal: AbortSignal;
  readonly dispatch: Dispatch;
  readonly secrets: SecretSearch | undefined;
  onRead?(bytes: number): void;
}

export interface ReadTree {
  readonly findings: LayerFindings;
  readonly files: number;
  readonly bytes: number;
}

const secretBytesMax = 16 * 1024 * 1024;

export function readTree(tree: TreeImage, options: ReadTreeOptions): ReadTree {
  const notes: LayerNotes = { parts: new Map(), gaps: [], secrets: [] };
  const listing = createListing();
  const bodies = createBodyReader(notes);
  let files = 0;
  let bytes = 0;
  for (const entry of tree.entries(options.signal)) {
    if (listing.count % 1024 === 0) options.signal.throwIfAborted();
    if (listing.count >= imageLimits.entriesMax) {
      addGap(notes, {
        kind: "limit-reached",
        entry: -1,
        subject: "",
        because: "the folder has more entries than are read",
        count: 1,
      });
      break;
    }
    const member = memberOf(entry);
    const index = listing.add(member);
    if (entry.type !== "file") continue;
    files++;
    const read = readEntry(entry, member, index, { ...options, notes, bodies });
    bytes += read;
    options.onRead?.(read);
  }
  return {
    findings: { listing: listing.finish(), parts: notes.parts, secrets: notes.secrets, gaps: notes.gaps },
    files,
    bytes,
  };
}

function memberOf(entry: TreeEntry): TarMember {
  const cut = entry.path.lastIndexOf("/");
  return {
    kind: entry.type,
    folder: entry.path.slice(0, Math.max(cut, 0)),
    name: entry.path.slice(cut + 1),
    mode: entry.mode & 0o7777,
    uid: entry.uid,
    gid: entry.gid,
    sizeBytes: entry.sizeBytes,
    linkTarget: entry.linkTarget,
  };
}

interface EntryOptions extends ReadTreeOptions {
  readonly notes: LayerNotes;
  readonly bodies: ReturnType<typeof createBodyReader>;
}

/** Gives the bytes that were read. */
function readEntry(
  entry: TreeEntry,
  member: TarMember,
  index: number,
  { dispatch, secrets, notes, bodies }: EntryOptions,
): number {
  const named = dispatch.wanted(member.folder, member.name, member.mode);
  const isSearched = secrets?.wants(entry.path, member.mode, member.sizeBytes) === true;
  if (named === undefined && !isSearched) return 0;
  try {
    const interests = (named ?? []).filter((interest) => !interest.isByMagic || startsAsExecutable(entry));
    const bytesMax = Math.max(isSearched ? secretBytesMax : 0, ...interests.map(bytesWanted));
    const sink = bodies.open({ member, entry: index, interests, secrets: isSearched ? secrets : undefined });
    if (sink === undefined) return 0;
    const bytes = entry.read(Math.min(bytesMax, Math.max(member.sizeBytes, 1)));
    // A file may have changed since it was listed: what was read is what it is.
    const isWhole = bytes.length === member.sizeBytes;
    if (!isWhole) throw new Fault("it changed while it was read", { code: "registry/file-changed", kind: "conflict" });
    if (bytes.length > 0) sink.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    sink.end(true);
    return bytes.length;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    addGap(notes, {
      kind: "file-unreadable",
      entry: index,
      subject: `/${entry.path}`,
      because: error.message,
      count: 1,
    });
    return 0;
  }
}

function bytesWanted({ cataloger: { wants } }: Interest): number {
  // A large file's head, tail and windows are taken from the whole of it.
  return wants.large === undefined ? wants.bytesMax : Number.MAX_SAFE_INTEGER;
}

function startsAsExecutable(entry: TreeEntry): boolean {
  return entry.readStart === undefined ? true : isExecutable(entry.readStart(4));
}

/** What names the content of a folder as it was analysed, for want of a digest of its own. */
export function contentDigest(content: unknown): string {
  return `sha256:${createHash("sha256").update(JSON.stringify(content)).digest("hex")}`;
}
