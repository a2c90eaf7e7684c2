// pm, pmFromFile: one of many words stands in the value, ASCII case folded. TX:0 is the word as it stands in the value.
import type { OperatorMaker } from "./operator.ts";
import { createWordMatcher, type WordMatcher } from "./word-matcher.ts";
import { pure } from "./argument.ts";

/** Words of pm may hold bytes in hexadecimal between bars: `A|42|C`. */
export const pm: OperatorMaker = (operator) => matcherOf(operator.words.map(decodeBars));

export const pmFromFile: OperatorMaker = (operator) => matcherOf(operator.words);

/** The tree of words is made when a value is first asked about: most lists never are, since the prefilter knows their words. */
function matcherOf(words: readonly string[]) {
  let matcher: WordMatcher | undefined;
  return pure((value) => {
    matcher ??= createWordMatcher(words);
    const matched = matcher.find(value);
    return matched === undefined ? undefined : { matched, captures: [matched] };
  });
}

const bars = /\|((?:[0-9a-fA-F]{2} ?)+)\|/g;

function decodeBars(word: string): string {
  return word.replace(bars, (_whole, digits: string) =>
    digits.replaceAll(" ", "").replace(/../g, (pair) => String.fromCharCode(Number.parseInt(pair, 16))),
  );
}
