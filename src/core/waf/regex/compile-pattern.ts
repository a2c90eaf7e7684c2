// One door from a pattern's text to something that runs.
import { clausesOf } from "./clauses.ts";
import type { Pattern, PatternOptions } from "./pattern.ts";
import { parsePattern } from "./parse-pattern.ts";
import { v8Source } from "./v8-source.ts";

export function compilePattern(source: string, options: PatternOptions): Pattern {
  const parsed = parsePattern(source, options);
  const expression = new RegExp(v8Source(parsed.root));
  for (let round = 0; round < 2; round++) expression.test("warm");
  return {
    source,
    clauses: clausesOf(parsed.root),
    captureCount: parsed.captureCount,
    v8BytesMax: Number.POSITIVE_INFINITY,
    v8Because: "first version: nothing is proven yet",
    test: (subject) => expression.test(subject),
    exec: (subject) => {
      const match = expression.exec(subject);
      return match === null ? undefined : match.slice(0, 10);
    },
    indexIn: (subject) => expression.exec(subject)?.index ?? -1,
  };
}
