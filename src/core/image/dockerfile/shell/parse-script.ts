// Finds the commands of a POSIX (and mostly bash) script: chains, pipes, groups, if, for, while, case, functions, substitutions, redirections,
// here-documents, comments. Promise: any text, linear time, bounded depth and count; what is not shell gives fewer commands, never an exception.
import { shellLimits, type Redirection, type Script, type ShellCommand, type ShellWord } from "./script.ts";
import { unwrap } from "./wrappers.ts";
import { isNameCode, isWordEnd, readWord, skipArithmetic, type Cursor } from "./word.ts";

export interface ScriptPlace {
  /** Added to every offset. */
  readonly base: number;
  readonly heredoc: number;
}

interface State {
  readonly commands: ShellCommand[];
  readonly place: ScriptPlace;
  pipes: number;
  hasPipe: boolean;
  count: number;
  /** The number that the next command gets: it stands behind a "|". */
  pipe: number;
  /** Here-documents whose bodies begin at the next newline. */
  bodies: { readonly name: string; readonly isStripped: boolean }[];
}

type Ending = "end" | "bracket" | "case";

/** Parses a script. */
export function parseScript(text: string, place: ScriptPlace = { base: 0, heredoc: -1 }): Script {
  const state = newState(place);
  parseAll(state, text, 0);
  return { commands: state.commands, hasPipe: state.hasPipe, count: state.count };
}

/** A command that is given as words already: the JSON form. */
export function scriptOfWords(words: readonly string[], offset: number): Script {
  const state = newState({ base: 0, heredoc: -1 });
  const parts = words.map((text) => ({ text, offset, isQuoted: true, isOpen: false, hasSubstitution: false }));
  push(state, { words: parts, assignments: [], redirections: [], isNested: false, depth: 0 });
  return { commands: state.commands, hasPipe: state.hasPipe, count: state.count };
}

function newState(place: ScriptPlace): State {
  return { commands: [], place, pipes: 0, hasPipe: false, count: 0, pipe: -1, bodies: [] };
}

function parseAll(state: State, text: string, depth: number): void {
  const cursor: Cursor = { text, at: 0, depth, parseNested: (inner) => parseNested(inner, state) };
  while (cursor.at < text.length) parseList(cursor, state, "end", false);
}

function parseNested(cursor: Cursor, state: State): void {
  const { pipe } = state;
  state.pipe = -1;
  parseList(cursor, state, "bracket", true);
  state.pipe = pipe;
}

/** Commands up to the ending, which is taken. For "case" the answer is whether "esac" ended it. */
function parseList(cursor: Cursor, state: State, ending: Ending, isNested: boolean): boolean {
  const { text } = cursor;
  while (cursor.at < text.length && state.commands.length < shellLimits.commandsMax) {
    const code = text.charCodeAt(cursor.at);
    if (code === 10) {
      cursor.at++;
      skipBodies(cursor, state);
    } else if (code === 32 || (code >= 9 && code <= 13)) cursor.at++;
    else if (code === 35) skipComment(cursor);
    else if (code === 41) {
      cursor.at++;
      if (ending === "bracket") return false;
    } else if (code === 40) parseGroup(cursor, state);
    else if (code === 59) {
      const isItemEnd = text.charCodeAt(cursor.at + 1) === 59 || text.charCodeAt(cursor.at + 1) === 38;
      cursor.at += isItemEnd ? 2 : 1;
      state.pipe = -1;
      if (isItemEnd && ending === "case") return false;
    } else if (code === 124 || (code === 38 && text.charCodeAt(cursor.at + 1) !== 62)) parseOperator(cursor, state);
    else if (parseCommand(cursor, state, isNested) === "esac" && ending === "case") return true;
  }
  if (state.commands.length >= shellLimits.commandsMax) cursor.at = text.length;
  return true;
}

function skipComment(cursor: Cursor): void {
  const end = cursor.text.indexOf("\n", cursor.at);
  cursor.at = end < 0 ? cursor.text.length : end;
}

/** "( ... )" or "(( ... ))". */
function parseGroup(cursor: Cursor, state: State): void {
  if (cursor.text.charCodeAt(cursor.at + 1) === 40) return skipArithmetic(cursor, cursor.at + 2);
  cursor.at++;
  if (cursor.depth >= shellLimits.depthMax) return;
  cursor.depth++;
  parseList(cursor, state, "bracket", true);
  cursor.depth--;
}

/** "|", "|&", "||", "&&", "&". */
function parseOperator(cursor: Cursor, state: State): void {
  const { text, at } = cursor;
  const isBar = text.charCodeAt(at) === 124;
  const next = text.charCodeAt(at + 1);
  const isDouble = next === text.charCodeAt(at);
  cursor.at += isDouble || (isBar && next === 38) ? 2 : 1;
  if (!isBar || isDouble) {
    state.pipe = -1;
    return;
  }
  state.hasPipe = true;
  const last = state.commands.at(-1);
  if (last === undefined || state.pipe < 0) {
    state.pipe = state.pipes++;
    if (last !== undefined) last.pipe = state.pipe;
  }
  // The wrapper of the last command is in the pipe as well.
  for (let index = state.commands.length - 1; index >= 0 && state.commands[index]?.isWrapped === true; index--) {
    const wrapper = state.commands[index - 1];
    if (wrapper !== undefined) wrapper.pipe = state.pipe;
  }
}

