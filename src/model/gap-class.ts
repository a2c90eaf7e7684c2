// What a gap costs: rows that are nowhere, events that no rule was asked about, or only that something was told less exactly.
// The one place that knows; screens and lines of the command line are worded by it. Old rows are classed, too: by their words.
import type { Gap } from "./gap.ts";

export type GapClass =
  | "lost" // not in the store: a list of that time may not be whole
  | "unjudged" // in the store, but no rule was asked about it
  | "less-exact"; // in the store, a part of it is missing or was added up

export interface GapCost {
  readonly class: GapClass;
  /** What `rows` counts, of one and of many. */
  readonly unit: readonly [one: string, many: string];
  /** What it costs whoever reads, behind the number: "23,213 files: the path as the program gave it". "" for what is lost. */
  readonly cost: string;
}

const rowsLost: GapCost = { class: "lost", unit: ["row", "rows"], cost: "" };

function lessExact(one: string, many: string, cost: string): GapCost {
  return { class: "less-exact", unit: [one, many], cost };
}

/** By how `detail` begins, without a number before it. */
const costs: readonly (readonly [begins: string, cost: GapCost])[] = [
  ["files whose path is told as it was asked for", lessExact("file", "files", "the path as the program gave it")],
  [
    "files of containers of which it is not known whether they are the host's",
    lessExact("file of a container", "files of containers", "not known whether the host's or its own"),
  ],
  [
    "programs whose environment was longer than what is read",
    lessExact("program", "programs", "its environment read in part, a rule on variables may have missed one"),
  ],
  [
    "names of variables that rules ask for",
    lessExact("name of a variable", "names of variables", "not looked for, a rule on variables may have missed one"),
  ],
  [
    "parts of open sequences and counters of rules",
    lessExact("part of a sequence", "parts of sequences", "forgotten, a rule over several events may have missed one"),
  ],
  [
    "detections of one rule and workload beyond their rate",
    lessExact("repeated detection", "repeated detections", "counted with the next one of their rule"),
  ],
  ["no key was left: merged into namespace pairs", lessExact("flow", "flows", "added up by namespaces")],
  [
    "a new rule set was refused, the one before it goes on",
    lessExact("rule set", "rule sets", "refused, the one before it goes on"),
  ],
  ["events that no rule was asked about", { class: "unjudged", unit: ["event", "events"], cost: "" }],
  ["more containers than are", { class: "lost", unit: ["container", "containers"], cost: "" }],
];

const merged = lessExact("row", "rows", "added up with others to save room");

export function gapCost({ reason, detail }: Pick<Gap, "reason" | "detail">): GapCost {
  if (reason === "merged") return merged;
  if (reason !== "limit") return rowsLost;
  const words = detail.replace(/^\d{1,15} /, "");
  return costs.find(([begins]) => words.startsWith(begins))?.[1] ?? rowsLost;
}
