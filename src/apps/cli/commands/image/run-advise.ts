// What `garrison image advise` does: find the files or open the image, look, print, gate.
import { Fault } from "../../../../base/fault.ts";
import type { AdviceSeverity } from "../../../../core/image/advice.ts";
import { lintDockerfile } from "../../../../core/image/dockerfile/lint.ts";
import type { LintOptions } from "../../../../core/image/dockerfile/options.ts";
import { dockerfileRules } from "../../../../core/image/dockerfile/rules/list.ts";
import { isAtGate, type AdvisedTarget, type AdviceReport } from "../../../../core/image/report/advice-report.ts";
import { writeAdviceMarkdown } from "../../../../core/image/report/write-advice-markdown.ts";
import { writeAdviceSarif } from "../../../../core/image/report/write-advice-sarif.ts";
import { imageRules } from "../../../../core/image/rules/list.ts";
import type { Context } from "../../context.ts";
import { render, type Sheet } from "../../output/format.ts";
import { harmlessJson, harmlessLines } from "../../output/harmless.ts";
import { version } from "../../version.ts";
import type { AdviseFlags, AdviceFormat } from "./advise.ts";
import { adviceTable } from "./advice-table.ts";
import { defaultDockerfiles, dockerfilesOf, readDockerfile, readLintFile } from "./dockerfiles.ts";

interface Input {
  readonly args: readonly string[];
  readonly options: AdviseFlags;
}

export async function runAdvise(context: Context, input: Input): Promise<number | void> {
  const format = formatOf(context);
  if (input.options.rules === true) return await listRules(context, format);
  const settings = await settingsOf(context, input.options);
  const targets = await targetsOf(context, input, settings.lint);
  await print(context, format, { toolVersion: version, targets });
  const gate = input.options.failOn ?? settings.gate ?? "error";
  return isAtGate(
    targets.flatMap(({ findings }) => findings),
    gate,
  )
    ? 3
    : 0;
}

function formatOf(context: Context): AdviceFormat {
  const output = context.flags.output as string | undefined;
  return output === "json" || output === "sarif" || output === "markdown" ? output : "table";
}

interface Settings {
  readonly lint: LintOptions;
  readonly gate: AdviceSeverity | "none" | undefined;
}

async function settingsOf(
  context: Context,
  { config, ignore = [], trustedRegistry = [] }: AdviseFlags,
): Promise<Settings> {
  const file = config === false ? undefined : await readLintFile(config);
  if (file !== undefined && file.unknownKeys.length > 0) {
    context.say(`the settings file has keys that mean nothing here: ${file.unknownKeys.slice(0, 10).join(", ")}`);
  }
  const named = ignore.flatMap((text) => text.split(",")).map((name) => name.trim());
  for (const name of named) refuseUnknown(name);
  const trusted = trustedRegistry.flatMap((text) => text.split(","));
  return {
    lint: {
      ...file,
      ignored: [...(file?.ignored ?? []), ...named],
      trustedRegistries: trusted.length > 0 ? trusted : (file?.trustedRegistries ?? []),
      nowMs: context.nowMs(),
    },
    gate: file?.failureThreshold,
  };
}

/** A flag with a typing slip must not pass as "ignored". */
function refuseUnknown(name: string): void {
  if (/^SC\d{4}$/.test(name)) return;
  if ([...dockerfileRules, ...imageRules].some(({ id, hadolint }) => id === name || hadolint === name)) return;
  throw new Fault(`there is no rule ${name}`, {
    code: "cli/usage",
    kind: "usage",
    hint: "garrison image advise --rules lists them",
  });
}

async function targetsOf(
  context: Context,
  { args, options }: Input,
  lint: LintOptions,
): Promise<readonly AdvisedTarget[]> {
  const isPlaced = [
    options.archive,
    options.oci,
    options.root,
    options.container,
    options.containerd,
    options.sbom,
  ].some((flag) => flag !== undefined);
  const files = isPlaced ? [] : args.length === 0 ? await defaultDockerfiles() : await dockerfilesOf(args);
  if (files === undefined || isPlaced) {
    const { adviseOneImage } = await import("./advise-one-image.ts");
    return [await adviseOneImage(context, { args, options }, lint)];
  }
  const targets: AdvisedTarget[] = [];
  for (const file of files) {
    const text = await readDockerfile(file);
    const name = file === "-" ? "(standard input)" : file;
    targets.push({ name, kind: "dockerfile", findings: lintDockerfile(text, lint), lines: text.split(/\r?\n/) });
  }
  return targets;
}

async function print(context: Context, format: AdviceFormat, report: AdviceReport): Promise<void> {
  switch (format) {
    case "sarif":
      return await context.print(harmlessJson(writeAdviceSarif(report)));
    case "markdown":
      return await context.print(harmlessLines(writeAdviceMarkdown(report)));
    case "json": {
      const targets = report.targets.map((target) => ({ ...target, lines: undefined }));
      return await context.print(
        `${harmlessJson(JSON.stringify({ apiVersion: "garrison/v1", targets }, undefined, 2))}\n`,
      );
    }
    case "table":
      await context.print(adviceTable(context, report));
      for (const line of summary(report)) context.say(line);
  }
}

function summary({ targets }: AdviceReport): readonly string[] {
  const count = targets.reduce((sum, { findings }) => sum + findings.length, 0);
  const noun = targets[0]?.kind === "image" ? "image" : "file";
  return [
    `${targets.length} ${noun}${targets.length === 1 ? "" : "s"} looked at: ${count} finding${count === 1 ? "" : "s"}`,
  ];
}

interface RuleRow {
  readonly rule: string;
  readonly hadolint: string;
  readonly severity: string;
  readonly references: string;
  readonly title: string;
}

async function listRules(context: Context, format: AdviceFormat): Promise<void> {
  const rows: RuleRow[] = dockerfileRules.map((rule) => ({
    rule: rule.id,
    hadolint: rule.hadolint,
    severity: rule.isOff === true ? "off" : rule.severity,
    references: (rule.references ?? []).join(", "),
    title: rule.title,
  }));
  for (const { id, hadolint, severity, references, title } of imageRules)
    rows.push({ rule: id, hadolint, severity, references: references.join(", "), title });
  const sheet: Sheet<RuleRow> = {
    name: ({ rule }) => rule,
    columns: [
      { title: "rule", value: ({ rule }) => rule },
      { title: "number", value: ({ hadolint }) => hadolint },
      { title: "severity", value: ({ severity }) => severity },
      { title: "finds", value: ({ title }) => title },
    ],
  };
  await context.print(render(rows, sheet, { format: format === "json" ? "json" : "table", width: context.width }));
}
