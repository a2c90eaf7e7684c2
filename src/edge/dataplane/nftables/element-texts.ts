// Elements on the wire as texts, to compare what was asked with what the kernel tells. Both are read by the same walk over bytes: there may be
// hundreds of thousands.
import { createBatch } from "./batch.ts";
import type { NftSet } from "../../../core/policy/compile/nft/ruleset.ts";
import { dataAttribute, elementAttribute, listAttribute } from "./constants.ts";
import { writeElements } from "./elements.ts";
import { attributesOf, messagesOf } from "./netlink/reader.ts";

const payloadAt = 4;

/** Texts of a set's elements as we would write them. Throws "dataplane/key". */
export function textsOfSet(set: NftSet): Set<string> {
  const batch = createBatch(undefined, 1024 + set.elements.length * 48);
  writeElements(batch, "add", { table: "", set: { ...set, timeout: false }, elements: set.elements });
  batch.writer.end();
  const texts = new Set<string>();
  for (const message of messagesOf(batch.writer.take())) addTexts(message.payload.subarray(payloadAt), texts);
  return texts;
}

/** Adds the texts of one message (behind its fixed header) of a dump. */
export function addTexts(payload: Uint8Array, texts: Set<string>): void {
  walk(payload, (list, at, end) => texts.add(entryText(list, at, end)));
}

/** Number of entries of one message. */
export function countEntries(payload: Uint8Array): number {
  let count = 0;
  walk(payload, () => (count += 1));
  return count;
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
}

function typeAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at + 2] ?? 0) | ((bytes[at + 3] ?? 0) << 8)) & 0x3fff;
}

function walk(payload: Uint8Array, visit: (list: Buffer, at: number, end: number) => void): void {
  const found = attributesOf(payload).get(listAttribute.elements);
  if (found === undefined) return;
  const list = Buffer.from(found.buffer, found.byteOffset, found.byteLength);
  for (let at = 0; at + 4 <= list.length;) {
    const length = lengthAt(list, at);
    if (length < 4 || at + length > list.length) return;
    visit(list, at + 4, at + length);
    at += (length + 3) & ~3;
  }
}

/** Key, upper key, whether it is an interval's end, verdict. */
function entryText(list: Buffer, start: number, end: number): string {
  let key = "";
  let keyEnd = "";
  let verdict = "";
  let isEnd = false;
  for (let at = start; at + 4 <= end;) {
    const length = lengthAt(list, at);
    if (length < 4 || at + length > end) break;
    const type = typeAt(list, at);
    if (type === elementAttribute.key) key = innerText(list, at + 4, at + length);
    else if (type === elementAttribute.keyEnd) keyEnd = innerText(list, at + 4, at + length);
    else if (type === elementAttribute.data) verdict = innerText(list, at + 4, at + length);
    else if (type === elementAttribute.flags) isEnd = ((list[at + 7] ?? 0) & 1) !== 0;
    at += (length + 3) & ~3;
  }
  // A single key and a range of one are the same.
  return `${key}${keyEnd === key ? "" : keyEnd}${isEnd ? "]" : "["}${verdict}`;
}

/** What the only attribute inside holds: a value, or a verdict's code and chain. */
function innerText(list: Buffer, start: number, end: number): string {
  const isInside = start + 4 <= end && typeAt(list, start) <= dataAttribute.verdict;
  return isInside ? list.toString("latin1", start + 4, Math.min(end, start + lengthAt(list, start))) : "";
}
