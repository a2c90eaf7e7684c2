// A layer's blob as it is stored, hashed, inflated, hashed again, and given on piece by piece. What the blob is (plain, gzip, zstd) is seen from its first bytes, as runtimes see it.
// A piece is only good until the next one: its memory is given back at once, which keeps a pass over gigabytes under 100 MB.
import { createHash } from "node:crypto";
import zlib from "node:zlib";
import { Fault } from "../../../base/fault.ts";
import { imageLimits, type LayerBlob } from "../image-source.ts";
import { openGunzip, type Gunzip } from "./gunzip.ts";
import { bufferOf, noZstd } from "./tools.ts";

export interface InflateOptions {
  readonly signal: AbortSignal;
  readonly limits?: InflateLimits;
  /** Inflated bytes that other layers of the image have used already. */
  readonly usedBytes?: () => number;
  onPiece(piece: Buffer): void;
  /** Stored bytes that came in. */
  readonly onStored?: (bytes: number) => void;
  /** For tests: a Node whose handle is not there. */
  readonly openGunzip?: () => Gunzip | undefined;
}

export type InflateLimits = Readonly<Record<"blobBytesMax" | "inflatedBytesMax" | "inflateRatioMax", number>>;

export interface Inflated {
  readonly digest: string;
  /** "" when `trouble` stopped the inflating: then the whole tar was not seen. */
  readonly diffId: string;
  readonly storedBytes: number;
  readonly inflatedBytes: number;
  /** Why not all was inflated. The blob itself was read and hashed to its end. */
  readonly trouble: Fault | undefined;
}

const pieceBytes = 512 * 1024;
/** Of the longest magic number that is looked for. */
const magicBytes = 6;
const ratioFreeBytes = 64 * 1024 * 1024;

/** Rejects with what the source rejects with, or a Fault when the blob is over its limit. Damage inside is `trouble`. */
export async function inflateLayer(blob: LayerBlob, options: InflateOptions): Promise<Inflated> {
  const limits = options.limits ?? imageLimits;
  const stored = createHash("sha256");
  let storedBytes = 0;
  let output: Output | undefined;
  let start: Buffer = Buffer.alloc(0);
  const outputOptions = { ...options, limits, stored: () => storedBytes };
  for await (const piece of await blob.open(options.signal)) {
    options.signal.throwIfAborted();
    storedBytes += piece.length;
    if (storedBytes > limits.blobBytesMax) throw blobLimit(blob, limits.blobBytesMax);
    const chunk = bufferOf(piece);
    stored.update(chunk);
    options.onStored?.(chunk.length);
    if (output !== undefined) await output.write(chunk);
    else {
      start = start.length === 0 && chunk.length >= magicBytes ? chunk : Buffer.concat([start, chunk]);
      if (start.length < magicBytes) continue;
      output = openOutput(start, outputOptions);
      await output.write(start);
    }
  }
  if (output === undefined) {
    output = openOutput(start, outputOptions);
    await output.write(start);
  }
  const { diffId, inflatedBytes, trouble } = await output.end();
  return { digest: `sha256:${stored.digest("hex")}`, diffId, storedBytes, inflatedBytes, trouble };
}

function blobLimit(blob: LayerBlob, bytesMax: number): Fault {
  return new Fault(`Layer ${blob.digest || blob.diffId} is larger than ${bytesMax} bytes`, {
    code: "registry/blob-limit",
    kind: "too-large",
  });
}

/** Small chunks gathered into large ones: each write to an inflater is a trip to another thread. */
class InputBuffer {
  readonly #buffer = Buffer.allocUnsafeSlow(pieceBytes);
  #filled = 0;

