// A rule's expressions as the kernel's: fields into registers, registers compared, verdicts into the verdict register. Registers are written by
// the numbers that the kernel hands back, so that what is read can be compared with what was sent.
import { unreachable } from "../../../base/assert.ts";
import type { CtState, Field, NftExpression, NftRule, NftVerdict } from "../../../core/policy/compile/nft/ruleset.ts";
import {
  dataAttribute,
  expressionAttribute,
  LIST_ELEMENT,
  NFPROTO_INET,
  verdictAttribute,
  verdictCodes,
} from "./constants.ts";
import { fieldKinds, type Needs } from "./fields.ts";
import { padded, valueBytes } from "./keys.ts";
import { NLA_F_NESTED, type NetlinkWriter } from "./netlink/writer.ts";

const VERDICT_REGISTER = 0;
const FIRST_REGISTER = 1;
const SECOND_REGISTER = 2;
const CMP_EQ = 0;
const CMP_NE = 1;
const LOOKUP_INVERTED = 1;
const BYTEORDER_HTON = 1;
const NAT_RANGE_MAP_ADDRESSES = 1;
const NAT_RANGE_PROTO_SPECIFIED = 2;
const NAT_DNAT = 1;
const NFPROTO_IPV4 = 2;
const NFPROTO_IPV6 = 10;
const REJECT_TCP_RESET = 1;
const REJECT_ICMPX = 2;
const ICMPX_ADMIN_PROHIBITED = 3;
const TCP = 6;

const stateBits: Readonly<Record<CtState, number>> = { invalid: 1, established: 2, related: 4, new: 8, untracked: 64 };

/** The number of the 32-bit register `index` as dumps show it: every fourth by the name of a whole register. */
function registerNumber(index: number): number {
  return index % 4 === 0 ? FIRST_REGISTER + index / 4 : 8 + index;
}

function expression(writer: NetlinkWriter, name: string, data: (() => void) | undefined): void {
  const element = writer.open(LIST_ELEMENT | NLA_F_NESTED);
  writer.text(expressionAttribute.name, name);
  if (data !== undefined) {
    const inner = writer.open(expressionAttribute.data | NLA_F_NESTED);
    data();
    writer.close(inner);
  }
  writer.close(element);
}

function value(writer: NetlinkWriter, type: number, bytes: Uint8Array): void {
  const nest = writer.open(type | NLA_F_NESTED);
  writer.bytes(dataAttribute.value, bytes);
  writer.close(nest);
}

/** A verdict as nested data, of rules and of elements alike. */
export function writeVerdict(writer: NetlinkWriter, type: number, verdict: NftVerdict): void {
  const data = writer.open(type | NLA_F_NESTED);
  const nest = writer.open(dataAttribute.verdict | NLA_F_NESTED);
  writer.u32be(verdictAttribute.code, verdictCodes[verdict.verdict]);
  if ("chain" in verdict) writer.text(verdictAttribute.chain, verdict.chain);
  writer.close(nest);
  writer.close(data);
}

function hostBytes(number: number): Uint8Array {
  return Uint8Array.of(number & 0xff, (number >>> 8) & 0xff, (number >>> 16) & 0xff, number >>> 24);
}

function load(writer: NetlinkWriter, field: Field, register: number): void {
  const kind = fieldKinds[field];
  expression(writer, kind.expression, () => kind.load(writer, register));
}

function bitwise(writer: NetlinkWriter, mask: Uint8Array, xor: Uint8Array): void {
  expression(writer, "bitwise", () => {
    writer.u32be(1, FIRST_REGISTER);
    writer.u32be(2, FIRST_REGISTER);
    writer.u32be(3, mask.length);
    value(writer, 4, mask);
    value(writer, 5, xor);
    writer.u32be(6, 0);
  });
}

function compare(writer: NetlinkWriter, operator: "eq" | "ne", bytes: Uint8Array): void {
  expression(writer, "cmp", () => {
    writer.u32be(1, FIRST_REGISTER);
    writer.u32be(2, operator === "eq" ? CMP_EQ : CMP_NE);
    value(writer, 3, bytes);
  });
}

