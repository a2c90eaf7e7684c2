// Elements of sets and verdict maps on the wire. Plain sets have one entry per element; interval sets of one field have the first key inside and the
// first key behind (marked as an end); concatenations with ranges have a lower and an upper key.
import { Fault, toFault } from "../../../base/fault.ts";
import type { KeyType, NftElement, NftVerdict } from "../../../core/policy/compile/nft/ruleset.ts";
import type { Batch } from "./batch.ts";
import {
  dataAttribute,
  ELEMENT_INTERVAL_END,
  elementAttribute,
  LIST_ELEMENT,
  listAttribute,
  message,
  verdictAttribute,
  verdictCodes,
} from "./constants.ts";
import { writeVerdict } from "./expressions.ts";
import { decodeKey, encodeKey, nextKey, previousKey } from "./keys.ts";
import { attributeList, attributesOf, textOf, u32be, u64be } from "./netlink/reader.ts";
import { NLM_F_CREATE } from "./netlink/socket.ts";
import { NLA_F_NESTED, type NetlinkWriter } from "./netlink/writer.ts";

/** What must be known of a set to write or read its elements. */
export interface SetShape {
  readonly name: string;
  readonly key: readonly KeyType[];
  readonly interval: boolean;
  readonly timeout: boolean;
  readonly isMap: boolean;
}

/** An attribute's length is 16 bits: a list of elements ends well before. */
const listBytesMax = 60_000;

function writeKey(writer: NetlinkWriter, type: number, bytes: Uint8Array): void {
  const nest = writer.open(type | NLA_F_NESTED);
  writer.bytes(dataAttribute.value, bytes);
  writer.close(nest);
}

/** With what is left of it beside: without, a kernel that can refresh (6.12) leaves an element of the same timeout as it was. */
function writeLife(writer: NetlinkWriter, set: SetShape, { timeoutMs }: NftElement): void {
  if (timeoutMs === undefined || !set.timeout) return;
  const lifeMs = Math.max(1, Math.round(timeoutMs));
  writer.u64be(elementAttribute.timeout, lifeMs);
  writer.u64be(elementAttribute.expiration, lifeMs);
}

function writeOne(writer: NetlinkWriter, set: SetShape, element: NftElement): void {
  const low = encodeKey(set.key, element.key, "low");
  const isSpan = set.interval && set.key.length === 1;
  const entry = writer.open(LIST_ELEMENT | NLA_F_NESTED);
  if (isSpan) writer.u32be(elementAttribute.flags, 0);
  writeKey(writer, elementAttribute.key, low);
  if (set.interval && !isSpan) writeKey(writer, elementAttribute.keyEnd, encodeKey(set.key, element.key, "high"));
  writeLife(writer, set, element);
  if (set.isMap && element.data !== undefined) writeVerdict(writer, elementAttribute.data, element.data);
  writer.close(entry);
  if (!isSpan) return;
  const behind = nextKey(encodeKey(set.key, element.key, "high"));
  if (behind === undefined) return;
  const end = writer.open(LIST_ELEMENT | NLA_F_NESTED);
  writer.u32be(elementAttribute.flags, ELEMENT_INTERVAL_END);
  writeKey(writer, elementAttribute.key, behind);
  writeLife(writer, set, element);
  writer.close(end);
}

export interface ElementsOfSet {
  readonly table: string;
  readonly set: SetShape;
  readonly elements: readonly NftElement[];
}

/** Adds or deletes elements, in as many messages as their number needs. Throws "dataplane/key" naming the set and the element. */
export function writeElements(batch: Batch, what: "add" | "delete", given: ElementsOfSet): void {
  const { set, elements } = given;
  const { writer } = batch;
  let at = 0;
  while (at < elements.length) {
    const first = at;
    const kind = what === "add" ? message.newElement : message.deleteElement;
    batch.about(kind, what === "add" ? NLM_F_CREATE : 0, `${what} elements from ${first} of set ${set.name}`);
    writer.text(listAttribute.table, given.table);
    writer.text(listAttribute.set, set.name);
    const list = writer.open(listAttribute.elements | NLA_F_NESTED);
    while (at < elements.length && writer.length - list < listBytesMax) {
      const element = elements[at];
      if (element !== undefined) writeOrName(writer, set, element, at);
      at += 1;
    }
    writer.close(list);
  }
}

