// What the kernel says of our table: generation, chains, rules, sets and elements, by dumps of this table alone.
import type { KeyType } from "../../../core/policy/compile/nft/ruleset.ts";
import {
  chainAttribute,
  generationAttribute,
  hookAttribute,
  inetHeader,
  generalHeader,
  listAttribute,
  message,
  NFPROTO_INET,
  ruleAttribute,
  setAttribute,
  setFlag,
  tableAttribute,
  typeOf,
} from "./constants.ts";
import { rawElements, type RawElement, type SetShape } from "./elements.ts";
import { typesOfId } from "./keys.ts";
import { attributesOf, textOf, u32be } from "./netlink/reader.ts";
import { errnos } from "./netlink/libc.ts";
import { NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, refused, type NetlinkSocket } from "./netlink/socket.ts";
import { createWriter } from "./netlink/writer.ts";

const payloadAt = 4;

/** The generation of all rules in the namespace; it rises with each transaction of anybody. */
export function readGeneration(socket: NetlinkSocket): number {
  const writer = createWriter(64);
  writer.begin(typeOf(message.getGeneration), NLM_F_REQUEST, generalHeader(0));
  writer.end();
  const { answers, messages } = socket.request(writer.take());
  for (const found of messages) {
    const id = attributesOf(found.payload.subarray(payloadAt)).get(generationAttribute.id);
    if (id !== undefined) return u32be(id);
  }
  throw refused("the kernel does not tell the generation of its rules", answers[0]?.errno ?? 0);
}

function ask(
  socket: NetlinkSocket,
  kind: number,
  attributes: readonly (readonly [number, string])[],
): readonly Uint8Array[] {
  const writer = createWriter(256);
  writer.begin(typeOf(kind), NLM_F_REQUEST | NLM_F_DUMP, inetHeader);
  for (const [type, text] of attributes) writer.text(type, text);
  writer.end();
  return socket
    .dump(writer.take())
    .filter((found) => found.payload[0] === NFPROTO_INET)
    .map((found) => found.payload.subarray(payloadAt));
}

export function isTableThere(socket: NetlinkSocket, table: string): boolean {
  const writer = createWriter(256);
  writer.begin(typeOf(message.getTable), NLM_F_REQUEST | NLM_F_ACK, inetHeader);
  writer.text(tableAttribute.name, table);
  writer.end();
  const { answers } = socket.request(writer.take());
  const errno = answers.find((answer) => answer.errno !== 0)?.errno;
  if (errno === undefined) return true;
  if (errno === errnos.ENOENT) return false;
  throw refused("the kernel does not tell its tables", errno);
}

/** Chains of our table: name -> what it is hooked to, as one text; "" for a chain that is jumped to. */
export function readChains(socket: NetlinkSocket, table: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const payload of ask(socket, message.getChain, [[chainAttribute.table, table]])) {
    const attributes = attributesOf(payload);
    if (textOf(attributes.get(chainAttribute.table)) !== table) continue;
    const hook = attributes.get(chainAttribute.hook);
    found.set(textOf(attributes.get(chainAttribute.name)), hook === undefined ? "" : baseText(attributes, hook));
  }
  return found;
}

function baseText(attributes: ReadonlyMap<number, Uint8Array>, hook: Uint8Array): string {
  const parts = attributesOf(hook);
  const number = (value: Uint8Array | undefined): number => (value === undefined ? 0 : u32be(value) | 0);
  const policy = number(attributes.get(chainAttribute.policy)) === 1 ? "accept" : "drop";
  const place = `hook ${number(parts.get(hookAttribute.number))} priority ${number(parts.get(hookAttribute.priority))}`;
  return `${textOf(attributes.get(chainAttribute.type))} ${place} policy ${policy}`;
}

export interface RawRule {
  readonly chain: string;
  /** Bytes of the list of expressions; empty when there are none. */
  readonly expressions: Uint8Array;
  readonly comment: string;
}

const none = new Uint8Array(0);

/** Rules of our table, in the order of their chains; of one chain when that is named. */
export function readRules(socket: NetlinkSocket, table: string, chain?: string): readonly RawRule[] {
  const found: RawRule[] = [];
  const where: [number, string][] = [[ruleAttribute.table, table]];
  if (chain !== undefined) where.push([ruleAttribute.chain, chain]);
  for (const payload of ask(socket, message.getRule, where)) {
    const attributes = attributesOf(payload);
    if (textOf(attributes.get(ruleAttribute.table)) !== table) continue;
    if (chain !== undefined && textOf(attributes.get(ruleAttribute.chain)) !== chain) continue;
    found.push({
      chain: textOf(attributes.get(ruleAttribute.chain)),
      expressions: attributes.get(ruleAttribute.expressions) ?? none,
      comment: commentOf(attributes.get(ruleAttribute.userData)),
    });
  }
  return found;
}

function commentOf(userData: Uint8Array | undefined): string {
  return userData === undefined || userData[0] !== 0 ? "" : textOf(userData.subarray(2, 2 + (userData[1] ?? 0)));
}

/** A set as the kernel tells of it. */
export interface RawSet extends SetShape {
  /** Number of elements; undefined where the kernel does not say. */
  readonly count: number | undefined;
}

/** Sets of our table; of key types that are none of ours the key is empty. */
export function readSets(socket: NetlinkSocket, table: string): ReadonlyMap<string, RawSet> {
  const found = new Map<string, RawSet>();
  for (const payload of ask(socket, message.getSet, [[setAttribute.table, table]])) {
    const attributes = attributesOf(payload);
    if (textOf(attributes.get(setAttribute.table)) !== table) continue;
    const number = (type: number): number => {
      const value = attributes.get(type);
      return value === undefined ? 0 : u32be(value);
    };
    const flags = number(setAttribute.flags);
    // Of somebody else's rule, and gone with it.
    if ((flags & setFlag.anonymous) !== 0) continue;
    const key: readonly KeyType[] = typesOfId(number(setAttribute.keyType)) ?? [];
    found.set(textOf(attributes.get(setAttribute.name)), {
      name: textOf(attributes.get(setAttribute.name)),
      key,
      interval: (flags & setFlag.interval) !== 0,
      timeout: (flags & setFlag.timeout) !== 0,
      isMap: (flags & setFlag.map) !== 0,
      count: attributes.has(setAttribute.count) ? number(setAttribute.count) : undefined,
    });
  }
  return found;
}

/** All elements of a set; none when it is not there. */
export function readElements(socket: NetlinkSocket, table: string, set: string): readonly RawElement[] {
  return askElements(socket, table, set).flatMap((payload) => [...rawElements(payload)]);
}

/** The messages (behind their headers) that hold a set's elements. */
export function askElements(socket: NetlinkSocket, table: string, set: string): readonly Uint8Array[] {
  return ask(socket, message.getElement, [
    [listAttribute.table, table],
    [listAttribute.set, set],
  ]);
}
