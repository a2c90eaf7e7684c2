// Where a text stops being JSON (RFC 8259). The engine's own messages often have no position; this finds the first wrong character.

const whitespace = /[ \t\n\r]*/y;
// oxlint-disable-next-line no-control-regex -- JSON forbids them in strings
const string = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const word = /true|false|null/y;

/** The index of the first character that cannot be there; the text's length when it ends too early. Nesting is the caller's to bound. */
export function jsonErrorAt(text: string): number {
  let at = 0;

  function take(pattern: RegExp): boolean {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) return false;
    at += match[0].length;
    return true;
  }

  function takeString(): boolean {
    if (text[at] !== '"') return false;
    take(string);
    if (text[at] !== '"') return false;
    at += 1;
    return true;
  }

  function takeMembers(close: string, member: () => boolean): boolean {
    at += 1;
    take(whitespace);
    if (text[at] === close) {
      at += 1;
      return true;
    }
    for (;;) {
      if (!member()) return false;
      take(whitespace);
      if (text[at] === close) {
        at += 1;
        return true;
      }
      if (text[at] !== ",") return false;
      at += 1;
      take(whitespace);
    }
  }

  function takePair(): boolean {
    if (!takeString()) return false;
    take(whitespace);
    if (text[at] !== ":") return false;
    at += 1;
    return takeValue();
  }

  function takeValue(): boolean {
    take(whitespace);
    const first = text[at];
    if (first === "{") return takeMembers("}", takePair);
    if (first === "[") return takeMembers("]", takeValue);
    if (first === '"') return takeString();
    return take(number) || take(word);
  }

  if (takeValue()) take(whitespace);
  return at;
}
