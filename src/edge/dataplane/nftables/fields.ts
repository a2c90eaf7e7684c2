// What rules look at: for each field the expression that loads it, its length, its order of bytes, and what must hold before it may be read.
import { Fault } from "../../../base/fault.ts";
import type { Field } from "../../../core/policy/compile/nft/ruleset.ts";
import { valueBytes } from "./keys.ts";
import type { NetlinkWriter } from "./netlink/writer.ts";

/** A packet of this kind only: what `nft` calls a dependency. Without it bytes of another protocol would be read. */
export interface Needs {
  readonly field: "meta nfproto" | "meta l4proto";
  readonly value: number;
}

export interface FieldKind {
  readonly expression: "payload" | "meta" | "ct" | "fib" | "socket";
  readonly bytes: number;
  /** Numbers in host order: ranges need them turned. */
  readonly isHostOrder: boolean;
  readonly needs?: Needs;
  /** Attributes of the load into a register. */
  load(writer: NetlinkWriter, register: number): void;
  /** A value to compare with, as bytes of the field's length (an interface's prefix is shorter). */
  value(value: string | number): Uint8Array;
}

const ipv4: Needs = { field: "meta nfproto", value: 2 };
const ipv6: Needs = { field: "meta nfproto", value: 10 };
const icmp: Needs = { field: "meta l4proto", value: 1 };
const tcp: Needs = { field: "meta l4proto", value: 6 };
const icmpv6: Needs = { field: "meta l4proto", value: 58 };

const NETWORK_HEADER = 1;
const TRANSPORT_HEADER = 2;
const metaKeys = { mark: 3, iifname: 6, oifname: 7, nfproto: 15, l4proto: 16 } as const;
const socketKeys = { transparent: 0, mark: 1 } as const;
const ctKeys = { state: 0, direction: 1, status: 2, mark: 3 } as const;

/** Names that values may be given by instead of their numbers. */
const named: Readonly<Partial<Record<Field, Readonly<Record<string, number>>>>> = {
  "meta nfproto": { ipv4: 2, ipv6: 10 },
  "meta l4proto": { icmp: 1, tcp: 6, udp: 17, icmpv6: 58, "ipv6-icmp": 58, sctp: 132, udplite: 136, ipip: 4 },
  "fib daddr type": { unicast: 1, local: 2, broadcast: 3, anycast: 4, multicast: 5 },
  "ct direction": { original: 0, reply: 1 },
  "ct status": { expected: 1, "seen-reply": 2, assured: 4, confirmed: 8, snat: 16, dnat: 32 },
};

function numberOf(field: Field, value: string | number, max: number): number {
  const number = typeof value === "number" ? value : named[field]?.[value];
  if (number === undefined || !Number.isInteger(number) || number < 0 || number > max) {
    throw new Fault(`${JSON.stringify(value)} is no value of ${field}`, { code: "dataplane/value", kind: "usage" });
  }
  return number;
}

function hostBytes(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24);
}

function payload(field: Field, place: { base: number; offset: number; bytes: number; needs?: Needs }): FieldKind {
  return {
    expression: "payload",
    bytes: place.bytes,
    isHostOrder: false,
    ...(place.needs === undefined ? {} : { needs: place.needs }),
    load: (writer, register) => {
      writer.u32be(1, register);
      writer.u32be(2, place.base);
      writer.u32be(3, place.offset);
      writer.u32be(4, place.bytes);
    },
    value: (value) => {
      if (place.bytes === 4) return valueBytes("ipv4_addr", value);
      if (place.bytes === 16) return valueBytes("ipv6_addr", value);
      if (place.bytes === 1) return Uint8Array.of(numberOf(field, value, 0xff));
      const number = numberOf(field, value, 0xffff);
      return Uint8Array.of(number >> 8, number & 0xff);
    },
  };
}

function keyed(
  field: Field,
  kind: { readonly expression: "meta" | "ct"; readonly key: number; readonly bytes: 1 | 4 },
): FieldKind {
  return {
    expression: kind.expression,
    bytes: kind.bytes,
    isHostOrder: kind.bytes === 4,
    load: (writer, register) => {
      writer.u32be(1, register);
      writer.u32be(2, kind.key);
    },
    value: (value) =>
      kind.bytes === 1 ? Uint8Array.of(numberOf(field, value, 0xff)) : hostBytes(numberOf(field, value, 0xffffffff)),
  };
}

