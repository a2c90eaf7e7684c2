// One token of SQL in place: what it is and which bytes of the value it covers. Its owner reuses it.

/** Values of tokens are kept up to here: what a rule could name is shorter. */
export const tokenLengthMax = 31;

/** A token in place. Character codes throughout; 0 is "none". */
export interface LexedToken {
  type: number;
  start: number;
  length: number;
  /** Place after the value's bytes, those that were not kept included. */
  end: number;
  open: number;
  close: number;
  /** "@" signs before a variable. */
  signs: number;
  /** Index into the word table, -1 when it is no word of SQL. */
  word: number;
  /** Text of a phrase that was joined; else the value's own bytes are the text. */
  joined: string;
}

export function emptyToken(): LexedToken {
  return { type: 0, start: 0, length: 0, end: 0, open: 0, close: 0, signs: 0, word: -1, joined: "" };
}

/** Code of a class letter. */
export function typeOf(letter: string): number {
  return letter.charCodeAt(0);
}

/** Fills type and place; returns the end of the whole, however much of it is kept. */
export function setToken(token: LexedToken, type: number, start: number, length: number): number {
  token.type = type;
  token.start = start;
  token.length = length > tokenLengthMax ? tokenLengthMax : length;
  token.end = start + length;
  return token.end;
}
