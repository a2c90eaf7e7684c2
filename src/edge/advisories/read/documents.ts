// A path -> the documents in it: folders, tar and zip archives are walked, gzip and zstd inflated, one document at a time and never whole in memory.
import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { Fault } from "../../../base/fault.ts";
import type { AdvisoryDocument } from "../importers/importer.ts";
import { documentLimits, unreadable } from "./unreadable.ts";
import { tarEntries } from "./tar.ts";
import { zipEntries } from "./zip.ts";

/**
 * Gives each document once. A folder's files come in the order of their names; other kinds of files than documents are given too, importers tell.
 * `problem` hears of what could not be opened; the rest goes on.
 */
export async function* documentsOf(
  place: string,
  problem: (name: string, fault: Fault) => void,
): AsyncGenerator<AdvisoryDocument> {
  let left: number = documentLimits.documents;
  for await (const document of within(place, path.basename(place), 0, problem)) {
    if (left <= 0) {
      problem(place, unreadable(`it has more than ${documentLimits.documents} documents`));
      return;
    }
    left -= 1;
    yield document;
  }
}

async function* within(
  place: string,
  name: string,
  depth: number,
  problem: (name: string, fault: Fault) => void,
): AsyncGenerator<AdvisoryDocument> {
  try {
    const found = await stat(place);
    if (found.isDirectory()) {
      if (depth >= documentLimits.depth) throw unreadable(`it is more than ${documentLimits.depth} folders deep`);
      for (const entry of (await readdir(place)).sort()) {
        if (!entry.startsWith(".")) yield* within(path.join(place, entry), `${name}/${entry}`, depth + 1, problem);
      }
      return;
    }
    if (!found.isFile()) return;
    if (place.endsWith(".zip")) yield* zipEntries(place, name);
    else {
      const fileAt = `${found.mtime.toISOString().slice(0, 19)}Z`;
      yield* unpacked({ name, fileAt, bytes: createReadStream(place, { highWaterMark: 1 << 20 }) });
    }
  } catch (thrown) {
    problem(name, thrown instanceof Fault ? thrown : unreadable((thrown as Error).message));
  }
}

async function* unpacked(document: AdvisoryDocument): AsyncGenerator<AdvisoryDocument> {
  const { name } = document;
  const inflated = inflatedOf(document);
  const inner = inflated === document ? name : name.replace(/\.(?:gz|zst)$/, "");
  if (/\.tar$|\.tgz$/.test(inner)) {
    for await (const entry of tarEntries(inflated.bytes)) {
      yield* unpacked({ name: `${name}/${entry.name}`, fileAt: "", bytes: entry.bytes });
    }
    return;
  }
  yield inflated;
}

/** By its name: what claims to be packed and is not is a problem of that document. */
function inflatedOf(document: AdvisoryDocument): AdvisoryDocument {
  const isGzip = /\.(?:gz|tgz)$/.test(document.name);
  if (!isGzip && !document.name.endsWith(".zst")) return document;
  const inflate = isGzip ? createGunzip({ chunkSize: 1 << 20 }) : createZstdDecompress({ chunkSize: 1 << 20 });
  return { ...document, bytes: limited(document, inflate) };
}

async function* limited(
  document: AdvisoryDocument,
  inflate: ReturnType<typeof createGunzip>,
): AsyncGenerator<Uint8Array> {
  // An error of either side comes out of the loop below.
  const inflated = pipeline(document.bytes, inflate, () => undefined);
  let bytes = 0;
  try {
    for await (const piece of inflated as AsyncIterable<Uint8Array>) {
      bytes += piece.length;
      if (bytes > documentLimits.inflatedBytes) throw unreadable("it inflates to more than any feed has");
      yield piece;
    }
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    throw unreadable(`it cannot be inflated: ${(cause as Error).message}`);
  }
}
