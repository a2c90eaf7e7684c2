// CVSS 4.0: the score of a vector by its macro vector and the distance to that one's highest vectors (specification, section 8.2).
import { macroScore } from "./cvss-v4-scores.ts";

type Metrics = ReadonlyMap<string, string>;

/** From most to least severe, a step of 0.1 each. */
const levels: Readonly<Record<string, string>> = {
  AV: "NALP",
  PR: "NLH",
  UI: "NPA",
  AC: "LH",
  AT: "NP",
  VC: "HLN",
  VI: "HLN",
  VA: "HLN",
  SC: "SHLN",
  SI: "SHLN",
  SA: "SHLN",
  CR: "HML",
  IR: "HML",
  AR: "HML",
};

const required = ["AV", "AC", "AT", "PR", "UI", "VC", "VI", "VA", "SC", "SI", "SA"];
const requirements = new Set(["CR", "IR", "AR"]);

/** The metric as it counts: modified before base, "not defined" as the worst. */
function metric(metrics: Metrics, name: string): string {
  const modified = metrics.get(`M${name}`);
  if (modified !== undefined && modified !== "X") return modified;
  const given = metrics.get(name);
  if (given !== undefined && given !== "X") return given;
  return requirements.has(name) ? "H" : name === "E" ? "A" : "";
}

function levelsOf(metrics: Metrics): readonly number[] {
  const is = (name: string, value: string): boolean => metric(metrics, name) === value;
  const isOpen = [is("AV", "N"), is("PR", "N"), is("UI", "N")];
  const one = isOpen.every(Boolean) ? 0 : isOpen.some(Boolean) && !is("AV", "P") ? 1 : 2;
  const two = is("AC", "L") && is("AT", "N") ? 0 : 1;
  const anyHigh = is("VC", "H") || is("VI", "H") || is("VA", "H");
  const three = is("VC", "H") && is("VI", "H") ? 0 : anyHigh ? 1 : 2;
  const isSafety = is("SI", "S") || is("SA", "S");
  const four = isSafety ? 0 : is("SC", "H") || is("SI", "H") || is("SA", "H") ? 1 : 2;
  const five = is("E", "A") ? 0 : is("E", "P") ? 1 : 2;
  const needed = (["C", "I", "A"] as const).some((kind) => is(`${kind}R`, "H") && is(`V${kind}`, "H"));
  return [one, two, three, four, five, needed ? 0 : 1];
}

interface Group {
  readonly names: readonly string[];
  /** The highest vectors of a level, one letter a name. */
  readonly highest: readonly string[];
  /** Steps that fit into the level. */
  readonly depth: number;
}

const firstGroup: readonly Omit<Group, "names">[] = [
  { highest: ["NNN"], depth: 1 },
  { highest: ["ANN", "NLN", "NNP"], depth: 4 },
  { highest: ["PNN", "ALP"], depth: 5 },
];
const secondGroup: readonly Omit<Group, "names">[] = [
  { highest: ["LN"], depth: 1 },
  { highest: ["HN", "LP"], depth: 2 },
];
const impactGroup = new Map<string, Omit<Group, "names">>([
  ["00", { highest: ["HHHHHH"], depth: 7 }],
  ["01", { highest: ["HHLMMH", "HHHMMM"], depth: 6 }],
  ["10", { highest: ["LHHHHH", "HLHHHH"], depth: 8 }],
  ["11", { highest: ["LHLHMH", "LHHHMM", "HLHMHM", "HLLMHH", "LLHHHM"], depth: 8 }],
  ["21", { highest: ["LLLHHH"], depth: 10 }],
]);
const subsequentGroup: readonly Omit<Group, "names">[] = [
  { highest: ["HSS"], depth: 6 },
  { highest: ["HHH"], depth: 5 },
  { highest: ["LLL"], depth: 4 },
];

function groupsOf(macro: readonly number[]): readonly Group[] {
  const [one = 0, two = 0, three = 0, four = 0, , six = 0] = macro;
  const empty = { highest: [], depth: 1 };
  return [
    { names: ["AV", "PR", "UI"], ...(firstGroup[one] ?? empty) },
    { names: ["AC", "AT"], ...(secondGroup[two] ?? empty) },
    { names: ["VC", "VI", "VA", "CR", "IR", "AR"], ...(impactGroup.get(`${three}${six}`) ?? empty) },
    { names: ["SC", "SI", "SA"], ...(subsequentGroup[four] ?? empty) },
  ];
}

function rankOf(name: string, value: string): number {
  return value.length === 1 ? (levels[name] ?? "").indexOf(value) : -1;
}

/** Steps below the first of the level's highest vectors that is nowhere less severe than this one. */
function distanceOf(group: Group, metrics: Metrics): number {
  for (const vector of group.highest) {
    const steps = group.names.map(
      (name, index) => rankOf(name, metric(metrics, name)) - rankOf(name, vector[index] ?? ""),
    );
    if (steps.every((step) => step >= 0)) return steps.reduce((sum, step) => sum + step, 0);
  }
  return 0;
}

function lowered(macro: readonly number[], index: number): number | undefined {
  return macroScore(macro.map((level, at) => (at === index ? level + 1 : level)));
}

/** Scores of the next lower macro vector in each of the five directions; undefined: there is none. */
function lowerScores(macro: readonly number[]): readonly (number | undefined)[] {
  const [, , three = 0, , , six = 0] = macro;
  const left = lowered(macro, 5);
  const right = lowered(macro, 2);
  const impact = three === 0 && six === 0 ? Math.max(left ?? 0, right ?? 0) : three === 0 || six === 1 ? right : left;
  return [lowered(macro, 0), lowered(macro, 1), impact, lowered(macro, 3), lowered(macro, 4)];
}

/** 0..10 with one decimal; undefined when a base metric is missing or unknown. */
export function scoreV4(metrics: Metrics): number | undefined {
  for (const name of required) if (rankOf(name, metric(metrics, name)) === -1) return undefined;
  if (["VC", "VI", "VA", "SC", "SI", "SA"].every((name) => metric(metrics, name) === "N")) return 0;
  const macro = levelsOf(metrics);
  const value = macroScore(macro);
  if (value === undefined) return undefined;
  const groups = groupsOf(macro);
  let sum = 0;
  let directions = 0;
  for (const [index, lower] of lowerScores(macro).entries()) {
    if (lower === undefined) continue;
    directions++;
    const group = groups[index];
    if (group !== undefined) sum += ((value - lower) * distanceOf(group, metrics)) / group.depth;
  }
  const score = Math.min(10, Math.max(0, value - (directions === 0 ? 0 : sum / directions)));
  return Math.round((score + 1e-6) * 10) / 10;
}