function range(writer: NetlinkWriter, given: NftExpression & { do: "range" }): void {
  const kind = fieldKinds[given.field];
  load(writer, given.field, FIRST_REGISTER);
  const ends = [kind.value(given.low), kind.value(given.high)] as const;
  if (kind.isHostOrder) {
    expression(writer, "byteorder", () => {
      writer.u32be(1, FIRST_REGISTER);
      writer.u32be(2, FIRST_REGISTER);
      writer.u32be(3, BYTEORDER_HTON);
      writer.u32be(4, 4);
      writer.u32be(5, 4);
    });
    for (const end of ends) end.reverse();
  }
  expression(writer, "range", () => {
    writer.u32be(1, FIRST_REGISTER);
    writer.u32be(2, given.operator === "eq" ? CMP_EQ : CMP_NE);
    value(writer, 3, ends[0]);
    value(writer, 4, ends[1]);
  });
}

function loadAll(writer: NetlinkWriter, fields: readonly Field[]): void {
  let index = 0;
  for (const field of fields) {
    load(writer, field, registerNumber(index));
    index += padded(fieldKinds[field].bytes) / 4;
  }
}

function setMark(writer: NetlinkWriter, given: NftExpression & { do: "set-mark" }): void {
  load(writer, given.which === "meta" ? "meta mark" : "ct mark", FIRST_REGISTER);
  bitwise(writer, hostBytes(~given.mask >>> 0), hostBytes(given.value));
  const SOURCE_REGISTER = given.which === "meta" ? 3 : 4;
  const MARK = 3;
  expression(writer, given.which, () => {
    writer.u32be(2, MARK);
    writer.u32be(SOURCE_REGISTER, FIRST_REGISTER);
  });
}

function immediate(writer: NetlinkWriter, register: number, bytes: Uint8Array): void {
  expression(writer, "immediate", () => {
    writer.u32be(1, register);
    value(writer, 2, bytes);
  });
}

