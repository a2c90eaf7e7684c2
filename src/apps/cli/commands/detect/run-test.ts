// What `garrison detect test` does: every event of the file to every rule, each hit a line.
import { hostname } from "node:os";
import type { CompiledRules, Detection, DetectMachine } from "../../../../core/detect/contract.ts";
import { createDetector } from "../../../../core/detect/create-detector.ts";
import { createFlatJudge } from "../../../../core/detect/flat/judge-flat.ts";
import { falcoJson, falcoLine } from "../../../../core/detect/output/falco-line.ts";
import { parseTemplate } from "../../../../core/detect/output/template.ts";
import { everySupply } from "../../../../core/detect/supply.ts";
import type { Context } from "../../context.ts";
import { harmless, harmlessJson } from "../../output/harmless.ts";
import { counted } from "../policy/words.ts";
import { loadRules, usage } from "./load-rules.ts";
import { missingLines } from "./missing-fields.ts";
import { refusedCount } from "./run-lint.ts";
import { readEvents, type GivenEvent } from "./read-events.ts";
import type { DetectTestFlags } from "./test.ts";

export async function runTest(
  context: Context,
  { args, options }: { readonly args: readonly string[]; readonly options: DetectTestFlags },
): Promise<number> {
  const { rules, problems } = loadRules(args);
  const errors = problems.filter(({ severity }) => severity === "error");
  for (const { file, line, item, message, hint } of errors)
    context.say(`${file}:${line}: ${item}: ${message}${hint === "" ? "" : ` (${hint})`}`);
  if (rules.summaries.length === 0)
    throw usage("no rule is left to judge by: every one was refused", "garrison detect lint says what is wrong");
  const events = readEvents(options.events);
  for (const name of unknownFields(events))
    context.say(`${options.events}: there is no field ${JSON.stringify(name)}: no rule can ask for it`);
  const detections = judge(rules, events);
  const isJson = options.json === true || context.flags.output === "json";
  await context.print(detections.map((detection) => (isJson ? jsonText(detection) : lineText(detection))).join(""));
  const enabled = rules.summaries.filter(({ isEnabled }) => isEnabled).length;
  for (const line of missingLines(rules.summaries, { events, detections })) context.say(line);
  const refused = refusedCount(errors);
  const left = refused === 0 ? "" : `, ${refused} refused`;
  context.say(
    `${counted(events.length, "event")}, ${counted(enabled, "rule")}${left}: ${counted(detections.length, "hit")}`,
  );
  if (detections.length > 0) return 3;
  return refused > 0 ? 7 : 0;
}

/** Names of flat events' values that are no field's, each once. */
function unknownFields(events: readonly GivenEvent[]): readonly string[] {
  const names = new Set(events.flatMap((given) => (given.kind === "flat" ? Object.keys(given.event) : [])));
  return [...names].filter((name) => !isField(name));
}

function isField(name: string): boolean {
  try {
    return parseTemplate(`%${name}`).parts.some((part) => typeof part !== "string");
  } catch {
    return false;
  }
}

const dayMs = 86_400_000;

const machine: DetectMachine = {
  hostname: hostname(),
  bootMs: 0,
  // Other machines' users are not known here.
  userName: (uid) => (uid === 0 ? "root" : undefined),
  groupName: (gid) => (gid === 0 ? "root" : undefined),
};

function judge(rules: CompiledRules, events: readonly GivenEvent[]): readonly Detection[] {
  const found: Detection[] = [];
  const onDetection = (detection: Detection): void => void found.push(detection);
  const limits = { rateBurst: Number.MAX_SAFE_INTEGER };
  const detector = createDetector({ rules, supply: everySupplyWithoutCalls, machine, onDetection, limits });
  const flat = createFlatJudge(rules, onDetection);
  let lastMs = 0;
  for (const given of events) {
    if (given.kind === "flat") flat.take(given.event);
    else if (given.kind === "audit") detector.takeAudit(given.event, 0);
    else {
      detector.take([given.event], () => given.subject);
      lastMs = Math.max(lastMs, given.event.timeMs);
    }
  }
  // What should have followed had the file's own time to do so.
  const endMs = lastMs + 8 * dayMs;
  detector.tick(endMs);
  flat.end(endMs);
  return found;
}

/** A recording may hold connections as flows: then they stand for the calls. */
const everySupplyWithoutCalls = {
  ...everySupply,
  groups: new Set([...everySupply.groups].filter((group) => !group.startsWith("call:"))),
};

function lineText(detection: Detection): string {
  const evidence =
    detection.evidence.length < 2 ? [] : detection.evidence.map(({ kind, text }) => `    ${kind}: ${text}`);
  // An event that gives no time is counted from the epoch on: its line says none.
  const line = detection.timeMs < dayMs ? falcoLine(detection).replace(/^\S+ /, "") : falcoLine(detection);
  return [line, ...evidence].map((line) => `${harmless(line)}\n`).join("");
}

function jsonText(detection: Detection): string {
  const { time, output, ...rest } = falcoJson(detection, machine.hostname) as { time: string; output: string };
  const timed = detection.timeMs < dayMs ? { output: output.replace(/^\S+ /, "") } : { time, output };
  return `${harmlessJson(JSON.stringify({ ...rest, ...timed, evidence: detection.evidence }))}\n`;
}
