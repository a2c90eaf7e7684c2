// The rules that come with Garrison as people read them: the same data that agents compile, written as YAML.
import { stringify } from "yaml";
import { builtinRuleFiles } from "../../../core/detect/builtin/builtin-rules.ts";
import { ruleOfValue, type RuleText } from "./detections-rules.ts";

let made: readonly RuleText[] | undefined;

/** Made at the first question: nobody waits for it at the start. */
export function builtinRuleTexts(): readonly RuleText[] {
  made ??= builtinRuleFiles.flatMap(({ documents }) =>
    documents.flatMap(({ value }) =>
      [value].flat().flatMap((item) => {
        const rule = ruleOfValue(item as Readonly<Record<string, unknown>>, "built-in", () =>
          stringify(item, { lineWidth: 0 }),
        );
        return rule ?? [];
      }),
    ),
  );
  return made;
}
