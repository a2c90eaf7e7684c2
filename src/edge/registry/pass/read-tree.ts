// A folder or a container's root through the same cataloguers as a layer: one listing, files read in place and only when wanted.
import { createHash } from "node:crypto";
import { setImmediate as breathe } from "node:timers/promises";
import { Fault } from "../../../base/fault.ts";
import { createListing } from "../../../core/sbom/layer-listing.ts";
import type { LayerFindings } from "../../../core/sbom/layer-findings.ts";
import { imageLimits, type TreeEntry, type TreeImage } from "../image-source.ts";
import { addGap, createBodyReader, type LayerNotes } from "./bodies.ts";
import type { Dispatch } from "./dispatch.ts";
import type { SecretSearch, SecretSkips } from "./bodies.ts";
import type { TarMember } from "./tar/walker.ts";
import { bufferOf } from "./tools.ts";

export interface ReadTreeOptions {
  readonly signal: AbortSignal;
  readonly dispatch: Dispatch;
  readonly secrets: SecretSearch | undefined;
  onRead?(bytes: number): void;
}

export interface ReadTree {
  readonly findings: LayerFindings;
  readonly secretsSkipped: SecretSkips;
  readonly files: number;
  readonly bytes: number;
}

/** Reading is synchronous: so often others get their turn, a signal among them. */
const breathEveryMs = 50;

/** Memory is that of the listing and of one body; large files go by in pieces. Throws the signal's reason. */
export async function readTree(tree: TreeImage, options: ReadTreeOptions): Promise<ReadTree> {
  const notes: LayerNotes = { parts: new Map(), gaps: [], secrets: [] };
  const listing = createListing();
  const bodies = createBodyReader(notes);
  const secrets = options.secrets?.fresh();
  let files = 0;
  let bytes = 0;
  let breathedMs = performance.now();
  for (const entry of tree.entries(options.signal)) {
    if (performance.now() - breathedMs > breathEveryMs) {
      await breathe();
      options.signal.throwIfAborted();
      breathedMs = performance.now();
    }
    const over = overLimit(listing.count, bytes);
    if (over !== undefined) {
      addGap(notes, { kind: "limit-reached", entry: -1, subject: "", because: over, count: 1 });
      break;
    }
    const member = memberOf(entry);
    const index = listing.add(member);
    if (entry.type !== "file") continue;
    files++;
    const read = readEntry(entry, member, index, { ...options, secrets, notes, bodies });
    bytes += read;
    options.onRead?.(read);
  }
  return {
    findings: { listing: listing.finish(), parts: notes.parts, secrets: notes.secrets, gaps: notes.gaps },
    secretsSkipped: [...(secrets?.skipped() ?? [])],
    files,
    bytes,
  };
}

function overLimit(entries: number, bytes: number): string | undefined {
  if (entries >= imageLimits.entriesMax) return "the folder has more entries than are read";
  return bytes > imageLimits.inflatedBytesMax ? "the folder has more bytes than are read" : undefined;
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
  let bytes = 0;
  try {
    const sink = bodies.open({
      member,
      entry: index,
      interests: named ?? [],
      secrets: isSearched ? secrets : undefined,
    });
    if (sink === undefined) return 0;
    let isWanted = true;
    for (const piece of entry.pieces()) {
      bytes += piece.length;
      isWanted = sink.write(bufferOf(piece));
      if (!isWanted) break;
    }
    sink.end(isWanted);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    addGap(notes, {
      kind: "file-unreadable",
      entry: index,
      subject: `/${entry.path}`,
      because: error.message,
      count: 1,
    });
  }
  return bytes;
}

/** What names the content of a folder as it was analysed, for want of a digest of its own. */
export function contentDigest(content: unknown): string {
  return `sha256:${createHash("sha256").update(JSON.stringify(content)).digest("hex")}`;
}
