// For the sensor's tests: files and connections by io_uring, as a program does that wants no system call to be seen. Arguments: folder, port (connected to, and the next one too).
import koffi from "koffi";
import { callNumbers, memory } from "./raw-calls.fixture.ts";

const library = koffi.load("libc.so.6");
const syscall = library.func("long syscall(long, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t)");
const mmap = library.func("void *mmap(void *, size_t, int, int, int, int64_t)");
const socket = library.func("int socket(int, int, int)");

const [folder = "", port = "0"] = process.argv.slice(2);
const AT_FDCWD = -100;
const ringOffset = 0;
const entriesOffset = 0x10000000n;

const parameters = new Uint32Array(30);
const ring = Number(
  syscall(callNumbers["io_uring_setup"] ?? 0, 8, memory(new Uint8Array(parameters.buffer)), 0, 0, 0, 0),
);
if (ring < 0) throw new Error(`io_uring_setup: errno ${koffi.errno()}`);
// struct io_uring_params: sq_entries, cq_entries, ..., sq_off at byte 40: head, tail, ring_mask, ring_entries, flags, dropped, array.
const at = { tail: parameters[11] ?? 0, mask: parameters[12] ?? 0, array: parameters[16] ?? 0 };
const ringBytes = 4096;
const view = new Uint32Array(koffi.view(mmap(null, ringBytes, 3, 0x8001, ring, ringOffset), ringBytes));
const entries = new DataView(koffi.view(mmap(null, 4096, 3, 0x8001, ring, entriesOffset), 4096));

interface Entry {
  readonly operation: number;
  readonly descriptor: number;
  readonly address: bigint;
  /** At byte 8: offset, or a second address. */
  readonly second?: bigint;
  readonly length?: number;
  readonly flags?: number;
  /** The descriptor is a slot of the ring's own table. */
  readonly isDirect?: true;
  /** The slot that what is made goes to, from 1. */
  readonly slot?: number;
}

function submit({
  operation,
  descriptor,
  address,
  second = 0n,
  length = 0,
  flags = 0,
  isDirect,
  slot = 0,
}: Entry): void {
  const tail = view[at.tail / 4] ?? 0;
  const index = tail & (view[at.mask / 4] ?? 0);
  const from = index * 64;
  for (let byte = 0; byte < 64; byte += 8) entries.setBigUint64(from + byte, 0n, true);
  entries.setUint8(from, operation);
  entries.setUint8(from + 1, isDirect === true ? 1 : 0);
  entries.setInt32(from + 4, descriptor, true);
  entries.setBigUint64(from + 8, second, true);
  entries.setBigUint64(from + 16, address, true);
  entries.setUint32(from + 24, length, true);
  entries.setUint32(from + 28, flags, true);
  entries.setUint32(from + 44, slot, true);
  view[at.array / 4 + index] = index;
  Atomics.store(view, at.tail / 4, tail + 1);
  const done = Number(syscall(callNumbers["io_uring_enter"] ?? 0, ring, 1, 1, 1, 0, 0));
  if (done !== 1) throw new Error(`io_uring_enter: ${done}, errno ${koffi.errno()}`);
}

const O_CREAT_WRONLY = 0o101;
submit({
  operation: 18,
  descriptor: AT_FDCWD,
  address: memory(`${folder}/link/by-ring`),
  length: 0o600,
  flags: O_CREAT_WRONLY,
});
submit({
  operation: 35,
  descriptor: AT_FDCWD,
  address: memory(`${folder}/link/by-ring`),
  second: memory(`${folder}/link/moved`),
  length: AT_FDCWD >>> 0,
});
submit({ operation: 36, descriptor: AT_FDCWD, address: memory(`${folder}/link/moved`) });
submit({ operation: 37, descriptor: AT_FDCWD, address: memory(`${folder}/link/made`), length: 0o700 });
const address = new DataView(new ArrayBuffer(16));
address.setUint16(0, 2, true);
address.setUint16(2, Number(port));
address.setUint32(4, 0x7f000001);
submit({
  operation: 16,
  descriptor: Number(socket(2, 1, 0)),
  address: memory(new Uint8Array(address.buffer)),
  second: 16n,
});
// And once more by a socket that has no number of its own: it lies in the ring's table alone.
const sparse = new Uint8Array(32);
new DataView(sparse.buffer).setUint32(0, 8, true);
new DataView(sparse.buffer).setUint32(4, 1, true);
const registered = Number(syscall(427, ring, 13, memory(sparse), 32, 0, 0));
if (registered < 0) throw new Error(`io_uring_register: errno ${koffi.errno()}`);
submit({ operation: 45, descriptor: 2, address: 0n, second: 1n, slot: 8 });
address.setUint16(2, Number(port) + 1);
submit({
  operation: 16,
  descriptor: 7,
  address: memory(new Uint8Array(address.buffer)),
  second: 16n,
  isDirect: true,
});
