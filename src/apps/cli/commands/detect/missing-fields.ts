// Fields that a rule asks for and no event of the file gives: such a rule is silent because of the file, not because all is well.
import type { Detection, RuleSummary } from "../../../../core/detect/contract.ts";
import { isFlatField } from "../../../../core/detect/flat/judge-flat.ts";
import type { GivenEvent } from "./read-events.ts";

const linesMax = 20;
const fieldsShown = 8;

/** What a rule's author calls it. */
const ownNames: Readonly<Record<string, string>> = { "proc.exeline": "proc.cmdline" };
const sigmaNames: Readonly<Record<string, string>> = {
  "proc.exeline": "CommandLine",
  "proc.exepath": "Image",
  "proc.pexepath": "ParentImage",
  "proc.pcmdline": "ParentCommandLine",
  "proc.cwd": "CurrentDirectory",
  "user.name": "User",
  "fd.name": "TargetFilename",
};

/** Of rules that did not fire, and that some event could be of; only for files of values by field name: the sensor's own events have every field. */
export function missingLines(
  rules: readonly RuleSummary[],
  { events, detections }: { readonly events: readonly GivenEvent[]; readonly detections: readonly Detection[] },
): readonly string[] {
  const flat = events.flatMap((given) => (given.kind === "flat" ? [given.event] : []));
  if (flat.length === 0 || flat.length < events.length) return [];
  const fired = new Set(detections.map(({ rule }) => rule));
  const types = new Set(flat.map((event) => event["evt.type"]));
  const silent = rules.filter(
    ({ name, isEnabled, eventTypes }) =>
      isEnabled && !fired.has(name) && (eventTypes.length === 0 || eventTypes.some((type) => types.has(type))),
  );
  const found = silent.flatMap(({ name, fields, format }) => {
    const missing = [...new Set(fields.map(bare))].filter((field) => !flat.some((event) => isFlatField(event, field)));
    return missing.length === 0 ? [] : [`${name}: no event gives ${namesOf(missing, format)}, which it asks for`];
  });
  const more = found.length - linesMax;
  return [
    ...found.slice(0, linesMax),
    ...(more > 0 ? [`and ${more} more rules ask for fields that no event gives`] : []),
  ];
}

/** Without what is done to its value: "tolower(proc.name)". */
function bare(field: string): string {
  const inner = /^[a-z0-9_]+\((.*)\)$/.exec(field)?.[1];
  return inner === undefined ? field : bare(inner);
}

function namesOf(fields: readonly string[], format: RuleSummary["format"]): string {
  const names = fields.map((field) => {
    const own = ownNames[field] ?? field;
    const sigma = format === "sigma" ? sigmaNames[field] : undefined;
    return sigma === undefined ? own : `${sigma} (${own})`;
  });
  const more = names.length - fieldsShown;
  return names.slice(0, fieldsShown).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
