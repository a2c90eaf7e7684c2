// Which heredocs an instruction opens: RUN, COPY and ADD (also behind ONBUILD), words of the form [digits]<<[-]name.
import { parseLimits } from "./model.ts";
import { isBlank, skipBlanks } from "./words.ts";

export interface HeredocStart {
  readonly name: string;
  readonly isQuoted: boolean;
  /** "<<-": leading tabs are taken away. */
  readonly isStripped: boolean;
}

const opens = /^(?:ONBUILD\s+)?(?:RUN|COPY|ADD)\s/i;
const form = /^\d*<<(-?)([^<]+)$/;

export function heredocsOf(text: string): readonly HeredocStart[] {
  if (!opens.test(text)) return [];
  const found: HeredocStart[] = [];
  let at = 0;
  while (at < text.length && found.length < parseLimits.heredocsMax) {
    at = skipBlanks(text, at);
    const end = shellWordEnd(text, at);
    // A heredoc's word is short: nothing else needs the look.
    if (end - at >= 3 && end - at < 256) {
      const start = startOf(text.slice(at, end));
      if (start !== undefined) found.push(start);
    }
    at = end;
  }
  return found;
}

function startOf(word: string): HeredocStart | undefined {
  const match = word.includes("<<") ? form.exec(word) : null;
  if (match === null) return undefined;
  const [, dash = "", written = ""] = match;
  const name = written.replace(/["'\\]/g, "");
  return name === "" ? undefined : { name, isQuoted: name !== written, isStripped: dash === "-" };
}

/** Quotes keep blanks; a backslash keeps the next character. */
function shellWordEnd(text: string, from: number): number {
  let quote = 0;
  let at = from;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === 92 && quote !== 39) at++;
    else if (quote !== 0) {
      if (code === quote) quote = 0;
    } else if (code === 34 || code === 39) quote = code;
    else if (isBlank(code)) return at;
    at++;
  }
  return Math.min(at, text.length);
}
