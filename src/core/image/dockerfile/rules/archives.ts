// Archives that are copied in and unpacked there: ADD does both.
import { bare, flagOf, type Instruction } from "../parse/model.ts";
import { defineRules } from "../rule.ts";
import type { ShellCommand } from "../shell/script.ts";
import { isArchive } from "./copy-paths.ts";

const unpackers = new Set([
  "unzip",
  "gunzip",
  "bunzip2",
  "unlzma",
  "unxz",
  "zgz",
  "uncompress",
  "zcat",
  "gzcat",
  "unzstd",
]);

function isUnpacking({ name, arguments: words }: ShellCommand): boolean {
  if (unpackers.has(name)) return true;
  if (name !== "tar" && name !== "bsdtar") return false;
  // "tar xf" without a dash is the old way.
  return words.some(
    ({ text }, index) =>
      text === "--extract" ||
      text === "--get" ||
      (/^-?[A-Za-z]*x/.test(text) && (text.startsWith("-") ? !text.startsWith("--") : index === 0)),
  );
}

function baseName(path: string): string {
  const plain = bare(path);
  return plain.slice(Math.max(plain.lastIndexOf("/"), plain.lastIndexOf("\\")) + 1);
}

export const archiveRules = defineRules({
  id: "dockerfile/copy-then-unpack",
  hadolint: "DL3010",
  severity: "info",
  title: "an archive is copied, then unpacked",
  fix: "Use ADD, which unpacks: the archive itself stays out of the image.",
  onStage(stage, tell) {
    const copied = new Map<string, Instruction>();
    for (const instruction of stage.instructions) {
      if (instruction.keyword === "COPY" && flagOf(instruction, "from") === undefined) {
        for (const name of copiedArchives(instruction)) copied.set(name, instruction);
      }
      if (copied.size === 0 || instruction.script === undefined) continue;
      for (const command of instruction.script.commands) {
        if (!isUnpacking(command)) continue;
        for (const { text } of command.arguments) {
          const from = copied.get(baseName(text));
          if (from === undefined) continue;
          tell.instruction(
            from,
            `${baseName(text)} is unpacked on line ${instruction.line}, and its layer keeps the archive`,
          );
          copied.delete(baseName(text));
        }
      }
    }
  },
});

function copiedArchives({ words }: Instruction): readonly string[] {
  const target = words.at(-1)?.text ?? "";
  if (isArchive(bare(target))) return [baseName(target)];
  return words
    .slice(0, -1)
    .map(({ text }) => baseName(text))
    .filter(isArchive);
}
