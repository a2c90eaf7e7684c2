// Files of ftw-tests-schema (versions 2 and 3) as data. Documents come with every scalar a string (YAML's failsafe schema), as the schema's runner reads them.
// Promises: never throws; a file that is no test file is a problem, keys that are not known are told.
import { z } from "zod";

export const ftwLimits = { stagesMax: 200_000, requestBytesMax: 8 * 1024 * 1024, patternBytesMax: 4096 } as const;

const text = z.union([
  z.string(),
  z.number().transform(String),
  z.boolean().transform(String),
  z.null().transform(() => ""),
]);
const flag = z.union([z.boolean(), z.enum(["true", "false"]).transform((word) => word === "true")]);
const count = z.union([
  z.int().min(0),
  z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number),
]);
/** A key with nothing behind it stands for an empty map. */
const orEmpty = <Schema extends z.ZodType>(schema: Schema) =>
  z.preprocess((value) => (value === "" || value === null ? {} : value), schema);
const headers = orEmpty(z.record(z.string(), text));

const Input = z.looseObject({
  dest_addr: text.optional(),
  port: text.optional(),
  protocol: text.optional(),
  uri: text.optional(),
  uris: z.array(text).optional(),
  follow_redirect: flag.optional(),
  version: text.optional(),
  method: text.optional(),
  headers: headers.optional(),
  ordered_headers: z.array(z.object({ name: text, value: text })).optional(),
  data: text.optional(),
  encoded_data: text.optional(),
  save_cookie: flag.optional(),
  stop_magic: flag.optional(),
  autocomplete_headers: flag.optional(),
  encoded_request: text.optional(),
  raw_request: text.optional(),
  response: z
    .object({
      headers: headers.optional(),
      status: count.optional(),
      body: text.optional(),
      encoded_body: text.optional(),
      log_message: text.optional(),
    })
    .optional(),
});
export type StageInput = z.infer<typeof Input>;

export const Output = z.looseObject({
  status: z.union([count.transform((one) => [one]), z.array(count)]).optional(),
  response_contains: text.optional(),
  log_contains: text.optional(),
  no_log_contains: text.optional(),
  log: orEmpty(
    z.looseObject({
      expect_ids: z.array(count).optional(),
      no_expect_ids: z.array(count).optional(),
      match_regex: text.optional(),
      no_match_regex: text.optional(),
    }),
  ).optional(),
  expect_error: flag.optional(),
  retry_once: flag.optional(),
  isolated: flag.optional(),
});
export type StageOutput = z.infer<typeof Output>;

const Stage = z.looseObject({ description: text.optional(), input: Input, output: Output });
/** Version 1 wrapped a stage in a key of its own. */
const AnyStage = z.union([Stage, z.looseObject({ stage: Stage }).transform(({ stage }) => stage)]);
export interface FtwStage {
  readonly input: StageInput;
  readonly output: StageOutput;
}

export interface FtwTest {
  /** "920100-3": rule and test. */
  readonly id: string;
  readonly ruleId: number;
  readonly testId: number;
  readonly description: string;
  readonly file: string;
  readonly stages: readonly FtwStage[];
}

export interface FtwFile {
  readonly tests: readonly FtwTest[];
  /** In words; a file with a problem has no tests. */
  readonly problems: readonly string[];
}

const Document = z.looseObject({
  meta: orEmpty(z.looseObject({ enabled: flag.optional() })).optional(),
  rule_id: count.optional(),
  tests: z
    .array(
      z.looseObject({
        test_id: count.optional(),
        test_title: text.optional(),
        desc: text.optional(),
        stages: z.array(AnyStage),
      }),
    )
    .min(1),
});

/** One document. An empty one (`undefined`, null, "") has no tests and no problem. */
export function readTestFile(document: unknown, file: string): FtwFile {
  if (document === undefined || document === null || document === "") return { tests: [], problems: [] };
  const parsed = Document.safeParse(document);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return { tests: [], problems: [`${file}: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "no test file"}`] };
  }
  const { meta, tests, rule_id: ruleId = idOfName(file) } = parsed.data;
  if (meta?.enabled === false) return { tests: [], problems: [`${file}: switched off by meta.enabled`] };
  return {
    tests: tests.map((test, index) => {
      const testId = test.test_id ?? index + 1;
      return { id: `${ruleId}-${testId}`, ruleId, testId, description: test.desc ?? "", file, stages: test.stages };
    }),
    problems: [],
  };
}

/** Old files go without rule_id: their name has it. */
function idOfName(file: string): number {
  return Number(/(\d{1,15})\.ya?ml$/.exec(file)?.[1] ?? 0);
}
