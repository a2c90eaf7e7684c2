// Which tags and messages a pattern of SecRuleRemoveByTag and its like means. Peers differ: one compares, one searches. Plain names are compared, expressions are searched.
import { compileName, nameFlaw } from "./expressions.ts";

export interface NamePattern {
  readonly text: string;
  matches(name: string): boolean;
}

const plainName = /^[A-Za-z0-9_./ :-]*$/;

/** A text that is no expression is compared as it stands. */
export function namePattern(text: string): NamePattern {
  if (plainName.test(text) || nameFlaw(text) !== undefined) return { text, matches: (name) => name === text };
  const pattern = compileName(text);
  return { text, matches: (name) => name === text || pattern.test(name) };
}
