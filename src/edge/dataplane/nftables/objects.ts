// Tables, chains, sets and rules as messages of a transaction.
import { Fault, toFault } from "../../../base/fault.ts";
import type { NftChain, NftRule, NftRuleset, NftSet } from "../../../core/policy/compile/nft/ruleset.ts";
import type { Batch } from "./batch.ts";
import {
  chainAttribute,
  DATA_VERDICT,
  hookAttribute,
  hookNumbers,
  message,
  ruleAttribute,
  setAttribute,
  setFlag,
  tableAttribute,
} from "./constants.ts";
import { writeExpressions } from "./expressions.ts";
import { keyBytes, keyBytesMax, keyKinds, keyTypeId } from "./keys.ts";
import { NLM_F_APPEND, NLM_F_CREATE } from "./netlink/socket.ts";
import { NLA_F_NESTED } from "./netlink/writer.ts";

/** A chain of ours that nothing jumps to: the comment of its only rule is the digest of what was applied last. */
export const stateChain = "gr_state";
const nameBytesMax = 31;
const commentBytesMax = 128;
const UDATA_COMMENT = 0;
const UDATA_KEY_BYTE_ORDER = 0;
const HOST_ENDIAN = 1;
const encoder = new TextEncoder();

/** A comment as `nft` keeps it: type, length, text with its closing 0. Throws "dataplane/name" when it is too long. */
export function commentBytes(text: string): Uint8Array {
  const bytes = encoder.encode(`${text}\0`);
  if (bytes.length > commentBytesMax) {
    throw new Fault(`a comment of ${bytes.length} bytes`, { code: "dataplane/name", kind: "usage" });
  }
  return Uint8Array.of(UDATA_COMMENT, bytes.length, ...bytes);
}

/** "rule 1f03c2d4": how a rule's id is kept. */
export function ruleComment(ruleId: number): string {
  return `rule ${ruleId.toString(16).padStart(8, "0")}`;
}

function checkName(name: string): void {
  if (/^[A-Za-z_][A-Za-z0-9_.]*$/.test(name) && name.length <= nameBytesMax) return;
  throw new Fault(`${JSON.stringify(name)} is no name for a chain or a set`, { code: "dataplane/name", kind: "usage" });
}

const TABLE_OWNER = 2;

export function newTable(batch: Batch, table: NftRuleset["table"]): void {
  batch.about(message.newTable, NLM_F_CREATE, `table ${table.name}`);
  batch.writer.text(tableAttribute.name, table.name);
  if (table.endsWithProcess === true) batch.writer.u32be(tableAttribute.flags, TABLE_OWNER);
}

export function deleteTable(batch: Batch, table: string): void {
  batch.about(message.deleteTable, 0, `delete table ${table}`);
  batch.writer.text(tableAttribute.name, table);
}

export function newChain(batch: Batch, table: string, chain: NftChain): void {
  checkName(chain.name);
  const { writer } = batch;
  batch.about(message.newChain, NLM_F_CREATE, `chain ${chain.name}`);
  writer.text(chainAttribute.table, table);
  writer.text(chainAttribute.name, chain.name);
  if (chain.base === undefined) return;
  const hook = writer.open(chainAttribute.hook | NLA_F_NESTED);
  writer.u32be(hookAttribute.number, hookNumbers[chain.base.hook]);
  writer.u32be(hookAttribute.priority, chain.base.priority >>> 0);
  writer.close(hook);
  writer.u32be(chainAttribute.policy, chain.base.policy === "accept" ? 1 : 0);
  writer.text(chainAttribute.type, chain.base.type);
}

export function deleteChain(batch: Batch, table: string, chain: string): void {
  batch.about(message.deleteChain, 0, `delete chain ${chain}`);
  batch.writer.text(chainAttribute.table, table);
  batch.writer.text(chainAttribute.name, chain);
}

/** Deletes all rules of a chain. */
export function flushChain(batch: Batch, table: string, chain: string): void {
  batch.about(message.deleteRule, 0, `flush chain ${chain}`);
  batch.writer.text(ruleAttribute.table, table);
  batch.writer.text(ruleAttribute.chain, chain);
}

/** Appends the chain's rules. Throws "dataplane/key" and "dataplane/value" naming the rule. */
export function newRules(batch: Batch, table: string, chain: NftChain): void {
  for (const [index, rule] of chain.rules.entries()) {
    const comment = rule.ruleId === undefined ? undefined : ruleComment(rule.ruleId);
    newRule(batch, { table, chain: chain.name, comment, rule, object: `chain ${chain.name}: rule ${index}` });
  }
}

