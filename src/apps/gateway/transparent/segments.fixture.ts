// TCP segments over IPv4 made by hand and sent from inside a namespace, for tests of what the kernel lets pass.
import koffi from "koffi";
import { check, close, socket, socketAddress } from "../../../../test/support/netns/libc.ts";
import type { NetworkNamespace } from "../../../../test/support/netns/namespace.ts";
import { addressBytes } from "../../../edge/dataplane/nftables/address-bytes.ts";

const AF_INET = 2;
const SOCK_RAW = 3;
const IPPROTO_TCP = 6;
const sendTo = koffi.load("libc.so.6").func("int64_t sendto(int, void *, size_t, int, void *, uint32_t)");

export interface Segment {
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  readonly sequence: number;
  readonly acknowledgement: number;
  /** FIN 1, SYN 2, RST 4, PSH 8, ACK 16. */
  readonly flags: number;
  readonly data: string;
}

function bytesOf(address: string): Uint8Array {
  const bytes = addressBytes(address);
  if (bytes === undefined) throw new Error(`not an address: ${address}`);
  return bytes;
}

function sum(bytes: Uint8Array, at: number): number {
  let total = at;
  for (let index = 0; index < bytes.length; index += 2) total += ((bytes[index] ?? 0) << 8) | (bytes[index + 1] ?? 0);
  return total;
}

/** The kernel adds the IP header; the checksum is right. */
export function sendSegment(from: NetworkNamespace, segment: Segment): void {
  const data = new TextEncoder().encode(segment.data);
  const bytes = new Uint8Array(20 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, segment.sourcePort);
  view.setUint16(2, segment.destinationPort);
  view.setUint32(4, segment.sequence);
  view.setUint32(8, segment.acknowledgement);
  bytes[12] = 5 << 4;
  bytes[13] = segment.flags;
  view.setUint16(14, 1024);
  bytes.set(data, 20);
  const pseudo = new Uint8Array([
    ...bytesOf(segment.source),
    ...bytesOf(segment.destination),
    0,
    IPPROTO_TCP,
    0,
    bytes.length,
  ]);
  let folded = sum(bytes, sum(pseudo, 0));
  while (folded > 0xffff) folded = (folded & 0xffff) + (folded >>> 16);
  view.setUint16(16, ~folded & 0xffff);
  const descriptor = from.inside(() => check(socket(AF_INET, SOCK_RAW, IPPROTO_TCP), "raw socket"));
  try {
    const to = socketAddress(bytesOf(segment.destination), 0);
    check(Number(sendTo(descriptor, bytes, bytes.length, 0, to, to.length)), "sendto");
  } finally {
    close(descriptor);
  }
}
