// Redaction of texts that quote command lines inside other words: `Shell spawned (command=mysqldump -pX shop)`, `{"cmd":"mysql -pX"}`.
// core/redact reads a text as a script, where a program stands at the beginning of a command; here one may stand after a sign, too.
import { programsWithRules } from "../redact/command-line.ts";
import { redactText } from "../redact/redact.ts";

const afterSign = /[=("'`:[{,>]\s{0,4}([\w./-]{0,200}?)([\w.-]{1,40})(?=\s)/g;

/** Every secret that core/redact knows, also in quoted command lines: each is read by itself, up to where the next begins. Linear. */
export function redactForeign(text: string): string {
  const whole = redactText(text).text;
  const starts = quotedPrograms(whole);
  if (starts.length === 0) return whole;
  const parts = starts.map((start, index) => redactText(whole.slice(start, starts[index + 1])).text);
  return whole.slice(0, starts[0]) + parts.join("");
}

/** Where programs stand that core/redact has rules for, behind a sign. */
function quotedPrograms(text: string): readonly number[] {
  const starts: number[] = [];
  afterSign.lastIndex = 0;
  for (let match = afterSign.exec(text); match !== null; match = afterSign.exec(text)) {
    const program = match[2] ?? "";
    if (programsWithRules.has(program)) starts.push(match.index + match[0].length - program.length);
    // The next sign may stand inside what was matched.
    else afterSign.lastIndex = match.index + 1;
  }
  return starts;
}

/** Lower case after redaction: key patterns are told by their case. */
export function redactedLowerCase(text: string): string {
  return redactForeign(text).toLowerCase();
}
