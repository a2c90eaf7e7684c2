// garrison graph: who talks to whom, and is it well; as a table, as data, or as a picture for Graphviz and Mermaid.
import { Option } from "commander";
import { stringify } from "../output/yaml.ts";
import { Fault } from "../../../base/fault.ts";
import { parseDurationMs } from "../../../base/instant.ts";
import { parseTimePoint } from "../../../core/filter/parse.ts";
import { quote } from "../../../core/filter/print.ts";
import { dotOf, mermaidOf } from "../../../core/graph/print.ts";
import { graphLevels, type GraphDiff, type ServiceGraph } from "../../../model/graph.ts";
import type { ResponseOf } from "../../server/contract/endpoint.ts";
import type { Api } from "../../server/contract/api.ts";
import { ask, type Context } from "../context.ts";
import { formats, type Format, pictureFormats, render } from "../output/format.ts";
import { harmlessJson, harmlessLines } from "../output/harmless.ts";
import type { CommandUnit } from "./command.ts";
import { changeRows, changeSheet, edgeRows, edgeSheet } from "./graph-rows.ts";
import { sayWindow } from "./rows.ts";

const graphFormats = [...formats, ...pictureFormats] as const;
type GraphFormat = (typeof graphFormats)[number];

interface GraphOptions {
  readonly level: (typeof graphLevels)[number];
  readonly since: string;
  readonly until?: string;
  readonly diff?: string;
  readonly max: string;
  readonly open?: readonly string[];
  readonly idle?: boolean;
  readonly output?: GraphFormat;
}

type Window = ResponseOf<Api["serviceGraph"]>["window"];

export const graph: CommandUnit = {
  name: "graph",
  add(program, run) {
    program
      .command("graph")
      .summary("who talks to whom, and is it well")
      .argument("[terms...]", "a namespace first, if any, then filter terms: shop to:db verdict:deny port:5432")
      .addOption(new Option("-o, --output <format>", "how it is printed").choices(graphFormats))
      .addOption(new Option("--level <level>", "what a vertex is").choices(graphLevels).default("service"))
      .option("--since <time>", "traffic since: 15m, 2h, 7d or RFC 3339", "1h")
      .option("--until <time>", "traffic until: 15m (ago) or RFC 3339")
      .option("--diff <time>", "against the same length of time so much earlier: 1h, 1d")
      .option("--max <n>", 'vertices at most; the rest becomes "and n more"', "120")
      .option("--open <id...>", 'ids of "and n more" to show whole (-o name prints ids)')
      .option("--idle", "also workloads that nobody talked to")
      .addHelpText(
        "after",
        "\nExamples:\n  garrison graph\n  garrison graph shop to:payments --since 24h\n  garrison graph --level namespace -o mermaid" +
          "\n  garrison graph --diff 1h\n  garrison graph shop -o dot | dot -Tsvg > shop.svg",
      )
      .action(
        run<GraphOptions>(async (context, { args, options }) => {
          const query = {
            q: filterOf(args),
            since: options.since,
            until: options.until,
            level: options.level,
            verticesMax: vertexCount(options.max),
            open: (options.open ?? []).join(","),
            idle: options.idle === true ? ("workloads" as const) : ("none" as const),
          };
          const format = options.output ?? context.flags.output ?? "table";
          return options.diff === undefined
            ? printGraph(context, query, format)
            : printDiff(context, { ...query, ...earlier(options, options.diff) }, format);
        }),
      );
  },
};

/** A first word that is no term is a namespace; other bare words are looked for as everywhere. */
export function filterOf(args: readonly string[]): string {
  const [first = "", ...rest] = args;
  const isNamespace = /^[a-z0-9][a-z0-9.-]*$/.test(first);
  return isNamespace ? [`ns:${quote(first)}`, ...rest].join(" ") : args.join(" ");
}

export function vertexCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 5 && count <= 2000) return count;
  throw usage(`--max ${text}: expected a whole number from 5 to 2000`);
}

function usage(message: string): Fault {
  return new Fault(message, { code: "cli/usage", kind: "usage", hint: "garrison graph --help" });
}

