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
/** Of an expression that is a state, not a rule: left out. */
const stateful: Readonly<Record<string, boolean>> = { counter: true };

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

/** The list of a rule's expressions (nested attributes) as text. */
export function canonicalRule(expressions: Uint8Array): string {
  const parts: string[] = [];
  for (const [, element] of attributeList(expressions)) {
    const attributes = attributesOf(element);
    const name = textOf(attributes.get(expressionAttribute.name));
    const data = attributes.get(expressionAttribute.data);
    parts.push(data === undefined || stateful[name] === true ? name : `${name}(${canonicalData(name, data)})`);
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
