// What a rule's firing becomes: its output, its evidence in order of time, and who did it. All texts are redacted here.
import type { Detection, DetectLimits } from "../contract.ts";
import type { ReadTerm } from "../engine/compile-check.ts";
import type { RuleProgram } from "../engine/program.ts";
import type { Firing } from "../engine/running-rules.ts";
import type { DetectEvent } from "../event.ts";
import { evidenceOf, textWithoutArguments } from "./evidence.ts";
import { fillTemplate } from "./template.ts";

const ancestorsShown = 8;

export interface DetectionParts {
  readonly limits: DetectLimits;
  readonly suppressedBefore: number;
  /** Of flat events. */
  readonly readTerm?: ReadTerm;
}

export function detectionOf(
  { summary, output }: RuleProgram,
  { events, steps, count }: Firing,
  { limits, suppressedBefore, readTerm }: DetectionParts,
): Detection {
  const last = events.at(-1);
  if (last === undefined) throw new Error("a rule fired on no event");
  const { outputCharactersMax: charactersMax, evidenceCharactersMax } = limits;
  const filled = fillTemplate(output, last, { charactersMax, readTerm });
  const without = fillTemplate(output, last, { charactersMax, readTerm, keepsArguments: false });
  const told = shown(events, limits.evidenceMax);
  return {
    timeMs: last.timeMs,
    rule: summary.name,
    file: summary.file,
    format: summary.format,
    kind: summary.kind,
    source: summary.source,
    priority: summary.priority,
    severity: summary.severity,
    title: summary.name,
    tags: summary.tags,
    techniques: summary.techniques,
    output: filled.output,
    outputFields: filled.fields,
    evidence: told.map(({ event, index }) => evidenceOf(event, evidenceCharactersMax, steps[index])),
    withoutArguments: {
      output: without.output,
      outputFields: without.fields,
      evidence: told.map(({ event }) => textWithoutArguments(event, evidenceCharactersMax)),
    },
    process: last.process.key,
    comm: last.process.comm,
    executable: last.process.executable,
    ancestors: ancestorNames(last),
    subject: last.subject.subject,
    cgroupId: last.process.cgroupId,
    tuple: last.tuple,
    count,
    suppressedBefore,
  };
}

/** The first and the last ones, when there are too many. */
function shown(
  events: readonly DetectEvent[],
  max: number,
): readonly { readonly event: DetectEvent; readonly index: number }[] {
  const all = events.map((event, index) => ({ event, index }));
  if (all.length <= max) return all;
  const half = max >> 1;
  return [...all.slice(0, half), ...all.slice(all.length - (max - half))];
}

function ancestorNames({ process }: DetectEvent): readonly string[] {
  const names: string[] = [];
  for (let each = process.parent; each !== undefined && names.length < ancestorsShown; each = each.parent)
    names.push(each.comm);
  return names;
}