/** The window that lies `diff` before the asked one, in the words of the asked one. */
export function earlier({ since, until }: Pick<GraphOptions, "since" | "until">, diff: string) {
  const shiftMs = parseDurationMs(diff);
  if (shiftMs === undefined || shiftMs === 0) throw usage(`--diff ${diff}: expected a time such as 1h or 7d`);
  const shifted = (text: string): string => {
    const point = parseTimePoint(text);
    if (point === undefined) throw usage(`"${text}": expected a time such as 15m (ago) or 2026-11-23T07:00:00Z`);
    return "agoMs" in point ? `${point.agoMs + shiftMs}ms` : new Date(point.epochMs - shiftMs).toISOString();
  };
  return { beforeSince: shifted(since), beforeUntil: shifted(until ?? "now") };
}

type GraphQuery = NonNullable<Parameters<typeof ask<"serviceGraph">>[2]["query"]>;
type DiffQuery = NonNullable<Parameters<typeof ask<"graphDiff">>[2]["query"]>;

async function printGraph(context: Context, query: GraphQuery, format: GraphFormat): Promise<number> {
  const found = await ask(context, "serviceGraph", { query });
  await context.print(textOf(context, found, format));
  sayOmitted(context, found.graph);
  return sayWindow(context, found.window);
}

function textOf(
  context: Context,
  found: { readonly graph: ServiceGraph; readonly window: Window },
  format: GraphFormat,
): string {
  switch (format) {
    case "dot":
      return harmlessLines(dotOf(found.graph));
    case "mermaid":
      return harmlessLines(mermaidOf(found.graph));
    case "json":
    case "yaml":
      return documentOf(found, format);
    case "name":
      return harmlessLines(found.graph.vertices.map(({ id }) => `${id}\n`).join(""));
    case "jsonl":
      return found.graph.edges.map((edge) => `${harmlessJson(JSON.stringify(edge))}\n`).join("");
    default:
      return rowsText(context, edgeRows(found.graph), format);
  }
}

function rowsText(context: Context, rows: ReturnType<typeof edgeRows>, format: Format): string {
  const sheet = edgeSheet(context.paint, context.nowMs());
  return render(rows, sheet, { format, width: context.width });
}

function documentOf(found: object, format: "json" | "yaml"): string {
  const whole = { apiVersion: "garrison/v1", ...found };
  return format === "json" ? `${harmlessJson(JSON.stringify(whole, undefined, 2))}\n` : harmlessLines(stringify(whole));
}

function sayOmitted(context: Context, { vertices, omitted, totals }: ServiceGraph): void {
  for (const { kind, name, id, namespace } of vertices) {
    if (kind === "more") context.say(`and ${name}${namespace === "" ? "" : ` in ${namespace}`}: --open ${id}`);
  }
  if (omitted.vertices > 0) {
    const shown = totals.vertices - omitted.vertices;
    context.say(`${shown} of ${totals.vertices} vertices are shown by themselves: --max, or narrow the filter`);
  }
}

async function printDiff(context: Context, query: DiffQuery, format: GraphFormat): Promise<number> {
  if (format === "dot" || format === "mermaid") throw usage(`-o ${format} shows one graph, not a difference`);
  const found = await ask(context, "graphDiff", { query });
  const { diff, before, window } = found;
  if (format === "json" || format === "yaml") await context.print(documentOf(found, format));
  else {
    const rows = changeRows(diff);
    await context.print(render(rows, changeSheet(context.paint), { format, width: context.width }));
  }
  context.say(`${summaryOf(diff)}; before: ${before.since} to ${before.until}`);
  return Math.max(sayWindow(context, before), sayWindow(context, window));
}

function summaryOf({ edges }: GraphDiff): string {
  const counts = Map.groupBy(edges, ({ state }) => state);
  const words = (["added", "removed", "changed", "same"] as const).map(
    (state) => `${counts.get(state)?.length ?? 0} ${state}`,
  );
  return `edges: ${words.join(", ")}`;
}