function skipBodies(cursor: Cursor, state: State): void {
  state.pipe = -1;
  for (const { name, isStripped } of state.bodies.splice(0)) {
    while (cursor.at < cursor.text.length) {
      const end = cursor.text.indexOf("\n", cursor.at);
      const stop = end < 0 ? cursor.text.length : end;
      const line = cursor.text.slice(cursor.at, stop);
      cursor.at = stop + 1;
      if ((isStripped ? line.replace(/^\t+/, "") : line) === name) break;
    }
  }
}

const goOn = new Set(["if", "then", "else", "elif", "do", "while", "until", "!", "{", "time", "fi", "done", "}"]);

interface Gathered {
  readonly words: ShellWord[];
  readonly assignments: { name: string; value: string }[];
  readonly redirections: Redirection[];
  readonly isNested: boolean;
  readonly depth: number;
}

/** A simple command, or what a reserved word begins. */
function parseCommand(cursor: Cursor, state: State, isNested: boolean): "esac" | "" {
  const gathered: Gathered = { words: [], assignments: [], redirections: [], isNested, depth: cursor.depth };
  for (;;) {
    skipInline(cursor);
    if (cursor.at >= cursor.text.length || isSeparator(cursor)) break;
    if (readRedirection(cursor, state, gathered)) continue;
    const code = cursor.text.charCodeAt(cursor.at);
    if (code === 40) {
      if (!skipFunctionBrackets(cursor, gathered)) break;
      return "";
    }
    if (code === 35) break;
    const start = cursor.at;
    const word = readWord(cursor);
    if (cursor.at === start) cursor.at++;
    if (gathered.words.length === 0) {
      if (takeAssignment(cursor, gathered, { word, start })) continue;
      if (gathered.assignments.length === 0 && cursor.at - start === word.text.length) {
        const reserved = takeReserved(cursor, state, { name: word.text, isNested });
        if (reserved !== undefined) return reserved;
      }
    }
    gathered.words.push(word);
  }
  push(state, gathered);
  return "";
}

/** Blanks and escaped newlines inside a line. */
function skipInline(cursor: Cursor): void {
  const { text } = cursor;
  for (;;) {
    const code = text.charCodeAt(cursor.at);
    if (code === 32 || code === 9 || code === 13 || code === 11 || code === 12) cursor.at++;
    else if (code === 92 && text.charCodeAt(cursor.at + 1) === 10) cursor.at += 2;
    else return;
  }
}

function isSeparator(cursor: Cursor): boolean {
  const code = cursor.text.charCodeAt(cursor.at);
  if (code === 38) return cursor.text.charCodeAt(cursor.at + 1) !== 62;
  return code === 10 || code === 59 || code === 124 || code === 41;
}

const redirection = /(?:\d+)?(?:&>>?|<<<|<<-?|<>|>>|>\||[<>]&?)/y;

function readRedirection(cursor: Cursor, state: State, { redirections }: Gathered): boolean {
  const { text, at } = cursor;
  let look = at;
  while (look < text.length && look - at < 4 && text.charCodeAt(look) >= 48 && text.charCodeAt(look) <= 57) look++;
  const code = text.charCodeAt(look);
  if (code !== 60 && code !== 62 && !(code === 38 && look === at)) return false;
  redirection.lastIndex = at;
  const match = redirection.exec(text);
  if (match === null) return false;
  cursor.at += match[0].length;
  const operator = match[0].slice(look - at);
  skipInline(cursor);
  // "<(...)" and ">(...)": a process substitution is a command of its own.
  if (text.charCodeAt(cursor.at) === 40 && (operator === "<" || operator === ">")) {
    parseGroup(cursor, state);
    return true;
  }
  const target = cursor.at < text.length && !isWordEnd(text.charCodeAt(cursor.at)) ? readWord(cursor).text : "";
  redirections.push({ operator, target });
  if (operator === "<<" || operator === "<<-") state.bodies.push({ name: target, isStripped: operator === "<<-" });
  return true;
}

/** "name() ..." is a definition: its body's commands are found as any others. False: a bracket that does not belong here. */
function skipFunctionBrackets(cursor: Cursor, { words, assignments }: Gathered): boolean {
  const close = cursor.text.indexOf(")", cursor.at);
  const isEmpty = close >= 0 && close - cursor.at < 8 && cursor.text.slice(cursor.at + 1, close).trim() === "";
  if (words.length === 1 && assignments.length === 0 && isEmpty) {
    cursor.at = close + 1;
    return true;
  }
  return false;
}