export function writeState(batch: Batch, table: string, digest: string): void {
  // Nothing jumps here. Without a statement, what `nft list` prints could not be read by `nft -f`; a counter is one that does not make the kernel
  // check the whole table for loops, as a verdict does.
  const rule: NftRule = { expressions: [{ do: "counter" }] };
  newRule(batch, { table, chain: stateChain, comment: `digest ${digest}`, rule, object: "digest" });
}

type StateRules = readonly { readonly comment: string }[];

/** What is kept as the state: the digest, and whose it is. */
export function ownedDigest(digest: string, owner: string): string {
  return `${digest} of ${owner}`;
}

/** What `writeState` left, from the rules of the state's chain; "" when there is none. */
export function stateOf(rules: StateRules): string {
  return /^digest (.*)$/.exec(rules[0]?.comment ?? "")?.[1] ?? "";
}

/** The digest in it, whoever wrote it. */
export function digestOf(rules: StateRules): string {
  return stateOf(rules).replace(/ of \S*$/, "");
}

/** Which open dataplane wrote last; "" when that is not said. */
export function ownerOf(rules: StateRules): string {
  return / of (\S+)$/.exec(stateOf(rules))?.[1] ?? "";
}

interface RuleOptions {
  readonly table: string;
  readonly chain: string;
  readonly comment: string | undefined;
  readonly rule: NftRule;
  readonly object: string;
}

function newRule(batch: Batch, options: RuleOptions): void {
  const { writer } = batch;
  batch.about(message.newRule, NLM_F_CREATE | NLM_F_APPEND, options.object);
  writer.text(ruleAttribute.table, options.table);
  writer.text(ruleAttribute.chain, options.chain);
  if (options.rule.expressions.length > 0) {
    const list = writer.open(ruleAttribute.expressions | NLA_F_NESTED);
    try {
      writeExpressions(writer, options.rule);
    } catch (error) {
      const fault = toFault(error);
      const where = options.object;
      throw new Fault(`${where}: ${fault.message}`, { code: fault.code, kind: fault.kind, where, cause: error });
    }
    writer.close(list);
  }
  if (options.comment !== undefined) writer.bytes(ruleAttribute.userData, commentBytes(options.comment));
}

export function setFlags(set: NftSet): number {
  return (
    (set.interval ? setFlag.interval : 0) |
    (set.isMap ? setFlag.map : 0) |
    (set.timeout ? setFlag.timeout : 0) |
    (set.interval && set.key.length > 1 ? setFlag.concatenation : 0)
  );
}

/** A set without elements; `id` is any number that no other set of the transaction has. */
export function newSet(batch: Batch, table: string, set: NftSet, id: number): void {
  checkName(set.name);
  const length = keyBytes(set.key);
  if (set.key.length === 0 || length > keyBytesMax) {
    throw new Fault(`set ${set.name}: a key of ${length} bytes`, {
      code: "dataplane/key",
      kind: "usage",
      where: `set ${set.name}`,
    });
  }
  const { writer } = batch;
  batch.about(message.newSet, NLM_F_CREATE, `set ${set.name}`);
  writer.text(setAttribute.table, table);
  writer.text(setAttribute.name, set.name);
  writer.u32be(setAttribute.flags, setFlags(set));
  writer.u32be(setAttribute.keyType, keyTypeId(set.key));
  writer.u32be(setAttribute.keyLength, length);
  if (set.isMap) {
    writer.u32be(setAttribute.dataType, DATA_VERDICT);
    writer.u32be(setAttribute.dataLength, 16);
  }
  writer.u32be(setAttribute.id, id);
  // So that `nft list` shows interfaces and marks as what they are; the kernel only keeps it.
  if (set.key.length === 1 && (set.key[0] === "ifname" || set.key[0] === "mark")) {
    writer.bytes(setAttribute.userData, Uint8Array.of(UDATA_KEY_BYTE_ORDER, 4, HOST_ENDIAN, 0, 0, 0));
  }
  // Only ranges of several fields are described field by field; the kernel refuses the description elsewhere.
  if (!set.interval || set.key.length < 2) return;
  const DESC_CONCAT = 2;
  const FIELD = 1;
  const description = writer.open(setAttribute.description | NLA_F_NESTED);
  const fields = writer.open(DESC_CONCAT | NLA_F_NESTED);
  for (const type of set.key) {
    const field = writer.open(FIELD | NLA_F_NESTED);
    writer.u32be(FIELD, keyKinds[type].bytes);
    writer.close(field);
  }
  writer.close(fields);
  writer.close(description);
}

export function deleteSet(batch: Batch, table: string, set: string): void {
  batch.about(message.deleteSet, 0, `delete set ${set}`);
  batch.writer.text(setAttribute.table, table);
  batch.writer.text(setAttribute.name, set);
}
