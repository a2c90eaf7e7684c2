// Redaction of command lines: which word is a flag's value, by the flag's name or by the program's own short flags; and of scripts, whose
// words are read as command lines in turn.
import {
  flagRulesByProgram,
  harmlessValue,
  pipedSecrets,
  pipingPrograms,
  placeRules,
  promptingPrograms,
  redactionLimits,
  shellReference,
  slashLoginPrograms,
  wrappers,
} from "./rules.ts";
import type { FlagRule, RedactionKind } from "./rules.ts";
import { isMarker, markerOf, scanText } from "./scan.ts";
import { classifyName, entropyOf, isKeyLike } from "./secret-name.ts";
import { splitScript } from "./script-words.ts";

/** Programs whose command lines are read with rules of their own. */
export const programsWithRules: ReadonlySet<string> = new Set([
  ...flagRulesByProgram.keys(),
  ...slashLoginPrograms,
  ...promptingPrograms,
  ...placeRules.flatMap((rule) => rule.programs),
]);

/** The program's name without its folder, and without what a shell may put before it. */
export function programOf(word: string): string {
  const name = word.slice(word.lastIndexOf("/") + 1);
  return name.replace(/^.*[|;&(`$]/, "");
}

/** Redacts the words of one command line; always a new array of the same length. */
export function redactWords(words: readonly string[], kinds: Set<RedactionKind>, depth: number): string[] {
  const redacted: string[] = [];
  let rules: readonly FlagRule[] = [];
  let program = "";
  const joined = new Set<string>();
  let present: ReadonlySet<string> | undefined;
  const piped = findPiped(words);
  for (const [index, word] of words.entries()) {
    const start = startsCommand(words, index, program);
    if (start !== "no") {
      present ??= new Set(words);
      const name = programOf(word);
      // It may be an argument that is only named like a program (curl http://host/docker -u ...): then both have their say.
      const isArgument = start === "inner" && programsWithRules.has(program) && !wrappers.has(program);
      if (!isArgument) {
        program = name;
        rules = rulesOf(name, present);
        joined.clear();
      } else if (!joined.has(name)) {
        rules = [...rules, ...rulesOf(name, present)];
        joined.add(name);
      }
    }
    const before = words[index - 1] ?? "";
    const context = { words, index, program, rules, before };
    redacted.push(
      (piped.has(index) ? redactPiped(word, kinds) : undefined) ??
        redactAfterFlag(word, context, kinds) ??
        redactAttached(word, context, kinds) ??
        redactByPlace(word, context, kinds) ??
        redactAlone(word, kinds, depth),
    );
  }
  return redacted;
}

const nobody: ReadonlySet<number> = new Set();

/** Places of the words between `echo` and a pipe into a program that reads a secret there. */
function findPiped(words: readonly string[]): ReadonlySet<number> {
  const pipe = words.indexOf("|");
  if (pipe < 0) return nobody;
  const piped = new Set<number>();
  let start = -1;
  for (const [index, word] of words.entries()) {
    if (pipingPrograms.has(programOf(word))) start = index;
    if (word !== "|" || start < 0) continue;
    const end = words.indexOf("|", index + 1);
    const reader = new Set(words.slice(index + 1, end < 0 ? undefined : end));
    if (
      pipedSecrets.some(
        ([program, flag]) => (program === "" || reader.has(program)) && (flag === "" || reader.has(flag)),
      )
    ) {
      for (let place = start + 1; place < index; place++) piped.add(place);
    }
    start = -1;
  }
  return piped;
}

/** echo's own flags and printf's formats stay. */
function redactPiped(word: string, kinds: Set<RedactionKind>): string | undefined {
  if (/^-[neE]+$|^(?:%s|\\n|:)+$/.test(word) || word === "" || shellReference.test(word)) return undefined;
  return replaceWhole(word, "password-flag", kinds);
}

function rulesOf(program: string, present: ReadonlySet<string>): readonly FlagRule[] {
  const rules = flagRulesByProgram.get(program) ?? [];
  return rules.filter((rule) => rule.onlyWith === undefined || present.has(rule.onlyWith));
}

interface Context {
  readonly words: readonly string[];
  readonly index: number;
  readonly program: string;
  readonly rules: readonly FlagRule[];
  readonly before: string;
}

/** The first word; the first after a shell's separator; and, behind whatever wrapper, a program that has rules. */
function startsCommand(words: readonly string[], index: number, program: string): "first" | "inner" | "no" {
  if (index === 0) return "first";
  const before = words[index - 1] ?? "";
  if (separator.test(before) && !before.startsWith("-")) return "first";
  if (assignment.test(before) && opensWithAssignments(words, index)) return "first";
  const word = words[index] ?? "";
  if (/[|;&(`]/.test(word) && flagRulesByProgram.has(programOf(word))) return "first";
  if (flagsOfWrappers.has(before) || word.startsWith("-")) return "no";
  const name = programOf(word);
  return programsWithRules.has(name) || (wrappers.has(program) && wrappers.has(name)) ? "inner" : "no";
}

const separator = /^(?:\||\|\||&&|&|;|then|do|else|!|\(|\{)$|[;|&(]$/;
const assignment = /^[A-Za-z_][A-Za-z0-9_]*=/;

/** NAME=value before a command, and not what looks like it among a command's arguments: ldapsearch -D cn=x -w SECRET. */
function opensWithAssignments(words: readonly string[], index: number): boolean {
  let first = index - 1;
  while (first > 0 && assignment.test(words[first - 1] ?? "")) first -= 1;
  const before = words[first - 1] ?? "";
  return first === 0 || separator.test(before) || programOf(before) === "env";
}

/** What follows these is a name given to the wrapper (sudo -u mysql, docker run --name mysql), not a program. */
const flagsOfWrappers: ReadonlySet<string> = new Set(
  "-u -g --user --group --name --hostname --network --net --network-alias --link --label -n --namespace -c --container".split(
    " ",
  ),
);

function isFlag(word: string): boolean {
  return /^--?[A-Za-z][\w-]*(?:=|$)/.test(word);
}

const flagName = /^--?[A-Za-z][\w.-]*$/;

/** The word before is a flag that takes this one. */
function redactAfterFlag(word: string, context: Context, kinds: Set<RedactionKind>): string | undefined {
  const { before, program } = context;
  if (word === "" || !before.startsWith("-") || before.includes("=")) return undefined;
  const rule = context.rules.find(
    (candidate) => candidate.takes !== "attached" && candidate.flags.includes(curlCluster(before, program)),
  );
  if (rule !== undefined) return isFlag(word) ? undefined : replacePart(word, rule, kinds);
  const nameClass = flagName.test(before) ? classifyName(before) : "none";
  if (nameClass === "none" || isFlag(word) || harmlessValue.test(word) || promptingPrograms.has(program))
    return undefined;
  if (before.length < 4 || (nameClass === "keyish" && !isKeyLike(word))) return undefined;
  switch (nameClass) {
    case "password":
      return replaceWhole(word, "password-flag", kinds);
    case "authorization":
      return replaceWhole(word, "authorization-header", kinds);
    case "cookie":
      return replaceWhole(word, "cookie", kinds);
    case "token":
    case "keyish":
      return replaceWhole(word, "token-flag", kinds);
  }
}

/** curl joins switches: -su user:password is -s -u user:password. */
function curlCluster(flag: string, program: string): string {
  return program === "curl" && /^-[a-zA-Z46#]{2,8}$/.test(flag) && /[uUb]$/.test(flag) ? `-${flag.at(-1)}` : flag;
}

/** -pSECRET, -uuser:password; and --password=SECRET or NAME=SECRET, where everything after the sign is the value. */
function redactAttached(word: string, context: Context, kinds: Set<RedactionKind>): string | undefined {
  for (const rule of context.rules) {
    for (const flag of rule.flags) {
      if (!word.startsWith(flag) || word.length === flag.length || word.startsWith("--")) continue;
      if (rule.takes === "next") continue;
      const value = replacePart(word.slice(flag.length), rule, kinds);
      if (value !== undefined) return flag + value;
    }
  }
  const sign = word.indexOf("=");
  const byRule = redactRuleAssignment(word, sign, context, kinds);
  if (byRule !== undefined || sign < 3 || !/^[\w.-]+$/.test(word.slice(0, sign))) return byRule;
  const value = word.slice(sign + 1);
  const nameClass = classifyName(word.slice(0, sign));
  if (nameClass !== "password" && nameClass !== "token") return undefined;
  if (/^(?:OLD)?PWD$/.test(word.slice(0, sign)) || harmlessValue.test(value) || shellReference.test(value))
    return undefined;
  const suffix = word.startsWith("-") ? "flag" : "assignment";
  return `${word.slice(0, sign)}=${replaceWhole(value, `${nameClass}-${suffix}`, kinds)}`;
}

/** --from-literal=name=SECRET, --user=name:SECRET. */
function redactRuleAssignment(
  word: string,
  sign: number,
  context: Context,
  kinds: Set<RedactionKind>,
): string | undefined {
  const rule = sign < 0 ? undefined : context.rules.find((candidate) => candidate.flags.includes(word.slice(0, sign)));
  if (rule === undefined || !word.startsWith("--")) return undefined;
  const value = replacePart(word.slice(sign + 1), rule, kinds);
  return value === undefined ? undefined : word.slice(0, sign + 1) + value;
}

function redactByPlace(word: string, context: Context, kinds: Set<RedactionKind>): string | undefined {
  const { words, index, program, before } = context;
  if (word.startsWith("-") || word === "") return undefined;
  const isSet = /^(?:set|config|configure)$/.test(words[index - 2] ?? "");
  if (isSet && !before.startsWith("-") && !harmlessValue.test(word)) {
    const nameClass = classifyName(before);
    if (nameClass === "password" || nameClass === "token") return replaceWhole(word, `${nameClass}-assignment`, kinds);
  }
  if (slashLoginPrograms.has(program)) {
    const login = /^([^/\s]+\/)([^@\s]+)(@.*)?$/.exec(word);
    if (login !== null) return `${login[1]}${replaceWhole(login[2] ?? "", "credentials-flag", kinds)}${login[3] ?? ""}`;
  }
  const window = words.slice(Math.max(0, index - redactionLimits.placesBackMax), index + 1);
  for (const rule of placeRules) {
    if (!rule.programs.includes(program) || !rule.words.every((needed) => window.includes(needed))) continue;
    const marker = rule.words.at(-1);
    const last = window.findIndex((seen) => (marker === undefined ? programOf(seen) === program : seen === marker));
    if (last < 0) continue;
    const place = window.slice(last + 1).filter((seen) => !seen.startsWith("-")).length;
    if (rule.after !== undefined && place > 0) {
      const at = word.indexOf(rule.after);
      if (at < 0 || harmlessValue.test(word.slice(at + 1)) || shellReference.test(word.slice(at + 1))) continue;
      return word.slice(0, at + 1) + replaceWhole(word.slice(at + 1), "token-assignment", kinds);
    }
    if (rule.places.includes(place) && !/^\w+=/.test(word)) return replaceWhole(word, "password-flag", kinds);
  }
  return undefined;
}

/** AWS secret access keys are 40 characters of base64 with no mark of their own: only a whole word of that look is taken for one. */
const awsSecret = /^[A-Za-z0-9/+]{40}$/;
const awsEntropyMin = 4;

function redactAlone(word: string, kinds: Set<RedactionKind>, depth: number): string {
  if (word.length === 40 && awsSecret.test(word) && /[a-z]/.test(word) && /[A-Z]/.test(word) && /[0-9]/.test(word)) {
    if (!word.startsWith("/") && entropyOf(word) >= awsEntropyMin) return replaceWhole(word, "aws-secret-key", kinds);
  }
  return /\s/.test(word) || word.length > redactionLimits.textLengthMax
    ? redactScript(word, kinds, depth)
    : scanText(word, kinds);
}

/** A text that may be a shell script: first what stands out by itself, then its words as command lines. */
export function redactScript(text: string, kinds: Set<RedactionKind>, depth: number): string {
  if (text.length > redactionLimits.textLengthMax) {
    const head = redactScript(text.slice(0, redactionLimits.textLengthMax), kinds, depth);
    kinds.add("over-limit");
    return head + markerOf("over-limit");
  }
  const scanned = scanText(text, kinds);
  if (depth >= redactionLimits.nestingMax) return scanned;
  const pieces = splitScript(scanned);
  const words = redactWords(
    pieces.map((piece) => piece.word),
    kinds,
    depth + 1,
  );
  return pieces.map((piece, index) => piece.before + piece.quote + (words[index] ?? "") + piece.quote).join("");
}

function replaceWhole(value: string, kind: RedactionKind, kinds: Set<RedactionKind>): string {
  if (isMarker(value)) return value;
  kinds.add(kind);
  return markerOf(kind);
}

/** Applies a program's rule to a flag's value; undefined when the rule finds nothing secret in it. */
function replacePart(value: string, rule: FlagRule, kinds: Set<RedactionKind>): string | undefined {
  if (rule.after === undefined) {
    return value === "" || shellReference.test(value) ? undefined : replaceWhole(value, rule.kind, kinds);
  }
  const at = value.indexOf(rule.after);
  const secret = at < 0 ? "" : value.slice(at + rule.after.length);
  if (secret === "" || shellReference.test(secret)) return undefined;
  return value.slice(0, at + rule.after.length) + replaceWhole(secret, rule.kind, kinds);
}
