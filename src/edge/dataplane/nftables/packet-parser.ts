// Datagrams of NFLOG into packets. A pure function of bytes; nothing throws, what is not a packet of ours is counted. No closure and no map per
// packet: there may be tens of thousands a second.
import type { PolicyPacket } from "../../../core/policy/compile/dataplane.ts";
import { addressText } from "./address-bytes.ts";
import { subsystem } from "./constants.ts";
import { u16be, u32, u32be, u64be } from "./netlink/reader.ts";

const NFULA_TIMESTAMP = 3;
const NFULA_IFINDEX_INDEV = 4;
const NFULA_IFINDEX_OUTDEV = 5;
const NFULA_PAYLOAD = 9;
const NFULA_PREFIX = 10;
const NFULA_SEQ = 12;
const prefixBytes = 12;
const ICMP = 1;
const ICMPV6 = 58;
/** TCP, UDP, DCCP, SCTP, UDP-Lite: their first four bytes are the ports. */
const withPorts: ReadonlySet<number> = new Set([6, 17, 33, 132, 136]);
const extensionHeadersMax = 8;
/** Hop-by-hop, routing, destination options, mobility: their second byte is their length. */
const extensions: ReadonlySet<number> = new Set([0, 43, 60, 135]);
const FRAGMENT = 44;
const addressesCachedMax = 65_536;

export interface ParserOptions {
  /** Name of an interface by its index; "" for 0 and for those that are gone. */
  readonly interfaceName: (index: number) => string;
  readonly nowMs: () => number;
}

export interface PacketParser {
  /** Reads datagrams that stand one behind the other; gaps in the kernel's numbers are what was lost. */
  parse(bytes: Uint8Array): { readonly packets: PolicyPacket[]; readonly lost: number; readonly unreadable: number };
}

interface Found {
  payloadAt: number;
  payloadEnd: number;
  prefixAt: number;
  sequence: number;
  timeMs: number;
  inIndex: number;
  outIndex: number;
}

/** Texts of IPv4 addresses by their number. */
function createAddressTexts(): (bytes: Uint8Array, at: number) => string {
  const texts = new Map<number, string>();
  return (bytes, at) => {
    const key = u32be(bytes, at);
    const known = texts.get(key);
    if (known !== undefined) return known;
    if (texts.size >= addressesCachedMax) texts.clear();
    const text = addressText(bytes, at, 4);
    texts.set(key, text);
    return text;
  };
}

export function createPacketParser(options: ParserOptions): PacketParser {
  const address4 = createAddressTexts();
  const found: Found = { payloadAt: 0, payloadEnd: 0, prefixAt: 0, sequence: -1, timeMs: 0, inIndex: 0, outIndex: 0 };
  let expected = -1;

  function packetOf(bytes: Uint8Array): PolicyPacket | undefined {
    if (found.prefixAt < 0 || found.payloadAt < 0) return undefined;
    const ruleId = ruleIdAt(bytes, found.prefixAt + 4);
    const verdict = verdictAt(bytes, found.prefixAt);
    const direction = directionAt(bytes, found.prefixAt + 2);
    if (verdict === undefined || direction === undefined || ruleId === undefined) return undefined;
    const isV4 = (bytes[found.payloadAt] ?? 0) >> 4 === 4;
    const head = (isV4 ? headOfV4 : headOfV6)(bytes, found.payloadAt, found.payloadEnd);
    if (head === undefined) return undefined;
    const { protocol, at } = head;
    const isIcmp = protocol === ICMP || protocol === ICMPV6;
    const hasPorts = at >= 0 && at + 4 <= found.payloadEnd && withPorts.has(protocol);
    const hasType = at >= 0 && at + 2 <= found.payloadEnd && isIcmp;
    const packet = {
      timeMs: found.timeMs,
      verdict,
      direction,
      ruleId,
      source: isV4 ? address4(bytes, found.payloadAt + 12) : addressText(bytes, found.payloadAt + 8, 16),
      destination: isV4 ? address4(bytes, found.payloadAt + 16) : addressText(bytes, found.payloadAt + 24, 16),
      protocol,
      sourcePort: hasPorts ? u16be(bytes, at) : 0,
      destinationPort: hasPorts ? u16be(bytes, at + 2) : 0,
      bytes: head.bytes,
      inInterface: found.inIndex === 0 ? "" : options.interfaceName(found.inIndex),
      outInterface: found.outIndex === 0 ? "" : options.interfaceName(found.outIndex),
    } as const;
    return hasType ? { ...packet, icmpType: bytes[at] ?? 0, icmpCode: bytes[at + 1] ?? 0 } : packet;
  }

  return {
    parse: (bytes) => {
      const packets: PolicyPacket[] = [];
      const nowMs = options.nowMs();
      let lost = 0;
      let unreadable = 0;
      let at = 0;
      while (at + 20 <= bytes.length) {
        const length = u32(bytes, at);
        if (length < 20 || at + length > bytes.length) {
          unreadable += 1;
          break;
        }
        const isPacket = bytes[at + 5] === subsystem.log && bytes[at + 4] === 0;
        if (isPacket) {
          readAttributes(bytes, { at: at + 20, end: at + length, nowMs, found });
          if (found.sequence >= 0) {
            if (expected >= 0) lost += (found.sequence - expected) >>> 0;
            expected = (found.sequence + 1) >>> 0;
          }
          const packet = packetOf(bytes);
          if (packet === undefined) unreadable += 1;
          else packets.push(packet);
        }
        at += (length + 3) & ~3;
      }
      return { packets, lost, unreadable };
    },
  };
}

