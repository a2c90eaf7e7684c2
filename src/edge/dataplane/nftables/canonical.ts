// Expressions as one text that is the same for what was sent and what the kernel tells: attributes in the order of their numbers, counts left out,
// attributes that say nothing (all 0) left out where the kernel does so.
import { expressionAttribute } from "./constants.ts";
import { attributeList, attributesOf, textOf, u64be } from "./netlink/reader.ts";

/** Attributes whose absence means 0, by expression. */
const zeroIsAbsent: Readonly<Record<string, readonly number[]>> = {
  lookup: [3, 5],
  limit: [4, 5],
  bitwise: [6],
  log: [3, 4, 6],
  ct: [3],
  redir: [3],
  nat: [7],
  payload: [8],
  reject: [2],
};
function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

/** Texts by what was read. The same rules are read again and again; to make a text costs ten times as much as to look it up. */
const known = new Map<string, string>();
const knownMax = 16_384;
const attributeHead = 4;
const counterName = "counter";

/** The list of a rule's expressions (nested attributes) as text. */
export function canonicalRule(expressions: Uint8Array): string {
  const raw = rawText(expressions);
  const found = known.get(raw);
  if (found !== undefined) return found;
  const text = canonicalText(expressions);
  if (known.size >= knownMax) known.clear();
  known.set(raw, text);
  return text;
}

/** All bytes but those of counters. */
function rawText(expressions: Uint8Array): string {
  const bytes = Buffer.from(expressions.buffer, expressions.byteOffset, expressions.byteLength);
  let text = "";
  for (let at = 0; at + attributeHead <= bytes.length;) {
    const length = bytes.readUInt16LE(at);
    if (length < attributeHead || at + length > bytes.length) break;
    const nameAt = at + attributeHead * 2;
    const isCounter = bytes.toString("latin1", nameAt, nameAt + counterName.length + 1) === `${counterName}\0`;
    text += isCounter ? "#" : bytes.toString("latin1", at, at + length);
    at += (length + 3) & ~3;
  }
  return text;
}

function canonicalText(expressions: Uint8Array): string {
  const parts: string[] = [];
  for (const [, element] of attributeList(expressions)) {
    const attributes = attributesOf(element);
    const name = textOf(attributes.get(expressionAttribute.name));
    const data = attributes.get(expressionAttribute.data);
    parts.push(data === undefined || name === counterName ? name : `${name}(${canonicalData(name, data)})`);
  }
  return parts.join(" ");
}

function canonicalData(name: string, data: Uint8Array): string {
  const attributes = [...attributesOf(data)].sort(([a], [b]) => a - b);
  const kept = attributes.filter(([type, value]) => {
    const isZero = value.every((byte) => byte === 0);
    return !(isZero && zeroIsAbsent[name]?.includes(type) === true);
  });
  return kept.map(([type, value]) => `${type}=${valueText(name, type, value)}`).join(",");
}

/** Data and verdicts hold attributes with flags on their type in one direction only; they are unwrapped. */
function valueText(name: string, type: number, value: Uint8Array): string {
  const isNested =
    (name === "immediate" && type === 2) ||
    (name === "cmp" && type === 3) ||
    (name === "range" && type >= 3) ||
    (name === "bitwise" && (type === 4 || type === 5));
  if (!isNested) return hex(value);
  return [...attributesOf(value)]
    .map(([inner, bytes]) => `${inner}:${inner === 2 ? verdictText(bytes) : hex(bytes)}`)
    .join("+");
}

function verdictText(bytes: Uint8Array): string {
  return [...attributesOf(bytes)].map(([type, value]) => `${type}:${hex(value)}`).join("+");
}

export interface Count {
  readonly packets: number;
  readonly bytes: number;
}

/** The rule's counter, if it has one. */
export function counterOf(expressions: Uint8Array): Count | undefined {
  for (const [, element] of attributeList(expressions)) {
    const attributes = attributesOf(element);
    if (textOf(attributes.get(expressionAttribute.name)) !== "counter") continue;
    const data = attributesOf(attributes.get(expressionAttribute.data) ?? new Uint8Array(0));
    const bytes = data.get(1);
    const packets = data.get(2);
    return { bytes: bytes === undefined ? 0 : u64be(bytes), packets: packets === undefined ? 0 : u64be(packets) };
  }
  return undefined;
}
