// What a byte may begin in SQL, and what ends a word: two tables of 256, and the operators of two bytes.

export const kinds = {
  word: 0,
  punctuation: 1,
  operator: 2,
  dash: 3,
  hash: 4,
  slash: 5,
  quote: 6,
  digit: 7,
  dollar: 8,
  at: 9,
  tick: 10,
  bracket: 11,
  backslash: 12,
  prefix: 13,
  other: 14,
} as const;

const begins: readonly (readonly [string, number])[] = [
  ["(),;{}", kinds.punctuation],
  ["!%&*+:<=>^|~", kinds.operator],
  ["-", kinds.dash],
  ["#", kinds.hash],
  ["/", kinds.slash],
  ["\"'", kinds.quote],
  [".0123456789", kinds.digit],
  ["$", kinds.dollar],
  ["@", kinds.at],
  ["`", kinds.tick],
  ["[", kinds.bracket],
  ["\\", kinds.backslash],
  ["bBeEnNqQuUxX", kinds.prefix],
  ["?]\x7f", kinds.other],
];

function kindTable(): Uint8Array {
  const table = new Uint8Array(256);
  for (const [bytes, kind] of begins) for (const byte of bytes) table[byte.charCodeAt(0)] = kind;
  return table;
}

/** Kind of token that a byte begins. */
export const charKinds: Uint8Array = kindTable();

function endTable(): Uint8Array {
  const table = new Uint8Array(256);
  for (const byte of " []{}<>:\\?=@!#~+-*/&|^%(),';\t\n\v\f\r\"\xa0\0") table[byte.charCodeAt(0)] = 1;
  return table;
}

/** 1 for bytes that no word holds. */
export const wordEnds: Uint8Array = endTable();

const pairs = "!= !< !> %= && &= *= += -= /= := :: << <= <> >= >> ^= |/ |= || ~* == !! <@";

/** Operators of two bytes: first times 256 plus second. */
export const operatorPairs: ReadonlySet<number> = new Set(
  pairs.split(" ").map((pair) => pair.charCodeAt(0) * 256 + pair.charCodeAt(1)),
);
