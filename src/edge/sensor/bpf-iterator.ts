// Iterator programs: reading one runs it once per kernel object.
import type { Libbpf, Pointer } from "./libbpf.ts";

/** The kernel pauses after a million objects without output, and asks to be called again. */
const roundsMax = 64;

/** Of a program that prints nothing, so that the first read without a pause ends it. Destroys the link. */
export function runIterator(libbpf: Libbpf, link: Pointer): void {
  const descriptor = libbpf.createIterator(libbpf.linkDescriptor(link));
  if (descriptor >= 0) {
    const buffer = new Uint8Array(64);
    for (let round = 0; round < roundsMax; round += 1)
      if (libbpf.read(descriptor, buffer) >= 0 || libbpf.lastError() !== "EAGAIN") break;
    libbpf.close(descriptor);
  }
  libbpf.destroyLink(link);
}

/** What it wrote, at most `bytesMax`. Destroys the link. */
export function readFromIterator(libbpf: Libbpf, link: Pointer, bytesMax: number): Uint8Array {
  const buffer = new Uint8Array(bytesMax);
  let filled = 0;
  const descriptor = libbpf.createIterator(libbpf.linkDescriptor(link));
  if (descriptor >= 0) {
    for (let round = 0; round < roundsMax && filled < bytesMax; round += 1) {
      const part = new Uint8Array(bytesMax - filled);
      const count = libbpf.read(descriptor, part);
      if (count === 0 || (count < 0 && libbpf.lastError() !== "EAGAIN")) break;
      if (count > 0) buffer.set(part.subarray(0, count), filled);
      filled += Math.max(0, count);
    }
    libbpf.close(descriptor);
  }
  libbpf.destroyLink(link);
  return buffer.subarray(0, filled);
}
