// Collects what is wrong with rule texts: at most a named number one by one, the rest counted. Notes never push errors out, nor one file those of another.
import { nearest } from "../../../base/nearest.ts";
import type { WafProblem } from "../position.ts";
import { seclangLimits } from "./limits.ts";

export interface Problems {
  add(problem: WafProblem): void;
  /** Errors first where not all fit; else as they were found. The last one counts what was left out. */
  list(): readonly WafProblem[];
}

export function createProblems(): Problems {
  const { problemsMax, problemsPerFileMax } = seclangLimits;
  const errors: { readonly at: number; readonly problem: WafProblem }[] = [];
  const others: { readonly at: number; readonly problem: WafProblem }[] = [];
  const byFile = new Map<string, number>();
  let found = 0;
  return {
    add(problem) {
      const list = problem.severity === "error" ? errors : others;
      const key = `${list === errors ? "error" : "other"} ${problem.position.file}`;
      const before = byFile.get(key) ?? 0;
      if (list.length < problemsMax && before < problemsPerFileMax) list.push({ at: found, problem });
      byFile.set(key, before + 1);
      found += 1;
    },
    list() {
      const kept = [...errors, ...others].slice(0, problemsMax).sort((left, right) => left.at - right.at);
      const told = kept.map(({ problem }) => problem);
      const last = told.at(-1);
      if (last === undefined || found === told.length) return told;
      return [
        ...told,
        {
          severity: "warning",
          code: "waf/more-problems",
          message: `${found - told.length} more problems were found`,
          hint: "mend those above first",
          position: last.position,
        },
      ];
    },
  };
}

/** "did you mean ...?" with the nearest known name, else `otherwise`. */
export function hintFor(name: string, known: readonly string[], otherwise: string): string {
  const near = nearest(name, known);
  return near === undefined ? otherwise : `did you mean ${near}?`;
}
