// DNS messages as enforcement needs them: strict, whole or refused. Observation reads leniently (core/protocol/dns-message.ts); what fills the
// kernel's sets may not. Also the few messages that the proxy writes itself. Formats: RFC 1035, 6891 (EDNS), 8914 (extended errors).
import { refused, u16At, u32At } from "../../protocol/bytes.ts";
import type { Refused } from "../../protocol/bytes.ts";
import { addressV6, dnsTypeName, readName } from "../../protocol/dns-message.ts";

export const wireLimits = {
  messageLengthMax: 65_535,
  /** Records of one message, all sections. */
  recordsMax: 4096,
  /** What a client without EDNS takes by UDP (RFC 1035 4.2.1). */
  udpLengthPlain: 512,
  /** What we send by UDP at most, whatever a client says it takes. */
  udpLengthMax: 4096,
} as const;

export const dnsTypes = { A: 1, CNAME: 5, DNAME: 39, AAAA: 28, OPT: 41, TSIG: 250, IXFR: 251, AXFR: 252 } as const;

export interface DnsQuestion {
  readonly ok: true;
  readonly id: number;
  readonly opcode: number;
  readonly recursionDesired: boolean;
  /** Lower case, without the final dot. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
  /** Offset behind the question. */
  readonly end: number;
  /** What the asker takes by UDP: from its OPT record, else 512. */
  readonly udpLengthMax: number;
  readonly hasEdns: boolean;
}

export interface AnswerRecord {
  readonly name: string;
  readonly type: number;
  readonly class: number;
  readonly ttlSeconds: number;
  /** Address of A and AAAA, target of CNAME and DNAME, else "". */
  readonly value: string;
}

export interface AnswerMessage {
  readonly ok: true;
  readonly id: number;
  readonly isTruncated: boolean;
  /** With EDNS the extended code. */
  readonly responseCode: number;
  readonly name: string;
  readonly type: number;
  readonly class: number;
  /** The answer section, in order. Empty when truncated: parts of an answer are not believed. */
  readonly records: readonly AnswerRecord[];
}

/** A client's question: not a response, exactly one question, no answers; everything announced is there. */
export function readQuestion(bytes: Uint8Array): DnsQuestion | Refused {
  const start = readStart(bytes);
  if (!start.ok) return start;
  if (start.isResponse) return refused("not-this-protocol", "a response where a question was expected");
  if (start.counts[1] !== 0) return refused("malformed", "a question that brings answers");
  const rest = readSections(bytes, start);
  if (!rest.ok) return rest;
  return {
    ok: true,
    id: start.id,
    opcode: (start.flags >> 11) & 0x0f,
    recursionDesired: (start.flags & 0x0100) !== 0,
    name: start.name,
    type: start.type,
    class: start.class,
    end: start.end,
    udpLengthMax: Math.min(Math.max(rest.udpLength, wireLimits.udpLengthPlain), wireLimits.udpLengthMax),
    hasEdns: rest.hasEdns,
  };
}

/** A server's answer, all of it; a truncated one gives its header and question only. */
export function readAnswer(bytes: Uint8Array): AnswerMessage | Refused {
  const start = readStart(bytes);
  if (!start.ok) return start;
  if (!start.isResponse) return refused("not-this-protocol", "a question where a response was expected");
  const isTruncated = (start.flags & 0x0200) !== 0;
  const head = { ok: true, id: start.id, isTruncated, name: start.name, type: start.type, class: start.class } as const;
  if (isTruncated) return { ...head, responseCode: start.flags & 0x0f, records: [] };
  const rest = readSections(bytes, start);
  if (!rest.ok) return rest;
  return { ...head, responseCode: (start.flags & 0x0f) + rest.extendedCode * 16, records: rest.answers };
}

interface Start {
  readonly ok: true;
  readonly id: number;
  readonly flags: number;
  readonly isResponse: boolean;
  readonly counts: readonly [number, number, number, number];
  readonly name: string;
  readonly type: number;
  readonly class: number;
  readonly end: number;
}

function readStart(bytes: Uint8Array): Start | Refused {
  if (bytes.length > wireLimits.messageLengthMax) return refused("over-limit", "longer than a DNS message can be");
  if (bytes.length < 12) return refused("truncated", "shorter than a DNS header");
  const flags = u16At(bytes, 2);
  const counts = [u16At(bytes, 4), u16At(bytes, 6), u16At(bytes, 8), u16At(bytes, 10)] as const;
  if (counts[0] !== 1) return refused("malformed", `${counts[0]} questions, where exactly one is usual`);
  const total = counts[1] + counts[2] + counts[3];
  if (total > wireLimits.recordsMax) return refused("over-limit", `${total} records`);
  const name = readName(bytes, 12);
  if (!name.ok) return name;
  const type = u16At(bytes, name.end);
  const recordClass = u16At(bytes, name.end + 2);
  if (type < 0 || recordClass < 0) return refused("truncated", "ends in the question");
  const isResponse = (flags & 0x8000) !== 0;
  return {
    ok: true,
    id: u16At(bytes, 0),
    flags,
    isResponse,
    counts,
    name: name.text,
    type,
    class: recordClass,
    end: name.end + 4,
  };
}

