// Bodies for whoever wants them: a body that lies in one piece of the stream is given as a view; only one cut in two is put together, in one buffer that is used again and again.
import { Fault } from "../../../base/fault.ts";
import type { CatalogFile, Cataloger, LargeFile } from "../../../core/sbom/cataloger.ts";
import type { LayerGap, LayerPart, LayerSecret } from "../../../core/sbom/layer-findings.ts";
import { joinPath } from "../../../core/sbom/layer-listing.ts";
import type { SecretSkipReason } from "../../../model/image-analysis.ts";
import { isExecutable, type Interest } from "./dispatch.ts";
import type { BodySink, TarMember } from "./tar/walker.ts";
import { catalogTools } from "./tools.ts";
import { createWindowTaker, type WindowTaker } from "./windows.ts";

/** What is found while a layer is read. */
export interface LayerNotes {
  readonly parts: Map<string, LayerPart[]>;
  readonly gaps: LayerGap[];
  readonly secrets: LayerSecret[];
}

/** core/sbom/secrets, as the pass uses it. */
export interface SecretSearch {
  wants(path: string, mode: number, sizeBytes: number): boolean;
  find(file: CatalogFile, tools: typeof catalogTools): readonly Omit<LayerSecret, "entry">[];
  /** Raised when the same file would give something else. */
  readonly version: number;
  /** The same search with counts of its own: one for each layer. */
  fresh(): SecretSearch;
  /** What was left out so far. */
  skipped(): ReadonlyMap<SecretSkipReason, number>;
}

/** What the secret search left out: a plain list, as it is cached with its layer. */
export type SecretSkips = readonly (readonly [reason: SecretSkipReason, count: number])[];

const gapsMax = 10_000;
const secretsMax = 10_000;
/** Pages of it that no body reaches are never touched, and so cost nothing. */
const firstBufferBytes = 32 * 1024 * 1024;

export interface Wanted {
  readonly member: TarMember;
  readonly entry: number;
  readonly interests: readonly Interest[];
  readonly secrets: SecretSearch | undefined;
  /** The path it is read for, when it is not the entry's own. */
  readonly as?: string;
}

export interface BodyReader {
  /** undefined: after a look at sizes nobody wants it. */
  open(wanted: Wanted): BodySink | undefined;
}

export function createBodyReader(notes: LayerNotes): BodyReader {
  // One for the whole layer, large from the start: a page touched for the first time costs many times the copy into it.
  let buffer = Buffer.alloc(0);
  const room = (bytes: number): Buffer => {
    if (buffer.length >= bytes) return buffer;
    buffer.buffer.transfer(0);
    buffer = Buffer.allocUnsafeSlow(Math.max(firstBufferBytes, Math.ceil(bytes * 1.25)));
    return buffer;
  };
  return { open: (wanted) => openBody(wanted, notes, room) };
}

interface Readers {
  readonly whole: readonly Cataloger[];
  readonly parts: readonly { readonly cataloger: Cataloger; readonly taker: WindowTaker }[];
}

function openBody(wanted: Wanted, notes: LayerNotes, room: (bytes: number) => Buffer): BodySink | undefined {
  const { member, interests } = wanted;
  const path = wanted.as ?? joinPath(member.folder, member.name);
  const size = member.sizeBytes;
  const needsMagic = interests.some((interest) => interest.isByMagic);
  let readers = needsMagic ? undefined : readersOf(wanted, path, true, notes);
  if (readers !== undefined && isEmpty(readers, wanted)) return undefined;
  let held: Buffer | undefined;
  let filled = 0;
  return {
    write(bytes) {
      if (readers === undefined && filled + bytes.length < 4 && size >= 4) {
        held ??= Buffer.alloc(4);
        filled += bytes.copy(held, filled);
        return true;
      }
      if (readers === undefined) {
        const start = filled === 0 ? bytes : Buffer.concat([held!.subarray(0, filled), bytes.subarray(0, 4)]);
        readers = readersOf(wanted, path, isExecutable(start), notes);
        if (isEmpty(readers, wanted)) return false;
        const early = filled === 0 ? undefined : Buffer.from(held!.subarray(0, filled));
        held = undefined;
        filled = 0;
        if (early !== undefined) feed(early);
      }
      feed(bytes);
      return true;
    },
    end(isWhole) {
      if (readers === undefined) readers = readersOf(wanted, path, false, notes);
      if (isWhole) deliver();
    },
  };
  function feed(bytes: Buffer): void {
    for (const { taker } of readers!.parts) taker.write(bytes);
    if (readers!.whole.length === 0 && wanted.secrets === undefined) return;
    if (filled === 0 && bytes.length === size) held = bytes;
    else {
      if (filled === 0) held = room(size);
      bytes.copy(held!, filled);
    }
    filled += bytes.length;
  }
  function deliver(): void {
    const bytes = held === undefined ? Buffer.alloc(0) : held.subarray(0, size);
    const file = fileOf(path, member.mode, bytes);
    for (const cataloger of readers!.whole) readOne(cataloger, file, wanted, notes);
    for (const { cataloger, taker } of readers!.parts) {
      const { head, large } = taker.finish();
      readOne(cataloger, fileOf(path, member.mode, head, large), wanted, notes);
    }
    if (wanted.secrets !== undefined) findSecrets(wanted.secrets, file, wanted, notes);
  }
}

