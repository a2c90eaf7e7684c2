// What the operator's rules name: ids, tags, messages, markers and every variable that they read or set. A team's overlay may touch none of it.
import type { RuleDraft, ItemDraft } from "./draft.ts";
import { headOf } from "./draft.ts";
import type { Pattern } from "../regex/pattern.ts";
import { compileSelector } from "./expressions.ts";
import { seclangLimits } from "./limits.ts";
import { fixedText, literalPrefix, parseMacroText, plainText } from "./macro.ts";
import type { MacroText, RuleVariable } from "./rule-set.ts";
import { writableCollections } from "./known-variables.ts";

export interface FloorFacts {
  /** Of every rule that was read, refused ones and removed ones too. */
  readonly ids: ReadonlySet<number>;
  readonly tags: ReadonlySet<string>;
  readonly messages: ReadonlySet<string>;
  /** By collection: what the floor names there. */
  readonly names: ReadonlyMap<string, NamedMembers>;
}

export interface NamedMembers {
  readonly exact: ReadonlySet<string>;
  /** Keys that the floor makes with macros begin like this; "" says that it may be any. */
  readonly prefixes: readonly string[];
  readonly expressions: readonly Pattern[];
  readonly isWholeRead: boolean;
  /** Keys that the floor itself adds to. */
  readonly added: ReadonlySet<string>;
}

interface Members {
  exact: Set<string>;
  prefixes: string[];
  expressions: Pattern[];
  isWholeRead: boolean;
  added: Set<string>;
}

export function floorFactsOf(items: readonly ItemDraft[], ids: ReadonlySet<number>): FloorFacts {
  const tags = new Set<string>();
  const messages = new Set<string>();
  const names = new Map<string, Members>();
  for (const item of items) {
    if (item.kind !== "rule") continue;
    const { actions } = headOf(item);
    for (const tag of actions.tags) tags.add(tag);
    if (actions.message !== undefined) messages.add(fixedText(actions.message));
    noteRule(item, (collection) => {
      const found = names.get(collection) ?? emptyMembers();
      names.set(collection, found);
      return found;
    });
  }
  return { ids, tags, messages, names };
}

function emptyMembers(): Members {
  return { exact: new Set(), prefixes: [], expressions: [], isWholeRead: false, added: new Set() };
}

type MembersOf = (collection: string) => Members;

function noteRule(draft: RuleDraft, membersOf: MembersOf): void {
  for (const part of draft.parts) {
    for (const variable of part.variables) noteVariable(variable, membersOf);
    const { actions } = part;
    const texts: MacroText[] = [parseMacroText(part.operator.argument), actions.message ?? [], actions.logData ?? []];
    for (const { value } of actions.assignments) {
      noteKey(membersOf(value.collection), value.key);
      const key = plainText(value.key);
      if (value.change === "add" && key !== undefined) membersOf(value.collection).added.add(key);
      texts.push(value.key, value.value);
    }
    for (const { value } of actions.expirations) {
      noteKey(membersOf(value.collection), value.key);
      texts.push(value.key, value.seconds);
    }
    for (const { value } of actions.collections) {
      membersOf(value.collection);
      texts.push(value.key);
    }
    for (const text of texts) noteMacros(text, membersOf);
  }
}

function noteVariable({ name, select, argument }: RuleVariable, membersOf: MembersOf): void {
  if (!writableCollections.has(name)) return;
  const members = membersOf(name);
  switch (select) {
    case "all":
      members.isWholeRead = true;
      return;
    case "regex":
      members.expressions.push(compileSelector(argument));
      return;
    case "key":
    case "xpath":
      members.exact.add(argument);
  }
}

function noteKey(members: Members, key: MacroText): void {
  const plain = plainText(key);
  if (plain === undefined) members.prefixes.push(literalPrefix(key));
  else members.exact.add(plain);
}

function noteMacros(text: MacroText, membersOf: MembersOf): void {
  for (const part of text) {
    if ("text" in part || !writableCollections.has(part.collection)) continue;
    membersOf(part.collection).exact.add(part.key);
  }
}

/** Why a team may not set this member; undefined: the floor has nothing to do with it. */
export function floorNames(facts: FloorFacts, collection: string, key: MacroText): string | undefined {
  const plain = plainText(key);
  const { overlayKeyBytesMax } = seclangLimits;
  if ((plain ?? literalPrefix(key)).length > overlayKeyBytesMax)
    return `names have at most ${overlayKeyBytesMax} bytes`;
  if (plain !== undefined && /^\d+$/.test(plain)) return "captures are set by matching only";
  const members = facts.names.get(collection);
  if (members === undefined) return undefined;
  if (members.isWholeRead) return `the operator's rules read all of ${collection}`;
  if (plain === undefined) {
    const prefix = literalPrefix(key);
    const isOpen =
      prefix === "" ||
      members.prefixes.some((each) => each.startsWith(prefix) || prefix.startsWith(each)) ||
      [...members.exact].some((each) => each.startsWith(prefix)) ||
      // What an expression matches cannot be told from a beginning.
      members.expressions.length > 0;
    return isOpen ? `it may become a name that the operator's rules use in ${collection}` : undefined;
  }
  if (members.exact.has(plain)) return `the operator's rules use ${collection}:${plain}`;
  if (members.prefixes.some((prefix) => plain.startsWith(prefix)))
    return `the operator's rules make names like ${collection}:${plain}`;
  if (members.expressions.some((expression) => expression.test(plain)))
    return `the operator's rules read names like ${collection}:${plain}`;
  return undefined;
}
