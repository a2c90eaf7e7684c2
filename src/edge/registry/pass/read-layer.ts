// One layer from blob to findings: inflate, verify, walk, catalogue. Nothing is written anywhere, and nothing that was not verified is said to be.
import { Fault, toFault } from "../../../base/fault.ts";
import type { Cataloger } from "../../../core/sbom/cataloger.ts";
import type { LayerFindings, LayerPart } from "../../../core/sbom/layer-findings.ts";
import { createListing } from "../../../core/sbom/layer-listing.ts";
import { imageLimits, type LayerBlob } from "../image-source.ts";
import {
  addGap,
  createBodyReader,
  type BodyReader,
  type LayerNotes,
  type SecretSearch,
  type SecretSkips,
} from "./bodies.ts";
import type { Dispatch } from "./dispatch.ts";
import { inflateLayer, limitCode, type InflateLimits, type Inflated } from "./inflate.ts";
import { createTarWalker, type BodySink, type TarHandler, type TarMember } from "./tar/walker.ts";

export type PassLimits = InflateLimits &
  Readonly<Record<"entriesPerLayerMax" | "pathBytesMax" | "pathSegmentsMax", number>>;

export interface ReadLayerOptions {
  readonly signal: AbortSignal;
  readonly dispatch: Dispatch;
  readonly secrets: SecretSearch | undefined;
  readonly limits?: PassLimits;
  readonly usedBytes?: () => number;
  /** Entries that other layers of the image have used already. */
  readonly usedEntries?: () => number;
  readonly onStored?: (bytes: number) => void;
}

export interface ReadLayer {
  readonly findings: LayerFindings;
  readonly secretsSkipped: SecretSkips;
  readonly diffId: string;
  readonly storedBytes: number;
  readonly inflatedBytes: number;
  readonly files: number;
  /** Blob digest and diff id are the ones that were asked for, and the whole tar was read: only then may a cache keep it. */
  readonly isVerified: boolean;
}

/** Throws a Fault when blob or tar are not the ones the manifest names; damage and limits are gaps of the findings. */
export async function readLayer(blob: LayerBlob, options: ReadLayerOptions): Promise<ReadLayer> {
  const limits = options.limits ?? imageLimits;
  const notes: LayerNotes = { parts: new Map(), gaps: [], secrets: [] };
  const listing = createListing();
  const bodies = createBodyReader(notes);
  const secrets = options.secrets?.fresh();
  let files = 0;
  const handler = listingHandler(notes, (member) => {
    if (
      listing.count + (options.usedEntries?.() ?? 0) >= imageLimits.entriesMax ||
      listing.count >= limits.entriesPerLayerMax
    )
      throw entriesLimit();
    const entry = listing.add(member);
    if (member.kind !== "file") return undefined;
    files++;
    return openWanted(member, entry, { dispatch: options.dispatch, secrets }, bodies);
  });
  const inflated = await walkBlob(blob, handler, notes, options);
  verify(blob, inflated.inflated);
  const { trouble, diffId, storedBytes, inflatedBytes } = inflated.inflated;
  const isVerified = trouble === undefined && !inflated.isBroken && (blob.diffId !== "" || blob.digest !== "");
  const findings = { listing: listing.finish(), parts: notes.parts, secrets: notes.secrets, gaps: notes.gaps };
  const secretsSkipped = [...(secrets?.skipped() ?? [])];
  return { findings, secretsSkipped, diffId, storedBytes, inflatedBytes, files, isVerified };
}

function openWanted(
  member: TarMember,
  entry: number,
  { dispatch, secrets }: Pick<ReadLayerOptions, "dispatch" | "secrets">,
  bodies: BodyReader,
): BodySink | undefined {
  const interests = dispatch.wanted(member.folder, member.name, member.mode);
  const isSearched =
    secrets?.wants(
      member.folder === "" ? member.name : `${member.folder}/${member.name}`,
      member.mode,
      member.sizeBytes,
    ) === true;
  if (interests === undefined && !isSearched) return undefined;
  return bodies.open({ member, entry, interests: interests ?? [], secrets: isSearched ? secrets : undefined });
}

function entriesLimit(): Fault {
  return new Fault("it has more entries than are read", { code: limitCode, kind: "too-large" });
}

/** Refused names and global headers, counted by why; a row each at the end. */
function listingHandler(notes: LayerNotes, member: TarHandler["member"]): TarHandler & { finish(): void } {
  const refused = new Map<string, { readonly first: string; count: number }>();
  const count = (because: string, path: string) => {
    const row = refused.get(because) ?? { first: path, count: 0 };
    row.count++;
    refused.set(because, row);
  };
  const reasons = {
    escapes: "its path leaves the root of the image",
    "too-long": "its path is over the limit",
    empty: "its path is empty",
    sparse: "it is a sparse file of more than 1 GiB, which is not read",
  } as const;
  return {
    member,
    refused: (why, path) => count(reasons[why], path),
    globalIgnored: (keys) =>
      count(
        `a global PAX header sets ${keys.slice(0, 4).join(", ")}: container runtimes do not apply it, so it is not applied here`,
        "",
      ),
    finish() {
      for (const [because, { first, count: times }] of refused) {
        addGap(notes, { kind: "file-unreadable", entry: -1, subject: first, because, count: times });
      }
    },
  };
}

