// Sources and destinations of COPY and ADD.
import { bare, flagOf, type Instruction } from "../parse/model.ts";
import type { Stage } from "../parse/stages.ts";
import { defineRules } from "../rule.ts";

export const archiveEndings = [
  ".tar",
  ".tar.gz",
  ".tgz",
  ".gz",
  ".bz2",
  ".tbz",
  ".tbz2",
  ".tb2",
  ".xz",
  ".txz",
  ".lz",
  ".lzma",
  ".tlz",
  ".tpz",
  ".z",
  ".tz",
  ".zst",
  ".tzst",
] as const;

export function isArchive(path: string): boolean {
  const lower = path.toLowerCase();
  return archiveEndings.some((ending) => lower.endsWith(ending));
}

function sourcesOf(instruction: Instruction): readonly string[] {
  return instruction.words.slice(0, -1).map(({ text }) => bare(text));
}

function destinationOf(instruction: Instruction): string {
  return bare(instruction.words.at(-1)?.text ?? "");
}

const remote = /^(?:https?:\/\/|ftp:\/\/|git:\/\/|ssh:\/\/|git@)/i;
const gitRemote = /^(?:git:\/\/|ssh:\/\/|git@)|\.git(?:#|$)/i;

/** "/x", "C:\x", "c:/x", "$x". */
export function isAbsolute(path: string): boolean {
  return path.startsWith("/") || path.startsWith("$") || /^[A-Za-z]:(?:[\\/]|$)/.test(path);
}

function hasDirectory(stage: Stage, before: Instruction): boolean {
  for (let one: Stage | undefined = stage; one !== undefined; one = one.parent) {
    for (const instruction of one.instructions) {
      if (instruction === before) break;
      if (instruction.keyword === "WORKDIR") return true;
    }
  }
  return false;
}

const installers: readonly RegExp[] = [
  /^npm (?:i|install|ci)\b/,
  /^(?:yarn|pnpm|bun)(?: install)?$/,
  /^pip install -r\b/,
  /^poetry install\b/,
  /^uv sync\b/,
  /^bundle install\b/,
  /^composer install\b/,
  /^go mod download\b/,
  /^dotnet restore\b/,
  /^mix deps\.get\b/,
  /^cargo fetch\b/,
];

export const copyPathRules = defineRules(
  {
    id: "dockerfile/add-instead-of-copy",
    hadolint: "DL3020",
    severity: "error",
    title: "ADD of plain files",
    fix: "Use COPY: ADD is for archives and addresses.",
    references: ["CIS Docker 4.9", "CIS-DI-0009"],
    onInstruction: {
      keywords: ["ADD"],
      check(instruction, tell) {
        const sources = sourcesOf(instruction);
        const plain = sources.find(
          (source) =>
            !isArchive(source) &&
            !remote.test(source) &&
            !gitRemote.test(source) &&
            !source.startsWith("$") &&
            !source.startsWith("<<"),
        );
        if (plain !== undefined) tell.instruction(instruction, `${plain} is neither an archive nor an address`);
      },
    },
  },
  {
    id: "dockerfile/add-without-checksum",
    hadolint: "",
    severity: "warning",
    title: "ADD of an address without a checksum",
    fix: "Write ADD --checksum=sha256:... of what you looked at; for git name the commit.",
    onInstruction: {
      keywords: ["ADD"],
      check(instruction, tell) {
        if (flagOf(instruction, "checksum") !== undefined) return;
        const source = sourcesOf(instruction).find((one) => remote.test(one) && !gitRemote.test(one));
        if (source !== undefined)
          tell.instruction(instruction, "what the server gives on the day of the build goes into the image unseen");
      },
    },
  },
  {
    id: "dockerfile/copy-many-without-slash",
    hadolint: "DL3021",
    severity: "error",
    title: "COPY of several files to a path without a slash at its end",
    fix: "End the destination with /.",
    onInstruction: {
      keywords: ["COPY"],
      check(instruction, tell) {
        if (instruction.words.length <= 2 || destinationOf(instruction).endsWith("/")) return;
        const last = instruction.words.at(-1);
        tell.instruction(instruction, "several sources need a folder as destination", { offset: last?.offset ?? 0 });
      },
    },
  },
  {
    id: "dockerfile/copy-relative",
    hadolint: "DL3045",
    severity: "warning",
    title: "COPY to a relative path without WORKDIR",
    fix: "Set WORKDIR before it, or write the whole path.",
    onInstruction: {
      keywords: ["COPY"],
      check(instruction, tell, { stage }) {
        const destination = destinationOf(instruction);
        if (destination === "" || isAbsolute(destination) || hasDirectory(stage, instruction)) return;
        tell.instruction(instruction, `${destination} is relative to a folder that this file does not set`);
      },
    },
  },
  {
    id: "dockerfile/copy-everything",
    hadolint: "DL4007",
    severity: "warning",
    title: "COPY of the whole build context",
    fix: "Copy what the image needs; keep .git, .env and their like out with .dockerignore.",
    onInstruction: {
      keywords: ["COPY"],
      check(instruction, tell) {
        if (flagOf(instruction, "from") !== undefined) return;
        if (!sourcesOf(instruction).some((source) => source === "." || source === "./")) return;
        tell.instruction(
          instruction,
          "everything beside the Dockerfile goes into the image: .git, .env, local settings",
        );
      },
    },
  },
  {
    id: "dockerfile/copy-before-install",
    hadolint: "",
    severity: "info",
    title: "dependencies are installed after the sources were copied",
    fix: "Copy the lock file first, install, then copy the sources: an edit does not install everything again.",
    onStage(stage, tell) {
      let copied: Instruction | undefined;
      for (const instruction of stage.instructions) {
        if (instruction.keyword === "COPY" && flagOf(instruction, "from") === undefined) {
          if (sourcesOf(instruction).some((source) => source === "." || source === "./")) copied ??= instruction;
        }
        if (copied === undefined || instruction.script === undefined) continue;
        const install = instruction.script.commands.find(({ name, arguments: words }) => {
          const line = `${name.replace(/^pip[0-9.]+$/, "pip")}${words.map(({ text }) => ` ${text}`).join("")}`.slice(
            0,
            200,
          );
          return installers.some((pattern) => pattern.test(line));
        });
        if (install === undefined) continue;
        tell.instruction(copied, `${install.name} on line ${instruction.line} runs again whenever any file changes`);
        return;
      }
    },
  },
);
