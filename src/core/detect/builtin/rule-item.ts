// Our own rules are data in the form that Falco's files have, so that one reader, one compiler and one lint serve everybody's rules. Written from scratch.
import type { Priority, RuleDocument, RuleFile } from "../contract.ts";

/** One rule. Its name is the title that people read. */
export interface BuiltinRule {
  readonly rule: string;
  /** What it means, and what to look at. */
  readonly desc: string;
  readonly condition: string;
  readonly output: string;
  readonly priority: Uppercase<Priority>;
  /** ATT&CK techniques ("T1611") and plain words. */
  readonly tags: readonly string[];
  readonly source?: "k8s_audit";
  readonly enabled?: boolean;
}

export interface BuiltinMacro {
  readonly macro: string;
  readonly condition: string;
}

export interface BuiltinList {
  readonly list: string;
  readonly items: readonly (string | number)[];
}

export type BuiltinItem = BuiltinRule | BuiltinMacro | BuiltinList;

/** Lines of a built-in file count its items: what is wrong with one is found by its number. */
export function builtinFile(name: string, items: readonly unknown[]): RuleFile {
  const document: RuleDocument = {
    value: items,
    line: 1,
    errors: [],
    lineOf: ([index]) => (typeof index === "number" ? index + 1 : 1),
  };
  return { name: `builtin:${name}`, documents: [document] };
}

/** A file of GarrisonRule documents, one each. */
export function garrisonFile(name: string, rules: readonly object[]): RuleFile {
  const documents = rules.map((value, index) => ({ value, line: index + 1, errors: [], lineOf: () => index + 1 }));
  return { name: `builtin:${name}`, documents };
}

/** The home of root, and the name of a process's root in /proc: put together, because the house looks for paths of machines. */
export const root = "/root";

/** What every rule on processes tells. */
export const processOutput =
  "program=%proc.name path=%proc.exepath command=%proc.cmdline parent=%proc.pname user=%user.uid container=%container.name image=%container.image.repository";

/** The same with the file that was touched. */
export const fileOutput = `file=%fd.name asked=%fd.nameraw ${processOutput}`;

/** The same with the connection. */
export const connectionOutput = `connection=%fd.name ${processOutput}`;
