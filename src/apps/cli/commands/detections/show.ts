// garrison detections show: one detection as a person reads it, or whole as JSON or YAML.
import { stringify } from "../../output/yaml.ts";
import type { Api } from "../../../server/contract/api.ts";
import type { ResponseOf } from "../../../server/contract/endpoint.ts";
import { ask, type Context } from "../../context.ts";
import { fold } from "../../output/fold.ts";
import { harmless, harmlessJson, harmlessLines } from "../../output/harmless.ts";
import { cutTo } from "../../output/table.ts";
import { clockTime } from "../../output/units.ts";
import { sayWindow } from "../rows.ts";

type Found = ResponseOf<Api["getDetection"]>;

/** Returns 7 when a limit cut the answer short. */
export async function showDetection(context: Context, id: string): Promise<number> {
  const found = await ask(context, "getDetection", { params: { id } });
  const document = { apiVersion: "garrison/v1", ...found };
  switch (context.flags.output) {
    case "json":
    case "jsonl":
      await context.print(
        `${harmlessJson(JSON.stringify(document, undefined, context.flags.output === "json" ? 2 : 0))}\n`,
      );
      break;
    case "yaml":
      await context.print(harmlessLines(stringify(document)));
      break;
    case "name":
      await context.print(`${found.detection.id}\n`);
      break;
    default:
      await context.print(detectionText(found, context));
  }
  return sayWindow(context, found.window, false);
}

/** Sections of lines, two spaces in; everything that came from outside is made harmless. */
export function detectionText(
  found: Found,
  { paint, nowMs, width }: Pick<Context, "paint" | "nowMs" | "width">,
): string {
  const { detection: card } = found;
  const now = nowMs();
  const lines = [
    paint.bold(harmless(card.title || card.rule)),
    ...pairs(width, [
      ["severity", card.severity],
      [
        "action",
        `${card.action}${card.receipt === "" ? (card.action === "detected" ? "" : ", not proved") : ` (${card.receipt})`}`,
      ],
      ["policy", card.policy],
      ["workload", `${card.cluster} ${card.namespace}/${card.workload}${card.pod === "" ? "" : `, pod ${card.pod}`}`],
      ["not known", card.identityReason],
      [
        "process",
        `${[card.process, ...card.ancestors].filter((name) => name !== "").join(" <- ")}${card.executable === "" ? "" : ` (${card.executable})`}`,
      ],
      ["times", `${card.count}, ${clockTime(card.firstAt, now)} to ${clockTime(card.lastAt, now)}`],
      ["said by", `${card.source}, rule ${card.rule}`],
      ["mark", card.mark === undefined ? "" : `${card.mark.verdict} by ${card.mark.by} ${card.mark.reason}`.trim()],
      ["message", card.message],
    ]),
    ...section(
      width,
      "ATT&CK",
      found.techniques.map(
        ({ id, name, tactics }) => `${id} ${name || "(not in Garrison's list)"}: ${tactics.join(", ")}`,
      ),
    ),
    ...section(
      width,
      "evidence",
      found.evidence.map(({ at, kind, text }) =>
        [at === undefined ? "" : clockTime(at, now), kind, text].filter((part) => part !== "").join("  "),
      ),
      found.evidenceOmitted,
    ),
    // Command lines may be very long: cut to the terminal; whole in -o json.
    ...section(Number.POSITIVE_INFINITY, "process tree", treeLines(found), found.treeOmitted).map((line) =>
      cutTo(line, width),
    ),
    ...section(width, "rule", [
      `${found.rule.state}${found.rule.because === "" ? "" : `: ${found.rule.because}`}; from ${found.rule.from}; spoke ${found.rule.detections} times in 7 days`,
    ]),
    ...section(width, "suggested control", found.controls.flatMap(controlLines)),
    ...section(
      width,
      "within ten minutes",
      found.related.map(({ id, severity, title, rule }) => `${id}  ${severity}  ${title || rule}`),
      found.relatedOmitted,
    ),
  ];
  return `${lines.join("\n")}\n`;
}

function pairs(width: number, given: readonly (readonly [name: string, value: string])[]): readonly string[] {
  return given
    .filter(([, value]) => value !== "")
    .map(([name, value]) => fold(harmless(value), { width, first: `  ${name.padEnd(10)}` }));
}

/** What is wider than the terminal goes on below itself. */
function section(width: number, title: string, lines: readonly string[], omitted = 0): readonly string[] {
  const more = omitted > 0 ? [`  and ${omitted} more`] : [];
  return lines.length === 0 && omitted === 0
    ? []
    : ["", title, ...lines.map((line) => indented(harmless(line), width)), ...more];
}

function indented(line: string, width: number): string {
  const lead = /^ */.exec(line)?.[0] ?? "";
  return fold(line.slice(lead.length), { width, first: `  ${lead}` });
}

function treeLines({ tree, treeBecause }: Found): readonly string[] {
  if (tree.length === 0) return [`not known: ${treeBecause || "nothing of it is kept"}`];
  const first = tree[0]?.generation ?? 0;
  return [
    ...tree.flatMap(({ process, generation, signal, exitCode, endedAt, connections, names, files, deedsOmitted }) => {
      const indent = "  ".repeat(generation - first);
      const end = endedAt === undefined ? "" : (signal ?? 0) > 0 ? ` [signal ${signal}]` : ` [exit ${exitCode ?? "?"}]`;
      const line = process.arguments.length === 0 ? process.executable : process.arguments.join(" ");
      const deeds = [...connections, ...names, ...files].map(
        ({ what, count }) => `${indent}    ${what}${count > 1 ? ` x${count}` : ""}`,
      );
      const rest = deedsOmitted > 0 ? [`${indent}    and ${deedsOmitted} more`] : [];
      return [
        `${indent}${generation === 0 ? "> " : ""}${process.name} ${process.pid}  ${line}${end}`,
        ...deeds,
        ...rest,
      ];
    }),
    ...(treeBecause === "" ? [] : [`not whole: ${treeBecause}`]),
  ];
}

function controlLines({ title, because, cost, resource, scope, name }: Found["controls"][number]): readonly string[] {
  const put = resource === "" ? [] : [`  ${resource} ${name} for ${scope}: -o yaml shows it, in dry run or staged`];
  return [title, `  because ${because}`, `  what else it stops: ${cost}`, ...put];
}
