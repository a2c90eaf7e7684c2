// Asks the server for a profile, or learns a command here, and prints it: the profile alone on standard output, so that it can be redirected.
import type { LearningConfidence, ProfileKind, WrittenProfile } from "../../../../model/posture.ts";
import { profileKinds } from "../../../../model/runtime-words.ts";
import { Fault } from "../../../../base/fault.ts";
import { ask, type Context } from "../../context.ts";
import { harmlessLines } from "../../output/harmless.ts";
import { render } from "../../output/format.ts";
import { findWorkload } from "../find-workload.ts";
import type { ProfileFlags } from "../profile.ts";
import { sayWindow } from "../rows.ts";

const namesPerLine = 8;

export async function runProfile(
  context: Context,
  { args, options }: { readonly args: readonly string[]; readonly options: ProfileFlags },
): Promise<number | void> {
  const [word = "", ...rest] = args;
  const kind = profileKinds.find((one) => one === word);
  if (kind === undefined) throw new Fault(`no profile of kind ${word}`, { code: "cli/usage", kind: "usage" });
  if (options.command === true) {
    const { learnCommand } = await import("./learn-command.ts");
    const learnt = await learnCommand(context, { kind, command: rest, flags: options });
    const file = `${kind}.json`;
    const use =
      kind === "seccomp"
        ? `use it: docker run --security-opt seccomp=${file} IMAGE; for runc: jq '.linux.seccomp=input' config.json ${file}`
        : "";
    await print(context, learnt.profile, { options, confidence: learnt.confidence, use });
    if (learnt.failed === "") return undefined;
    context.say(`${rest[0]} ended ${learnt.failed}: the profile covers what it did until then`);
    return 1;
  }
  const [workload, ...more] = rest;
  if (workload === undefined || more.length > 0)
    throw new Fault("one workload at a time", {
      code: "cli/usage",
      kind: "usage",
      hint: "for a command: --command -- CMD",
    });
  return ofWorkload(context, { kind, workload, options });
}

async function ofWorkload(
  context: Context,
  {
    kind,
    workload,
    options,
  }: { readonly kind: ProfileKind; readonly workload: string; readonly options: ProfileFlags },
): Promise<number | void> {
  const found = await findWorkload(context, workload);
  const answer = await ask(context, "workloadProfile", {
    params: { cluster: found.cluster, namespace: found.namespace, kind: found.kind, name: found.name, profile: kind },
    query: {
      mode: options.mode,
      container: options.container ?? "",
      imageDigest: options.image ?? "",
      runtime: options.runtime,
      since: options.since,
    },
  });
  if (answer.containers.length > 1 && options.container === undefined)
    context.say(
      `of container ${answer.container}; learnt are also ${answer.containers.filter((one) => one !== answer.container).join(", ")} (--container)`,
    );
  await print(context, answer.profile, { options, confidence: answer.confidence });
  return sayWindow(context, answer.window);
}

async function print(
  context: Context,
  profile: WrittenProfile,
  {
    options,
    confidence,
    use,
  }: { readonly options: ProfileFlags; readonly confidence: LearningConfidence; readonly use?: string },
): Promise<void> {
  const format = context.flags.output ?? "table";
  if (format !== "table" && format !== "wide") {
    const sheet = { columns: [], name: () => profile.name };
    await context.print(render([{ ...profile, confidence }], sheet, { format, width: context.width }));
    return;
  }
  await context.print(harmlessLines(textOf(profile, options)));
  say(context, profile, { confidence, use });
}

function textOf(profile: WrittenProfile, options: ProfileFlags): string {
  if (options.diff === true) return differenceText(profile);
  if (options.patch !== true) return profile.text;
  if (profile.patch !== "") return profile.patch;
  throw new Fault("there is no manifest to change", {
    code: "cli/no-patch",
    kind: "not-found",
    hint: "the workload is not of Kubernetes, or the profile is empty: use the profile itself",
  });
}

/** `use`: of a command, which no kubelet starts, how its profile is given to a runtime. */
function say(
  context: Context,
  profile: WrittenProfile,
  { confidence, use }: { readonly confidence: LearningConfidence; readonly use: string | undefined },
): void {
  const { level, hours, replicas, startsSeen } = confidence;
  const of = replicas === 1 ? "1 container" : `${replicas} containers`;
  context.say(`confidence ${level}: ${hours} h of ${of}, ${startsSeen} watched from the start`);
  const { kept, removed, added, base } = profile.difference;
  context.say(`${kept.length} kept of ${base}, ${removed.length} removed, ${added.length} beyond it`);
  for (const warning of profile.warnings) context.say(`note: ${warning}`);
  if (use !== undefined && use !== "") context.say(use);
  if (profile.path !== "")
    context.say(`belongs to ${profile.path} on every node; --patch prints the manifest's change`);
  if (profile.mode === "log") context.say(`enforce: ${profile.promotion.state}, ${profile.promotion.because}`);
}

/** Names in lines, the three sets one after the other. */
export function differenceText({ difference }: Pick<WrittenProfile, "difference">): string {
  const { base, kept, removed, added, conditions = [] } = difference;
  const set = (sign: string, title: string, names: readonly string[]) => [
    `${title} (${names.length})`,
    ...linesOf(names).map((line) => `${sign} ${line}`),
    "",
  ];
  return [
    `Against ${base}`,
    "",
    ...set("-", "removed", removed),
    ...set("+", "beyond it", added),
    ...set(" ", "kept", kept),
    ...(conditions.length === 0 ? [] : ["with a condition", ...conditions.map((line) => `  ${line}`), ""]),
  ].join("\n");
}

function linesOf(names: readonly string[]): readonly string[] {
  const lines: string[] = [];
  for (let at = 0; at < names.length; at += namesPerLine) lines.push(names.slice(at, at + namesPerLine).join(" "));
  return lines;
}