function takeAssignment(
  cursor: Cursor,
  { assignments }: Gathered,
  { word, start }: { readonly word: ShellWord; readonly start: number },
): boolean {
  const { text } = cursor;
  let at = start;
  while (isNameCode(text.charCodeAt(at))) at++;
  const isPlus = text.charCodeAt(at) === 43;
  if (at === start || text.charCodeAt(isPlus ? at + 1 : at) !== 61 || at >= cursor.at) return false;
  assignments.push({ name: text.slice(start, at), value: word.text.slice(at - start + (isPlus ? 2 : 1)) });
  // "name=( ... )": an array's words are no commands.
  if (text.charCodeAt(cursor.at) === 40) {
    cursor.at++;
    while (cursor.at < text.length && text.charCodeAt(cursor.at) !== 41) {
      if (isWordEnd(text.charCodeAt(cursor.at))) cursor.at++;
      else readWord(cursor);
    }
    cursor.at++;
  }
  return true;
}

/** Undefined: the word is a command's name. */
function takeReserved(
  cursor: Cursor,
  state: State,
  { name, isNested }: { readonly name: string; readonly isNested: boolean },
): "esac" | "" | undefined {
  if (goOn.has(name)) return "";
  switch (name) {
    case "esac":
      return "esac";
    case "for":
    case "select":
      return skipFor(cursor);
    case "function":
      skipInline(cursor);
      readWord(cursor);
      skipInline(cursor);
      if (cursor.text.startsWith("()", cursor.at)) cursor.at += 2;
      return "";
    case "case":
      if (cursor.depth >= shellLimits.depthMax) return undefined;
      return parseCase(cursor, state, isNested);
    case "[[":
      return skipTest(cursor);
    default:
      return undefined;
  }
}

/** "for name in words": up to the separator before "do". */
function skipFor(cursor: Cursor): "" {
  for (;;) {
    skipInline(cursor);
    if (cursor.at >= cursor.text.length) return "";
    const code = cursor.text.charCodeAt(cursor.at);
    if (code === 10 || code === 59) return "";
    if (cursor.text.startsWith("((", cursor.at)) skipArithmetic(cursor, cursor.at + 2);
    else if (isWordEnd(code)) cursor.at++;
    else readWord(cursor);
  }
}

/** "[[ ... ]]": its operators do not separate commands. */
function skipTest(cursor: Cursor): "" {
  while (cursor.at < cursor.text.length) {
    if (isWordEnd(cursor.text.charCodeAt(cursor.at))) cursor.at++;
    else if (readWord(cursor).text === "]]") return "";
  }
  return "";
}

function parseCase(cursor: Cursor, state: State, isNested: boolean): "" {
  const { text } = cursor;
  skipInline(cursor);
  if (cursor.at < text.length && !isWordEnd(text.charCodeAt(cursor.at))) readWord(cursor);
  cursor.depth++;
  let isFirst = true;
  for (;;) {
    while (cursor.at < text.length && isWordEnd(text.charCodeAt(cursor.at)) && text.charCodeAt(cursor.at) !== 41)
      cursor.at++;
    if (cursor.at >= text.length) break;
    if (text.charCodeAt(cursor.at) !== 41) {
      const word = readWord(cursor).text;
      if (word === "esac") break;
      // "in", or one of a pattern's words.
      isFirst &&= word !== "in";
      continue;
    }
    cursor.at++;
    if (parseList(cursor, state, "case", isNested)) break;
  }
  cursor.depth--;
  return "";
}

function push(state: State, { words, assignments, redirections, isNested, depth }: Gathered): void {
  const [first] = words;
  if (first === undefined && assignments.length === 0) return;
  const { base, heredoc } = state.place;
  const moved = base === 0 ? words : words.map((word) => ({ ...word, offset: word.offset + base }));
  const command: ShellCommand = {
    name: baseName(first?.text ?? ""),
    written: first?.text ?? "",
    arguments: moved.slice(1),
    assignments,
    redirections,
    offset: moved[0]?.offset ?? base,
    isNested,
    isWrapped: false,
    pipe: state.pipe,
    heredoc,
  };
  state.commands.push(command);
  state.count++;
  pushWrapped(state, command, depth);
}

/** What sudo, env, sh -c and their like run. */
function pushWrapped(state: State, command: ShellCommand, depth: number): void {
  let outer = command;
  for (let level = depth; level < shellLimits.depthMax; level++) {
    const inner = unwrap(outer);
    if (inner === undefined) return;
    if (inner.kind === "script") {
      const script = newState({ base: inner.word.offset, heredoc: command.heredoc });
      script.pipes = state.pipes;
      parseAll(script, inner.word.text, level + 1);
      state.pipes = script.pipes;
      state.hasPipe ||= script.hasPipe;
      for (const one of script.commands) {
        const pipe = one.pipe < 0 ? command.pipe : one.pipe;
        state.commands.push({ ...one, isWrapped: true, offset: inner.word.offset, pipe });
      }
      return;
    }
    outer = { ...inner.command, isWrapped: true, pipe: command.pipe };
    state.commands.push(outer);
  }
}

function baseName(text: string): string {
  const slash = text.lastIndexOf("/");
  return slash < 0 ? text : text.slice(slash + 1);
}
