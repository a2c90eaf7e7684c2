// Shared by flows and events: filters as words, --last/--since/-f, pages of history and the live stream behind one command.
import { Option, type Command } from "commander";
import { Fault } from "../../../base/fault.ts";
import { ask, clientOf, type Context } from "../context.ts";
import { eventStream } from "../event-stream.ts";
import { render, type Format, type Sheet } from "../output/format.ts";
import { gapLines } from "./gap-lines.ts";
import { sayUnseenWorkloads } from "./unseen-workload.ts";
import type { ResponseOf } from "../../server/contract/endpoint.ts";
import type { Api } from "../../server/contract/api.ts";

export interface RowOptions {
  readonly follow?: boolean;
  readonly last?: string;
  readonly since?: string;
  readonly until?: string;
  readonly kinds?: string;
}

type ListName = "listFlows" | "listEvents";
type StreamName = "streamFlows" | "streamEvents";

const pageRowsMax = 1000;
/** What is printed when neither --last nor --since says how much. */
const lastDefault = 20;
const lastMax = 1_000_000;

/** Adds the options that both commands share. */
export function withRowOptions(command: Command): Command {
  return command
    .argument(
      "[filter...]",
      "filter terms, all must hold: ns:shop to:db verdict:deny port:5432 (same grammar as the console)",
    )
    .option("-f, --follow", "go on with new rows as they arrive")
    .option("--last <n>", `the newest n rows (default ${lastDefault} unless --since is given)`)
    .option("--since <time>", "rows since: 15m, 2h, 7d or RFC 3339")
    .addOption(new Option("--until <time>", "rows until: 15m or RFC 3339").conflicts("follow"));
}

export interface RowSource<Row extends object> {
  readonly list: ListName;
  readonly stream: StreamName;
  readonly noun: string;
  sheet(context: Context): Sheet<Row>;
}

/** Prints history (oldest first, like a log) and, with -f, what follows. Returns 7 when a limit cut the answer short. */
export async function printRows<Row extends object>(
  context: Context,
  source: RowSource<Row>,
  input: { readonly args: readonly string[]; readonly options: RowOptions },
): Promise<number | void> {
  const query = {
    q: input.args.join(" "),
    since: input.options.since,
    ...(source.list === "listEvents" ? { kinds: input.options.kinds ?? "" } : {}),
  };
  const format = context.flags.output ?? "table";
  if (input.options.follow === true)
    return await follow(context, source, { ...query, last: lastFollowed(input.options) }, format);
  const last = lastOf(input.options, input.options.since === undefined ? lastDefault : lastMax);
  const found = await history<Row>(context, source, { ...query, until: input.options.until }, last);
  await context.print(render(found.rows.toReversed(), source.sheet(context), { format, width: context.width }));
  if (format === "table" || format === "wide")
    context.say(`${found.rows.length} ${source.noun}${found.more ? " (there are more: --last or --since)" : ""}`);
  if (found.rows.length === 0 && last > 0) await sayUnseenWorkloads(context, { ...query, until: input.options.until });
  return sayWindow(context, found.window, !found.more);
}

/**
 * What is missing in an answer, on standard error. Returns the exit code: 7 when a limit cut it short.
 * `isWhole`: the rows reach back to the window's beginning, so that it matters since when anything is kept.
 */
export function sayWindow(context: Context, window: ResponseOf<Api["listFlows"]>["window"], isWhole = true): number {
  const { since, dataSince } = window;
  if (isWhole && dataSince !== undefined && Date.parse(dataSince) > Date.parse(since))
    context.say(keptLine(dataSince, since));
  for (const line of gapLines(window.gaps)) context.say(line);
  if (!window.partial) return 0;
  context.say(`partial: ${window.partialBecause}`);
  return 7;
}

/** Each question looks at tables of its own, and each of these is kept since a time of its own. */
function keptLine(dataSince: string, since: string): string {
  return `nothing kept before ${dataSince} of what this question looks at: the asked window begins at ${since}`;
}

function lastOf(options: RowOptions, preset: number): number {
  if (options.last === undefined) return preset;
  const last = Number(options.last);
  if (Number.isInteger(last) && last >= 0 && last <= lastMax) return last;
  throw new Fault(`--last ${options.last}: expected a whole number from 0 to ${lastMax}`, {
    code: "cli/usage",
    kind: "usage",
    hint: "for example --last 100",
  });
}

/** Rows of history before the live ones: none, unless --last or --since asks for them. */
function lastFollowed(options: RowOptions): number {
  const last = lastOf(options, options.since === undefined ? 0 : pageRowsMax);
  if (last <= pageRowsMax) return last;
  throw new Fault(`--last ${last} with --follow: at most ${pageRowsMax}`, {
    code: "cli/usage",
    kind: "usage",
    hint: "look at the history first, without --follow",
  });
}

interface History<Row> {
  readonly rows: readonly Row[];
  readonly more: boolean;
  readonly window: ResponseOf<Api["listFlows"]>["window"];
}

async function history<Row>(
  context: Context,
  source: { readonly list: ListName },
  query: Record<string, string | undefined>,
  last: number,
): Promise<History<Row>> {
  const rows: Row[] = [];
  let cursor: string | undefined;
  for (;;) {
    const limit = Math.max(1, Math.min(pageRowsMax, last - rows.length));
    const asked = { ...query, limit, ...(cursor === undefined ? {} : { cursor }) };
    const page = await ask(context, source.list, { query: asked });
    if (last > 0) rows.push(...(page.rows as Row[]));
    cursor = page.next;
    if (cursor === undefined || rows.length >= last) return { rows, more: cursor !== undefined, window: page.window };
  }
}

async function follow<Row extends object>(
  context: Context,
  source: RowSource<Row>,
  query: Record<string, string | number | undefined>,
  format: Format,
): Promise<void> {
  const client = await clientOf(context);
  const lineFormat = format === "json" || format === "yaml" ? "jsonl" : format;
  const { urlOf } = await import("../../server/contract/client.ts");
  const url = urlOf(client.base, source.stream, { query });
  if (context.flags.printQuery === true) context.say(url);
  let header = true;
  let isFirst = true;
  for await (const data of eventStream({ url, client, signal: context.signal, say: (line) => context.say(line) })) {
    const item = JSON.parse(data) as { readonly rows: readonly Row[]; readonly skipped: number };
    if (item.skipped > 0) context.say(`${item.skipped} rows skipped: this reader is slower than the traffic`);
    if (isFirst && query["since"] !== undefined && item.rows.length === query["last"])
      context.say(`history begins with the newest ${item.rows.length} ${source.noun}: without --follow all are shown`);
    isFirst = false;
    if (item.rows.length === 0) continue;
    await context.print(render(item.rows, source.sheet(context), { format: lineFormat, width: context.width, header }));
    header = false;
  }
}
