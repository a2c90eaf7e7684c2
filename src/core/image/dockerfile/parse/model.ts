// What a Dockerfile is after parsing: instructions with their places, flags, words, heredocs; stages with who builds on whom.
// Offsets count characters of an instruction's joined text (continuation lines put together); `placeAt` says where that is in the file.
import type { Script } from "../shell/script.ts";

export const parseLimits = {
  charactersMax: 4 * 1024 * 1024,
  instructionsMax: 10_000,
  heredocsMax: 64,
} as const;

export interface Place {
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
}

export interface Word {
  /** As written, quotes included; of a JSON array the element's value. */
  readonly text: string;
  readonly offset: number;
}

export interface Flag {
  readonly name: string;
  /** Quotes taken away; undefined when there is no "=". */
  readonly value: string | undefined;
  readonly offset: number;
}

/** name=value of ENV, LABEL and ARG. */
export interface Pair {
  readonly name: string;
  /** Quotes taken away, variables as written. */
  readonly value: string;
  readonly raw: string;
  readonly hasValue: boolean;
  readonly offset: number;
}

export interface Heredoc {
  readonly name: string;
  /** A quoted name: the content is taken as it is. */
  readonly isQuoted: boolean;
  readonly content: string;
  /** The first line of the content. */
  readonly line: number;
}

/** One line of the file that went into an instruction. */
export interface Segment {
  readonly start: number;
  readonly line: number;
  readonly column: number;
}

export interface Mount {
  readonly type: string;
  readonly target: string;
  readonly from: string;
  readonly id: string;
}

export interface Instruction {
  /** Upper case. */
  readonly keyword: string;
  /** As written. */
  readonly written: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly segments: readonly Segment[];
  readonly flags: readonly Flag[];
  /** After keyword and flags. */
  readonly body: string;
  readonly bodyOffset: number;
  /** Of the JSON form. */
  readonly json: readonly string[] | undefined;
  readonly words: readonly Word[];
  readonly pairs: readonly Pair[];
  /** "ENV name value", the form without "=". */
  readonly isLegacy: boolean;
  readonly heredocs: readonly Heredoc[];
  readonly mounts: readonly Mount[];
  /** Of ONBUILD: what it triggers. */
  readonly trigger: Instruction | undefined;
  readonly isTrigger: boolean;
  /** Rules that a comment above it says to leave out. */
  readonly ignores: readonly string[];
  /** Of RUN, when its shell is a POSIX one. */
  script: Script | undefined;
  /** Of RUN: the shell that runs it, as SHELL or a pragma says. */
  shell: readonly string[];
}

export interface ParseProblem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly fix: string;
  readonly kind:
    | "parse"
    | "unknown-instruction"
    | "unknown-flag"
    | "empty-continuation"
    | "limit"
    | "encoding"
    | "pragma";
}

export interface Pragma {
  readonly kind: "ignore" | "global-ignore" | "shell";
  /** Whose word it uses. */
  readonly tool: "hadolint" | "garrison";
  readonly values: readonly string[];
  readonly line: number;
  readonly column: number;
}

export interface Dockerfile {
  readonly instructions: readonly Instruction[];
  readonly problems: readonly ParseProblem[];
  readonly pragmas: readonly Pragma[];
  /** Lower-case names: "syntax", "escape", "check". */
  readonly directives: ReadonlyMap<string, string>;
  readonly escape: string;
}

export const knownInstructions = [
  "ADD",
  "ARG",
  "CMD",
  "COPY",
  "ENTRYPOINT",
  "ENV",
  "EXPOSE",
  "FROM",
  "HEALTHCHECK",
  "LABEL",
  "MAINTAINER",
  "ONBUILD",
  "RUN",
  "SHELL",
  "STOPSIGNAL",
  "USER",
  "VOLUME",
  "WORKDIR",
] as const;

export const knownFlags: ReadonlyMap<string, readonly string[]> = new Map([
  ["FROM", ["platform"]],
  ["ADD", ["chown", "chmod", "link", "keep-git-dir", "checksum", "exclude", "unpack"]],
  ["COPY", ["from", "chown", "chmod", "link", "parents", "exclude"]],
  ["RUN", ["mount", "network", "security", "device"]],
  ["HEALTHCHECK", ["interval", "timeout", "start-period", "start-interval", "retries"]],
]);

/** Line and column of a character of the joined text. */
export function placeAt(instruction: { readonly segments: readonly Segment[] }, offset: number): Place {
  const { segments } = instruction;
  let low = 0;
  let high = segments.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((segments[middle]?.start ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  const segment = segments[low];
  return segment === undefined
    ? { line: 1, column: 1 }
    : { line: segment.line, column: segment.column + Math.max(0, offset - segment.start) };
}

export function flagOf(instruction: Instruction, name: string): Flag | undefined {
  return instruction.flags.find((flag) => flag.name === name);
}

/** Without quotes around it; backslashes stay, for paths of Windows. */
export function bare(text: string): string {
  const first = text.charCodeAt(0);
  const start = first === 34 || first === 39 ? 1 : 0;
  const last = text.charCodeAt(text.length - 1);
  const end = text.length > start && (last === 34 || last === 39) ? text.length - 1 : text.length;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}
