// The Dockerfile parser, by BuildKit's grammar. Promise: any text gives instructions and problems, never an exception, in time linear in its length.
import { nearest } from "../../../../base/nearest.ts";
import { logicalLines, type LogicalLine } from "./lines.ts";
import {
  knownFlags,
  knownInstructions,
  parseLimits,
  placeAt,
  type Dockerfile,
  type Instruction,
  type Pair,
  type ParseProblem,
  type Pragma,
  type Word,
} from "./model.ts";
import { pragmaOf } from "./pragma.ts";
import { argumentPairs, isBlank, jsonForm, leadingFlags, mountOf, pairsOf, plainWords, skipBlanks } from "./words.ts";

const known: ReadonlySet<string> = new Set(knownInstructions);
const jsonKeywords = new Set(["ADD", "CMD", "COPY", "ENTRYPOINT", "RUN", "SHELL", "VOLUME", "HEALTHCHECK"]);
const wordKeywords = new Set(["ADD", "COPY", "EXPOSE", "FROM", "VOLUME", "USER", "STOPSIGNAL", "HEALTHCHECK"]);
const defaultShell: readonly string[] = ["/bin/sh", "-c"];

/** Parses the text of a Dockerfile or Containerfile. */
export function parseDockerfile(text: string): Dockerfile {
  const isTooLong = text.length > parseLimits.charactersMax;
  const lines = logicalLines(isTooLong ? text.slice(0, parseLimits.charactersMax) : text);
  const problems: ParseProblem[] = [...lines.problems];
  if (isTooLong) {
    const message = `longer than ${parseLimits.charactersMax} characters: the rest was not looked at`;
    problems.push({ kind: "limit", line: 1, column: 1, message, fix: "Split the file." });
  }
  if (text.includes("\uFFFD")) {
    const before = text.slice(0, text.indexOf("\uFFFD"));
    const line = before.split("\n").length;
    const column = before.length - before.lastIndexOf("\n");
    const message = "bytes that are not UTF-8";
    problems.push({ kind: "encoding", line, column, message, fix: "Save the file as UTF-8." });
  }
  const pragmas: Pragma[] = [];
  const instructions: Instruction[] = [];
  for (const line of lines.lines) {
    const ignores: string[] = [];
    for (const comment of line.comments) {
      const pragma = pragmaOf(comment, problems);
      if (pragma === undefined) continue;
      pragmas.push(pragma);
      if (pragma.kind === "ignore") ignores.push(...pragma.values);
    }
    instructions.push(readInstruction({ line, escape: lines.escape, problems }, 0, { ignores, isTrigger: false }));
  }
  for (const comment of lines.trailing) {
    const pragma = pragmaOf(comment, problems);
    if (pragma !== undefined) pragmas.push(pragma);
  }
  return { instructions, problems, pragmas, directives: lines.directives, escape: lines.escape };
}

interface Role {
  readonly ignores: readonly string[];
  readonly isTrigger: boolean;
}

interface Source {
  readonly line: LogicalLine;
  readonly escape: string;
  readonly problems: ParseProblem[];
}

/** The instruction whose keyword begins at `from` of the joined text. */
function readInstruction(source: Source, from: number, role: Role): Instruction {
  const { line, escape } = source;
  const { text, segments } = line;
  let end = from;
  while (end < text.length && !isBlank(text.charCodeAt(end))) end++;
  const written = text.slice(from, end);
  const keyword = written.toUpperCase();
  const place = from === 0 ? { line: line.line, column: line.column } : placeAt(line, from);
  const common = { keyword, written, ...place, endLine: line.endLine, segments, heredocs: line.heredocs, ...role };
  const rest = { script: undefined, shell: defaultShell };
  if (!known.has(keyword)) {
    tellUnknown(source, written, place);
    const body = text.slice(end).trim();
    const bodyOffset = skipBlanks(text, end);
    return { ...common, ...rest, flags: [], body, bodyOffset, ...nothing };
  }
  const { flags, end: bodyOffset } = knownFlags.has(keyword) ? leadingFlags(text, end, escape) : noFlags(text, end);
  if (flags.length > 0) checkFlags(source, keyword, flags);
  const body = text.slice(bodyOffset).trimEnd();
  if (body === "" && !(keyword === "RUN" && line.heredocs.length > 0)) {
    tell(source, place, `${keyword} has no arguments`, "Write what it should do, or take it out.");
  }
  const json = jsonKeywords.has(keyword) ? jsonForm(body) : undefined;
  const words =
    json === undefined ? wordsOf(keyword, body, bodyOffset) : json.map((one) => ({ text: one, offset: bodyOffset }));
  if (body !== "") checkShape(source, { keyword, words, isJson: json !== undefined, place });
  const mounts =
    keyword === "RUN" ? flags.filter(({ name }) => name === "mount").map(({ value }) => mountOf(value ?? "")) : [];
  return {
    ...common,
    ...rest,
    flags,
    body,
    bodyOffset,
    json,
    words,
    ...readPairs(source, keyword, { body, bodyOffset }),
    mounts,
    // A trigger's own trigger is told by a rule and never followed: nesting has no depth here.
    trigger:
      keyword === "ONBUILD" && body !== "" && !role.isTrigger
        ? readInstruction(source, bodyOffset, { ...role, isTrigger: true })
        : undefined,
  };
}

