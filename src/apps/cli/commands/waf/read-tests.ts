// Test files for `garrison waf ftw`: files and folders of YAML, every scalar kept as its text.
import { readdir } from "node:fs/promises";
import path from "node:path";
import { parse } from "yaml";
import { readTestFile, type FtwTest } from "../../../../core/waf/ftw/test-file.ts";
import { inputFacts, readInputText } from "../../input-file.ts";

export const testFileLimits = { filesMax: 10_000, fileBytesMax: 16 * 1024 * 1024, depthMax: 16 } as const;

export interface ReadTests {
  readonly tests: readonly FtwTest[];
  /** In words: files that are no test files. */
  readonly problems: readonly string[];
}

/** Folders by name, files in the order given. Throws a Fault for a name that is not there. */
export async function readTests(names: readonly string[]): Promise<ReadTests> {
  const tests: FtwTest[] = [];
  const problems: string[] = [];
  const files = (await Promise.all(names.map((name) => filesOf(name, 0)))).flat();
  if (files.length > testFileLimits.filesMax)
    problems.push(`only the first ${testFileLimits.filesMax} files were read`);
  for (const file of files.slice(0, testFileLimits.filesMax)) {
    try {
      // One after the other: thousands of files at once would be as many handles.
      // oxlint-disable-next-line no-await-in-loop
      const read = readTestFile(await readYamlFile(file), file);
      tests.push(...read.tests);
      problems.push(...read.problems);
    } catch (error) {
      problems.push(`${file}: ${(error as Error).message.split("\n", 1)[0] ?? ""}`);
    }
  }
  return { tests, problems };
}

async function filesOf(name: string, depth: number): Promise<readonly string[]> {
  if (!inputFacts(name, { hint: "name test files (.yaml) or folders with them" }).isDirectory()) return [name];
  if (depth > testFileLimits.depthMax) return [];
  const entries = await readdir(name, { withFileTypes: true });
  const wanted = entries
    .filter((entry) => entry.isDirectory() || /\.ya?ml$/.test(entry.name))
    .map((entry) => path.join(name, entry.name))
    .toSorted();
  return (await Promise.all(wanted.map((one) => filesOf(one, depth + 1)))).flat();
}

/** One YAML document with every scalar as a string. Throws for what is no YAML or too large. */
export async function readYamlFile(file: string): Promise<unknown> {
  const text = await readInputText(file);
  if (text.length > testFileLimits.fileBytesMax) throw new Error(`larger than ${testFileLimits.fileBytesMax} bytes`);
  return parse(text, { schema: "failsafe", maxAliasCount: 100 });
}