/** Of the socket that the packet would reach. */
function ofSocket(field: Field, key: number, bytes: 1 | 4): FieldKind {
  return {
    expression: "socket",
    bytes,
    isHostOrder: bytes === 4,
    load: (writer, register) => {
      writer.u32be(1, key);
      writer.u32be(2, register);
    },
    value: (value) =>
      bytes === 1 ? Uint8Array.of(numberOf(field, value, 0xff)) : hostBytes(numberOf(field, value, 0xffffffff)),
  };
}

function interfaceName(key: number): FieldKind {
  return {
    expression: "meta",
    bytes: 16,
    isHostOrder: false,
    load: (writer, register) => {
      writer.u32be(1, register);
      writer.u32be(2, key);
    },
    value: (value) => {
      const text = String(value);
      if (!text.endsWith("*")) return valueBytes("ifname", text);
      return valueBytes("ifname", text.slice(0, -1)).subarray(0, new TextEncoder().encode(text).length - 1);
    },
  };
}

const FIB_RESULT_ADDRTYPE = 3;
const FIB_F_DADDR = 2;

const destinationType: FieldKind = {
  expression: "fib",
  bytes: 4,
  isHostOrder: true,
  load: (writer, register) => {
    writer.u32be(1, register);
    writer.u32be(2, FIB_RESULT_ADDRTYPE);
    writer.u32be(3, FIB_F_DADDR);
  },
  value: (value) => hostBytes(numberOf("fib daddr type", value, 0xff)),
};

const network = (field: Field, offset: number, needs: Needs): FieldKind =>
  payload(field, { base: NETWORK_HEADER, offset, bytes: needs === ipv4 ? 4 : 16, needs });
const flagsOfTcp = payload("tcp flags", { base: TRANSPORT_HEADER, offset: 13, bytes: 1, needs: tcp });
const transport = (field: Field, offset: number): FieldKind =>
  payload(field, { base: TRANSPORT_HEADER, offset, bytes: 2 });
const control = (field: Field, offset: number, needs: Needs): FieldKind =>
  payload(field, { base: TRANSPORT_HEADER, offset, bytes: 1, needs });

export const fieldKinds: Readonly<Record<Field, FieldKind>> = {
  "ip saddr": network("ip saddr", 12, ipv4),
  "ip daddr": network("ip daddr", 16, ipv4),
  "ip6 saddr": network("ip6 saddr", 8, ipv6),
  "ip6 daddr": network("ip6 daddr", 24, ipv6),
  "th sport": transport("th sport", 0),
  "th dport": transport("th dport", 2),
  "tcp flags": flagsOfTcp,
  "icmp type": control("icmp type", 0, icmp),
  "icmp code": control("icmp code", 1, icmp),
  "icmpv6 type": control("icmpv6 type", 0, icmpv6),
  "icmpv6 code": control("icmpv6 code", 1, icmpv6),
  "meta nfproto": keyed("meta nfproto", { expression: "meta", key: metaKeys.nfproto, bytes: 1 }),
  "meta l4proto": keyed("meta l4proto", { expression: "meta", key: metaKeys.l4proto, bytes: 1 }),
  "meta iifname": interfaceName(metaKeys.iifname),
  "meta oifname": interfaceName(metaKeys.oifname),
  "meta mark": keyed("meta mark", { expression: "meta", key: metaKeys.mark, bytes: 4 }),
  "fib daddr type": destinationType,
  "ct mark": keyed("ct mark", { expression: "ct", key: ctKeys.mark, bytes: 4 }),
  "ct state": keyed("ct state", { expression: "ct", key: ctKeys.state, bytes: 4 }),
  "ct status": keyed("ct status", { expression: "ct", key: ctKeys.status, bytes: 4 }),
  "ct direction": keyed("ct direction", { expression: "ct", key: ctKeys.direction, bytes: 1 }),
  "socket transparent": ofSocket("socket transparent", socketKeys.transparent, 1),
  "socket mark": ofSocket("socket mark", socketKeys.mark, 4),
};