function isEmpty(readers: Readers, wanted: Wanted): boolean {
  return readers.whole.length === 0 && readers.parts.length === 0 && wanted.secrets === undefined;
}

function readersOf({ interests, member, entry }: Wanted, path: string, hasMagic: boolean, notes: LayerNotes): Readers {
  const whole: Cataloger[] = [];
  const parts: { cataloger: Cataloger; taker: WindowTaker }[] = [];
  for (const { cataloger, isByMagic } of interests) {
    if (isByMagic && !hasMagic) continue;
    const { bytesMax, large, overIsSilent } = cataloger.wants;
    if (member.sizeBytes <= bytesMax) whole.push(cataloger);
    else if (large !== undefined) parts.push({ cataloger, taker: createWindowTaker(large, path, member.sizeBytes) });
    else if (overIsSilent !== true) {
      const because = `${member.sizeBytes} bytes, ${cataloger.id} reads at most ${bytesMax}`;
      addGap(notes, { kind: "file-too-large", entry, subject: `/${path}`, because, count: 1 });
    }
  }
  return { whole, parts };
}

/** One file as cataloguers see it. Its text is decoded once for all of them. */
export function fileOf(path: string, mode: number, bytes: Buffer, large?: LargeFile): CatalogFile {
  let text: string | undefined;
  let latin1: string | undefined;
  const file = {
    path,
    mode,
    bytes,
    text: () => (text ??= bytes.toString("utf8")),
    latin1: () => (latin1 ??= bytes.toString("latin1")),
  };
  return large === undefined ? file : { ...file, large };
}

function readOne(cataloger: Cataloger, file: CatalogFile, { entry, as }: Wanted, notes: LayerNotes): void {
  try {
    const part = cataloger.read(file, catalogTools);
    if (part === undefined) return;
    const list = notes.parts.get(cataloger.id) ?? [];
    list.push(as === undefined ? { entry, part } : { entry, part, as });
    notes.parts.set(cataloger.id, list);
  } catch (error) {
    addGap(notes, {
      kind: "file-unreadable",
      entry,
      subject: `/${file.path}`,
      because: becauseOf(error, cataloger.id),
      count: 1,
    });
  }
}

function findSecrets(search: SecretSearch, file: CatalogFile, { entry }: Wanted, notes: LayerNotes): void {
  try {
    for (const secret of search.find(file, catalogTools))
      if (notes.secrets.length < secretsMax) notes.secrets.push({ ...secret, entry });
  } catch (error) {
    addGap(notes, {
      kind: "file-unreadable",
      entry,
      subject: `/${file.path}`,
      because: becauseOf(error, "the secret search"),
      count: 1,
    });
  }
}

export function addGap(notes: LayerNotes, gap: LayerGap): void {
  if (notes.gaps.length < gapsMax)
    notes.gaps.push({ ...gap, subject: gap.subject.slice(0, 8192), because: gap.because.slice(0, 2048) });
  else if (notes.gaps.length === gapsMax) {
    notes.gaps.push({
      kind: "limit-reached",
      entry: -1,
      subject: "",
      because: "more gaps in this layer than are kept",
      count: 1,
    });
  }
}

function becauseOf(error: unknown, who: string): string {
  if (error instanceof Fault) return error.where === undefined ? error.message : `${error.message} (${error.where})`;
  return `${who} failed: ${error instanceof Error ? error.message : String(error)}`;
}