async function walkBlob(
  blob: LayerBlob,
  handler: TarHandler & { finish(): void },
  notes: LayerNotes,
  { signal, usedBytes, limits = imageLimits, onStored }: ReadLayerOptions,
): Promise<{ readonly inflated: Inflated; readonly isBroken: boolean }> {
  const walker = createTarWalker(handler, limits);
  let broken: Fault | undefined;
  const bugs: unknown[] = [];
  const attempt = (step: () => void) => {
    if (broken !== undefined) return;
    try {
      step();
    } catch (error) {
      broken = toFault(error);
      if (!(error instanceof Fault)) bugs.push(error);
    }
  };
  const inflated = await inflateLayer(blob, {
    signal,
    limits,
    ...(usedBytes === undefined ? {} : { usedBytes }),
    ...(onStored === undefined ? {} : { onStored }),
    onPiece: (piece) => attempt(() => walker.push(piece)),
  });
  if (bugs.length > 0) throw bugs[0];
  const trouble = inflated.trouble ?? broken;
  attempt(() => walker.end());
  handler.finish();
  const told = trouble ?? broken;
  if (told !== undefined) {
    const kind = told.code === limitCode ? "limit-reached" : "layer-unreadable";
    addGap(notes, {
      kind,
      entry: -1,
      subject: blob.digest || blob.diffId,
      because: `${told.message}; what was read before that is kept`,
      count: 1,
    });
  }
  return { inflated, isBroken: broken !== undefined };
}

function verify(blob: LayerBlob, { digest, diffId, trouble }: Inflated): void {
  if (blob.digest !== "" && blob.digest !== digest) throw wrongDigest("digest", blob.digest, digest);
  if (trouble === undefined && blob.diffId !== "" && blob.diffId !== diffId)
    throw wrongDigest("diff id", blob.diffId, diffId);
}

/** Reads the blob for its hashes alone: whether it is whole and of the diff id that the image names. */
export async function hasItsDiffId(
  blob: LayerBlob,
  { signal, limits }: { readonly signal: AbortSignal; readonly limits: InflateLimits },
): Promise<boolean> {
  return (await inflateLayer(blob, { signal, limits, onPiece: () => undefined })).diffId === blob.diffId;
}

function wrongDigest(what: string, wanted: string, found: string): Fault {
  return new Fault(`The layer's ${what} is ${found}, the image says ${wanted}`, {
    code: "registry/layer-digest",
    kind: "usage",
    hint: "The layer was damaged or changed on its way: pull or copy the image again.",
    where: wanted,
  });
}

export interface Look {
  readonly entry: number;
  readonly as: string;
  readonly catalogers: readonly Cataloger[];
}

/** Reads a layer again for just these entries: what only the squashed image could name. Gives the further parts and gaps. */
export async function lookAgain(
  blob: LayerBlob,
  looks: readonly Look[],
  signal: AbortSignal,
): Promise<Pick<LayerFindings, "parts" | "gaps">> {
  const notes: LayerNotes = { parts: new Map<string, LayerPart[]>(), gaps: [], secrets: [] };
  const bodies = createBodyReader(notes);
  const byEntry = new Map<number, Look[]>();
  for (const look of looks) byEntry.set(look.entry, [...(byEntry.get(look.entry) ?? []), look]);
  let entry = -1;
  const handler = listingHandler(notes, (member) => {
    entry++;
    const wanted = byEntry.get(entry) ?? [];
    const sinks = wanted.flatMap(({ as, catalogers }) => {
      const interests = catalogers.map((cataloger) => ({ cataloger, isByMagic: false }));
      // A reader of its own for each: they must not share the buffer.
      return (
        (wanted.length === 1 ? bodies : createBodyReader(notes)).open({
          member,
          entry,
          interests,
          secrets: undefined,
          as,
        }) ?? []
      );
    });
    return sinks.length === 0 ? undefined : tee(sinks);
  });
  const { inflated } = await walkBlob(
    blob,
    { ...handler, finish: () => undefined },
    { parts: new Map(), gaps: [], secrets: [] },
    { signal, dispatch: { wanted: () => undefined }, secrets: undefined },
  );
  verify(blob, inflated);
  return { parts: notes.parts, gaps: notes.gaps };
}

function tee(sinks: readonly BodySink[]): BodySink {
  const open = new Set(sinks);
  return {
    write(bytes) {
      for (const sink of open) {
        if (sink.write(bytes)) continue;
        sink.end(false);
        open.delete(sink);
      }
      return open.size > 0;
    },
    end(isWhole) {
      for (const sink of open) sink.end(isWhole);
    },
  };
}
