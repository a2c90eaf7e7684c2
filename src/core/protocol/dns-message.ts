// A DNS message (RFC 1035, EDNS: RFC 6891) as far as observation needs it: the question, the response code and the answers.
// Promise: any bytes in, a message or a refusal out; bounded work, no read past the end, no loop by compression pointers.
import { escapeOf, refused, textOf, u16At, u32At } from "./bytes.ts";
import type { Refused } from "./bytes.ts";

export const dnsLimits = {
  messageLengthMax: 65_535,
  answersMax: 32,
  /** Records looked at in one message, all sections together. */
  recordsMax: 128,
  /** RFC 1035 2.3.4: 255 octets on the wire. */
  nameLengthMax: 255,
  /** Compression pointers followed in one name; each must go backwards. */
  pointersMax: 16,
  textLengthMax: 255,
} as const;

export interface DnsAnswer {
  /** Owner name, lower case, without the final dot. */
  readonly name: string;
  readonly type: string;
  readonly ttlSeconds: number;
  /** Address, name or text; for other types their length: "24 bytes". */
  readonly value: string;
}

export interface DnsMessage {
  readonly ok: true;
  readonly id: number;
  readonly isResponse: boolean;
  /** 0 is a standard query; others (NOTIFY, UPDATE) are kept as numbers. */
  readonly opcode: number;
  /** TC: the answer did not fit into this datagram. */
  readonly isTruncated: boolean;
  /** "NOERROR", "NXDOMAIN", ..., "RCODE<n>"; with EDNS the extended code. */
  readonly responseCode: string;
  /** Lower case, without the final dot; "." for the root. */
  readonly question: string;
  readonly questionType: string;
  readonly answers: readonly DnsAnswer[];
  /** True when more answers were announced than could be read or kept. */
  readonly answersCut: boolean;
  readonly hasEdns: boolean;
}

/** IANA DNS parameters. */
const typeNames: ReadonlyMap<number, string> = new Map([
  [1, "A"],
  [2, "NS"],
  [5, "CNAME"],
  [6, "SOA"],
  [12, "PTR"],
  [13, "HINFO"],
  [15, "MX"],
  [16, "TXT"],
  [28, "AAAA"],
  [29, "LOC"],
  [33, "SRV"],
  [35, "NAPTR"],
  [39, "DNAME"],
  [41, "OPT"],
  [43, "DS"],
  [46, "RRSIG"],
  [47, "NSEC"],
  [48, "DNSKEY"],
  [50, "NSEC3"],
  [52, "TLSA"],
  [64, "SVCB"],
  [65, "HTTPS"],
  [99, "SPF"],
  [251, "IXFR"],
  [252, "AXFR"],
  [255, "ANY"],
  [257, "CAA"],
]);
const responseCodes = [
  "NOERROR",
  "FORMERR",
  "SERVFAIL",
  "NXDOMAIN",
  "NOTIMP",
  "REFUSED",
  "YXDOMAIN",
  "YXRRSET",
  "NXRRSET",
  "NOTAUTH",
  "NOTZONE",
] as const;

export function dnsTypeName(type: number): string {
  return typeNames.get(type) ?? `TYPE${type}`;
}

export function responseCodeName(code: number): string {
  return code === 16 ? "BADVERS" : (responseCodes[code] ?? `RCODE${code}`);
}

/** Reads the UDP payload of port 53. A cut payload gives what is whole: the question must be, answers may be missing (`answersCut`). */
export function readDnsMessage(bytes: Uint8Array): DnsMessage | Refused {
  if (bytes.length > dnsLimits.messageLengthMax) return refused("over-limit", "longer than a DNS message can be");
  if (bytes.length < 12) return refused("truncated", "shorter than a DNS header");
  const flags = u16At(bytes, 2);
  const questions = u16At(bytes, 4);
  if (questions !== 1) return refused("malformed", `${questions} questions, where exactly one is usual`);
  const name = readName(bytes, 12);
  if (!name.ok) return name;
  const type = u16At(bytes, name.end);
  if (type < 0 || u16At(bytes, name.end + 2) < 0) return refused("truncated", "ends in the question");
  const isResponse = (flags & 0x8000) !== 0;
  const records = readRecords(bytes, name.end + 4, isResponse);
  const code = (flags & 0x0f) + records.extendedCode * 16;
  return {
    ok: true,
    id: u16At(bytes, 0),
    isResponse,
    opcode: (flags >> 11) & 0x0f,
    isTruncated: (flags & 0x0200) !== 0,
    responseCode: responseCodeName(code),
    question: name.text,
    questionType: dnsTypeName(type),
    answers: records.answers,
    answersCut: records.answersCut,
    hasEdns: records.hasEdns,
  };
}

interface Records {
  readonly answers: readonly DnsAnswer[];
  readonly answersCut: boolean;
  readonly hasEdns: boolean;
  readonly extendedCode: number;
}