function readAttributes(
  bytes: Uint8Array,
  given: { readonly at: number; readonly end: number; readonly nowMs: number; readonly found: Found },
): void {
  const { found, end } = given;
  found.payloadAt = -1;
  found.prefixAt = -1;
  found.sequence = -1;
  found.timeMs = given.nowMs;
  found.inIndex = 0;
  found.outIndex = 0;
  let { at } = given;
  while (at + 4 <= end) {
    const length = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
    if (length < 4 || at + length > end) return;
    const type = (bytes[at + 2] ?? 0) | (((bytes[at + 3] ?? 0) & 0x3f) << 8);
    const value = at + 4;
    if (type === NFULA_PAYLOAD) {
      found.payloadAt = value;
      found.payloadEnd = at + length;
    } else if (type === NFULA_PREFIX && length >= 4 + prefixBytes) found.prefixAt = value;
    else if (type === NFULA_SEQ && length >= 8) found.sequence = u32be(bytes, value);
    else if (type === NFULA_IFINDEX_INDEV && length >= 8) found.inIndex = u32be(bytes, value);
    else if (type === NFULA_IFINDEX_OUTDEV && length >= 8) found.outIndex = u32be(bytes, value);
    else if (type === NFULA_TIMESTAMP && length >= 20) {
      found.timeMs = u64be(bytes, value) * 1000 + Math.floor(u64be(bytes, value + 8) / 1000);
    }
    at += (length + 3) & ~3;
  }
}

function verdictAt(bytes: Uint8Array, at: number): "allow" | "deny" | undefined {
  return bytes[at] === 0x41 ? "allow" : bytes[at] === 0x44 ? "deny" : undefined;
}

function directionAt(bytes: Uint8Array, at: number): "ingress" | "egress" | undefined {
  return bytes[at] === 0x69 ? "ingress" : bytes[at] === 0x65 ? "egress" : undefined;
}

/** Eight hexadecimal digits, lower case. */
function ruleIdAt(bytes: Uint8Array, at: number): number | undefined {
  let id = 0;
  for (let index = at; index < at + 8; index += 1) {
    const digit = bytes[index] ?? 0;
    const value = digit >= 0x30 && digit <= 0x39 ? digit - 0x30 : digit >= 0x61 && digit <= 0x66 ? digit - 0x57 : -1;
    if (value < 0) return undefined;
    id = id * 16 + value;
  }
  return id;
}

interface Head {
  readonly protocol: number;
  readonly bytes: number;
  /** Where the transport header stands; -1 when the packet is a later fragment or the header was cut off. */
  readonly at: number;
}

function headOfV4(bytes: Uint8Array, at: number, end: number): Head | undefined {
  if (at + 20 > end) return undefined;
  const isFirst = (u16be(bytes, at + 6) & 0x1fff) === 0;
  const header = ((bytes[at] ?? 0) & 0x0f) * 4;
  return { protocol: bytes[at + 9] ?? 0, bytes: u16be(bytes, at + 2), at: isFirst && header >= 20 ? at + header : -1 };
}

function headOfV6(bytes: Uint8Array, start: number, end: number): Head | undefined {
  if (start + 40 > end || (bytes[start] ?? 0) >> 4 !== 6) return undefined;
  const total = u16be(bytes, start + 4) + 40;
  let protocol = bytes[start + 6] ?? 0;
  let at = start + 40;
  for (let count = 0; count < extensionHeadersMax && at + 8 <= end; count += 1) {
    if (protocol === FRAGMENT) {
      const isFirst = (u16be(bytes, at + 2) & 0xfff8) === 0;
      protocol = bytes[at] ?? 0;
      if (!isFirst) return { protocol, bytes: total, at: -1 };
      at += 8;
    } else if (extensions.has(protocol)) {
      protocol = bytes[at] ?? 0;
      at += ((bytes[at + 1] ?? 0) + 1) * 8;
    } else break;
  }
  return { protocol, bytes: total, at };
}