function writeOrName(writer: NetlinkWriter, set: SetShape, element: NftElement, index: number): void {
  try {
    writeOne(writer, set, element);
  } catch (error) {
    const fault = toFault(error);
    throw new Fault(`set ${set.name}: element ${index}: ${fault.message}`, {
      code: fault.code,
      kind: fault.kind,
      where: `set ${set.name}`,
      cause: error,
    });
  }
}

/** One element as the kernel tells it. */
export interface RawElement {
  readonly key: Uint8Array;
  readonly keyEnd: Uint8Array | undefined;
  readonly isEnd: boolean;
  readonly verdict: NftVerdict | undefined;
  /** Milliseconds left; undefined when it stays. */
  readonly expiresMs: number | undefined;
}

export function verdictOf(bytes: Uint8Array): NftVerdict | undefined {
  const nested = attributesOf(bytes).get(dataAttribute.verdict);
  if (nested === undefined) return undefined;
  const attributes = attributesOf(nested);
  const code = attributes.get(verdictAttribute.code);
  const found = Object.entries(verdictCodes).find(([, value]) => code !== undefined && value === u32be(code));
  if (found === undefined) return undefined;
  const verdict = found[0] as keyof typeof verdictCodes;
  if (verdict === "jump" || verdict === "goto")
    return { verdict, chain: textOf(attributes.get(verdictAttribute.chain)) };
  return { verdict };
}

/** The elements of one message of a dump. */
export function* rawElements(payload: Uint8Array): Generator<RawElement> {
  const list = attributesOf(payload).get(listAttribute.elements);
  if (list === undefined) return;
  for (const [, entry] of attributeList(list)) {
    const attributes = attributesOf(entry);
    const value = (type: number): Uint8Array | undefined => {
      const nested = attributes.get(type);
      return nested === undefined ? undefined : attributesOf(nested).get(dataAttribute.value);
    };
    const key = value(elementAttribute.key);
    if (key === undefined) continue;
    const flags = attributes.get(elementAttribute.flags);
    const data = attributes.get(elementAttribute.data);
    const left = attributes.get(elementAttribute.expiration);
    yield {
      key,
      keyEnd: value(elementAttribute.keyEnd),
      isEnd: flags !== undefined && (u32be(flags) & ELEMENT_INTERVAL_END) !== 0,
      verdict: data === undefined ? undefined : verdictOf(data),
      expiresMs: left === undefined ? undefined : u64be(left),
    };
  }
}

/** Elements from what the kernel told of a set: ends are joined to their beginnings. What cannot be read is left out. */
export function decodeElements(set: SetShape, raw: readonly RawElement[]): readonly NftElement[] {
  const found: NftElement[] = [];
  const isSpan = set.interval && set.key.length === 1;
  // By key; an interval that ends where the next one begins has its end first.
  const sorted = isSpan
    ? [...raw].sort((a, b) => Buffer.compare(a.key, b.key) || Number(b.isEnd) - Number(a.isEnd))
    : raw;
  for (const [index, element] of sorted.entries()) {
    if (element.isEnd) continue;
    const key = decodeKey(
      set.key,
      element.key,
      isSpan ? endOf(sorted[index + 1], element) : (element.keyEnd ?? element.key),
    );
    if (key === undefined) continue;
    found.push({
      key,
      ...(element.verdict === undefined ? {} : { data: element.verdict }),
      ...(element.expiresMs === undefined ? {} : { timeoutMs: element.expiresMs }),
    });
  }
  return found;
}

function endOf(next: RawElement | undefined, element: RawElement): Uint8Array {
  return next === undefined ? new Uint8Array(element.key.length).fill(0xff) : previousKey(next.key);
}
