// Gzip inflated into one buffer that is used again and again. Node's public streams fill a fresh buffer for every piece: over gigabytes its untouched pages cost more than the inflating.
// This drives the stream's own native handle, as Node's synchronous calls do; a Node without that handle is answered with undefined, and the caller takes the stream.
import zlib from "node:zlib";

export interface Gunzip {
  /** Gives what comes out, piece by piece; a piece is only good during its call. Throws when the data is damaged, and what `take` throws. */
  write(bytes: Buffer, take: (piece: Buffer) => void): void;
  /** Throws when the data ended too early. */
  end(take: (piece: Buffer) => void): void;
  /** Gives the native memory back. */
  close(): void;
}

interface NativeHandle {
  writeSync(flush: number, input: Buffer, at: number, bytes: number, output: Buffer, to: number, room: number): void;
}

const outputBytes = 256 * 1024;
const nothing = Buffer.alloc(0);

export function openGunzip(): Gunzip | undefined {
  const stream = zlib.createGunzip();
  const { _handle: handle, _writeState: state } = stream as unknown as { _handle?: unknown; _writeState?: unknown };
  if (!isHandle(handle) || !(state instanceof Uint32Array) || state.length < 2) {
    stream.destroy();
    return undefined;
  }
  const output = Buffer.allocUnsafeSlow(outputBytes);
  let failure: Error | undefined;
  Object.assign(handle, { onerror: (message: string) => void (failure = new Error(message)) });
  /** Bytes after the last member are not ours. */
  let isOver = false;
  const run = (flush: number, bytes: Buffer, take: (piece: Buffer) => void) => {
    let left = bytes.length;
    for (let isFull = true; isFull;) {
      handle.writeSync(flush, bytes, bytes.length - left, left, output, 0, outputBytes);
      if (failure !== undefined) throw failure;
      const room = state[0]!;
      left = state[1]!;
      if (room < outputBytes) take(output.subarray(0, outputBytes - room));
      isFull = room === 0;
    }
    if (left > 0) isOver = true;
  };
  return {
    write(bytes, take) {
      if (!isOver && bytes.length > 0) run(zlib.constants.Z_NO_FLUSH, bytes, take);
    },
    end(take) {
      if (!isOver) run(zlib.constants.Z_FINISH, nothing, take);
    },
    close: () => void stream.destroy(),
  };
}

function isHandle(value: unknown): value is NativeHandle {
  return typeof value === "object" && value !== null && "writeSync" in value && typeof value.writeSync === "function";
}
