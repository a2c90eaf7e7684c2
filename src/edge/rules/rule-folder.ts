// Rules from disk: a Core Rule Set's folder, a folder of .conf files, or files. Opens them, and is the port through which rules include files and word lists.
import { existsSync, statSync } from "node:fs";
import path from "node:path";
import { Fault } from "../../base/fault.ts";
import type { WafProblem } from "../../core/waf/position.ts";
import type { RuleFile, RuleFiles } from "../../core/waf/seclang/parsed.ts";
import { confineTo } from "./confined.ts";
import type { ConfinedFiles } from "./confined.ts";
import { ruleFolderLimits } from "./limits.ts";
import type { RuleFolderLimits } from "./limits.ts";
import { setupFolderOf } from "./system-rules.ts";

export interface OpenedRules {
  /** In the order in which they are to be read. */
  readonly files: readonly RuleFile[];
  readonly reader: RuleFiles;
  /** Files that could not be read. */
  readonly problems: readonly WafProblem[];
  readonly kind: "crs4" | "crs3" | "files";
  /** "4.29.0-dev"; "" where the files do not say. */
  readonly version: string;
}

/** A folder or one file. Faults: "rules/not-found", "rules/empty". */
export function openRuleFolder(folder: string, limits: RuleFolderLimits = ruleFolderLimits): OpenedRules {
  return openRules([folder], limits);
}

/** Folders and files, read in the order given; what each includes and its word lists lie in any of their folders. Files outside the first folder are told by their whole path. */
export function openRules(given: readonly string[], limits: RuleFolderLimits = ruleFolderLimits): OpenedRules {
  const paths = given.map((each) => path.resolve(each));
  const missing = paths.findIndex((each) => !existsSync(each));
  if (missing >= 0) throw notFound(given[missing] ?? "");
  const folders = [...new Set(paths.map((each) => (isFolder(each) ? each : path.dirname(each))))];
  const setups = folders.flatMap((folder) => setupFolderOf(folder) ?? []);
  const confined = confineTo([...folders, ...setups], limits);
  const files = paths.flatMap((each) => {
    if (!isFolder(each)) return [each];
    return crsPaths(confined, each, setupFolderOf(each)) ?? globbed(confined, path.join(each, "*.conf"));
  });
  return opened(confined, files, given.join(", "));
}

function isFolder(absolute: string): boolean {
  return statSync(absolute, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Undefined: no Core Rule Set. Its own order: set-up, plugins' settings, plugins before, rules, plugins after. Files that end in .example are templates. */
function crsPaths(
  confined: ConfinedFiles,
  root: string,
  setupFolder: string | undefined,
): readonly string[] | undefined {
  const inSetup = (name: string): readonly string[] =>
    [setupFolder, root].flatMap((folder) => (folder === undefined ? [] : [path.join(folder, name)])).filter(existsSync);
  const setup = [...inSetup("crs-setup.conf"), ...inSetup("crs-setup.conf.example")][0];
  const rules = globbed(confined, path.join(root, "rules", "*.conf"));
  if (setup === undefined || rules.length === 0) return undefined;
  const plugins = (end: string): readonly string[] => globbed(confined, path.join(root, "plugins", `*-${end}.conf`));
  const apart = (name: string): readonly string[] =>
    rules.some((rule) => path.basename(rule) === name) || setupFolder === undefined ? [] : inSetup(name).slice(0, 1);
  return [
    setup,
    ...plugins("config"),
    ...plugins("before"),
    ...apart("REQUEST-900-EXCLUSION-RULES-BEFORE-CRS.conf"),
    ...rules,
    ...apart("RESPONSE-999-EXCLUSION-RULES-AFTER-CRS.conf"),
    ...plugins("after"),
  ];
}

function globbed(confined: ConfinedFiles, pattern: string): readonly string[] {
  const found = confined.expand(pattern);
  return "refused" in found ? [] : found;
}

function opened(confined: ConfinedFiles, paths: readonly string[], given: string): OpenedRules {
  const files: RuleFile[] = [];
  const problems: WafProblem[] = [];
  for (const each of paths) {
    const text = confined.read(each);
    const file = confined.nameOf(each);
    if (typeof text === "string") files.push({ file, text });
    else {
      problems.push({
        severity: "error",
        code: "waf/unreadable-file",
        message: `the file cannot be read: ${text.refused}`,
        hint: "its rules are not in force",
        position: { file, line: 1, column: 0 },
      });
    }
  }
  if (files.length === 0 && problems.length === 0) {
    throw new Fault(`no rules in ${given}`, {
      code: "rules/empty",
      kind: "not-found",
      hint: "name a Core Rule Set's folder (crs-setup.conf and rules/), a folder of .conf files, or a file",
    });
  }
  const version = versionOf(files);
  const kind = version.startsWith("4.") ? "crs4" : version.startsWith("3.") ? "crs3" : "files";
  return { files, reader: readerOf(confined), problems, kind, version };
}

function notFound(given: string): Fault {
  return new Fault(`${given} is not there`, {
    code: "rules/not-found",
    kind: "not-found",
    hint: "name a folder or a file; `garrison waf rules` finds what the system has",
  });
}

/** The Core Rule Set names its version in SecComponentSignature. */
function versionOf(files: readonly RuleFile[]): string {
  for (const { text } of files) {
    const found = /^[ \t]*SecComponentSignature[ \t]+["']?OWASP_CRS\/([0-9][0-9A-Za-z.-]*)/im.exec(text);
    if (found !== null) return found[1] ?? "";
  }
  return "";
}

/** Includes and word lists are looked for beside the file that names them. */
function readerOf(confined: ConfinedFiles): RuleFiles {
  const beside = (from: string, name: string): string => path.resolve(path.dirname(confined.absolute(from)), name);
  const isText = (name: string): boolean => !name.includes("\0");
  return {
    include(pattern, from) {
      if (!isText(pattern)) return { refused: "a path holds no NUL" };
      const paths = confined.expand(beside(from, pattern));
      return "refused" in paths ? paths : confined.readAll(paths);
    },
    wordList(name, from) {
      return isText(name) ? confined.read(beside(from, name)) : { refused: "a path holds no NUL" };
    },
  };
}
