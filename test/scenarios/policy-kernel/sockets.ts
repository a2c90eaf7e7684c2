// Pings and lasting connections from inside namespaces, by sockets of our own: no ping command is needed, and Node would open its socket too late.
import { setTimeout as delay } from "node:timers/promises";
import { check, close, connect, familyOf, recv, send, socket, socketAddress } from "../../support/netns/libc.ts";
import { addressBytes } from "../../../src/edge/dataplane/nftables/address-bytes.ts";
import type { NetworkNamespace } from "../../support/netns/namespace.ts";

const nonBlocking = 0o4000 | 0o2000000;
const SOCK_STREAM = 1;
const SOCK_RAW = 3;
let identifier = 1;

/** Whether an echo reply came within the time. The kernel fills the checksum of ICMPv6 in; ICMP's is ours. */
export async function ping(from: NetworkNamespace, to: string, timeoutMs: number): Promise<boolean> {
  const isV6 = to.includes(":");
  identifier += 1;
  const request = echoRequest(isV6, identifier);
  const descriptor = opened(from, { type: SOCK_RAW, protocol: isV6 ? 58 : 1 }, { to, port: 0 });
  try {
    // A neighbour may have to be found first: the packet waits in the kernel.
    if (send(descriptor, request) < 0) return false;
    const end = performance.now() + timeoutMs;
    const answer = new Uint8Array(256);
    while (performance.now() < end) {
      const length = recv(descriptor, answer);
      if (length > 0 && isReply(answer.subarray(0, length), isV6, identifier)) return true;
      if (length <= 0) await delay(2);
    }
    return false;
  } finally {
    close(descriptor);
  }
}

function opened(
  from: NetworkNamespace,
  kind: { readonly type: number; readonly protocol: number },
  at: { readonly to: string; readonly port: number },
): number {
  const bytes = addressBytes(at.to);
  if (bytes === undefined) throw new Error(`not an address: ${at.to}`);
  return from.inside(() => {
    const descriptor = check(socket(familyOf(at.to), kind.type | nonBlocking, kind.protocol), "socket");
    const address = socketAddress(bytes, at.port);
    // TCP goes on connecting; what fails shows in the first answer.
    connect(descriptor, address, address.length);
    return descriptor;
  });
}

export interface Connection {
  /** Sends a byte; whether any byte came back in time. */
  answers(timeoutMs: number): Promise<boolean>;
  close(): void;
}

/** A TCP connection to somebody who echoes. */
export function openConnection(from: NetworkNamespace, to: string, port: number): Connection {
  const descriptor = opened(from, { type: SOCK_STREAM, protocol: 0 }, { to, port });
  return {
    async answers(timeoutMs) {
      const end = performance.now() + timeoutMs;
      let isSent = false;
      while (performance.now() < end) {
        isSent ||= send(descriptor, new Uint8Array([1])) > 0;
        if (isSent && recv(descriptor, new Uint8Array(16)) > 0) return true;
        await delay(2);
      }
      return false;
    },
    close: () => close(descriptor),
  };
}

function echoRequest(isV6: boolean, id: number): Uint8Array {
  const bytes = new Uint8Array([isV6 ? 128 : 8, 0, 0, 0, id >> 8, id & 255, 0, 1, 1, 2, 3, 4]);
  if (isV6) return bytes;
  let sum = 0;
  for (let index = 0; index < bytes.length; index += 2) sum += ((bytes[index] ?? 0) << 8) | (bytes[index + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  const checksum = ~sum & 0xffff;
  bytes[2] = checksum >> 8;
  bytes[3] = checksum & 255;
  return bytes;
}

/** IPv4 answers come with their IP header. */
function isReply(bytes: Uint8Array, isV6: boolean, id: number): boolean {
  const start = isV6 ? 0 : ((bytes[0] ?? 0) & 15) * 4;
  const [type, high, low] = [bytes[start], bytes[start + 4] ?? 0, bytes[start + 5] ?? 0];
  return type === (isV6 ? 129 : 0) && ((high << 8) | low) === id;
}