/** Answers are kept; authority and additional records are walked over only to find the OPT record. Stops at the first broken record. */
function readRecords(bytes: Uint8Array, from: number, isResponse: boolean): Records {
  const announced = u16At(bytes, 6);
  const total = announced + u16At(bytes, 8) + u16At(bytes, 10);
  const answers: DnsAnswer[] = [];
  let hasEdns = false;
  let extendedCode = 0;
  let answersRead = 0;
  let at = from;
  for (let index = 0; index < Math.min(total, dnsLimits.recordsMax); index++) {
    const name = readName(bytes, at);
    if (!name.ok) break;
    const type = u16At(bytes, name.end);
    const ttlSeconds = u32At(bytes, name.end + 4);
    const length = u16At(bytes, name.end + 8);
    const data = name.end + 10;
    if (type < 0 || ttlSeconds < 0 || length < 0 || data + length > bytes.length) break;
    if (type === 41) {
      hasEdns = true;
      extendedCode = Math.floor(ttlSeconds / 16_777_216);
    } else if (index < announced && isResponse) {
      answersRead += 1;
      if (answers.length < dnsLimits.answersMax) {
        // RFC 2181 8: a TTL with the top bit set is zero.
        const ttl = ttlSeconds > 0x7fff_ffff ? 0 : ttlSeconds;
        answers.push({
          name: name.text,
          type: dnsTypeName(type),
          ttlSeconds: ttl,
          value: readValue(bytes, type, data, length),
        });
      }
    }
    at = data + length;
  }
  return {
    answers,
    answersCut: isResponse && (answersRead < announced || answersRead > answers.length),
    hasEdns,
    extendedCode,
  };
}

/** A name as text, and where the bytes go on behind it. */
export interface DnsName {
  readonly ok: true;
  readonly text: string;
  /** Where the record goes on: behind the name or its first pointer. */
  readonly end: number;
}

/** The name at `from`: lower case, without the final dot, "." for the root; pointers only backwards. */
export function readName(bytes: Uint8Array, from: number): DnsName | Refused {
  const labels: string[] = [];
  let at = from;
  let end = -1;
  let length = 0;
  let lowest = from;
  for (let pointers = 0; ;) {
    const size = bytes[at];
    if (size === undefined) return refused("truncated", "ends in a name");
    if (size === 0)
      return { ok: true, text: labels.length === 0 ? "." : labels.join("."), end: end < 0 ? at + 1 : end };
    if ((size & 0xc0) === 0xc0) {
      const target = u16At(bytes, at) & 0x3fff;
      if (u16At(bytes, at) < 0) return refused("truncated", "ends in a name's pointer");
      if (end < 0) end = at + 2;
      pointers += 1;
      // Only ever backwards: a loop is impossible, whatever the pointers say.
      if (target >= lowest || pointers > dnsLimits.pointersMax)
        return refused("malformed", "a name's pointer goes forward or too far");
      lowest = target;
      at = target;
      continue;
    }
    if ((size & 0xc0) !== 0) return refused("malformed", "a label of a kind that is not in use");
    length += size + 1;
    if (length > dnsLimits.nameLengthMax) return refused("malformed", "a name longer than 255 octets");
    if (at + 1 + size > bytes.length) return refused("truncated", "ends in a label");
    labels.push(labelText(bytes, at + 1, size));
    at += size + 1;
  }
}

/** Lower case; a dot or a backslash inside a label and everything not printable is written as \xNN. */
function labelText(bytes: Uint8Array, from: number, size: number): string {
  let text = "";
  for (let at = from; at < from + size; at++) {
    const byte = bytes[at] ?? 0;
    const isPlain = byte > 0x20 && byte < 0x7f && byte !== 0x2e && byte !== 0x5c;
    text += isPlain ? String.fromCharCode(byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte) : escapeOf(byte);
  }
  return text;
}

function readValue(bytes: Uint8Array, type: number, at: number, length: number): string {
  switch (type) {
    case 1:
      return length === 4 ? bytes.subarray(at, at + 4).join(".") : `${length} bytes`;
    case 28:
      return length === 16 ? addressV6(bytes, at) : `${length} bytes`;
    case 2:
    case 5:
    case 12:
    case 39:
      return nameValue(bytes, at, length);
    case 15:
      return nameValue(bytes, at + 2, length);
    case 33:
      return `${nameValue(bytes, at + 6, length)}:${Math.max(0, u16At(bytes, at + 4))}`;
    case 16:
      return textOf(bytes, at + 1, at + Math.min(length, 1 + (bytes[at] ?? 0), dnsLimits.textLengthMax));
    default:
      return `${length} bytes`;
  }
}

function nameValue(bytes: Uint8Array, at: number, length: number): string {
  const name = readName(bytes, at);
  return name.ok ? name.text : `${length} bytes`;
}

/** 16 bytes as text. RFC 5952: the longest run of two or more zero groups becomes "::", the first one when there are several. */
export function addressV6(bytes: Uint8Array, at: number): string {
  const groups: number[] = [];
  for (let group = 0; group < 8; group++) groups.push(u16At(bytes, at + group * 2));
  let best = { start: -1, length: 1 };
  for (let start = 0; start < 8; start++) {
    let end = start;
    while (end < 8 && groups[end] === 0) end += 1;
    if (end - start > best.length) best = { start, length: end - start };
  }
  const hex = groups.map((group) => group.toString(16));
  if (best.start < 0) return hex.join(":");
  return `${hex.slice(0, best.start).join(":")}::${hex.slice(best.start + best.length).join(":")}`;
}