function redirect(writer: NetlinkWriter, given: NftExpression & { do: "redirect" }): void {
  const port = portBytes(given.port);
  if (given.address === undefined) {
    immediate(writer, FIRST_REGISTER, port);
    return expression(writer, "redir", () => {
      writer.u32be(1, FIRST_REGISTER);
      writer.u32be(2, FIRST_REGISTER);
      writer.u32be(3, NAT_RANGE_PROTO_SPECIFIED);
    });
  }
  const isV4 = !given.address.includes(":");
  immediate(writer, FIRST_REGISTER, valueBytes(isV4 ? "ipv4_addr" : "ipv6_addr", given.address));
  immediate(writer, SECOND_REGISTER, port);
  return expression(writer, "nat", () => {
    writer.u32be(1, NAT_DNAT);
    writer.u32be(2, isV4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
    writer.u32be(3, FIRST_REGISTER);
    writer.u32be(4, FIRST_REGISTER);
    writer.u32be(5, SECOND_REGISTER);
    writer.u32be(6, SECOND_REGISTER);
    writer.u32be(7, NAT_RANGE_MAP_ADDRESSES | NAT_RANGE_PROTO_SPECIFIED);
  });
}

function portBytes(port: number): Uint8Array {
  return Uint8Array.of(port >> 8, port & 0xff);
}

function toPort(writer: NetlinkWriter, port: number): void {
  immediate(writer, FIRST_REGISTER, portBytes(port));
  expression(writer, "nat", () => {
    writer.u32be(1, NAT_DNAT);
    writer.u32be(2, NFPROTO_INET);
    writer.u32be(5, FIRST_REGISTER);
    writer.u32be(6, FIRST_REGISTER);
    writer.u32be(7, NAT_RANGE_PROTO_SPECIFIED);
  });
}

/** Statements: what is done, not looked at. */
function statement(writer: NetlinkWriter, given: NftExpression): void {
  switch (given.do) {
    case "counter":
      return expression(writer, "counter", () => undefined);
    case "log":
      return expression(writer, "log", () => {
        writer.u16be(1, given.group);
        writer.text(2, given.prefix);
        if (given.snapLength > 0) writer.u32be(3, given.snapLength);
        if (given.queueThreshold > 0) writer.u16be(4, given.queueThreshold);
      });
    case "limit":
      return expression(writer, "limit", () => {
        writer.u64be(1, given.perSecond);
        writer.u64be(2, 1);
        writer.u32be(3, given.burst);
        writer.u32be(4, 0);
      });
    case "notrack":
      return expression(writer, "notrack", undefined);
    case "redirect":
      return redirect(writer, given);
    case "to-port":
      return toPort(writer, given.port);
    case "reject":
      return expression(writer, "reject", () => {
        writer.u32be(1, given.with === "tcp-reset" ? REJECT_TCP_RESET : REJECT_ICMPX);
        if (given.with === "admin-prohibited") writer.u8(2, ICMPX_ADMIN_PROHIBITED);
      });
    case "verdict":
      return expression(writer, "immediate", () => {
        writer.u32be(1, VERDICT_REGISTER);
        writeVerdict(writer, 2, given);
      });
    case "set-mark":
      return setMark(writer, given);
    case "compare":
    case "range":
    case "ct-state":
    case "lookup":
    case "vmap":
      return match(writer, given);
    default:
      return unreachable(given);
  }
}

type Match = NftExpression & { do: "compare" | "range" | "ct-state" | "lookup" | "vmap" };

function match(writer: NetlinkWriter, given: Match): void {
  switch (given.do) {
    case "compare": {
      const kind = fieldKinds[given.field];
      const bytes = kind.value(given.value);
      load(writer, given.field, FIRST_REGISTER);
      if (given.mask !== undefined) {
        const mask = hostBytes(given.mask).subarray(0, kind.bytes);
        if (!kind.isHostOrder) mask.reverse();
        bitwise(writer, mask, new Uint8Array(kind.bytes));
      }
      return compare(writer, given.operator, bytes);
    }
    case "range":
      return range(writer, given);
    case "ct-state": {
      let bits = 0;
      for (const state of given.states) bits |= stateBits[state];
      load(writer, "ct state", FIRST_REGISTER);
      bitwise(writer, hostBytes(bits), hostBytes(0));
      return compare(writer, given.operator === "eq" ? "ne" : "eq", hostBytes(0));
    }
    case "lookup":
      loadAll(writer, given.fields);
      return expression(writer, "lookup", () => {
        writer.text(1, given.set);
        writer.u32be(2, FIRST_REGISTER);
        writer.u32be(5, given.operator === "ne" ? LOOKUP_INVERTED : 0);
      });
    case "vmap":
      loadAll(writer, given.fields);
      return expression(writer, "lookup", () => {
        writer.text(1, given.map);
        writer.u32be(2, FIRST_REGISTER);
        writer.u32be(3, VERDICT_REGISTER);
        writer.u32be(5, 0);
      });
  }
}

function fieldsOf(given: NftExpression): readonly Field[] {
  if (given.do === "compare" || given.do === "range") return [given.field];
  return given.do === "lookup" || given.do === "vmap" ? given.fields : [];
}

/**
 * Writes all expressions of a rule. Before an address or an ICMP field is read, the packet's kind is asked for, unless the rule did so itself:
 * as `nft` does, so that a rule on "ip saddr" never matches IPv6. Throws the Faults "dataplane/key" and "dataplane/value".
 */
export function writeExpressions(writer: NetlinkWriter, rule: NftRule): void {
  const known = new Set<string>();
  const require = (needs: Needs | undefined): void => {
    if (needs === undefined || known.has(`${needs.field} ${needs.value}`)) return;
    known.add(`${needs.field} ${needs.value}`);
    match(writer, { do: "compare", field: needs.field, operator: "eq", value: needs.value });
  };
  for (const given of rule.expressions) {
    for (const field of fieldsOf(given)) require(fieldKinds[field].needs);
    if (given.do === "redirect" && given.address !== undefined) {
      require({ field: "meta nfproto", value: given.address.includes(":") ? NFPROTO_IPV6 : NFPROTO_IPV4 });
    }
    if (given.do === "to-port") require({ field: "meta l4proto", value: TCP });
    if (given.do === "reject" && given.with === "tcp-reset") require({ field: "meta l4proto", value: TCP });
    statement(writer, given);
    if (given.do !== "compare" || given.operator !== "eq" || given.mask !== undefined) continue;
    if (given.field === "meta nfproto" || given.field === "meta l4proto")
      known.add(`${given.field} ${fieldKinds[given.field].value(given.value)[0] ?? 0}`);
  }
}
