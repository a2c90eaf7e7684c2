// garrison detections show: one detection as a person reads it, or whole as JSON or YAML.
import { stringify } from "../../output/yaml.ts";
import type { Api } from "../../../server/contract/api.ts";
import type { ResponseOf } from "../../../server/contract/endpoint.ts";
import { ask, type Context } from "../../context.ts";
import { fold, foldHanging } from "../../output/fold.ts";
import { harmless, harmlessJson, harmlessLines } from "../../output/harmless.ts";
import { cutTo } from "../../output/table.ts";
import { clockTime } from "../../output/units.ts";
import { sayWindow } from "../rows.ts";
import { checkedId } from "./words.ts";

type Found = ResponseOf<Api["getDetection"]>;

/** Returns 7 when a limit cut the answer short. */
export async function showDetection(context: Context, id: string): Promise<number> {
  const found = await ask(context, "getDetection", { params: { id: checkedId(id) } });
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
      ["action", `${card.action}${card.receipt === "" ? unprovedWords(card.action) : ` (${card.receipt})`}`],
      ["policy", card.policy],
      [
        "workload",
        `${card.cluster} ${card.namespace === "" && card.workload === "" ? "unknown" : `${card.namespace}/${card.workload}`}${card.pod === "" ? "" : `, pod ${card.pod}`}`,
      ],
      ["not known", card.identityReason],
      [
        "process",
        `${[card.process, ...card.ancestors].filter((name) => name !== "").join(" <- ")}${card.executable === "" ? "" : ` (${card.executable})`}`,
      ],
      ["times", `${card.count}, ${clockTime(card.firstAt, now)} to ${clockTime(card.lastAt, now)}`],
      ["said by", `${card.source}, rule ${card.rule}`],
      ["mark", card.mark === undefined ? "" : `${card.mark.verdict} by ${card.mark.by} ${card.mark.reason}`.trim()],
      ["message", shortened(card.message)],
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
        [at === undefined ? "" : clockTime(at, now), kind, shortened(text)].filter((part) => part !== "").join("  "),
      ),
      found.evidenceOmitted,
    ),
    ...section(Number.POSITIVE_INFINITY, "process tree", cutLines(treeLines(found), width), found.treeOmitted),
    ...section(width, "rule", [ruleLine(found.rule)]),
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

/** A dry run has done nothing that could be proved: what the kernel said of it stands in the evidence. */
function unprovedWords(action: string): string {
  if (action === "detected") return "";
  return action.startsWith("would-") ? ", a dry run: nothing was stopped" : ", not proved";
}

/** A name that no rules file has says for itself who told it. */
function ruleLine({ state, because, from, detections }: Found["rule"]): string {
  const how = because === "" ? state : state === "loaded" ? because : `${state}: ${because}`;
  return `${how}; from ${from}; spoke ${detections === 1 ? "once" : `${detections} times`} in 7 days`;
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
    : ["", title, ...lines.map((line) => foldHanging(harmless(line), width)), ...more];
}

/** Characters of one text, and cells of a line of the tree where no terminal says how wide it is: command lines and rules' outputs may be pages. */
const shownMax = 500;
const treeWidthMax = 240;

function shortened(text: string): string {
  const more = text.length - shownMax;
  return more <= 0 ? text : `${text.slice(0, shownMax)}… (${more} characters more: -o json)`;
}

interface TreeLine {
  readonly text: string;
  /** Paths differ at their ends. */
  readonly cut?: "middle";
}

/** Two cells are for the section's own indent. */
function cutLines(lines: readonly TreeLine[], width: number): readonly string[] {
  const room = Math.min(width, treeWidthMax) - 2;
  const cut = lines.map(({ text, cut: where }) => cutTo(harmless(text), room, where));
  const isCut = lines.some(({ text }, index) => cut[index] !== harmless(text));
  return isCut ? [...cut, "…: cut to the line's length; -o json has all of it"] : cut;
}

function treeLines({ tree, treeBecause }: Found): readonly TreeLine[] {
  if (tree.length === 0) return [{ text: `not known: ${treeBecause || "nothing of it is kept"}` }];
  const first = tree[0]?.generation ?? 0;
  return [
    ...tree.flatMap(({ process, generation, signal, exitCode, endedAt, connections, names, files, deedsOmitted }) => {
      const indent = "  ".repeat(generation - first);
      const end = endedAt === undefined ? "" : (signal ?? 0) > 0 ? ` [signal ${signal}]` : ` [exit ${exitCode ?? "?"}]`;
      const line = process.arguments.length === 0 ? process.executable : process.arguments.join(" ");
      const deeds = [...connections, ...names, ...files].map(({ what, count }): TreeLine => ({
        text: `${indent}    ${what}${count > 1 ? ` x${count}` : ""}`,
        cut: "middle",
      }));
      const rest = deedsOmitted > 0 ? [{ text: `${indent}    and ${deedsOmitted} more` }] : [];
      return [
        // How it ended stands before what may be long.
        { text: `${indent}${generation === 0 ? "> " : ""}${process.name} ${process.pid}${end}  ${line}` },
        ...deeds,
        ...rest,
      ];
    }),
    ...(treeBecause === "" ? [] : [{ text: `not whole: ${treeBecause}` }]),
  ];
}

function controlLines({ title, because, cost, resource, scope, name }: Found["controls"][number]): readonly string[] {
  const put = resource === "" ? [] : [`  ${resource} ${name} for ${scope}: -o yaml shows it, in dry run or staged`];
  return [title, `  because ${because}`, `  what else it stops: ${cost}`, ...put];
}