interface Sections {
  readonly ok: true;
  readonly answers: readonly AnswerRecord[];
  readonly hasEdns: boolean;
  readonly udpLength: number;
  readonly extendedCode: number;
}

/** Walks every record, so that a message that is cut anywhere is refused as a whole. */
function readSections(bytes: Uint8Array, start: Start): Sections | Refused {
  const [, announced, authority, additional] = start.counts;
  const answers: AnswerRecord[] = [];
  let hasEdns = false;
  let udpLength = 0;
  let extendedCode = 0;
  let at = start.end;
  for (let index = 0; index < announced + authority + additional; index += 1) {
    const name = readName(bytes, at);
    if (!name.ok) return name;
    const type = u16At(bytes, name.end);
    const recordClass = u16At(bytes, name.end + 2);
    const ttl = u32At(bytes, name.end + 4);
    const length = u16At(bytes, name.end + 8);
    const data = name.end + 10;
    if (length < 0 || data + length > bytes.length) return refused("truncated", `ends in record ${index}`);
    if (type === dnsTypes.OPT && index >= announced + authority) {
      hasEdns = true;
      udpLength = recordClass;
      extendedCode = Math.floor(ttl / 16_777_216);
    } else if (index < announced) {
      const value = readValue(bytes, type, { at: data, length });
      if (value === undefined) return refused("malformed", `record ${index}: its data is no ${dnsTypeName(type)}`);
      // RFC 2181 8: a TTL with the top bit set is zero.
      answers.push({ name: name.text, type, class: recordClass, ttlSeconds: ttl > 0x7fff_ffff ? 0 : ttl, value });
    }
    at = data + length;
  }
  return { ok: true, answers, hasEdns, udpLength, extendedCode };
}

function readValue(
  bytes: Uint8Array,
  type: number,
  { at, length }: { readonly at: number; readonly length: number },
): string | undefined {
  if (type === dnsTypes.A) return length === 4 ? bytes.subarray(at, at + 4).join(".") : undefined;
  if (type === dnsTypes.AAAA) return length === 16 ? addressV6(bytes, at) : undefined;
  if (type !== dnsTypes.CNAME && type !== dnsTypes.DNAME) return "";
  const name = readName(bytes, at);
  return name.ok && name.end === at + length ? name.text : undefined;
}

/** A copy with another id. */
export function withId(bytes: Uint8Array, id: number): Uint8Array {
  const copy = bytes.slice();
  copy[0] = (id >> 8) & 0xff;
  copy[1] = id & 0xff;
  return copy;
}

export const replyCodes = { formatError: 1, serverFailure: 2, notImplemented: 4, refused: 5 } as const;

/** RFC 8914: why, for those who look. */
export const extendedErrors = { blocked: 15, prohibited: 18, networkError: 23, invalidData: 24, other: 0 } as const;

/** An answer of our own without records: an error, or (code 0 and `isTruncated`) the advice to come back by TCP. */
export function writeReply(
  asked: Uint8Array,
  question: DnsQuestion,
  reply: { readonly code: number; readonly extendedError?: number; readonly isTruncated?: true },
): Uint8Array {
  const option = reply.extendedError === undefined ? [] : [0, 15, 0, 2, ...u16(reply.extendedError)];
  return write(asked, question, {
    flags: (reply.isTruncated === true ? 0x0200 : 0) | reply.code,
    records: [],
    option,
  });
}

export interface AddressRecord {
  readonly ttlSeconds: number;
  /** 4 or 16 bytes. */
  readonly data: readonly number[];
}

/** An answer of our own that has only these addresses of the asked type, all directly at the asked name. */
export function writeAddresses(
  asked: Uint8Array,
  question: DnsQuestion,
  addresses: readonly AddressRecord[],
): Uint8Array {
  const records = addresses.map(({ ttlSeconds, data }) => [
    0xc0,
    12,
    ...u16(question.type),
    ...u16(1),
    ...u16(Math.floor(ttlSeconds / 65_536)),
    ...u16(ttlSeconds % 65_536),
    ...u16(data.length),
    ...data,
  ]);
  return write(asked, question, { flags: 0, records, option: [] });
}

function write(
  asked: Uint8Array,
  question: DnsQuestion,
  parts: {
    readonly flags: number;
    readonly records: readonly (readonly number[])[];
    readonly option: readonly number[];
  },
): Uint8Array {
  const { opcode, recursionDesired, id, hasEdns, end } = question;
  // A response, recursion available.
  const flags = 0x8080 | (opcode << 11) | (recursionDesired ? 0x0100 : 0) | parts.flags;
  const edns = hasEdns
    ? [0, 0, dnsTypes.OPT, ...u16(1232), 0, 0, 0, 0, ...u16(parts.option.length), ...parts.option]
    : [];
  const header = [id, flags, 1, parts.records.length, 0, hasEdns ? 1 : 0].flatMap(u16);
  return Uint8Array.from([...header, ...asked.subarray(12, end), ...parts.records.flat(), ...edns]);
}

function u16(value: number): number[] {
  return [(value >> 8) & 0xff, value & 0xff];
}