const nothing = { json: undefined, words: [], pairs: [], isLegacy: false, mounts: [], trigger: undefined } as const;

function noFlags(text: string, end: number): { flags: []; end: number } {
  return { flags: [], end: skipBlanks(text, end) };
}

function wordsOf(keyword: string, body: string, bodyOffset: number): readonly Word[] {
  return wordKeywords.has(keyword) ? plainWords(body, bodyOffset) : [];
}

function readPairs(
  source: Source,
  keyword: string,
  { body, bodyOffset }: { readonly body: string; readonly bodyOffset: number },
): { pairs: readonly Pair[]; isLegacy: boolean } {
  if (keyword === "ARG") return { pairs: argumentPairs(body, bodyOffset, source.escape), isLegacy: false };
  if (keyword !== "ENV" && keyword !== "LABEL") return { pairs: [], isLegacy: false };
  const { pairs, isLegacy, wrong } = pairsOf(body, bodyOffset, source.escape);
  if (wrong !== undefined && body !== "") {
    const message = isLegacy ? `${keyword} names something and gives no value` : `${keyword} has a word without "="`;
    tell(
      source,
      placeAt(source.line, wrong.offset),
      message,
      `Write ${keyword} name=value, quoted when it has blanks.`,
    );
  }
  return { pairs, isLegacy };
}

interface Shape {
  readonly keyword: string;
  readonly words: readonly Word[];
  readonly isJson: boolean;
  readonly place: { line: number; column: number };
}

/** What the build refuses at once. */
function checkShape(source: Source, { keyword, words, isJson, place }: Shape): void {
  if (keyword === "SHELL" && !isJson)
    tell(source, place, "SHELL needs a JSON array", 'Write SHELL ["/bin/bash", "-c"].');
  const first = words[0]?.text.toUpperCase();
  if (keyword === "HEALTHCHECK" && first !== "NONE" && first !== "CMD") {
    tell(source, place, "HEALTHCHECK is followed by neither CMD nor NONE", "Write HEALTHCHECK CMD command.");
  }
  const isNamed = words.length === 3 && words[1]?.text.toUpperCase() === "AS";
  if (keyword === "FROM" && words.length !== 1 && !isNamed) {
    tell(source, place, "FROM takes an image, or an image and AS with a name", "Write FROM image AS name.");
  }
  if ((keyword === "COPY" || keyword === "ADD") && words.length < 2) {
    tell(source, place, `${keyword} needs a source and a destination`, `Write ${keyword} source destination.`);
  }
}

function tell(source: Source, { line, column }: { line: number; column: number }, message: string, fix: string): void {
  source.problems.push({ kind: "parse", line, column, message, fix });
}

function tellUnknown(source: Source, written: string, place: { line: number; column: number }): void {
  const close = written.length > 32 ? undefined : nearest(written, knownInstructions);
  const name = written.length > 32 ? `${written.slice(0, 32)}...` : written;
  source.problems.push({
    kind: "unknown-instruction",
    ...place,
    message: `${name} is not an instruction`,
    fix:
      close === undefined
        ? "Begin the line with an instruction, or continue the line before."
        : `Did you mean ${close}?`,
  });
}

function checkFlags(source: Source, keyword: string, flags: Instruction["flags"]): void {
  const names = knownFlags.get(keyword) ?? [];
  for (const { name, offset } of flags) {
    if (names.includes(name)) continue;
    const close = name.length > 32 ? undefined : nearest(name, names);
    source.problems.push({
      kind: "unknown-flag",
      ...placeAt(source.line, offset),
      message: `${keyword} has no flag --${name.slice(0, 32)}`,
      fix: close === undefined ? `It takes ${names.map((one) => `--${one}`).join(", ")}.` : `Did you mean --${close}?`,
    });
  }
}
