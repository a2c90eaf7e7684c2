// Tables of Dockerfiles that a rule tells and near misses that it does not; also each of them behind ONBUILD.
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { lintDockerfile } from "../../src/core/image/dockerfile/lint.ts";
import type { LintOptions } from "../../src/core/image/dockerfile/options.ts";

export interface RuleCases {
  readonly fires: readonly string[];
  readonly passes: readonly string[];
  /** The same must hold when every instruction stands behind ONBUILD. */
  readonly withTriggers?: boolean;
  readonly options?: LintOptions;
}

/** One test a rule; the rule is named by its id or by Hadolint's number. */
export function checkRules(table: Readonly<Record<string, RuleCases>>): void {
  for (const [name, { fires, passes, withTriggers = false, options }] of Object.entries(table)) {
    void test(name, () => {
      deepEqual(
        fires.filter((text) => !isTold(name, text, options)),
        [],
        "told by none of these",
      );
      deepEqual(
        passes.filter((text) => isTold(name, text, options)),
        [],
        "told though it should not be",
      );
      if (!withTriggers) return;
      deepEqual(
        fires.filter((text) => !isTold(name, behindTriggers(text), options)),
        [],
        "not told behind ONBUILD",
      );
      deepEqual(
        passes.filter((text) => isTold(name, behindTriggers(text), options)),
        [],
        "told behind ONBUILD",
      );
    });
  }
}

export function isTold(name: string, text: string, options?: LintOptions): boolean {
  return countOf(name, text, options) > 0;
}

export function countOf(name: string, text: string, options?: LintOptions): number {
  return lintDockerfile(text, options).filter(({ rule, hadolint }) => rule === name || hadolint === name).length;
}

/** "RUN a" becomes "ONBUILD RUN a"; continued lines and comments stay. */
export function behindTriggers(text: string): string {
  let isContinued = false;
  return text
    .split("\n")
    .map((line) => {
      const isFirst = !isContinued && line.trim() !== "" && !line.startsWith("#");
      isContinued = line.endsWith("\\");
      return isFirst ? `ONBUILD ${line}` : line;
    })
    .join("\n");
}
