// Which tags and messages a pattern of SecRuleRemoveByTag and its like means. Peers differ: one compares, one searches. Plain names are compared, expressions are searched.

export interface NamePattern {
  readonly text: string;
  matches(name: string): boolean;
}

const plainName = /^[A-Za-z0-9_./ :-]*$/;

/** A text that is no expression is compared as it stands. Only at load, over short texts of the rule set: never over a request's. */
export function namePattern(text: string): NamePattern {
  if (plainName.test(text)) return { text, matches: (name) => name === text };
  let expression: RegExp;
  try {
    expression = new RegExp(text);
  } catch {
    // What is no expression can only be meant as it stands.
    return { text, matches: (name) => name === text };
  }
  return { text, matches: (name) => name === text || expression.test(name.slice(0, 1024)) };
}
