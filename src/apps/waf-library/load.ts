// From a library user's options to a compiled engine and one policy over it. Everything is checked here, once; what is wrong is a Fault or a listed problem.
import { createHash, randomUUID } from "node:crypto";
import { z } from "zod";
import { Fault } from "../../base/fault.ts";
import { createWafEngine } from "../../core/waf/engine/create-engine.ts";
import { createThreadClock } from "../../core/waf/engine/thread-clock.ts";
import { warmUp } from "../../core/waf/engine/warm-up.ts";
import type { TransactionPolicy, WafEngine } from "../../core/waf/engine/engine.ts";
import { baseFileName } from "../../core/waf/http/base-directives.ts";
import { withBase } from "../../core/waf/http/with-base.ts";
import { compileWafPolicies } from "../../core/waf/policy/compile-policies.ts";
import type { RuleFile, RuleFiles } from "../../core/waf/seclang/parsed.ts";
import { openRules } from "../../edge/rules/rule-folder.ts";
import { WafPolicy } from "../../model/waf-policy.ts";
import type { WafLibraryLimits, WafOptions, WafRuleProblem, WafRuleText } from "./types.ts";

export interface LoadedWaf {
  readonly engine: WafEngine;
  readonly policy: TransactionPolicy;
  readonly limits: WafLibraryLimits;
  readonly problems: readonly WafRuleProblem[];
  readonly rules: number;
  readonly clientAddress: WafOptions["clientAddress"];
}

export const libraryLimits: WafLibraryLimits = { bodyBytesMax: 1_048_576, bodyMsMax: 30_000 };

const Limits = z.strictObject({
  bodyBytesMax: z
    .int()
    .min(0)
    .max(1 << 30)
    .default(libraryLimits.bodyBytesMax),
  bodyMsMax: z.int().min(1).max(3_600_000).default(libraryLimits.bodyMsMax),
});

/** Faults: "rules/not-found", "rules/empty", "waf/no-rules", "waf/bad-options" (kind usage). */
export function loadWaf(options: WafOptions): LoadedWaf {
  const limits = parse(Limits, options.limits ?? {}, "limits");
  const spec = parse(WafPolicy, specOf(options), "options");
  const base = readRules(options);
  const named = { scope: "", name: "library", generation: 1, spec };
  const compiled = compileWafPolicies({ policies: [named], floor: undefined, base, nowMs: Date.now() });
  const { ruleSet } = compiled.parsed;
  const isOwn = (item: (typeof ruleSet.items)[number]): boolean =>
    item.kind === "rule" && item.head.position.file !== baseFileName;
  const rules = ruleSet.items.filter(isOwn).length;
  if (rules === 0)
    throw new Fault("no rule could be read", {
      code: "waf/no-rules",
      kind: "usage",
      hint: compiled.parsed.problems[0]?.message ?? "`rules` names a Core Rule Set's folder, files or texts",
    });
  const policy = compiled.inForce.get(" library");
  if (policy === undefined)
    throw new Fault("the options make no policy", {
      code: "waf/bad-options",
      kind: "usage",
      hint: compiled.problems[0]?.message ?? "see the guide of the library",
    });
  const engine = createWafEngine({
    ruleSet,
    hashes,
    nowMs: Date.now,
    nowUs: createThreadClock({ cpuUs, wallUs }),
    uniqueId: randomUUID,
  });
  if (policy.mode !== "off") warmUp(engine, policy);
  const problems = [...base.problems, ...compiled.parsed.problems, ...engine.problems];
  return {
    engine,
    policy,
    limits,
    clientAddress: options.clientAddress,
    problems: [
      ...problems.map(({ severity, message, position }) => ({
        severity,
        message,
        file: position.file,
        line: position.line,
      })),
      ...compiled.problems.map(({ severity, message }) => ({ severity, message, file: "", line: 0 })),
    ],
    rules,
  };
}

function parse<T extends z.ZodType>(schema: T, given: unknown, what: string): z.infer<T> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = [what, ...(issue?.path ?? [])].join(".");
  throw new Fault(`${where}: ${issue?.message ?? "not valid"}`, {
    code: "waf/bad-options",
    kind: "usage",
    hint: "docs/guides/waf-library.md lists what createWaf takes",
    where,
  });
}

function specOf(options: WafOptions): z.input<typeof WafPolicy> {
  const {
    mode,
    paranoia = 1,
    detectionParanoia = paranoia,
    inboundThreshold,
    exclusions = [],
    settings = {},
    budget,
  } = options;
  return {
    ...(mode === undefined ? {} : { mode }),
    paranoia,
    detectionParanoia,
    ...(inboundThreshold === undefined ? {} : { thresholds: { inbound: inboundThreshold } }),
    ...(budget === undefined ? {} : { budget }),
    settings,
    exclusions: exclusions.map(({ rules = [], tags = [], methods = [], ...rest }, index) => ({
      ...rest,
      id: `exclusion-${index + 1}`,
      rules: [...rules],
      tags: [...tags],
      methods: [...methods],
    })),
  };
}

interface ReadRules {
  readonly files: readonly RuleFile[];
  readonly reader: RuleFiles;
  readonly problems: ReturnType<typeof openRules>["problems"];
}

/** Paths together are one confined set; texts come in between where they stand, and read only the word lists that were given. */
function readRules({ rules, wordLists = {} }: WafOptions): ReadRules {
  const given = typeof rules === "string" || !Array.isArray(rules) ? [rules as string | WafRuleText] : rules;
  const paths = given.filter((each): each is string => typeof each === "string");
  const opened = paths.length === 0 ? undefined : openRules(paths);
  const texts = given.flatMap((each, index): readonly RuleFile[] =>
    typeof each === "string" ? [] : [{ file: each.file ?? `rules-${index + 1}.conf`, text: latin1(each.text) }],
  );
  const files = [...(opened?.files ?? []), ...texts];
  const own = new Map(Object.entries(wordLists).map(([name, text]) => [name, latin1(text)]));
  const nowhere = { refused: "rules given as texts include no files" };
  return {
    files: withBase(files),
    reader: {
      include: (pattern, from) => opened?.reader.include(pattern, from) ?? nowhere,
      wordList: (name, from) => own.get(name) ?? opened?.reader.wordList(name, from) ?? { refused: "it was not given" },
    },
    problems: opened?.problems ?? [],
  };
}

/** Rules are bytes: letters beyond ASCII stand in them as UTF-8. */
function latin1(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** This thread's own work: a busy machine does not use up a request's budget. Older runtimes do not tell it. */
function cpuUs(): number {
  if (!("threadCpuUsage" in process)) return wallUs();
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

function wallUs(): number {
  return performance.now() * 1000;
}

const hashes = { sha1: (bytes: string) => digest("sha1", bytes), md5: (bytes: string) => digest("md5", bytes) };

function digest(name: "sha1" | "md5", bytes: string): string {
  return createHash(name).update(bytes, "latin1").digest("latin1");
}