  /** What is given is good until the next call. */
  *add(chunk: Buffer): Iterable<Buffer> {
    let offset = 0;
    while (offset < chunk.length) {
      const taken = chunk.copy(this.#buffer, this.#filled, offset);
      offset += taken;
      this.#filled += taken;
      if (this.#filled < this.#buffer.length) continue;
      this.#filled = 0;
      yield this.#buffer;
    }
  }

  rest(): Buffer {
    return this.#buffer.subarray(0, this.#filled);
  }
}

interface OutputOptions extends InflateOptions {
  readonly limits: InflateLimits;
  readonly stored: () => number;
}

interface Output {
  /** Resolves when the bytes are no longer needed. Never rejects: trouble is told at the end. */
  write(bytes: Buffer): Promise<void>;
  end(): Promise<Pick<Inflated, "diffId" | "inflatedBytes" | "trouble">>;
}

function openOutput(first: Buffer, options: OutputOptions): Output {
  const hash = createHash("sha256");
  let inflatedBytes = 0;
  let trouble: Fault | undefined;
  const take = (piece: Buffer) => {
    inflatedBytes += piece.length;
    trouble ??= overLimit(inflatedBytes, options);
    if (trouble !== undefined) throw trouble;
    hash.update(piece);
    options.onPiece(piece);
  };
  const finish = () => ({
    diffId: trouble === undefined ? `sha256:${hash.digest("hex")}` : "",
    inflatedBytes,
    trouble,
  });
  const fail = (error: unknown) => (trouble ??= asTrouble(error));
  const gunzip = isGzip(first) ? (options.openGunzip ?? openGunzip)() : undefined;
  if (gunzip !== undefined) return gunzipping(gunzip, { take, finish, fail });
  const stream = streamFor(first);
  if (stream instanceof Fault || stream === undefined) {
    trouble = stream;
    return {
      async write(bytes) {
        try {
          if (trouble === undefined && bytes.length > 0) take(bytes);
        } catch (error) {
          fail(error);
        }
      },
      end: () => Promise.resolve(finish()),
    };
  }
  return inflating(stream, { take, finish, fail });
}

interface Inflating {
  readonly take: (piece: Buffer) => void;
  readonly finish: () => Pick<Inflated, "diffId" | "inflatedBytes" | "trouble">;
  readonly fail: (error: unknown) => void;
}

/** On the thread at hand: what another thread would save in time, it costs in fresh pages and in trips there and back. */
function gunzipping(gunzip: Gunzip, { take, finish, fail }: Inflating): Output {
  let isFailed = false;
  const attempt = (step: () => void) => {
    if (isFailed) return;
    try {
      step();
    } catch (error) {
      isFailed = true;
      fail(error);
    }
  };
  return {
    async write(bytes) {
      attempt(() => gunzip.write(bytes, take));
    },
    async end() {
      attempt(() => gunzip.end(take));
      gunzip.close();
      return finish();
    },
  };
}

function inflating(stream: zlib.Gunzip | zlib.ZstdDecompress, { take, finish, fail }: Inflating): Output {
  const input = new InputBuffer();
  const reading = (async () => {
    try {
      for await (const piece of stream as AsyncIterable<Buffer>) {
        take(piece);
        // The inflater has filled this buffer and will not touch it again: give its memory back now, not when the collector comes by.
        const { buffer } = piece;
        if (piece.byteOffset + piece.length === buffer.byteLength && buffer.byteLength === pieceBytes)
          (buffer as ArrayBuffer).transfer(0);
      }
    } catch (error) {
      fail(error);
    }
  })();
  let isOver = false;
  void reading.then(() => (isOver = true));
  const give = async (bytes: Buffer) => {
    if (isOver || bytes.length === 0) return;
    await Promise.race([reading, new Promise<void>((resolve) => stream.write(bytes, () => resolve()))]);
  };
  return {
    async write(bytes) {
      for (const full of input.add(bytes)) await give(full);
    },
    async end() {
      await give(input.rest());
      if (!isOver) stream.end();
      await reading;
      return finish();
    },
  };
}

function isGzip(first: Buffer): boolean {
  return first[0] === 0x1f && first[1] === 0x8b;
}

function streamFor(first: Buffer): zlib.Gunzip | zlib.ZstdDecompress | Fault | undefined {
  if (isGzip(first)) return zlib.createGunzip({ chunkSize: pieceBytes });
  const word = first.length < 4 ? 0 : first.readUInt32LE(0);
  if (word === 0xfd2fb528 || (word >= 0x184d2a50 && word <= 0x184d2a5f)) {
    return typeof zlib.createZstdDecompress === "function"
      ? zlib.createZstdDecompress({ chunkSize: pieceBytes })
      : noZstd();
  }
  const foreign = [
    ["xz", "fd377a585a00"],
    ["bzip2", "425a68"],
  ].find(([, magic]) => first.subarray(0, magic!.length / 2).toString("hex") === magic);
  if (foreign === undefined) return undefined;
  return new Fault(`The layer is compressed with ${foreign[0]}, which images do not use`, {
    code: "registry/layer-encoding",
    kind: "usage",
    hint: "Build the image again with gzip or zstd layers.",
  });
}

function overLimit(inflatedBytes: number, { limits, stored, usedBytes }: OutputOptions): Fault | undefined {
  if (inflatedBytes > ratioFreeBytes + limits.inflateRatioMax * stored()) {
    return limitFault(`it inflates to more than ${limits.inflateRatioMax} times its size`);
  }
  return inflatedBytes + (usedBytes?.() ?? 0) > limits.inflatedBytesMax
    ? limitFault(`the image inflates to more than ${limits.inflatedBytesMax} bytes`)
    : undefined;
}

export const limitCode = "registry/inflate-limit";

function limitFault(message: string): Fault {
  return new Fault(message, { code: limitCode, kind: "too-large" });
}

function asTrouble(error: unknown): Fault {
  if (error instanceof Fault) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new Fault(`its compressed data is damaged: ${message}`, {
    code: "registry/inflate-damaged",
    kind: "usage",
    cause: error,
  });
}
