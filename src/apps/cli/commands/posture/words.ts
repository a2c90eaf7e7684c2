// Layers for people: one row each, then what differs and what to do about it.
import type { PostureDifference, PostureLayer, PostureValue, PodSecurityResult } from "../../../../model/posture.ts";
import type { Paint } from "../../output/paint.ts";
import { foldHanging } from "../../output/fold.ts";
import { render, type Sheet } from "../../output/format.ts";

export interface LayerAnswer {
  readonly layers: readonly PostureLayer[];
  readonly levelDeclared: PodSecurityResult;
  readonly levelEffective: PodSecurityResult;
  readonly differences: readonly PostureDifference[];
}

/** "unknown" alone in the table; the reason stands below, or whole in JSON. */
function textOf({ text, because }: PostureValue): string {
  return because === "" ? text : "unknown";
}

const verdictWords = { good: "ok", excess: "more than needed", differs: "DIFFERS", unknown: "unknown" } as const;

const sheet: Sheet<PostureLayer> = {
  name: ({ layer }) => layer,
  columns: [
    { title: "layer", value: ({ title }) => title, wraps: true },
    { title: "declared", value: ({ declared }) => textOf(declared), wraps: true },
    { title: "effective", value: ({ effective }) => textOf(effective), wraps: true },
    { title: "used", value: ({ used }) => (textOf(used) === "not applicable" ? "-" : textOf(used)) },
    { title: "verdict", value: ({ verdict }) => verdictWords[verdict] },
    { title: "source", value: ({ effective }) => effective.source, isWide: true },
  ],
};

/** Each reason once, with the layers that it keeps unknown. */
function unknownLines(layers: readonly PostureLayer[]): readonly string[] {
  const byReason = new Map<string, Set<string>>();
  for (const { title, declared, effective, used } of layers) {
    for (const [side, { because }] of Object.entries({ declared, effective, used })) {
      if (because === "") continue;
      const key = `${side} unknown: ${because}`;
      byReason.set(key, (byReason.get(key) ?? new Set()).add(title));
    }
  }
  return [...byReason].map(([reason, titles]) => (titles.size > 4 ? reason : `${reason} (${[...titles].join(", ")})`));
}

export function layerText(
  answer: LayerAnswer,
  { paint, width, format }: { readonly paint: Paint; readonly width: number; readonly format: "table" | "wide" },
): string {
  const { layers, levelDeclared, levelEffective, differences } = answer;
  const notes = layers.filter(({ note, verdict }) => note !== "" && verdict !== "differs");
  const advice = layers.filter((one) => one.advice !== "");
  const violated = (level: "baseline" | "restricted"): readonly string[] =>
    levelEffective.violations
      .filter((one) => one.level === level)
      .map(({ control, detail }) => `${control}: ${detail}`);
  const section = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : ["", paint.bold(title), ...lines.map((line) => foldHanging(line, width))];
  return [
    `Pod Security: declared ${levelDeclared.level}, live ${levelEffective.level}`,
    "",
    render(layers, sheet, { format, width }).trimEnd(),
    ...section(
      "Differences",
      differences.flatMap(({ severity, title, evidence }) => [
        paint.bad(`${severity}  ${title}`),
        ...evidence.map((line) => `    ${line}`),
      ]),
    ),
    ...section("Not baseline because (live)", violated("baseline")),
    ...section("Not restricted because (live)", violated("restricted")),
    ...section(
      "Notes",
      notes.map(({ title, note }) => `${title}: ${note}`),
    ),
    ...section(
      "Advice",
      advice.map((one) => `${one.title}: ${one.advice}`),
    ),
    ...section("Unknown", unknownLines(layers)),
    "",
  ].join("\n");
}
