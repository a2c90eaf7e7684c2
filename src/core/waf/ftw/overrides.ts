// Platform overrides in their published schema: for tests of a rule, another expected output, with the reason. Ours is the empty list.
import { z } from "zod";
import { Output } from "./test-file.ts";
import type { FtwTest } from "./test-file.ts";

const count = z.union([
  z.int().min(0),
  z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number),
]);

const Overrides = z.looseObject({
  version: z.unknown().optional(),
  meta: z.looseObject({}).optional(),
  test_overrides: z.array(
    z.looseObject({
      rule_id: count,
      /** Absent: all tests of the rule. */
      test_ids: z.array(count).optional(),
      /** Absent: all stages. */
      stage_ids: z.array(count).optional(),
      reason: z.string().min(1),
      retry_once: z.union([z.boolean(), z.enum(["true", "false"]).transform((word) => word === "true")]).optional(),
      output: Output,
    }),
  ),
});
export type FtwOverrides = z.infer<typeof Overrides>;

/** The document, or what is wrong with it in words. */
export function readOverrides(document: unknown): { readonly overrides: FtwOverrides } | { readonly problem: string } {
  const parsed = Overrides.safeParse(document);
  if (parsed.success) return { overrides: parsed.data };
  const [issue] = parsed.error.issues;
  return { problem: `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "no overrides file"}` };
}

/** The test with its outputs replaced where an override names it. Stages are counted from 1. */
export function withOverrides(test: FtwTest, overrides: FtwOverrides): FtwTest {
  const mine = overrides.test_overrides.filter(
    ({ rule_id: rule, test_ids: ids }) => rule === test.ruleId && (ids === undefined || ids.includes(test.testId)),
  );
  if (mine.length === 0) return test;
  const stages = test.stages.map((stage, index) => {
    const found = mine.find(({ stage_ids: ids }) => ids === undefined || ids.includes(index + 1));
    if (found === undefined) return stage;
    const retry = found.retry_once ?? found.output.retry_once;
    return { input: stage.input, output: retry === undefined ? found.output : { ...found.output, retry_once: retry } };
  });
  return { ...test, stages };
}
