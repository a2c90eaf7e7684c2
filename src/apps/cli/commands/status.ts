// garrison status: is Garrison itself well; what is real, what could not be done and why.
import { unreachable } from "../../../base/assert.ts";
import { Fault } from "../../../base/fault.ts";
import type { Node } from "../../../model/node.ts";
import type { Status } from "../../server/contract/health.ts";
import { ask, type Context } from "../context.ts";
import { harmless, harmlessJson, harmlessLines } from "../output/harmless.ts";
import { table } from "../output/table.ts";
import { age, bytes } from "../output/units.ts";
import { stringify } from "../output/yaml.ts";
import type { CommandUnit } from "./command.ts";

const waitStepMs = 500;
const waitSecondsMax = 3600;

export const status: CommandUnit = {
  name: "status",
  add(program, run) {
    program
      .command("status")
      .summary("is Garrison itself well")
      .description(
        "Show the parts, the agents, the store, and what is missing. Exit code 0 when all is well, 7 when something is degraded: an agent is silent or lost data within the last hour.",
      )
      .option("--wait", "wait until the parts are up and an agent reports, if one is expected")
      .option("--wait-seconds <n>", "give up after this many seconds", "60")
      .addHelpText("after", "\nExamples:\n  garrison status\n  garrison status --wait --wait-seconds 120 -o json")
      .action(
        run<{ wait?: true; waitSeconds: string }>(async (context, { options }) => {
          const found =
            options.wait === true
              ? await waitUntilReady(context, options.waitSeconds)
              : await ask(context, "status", {});
          await context.print(show(context, found));
          return found.state === "ok" ? 0 : 7;
        }),
      );
  },
};

async function waitUntilReady(context: Context, seconds: string): Promise<Status> {
  const limit = Number(seconds);
  if (!(limit > 0 && limit <= waitSecondsMax)) {
    throw new Fault(`--wait-seconds ${seconds}: expected a number up to ${waitSecondsMax}`, {
      code: "cli/usage",
      kind: "usage",
    });
  }
  const endMs = context.nowMs() + limit * 1000;
  for (;;) {
    let last: unknown;
    try {
      const found = await ask(context, "status", {});
      // Not "all is well": what was lost stays lost, and a machine without BPF stays one. The exit code says how well it is.
      if (found.ready) return found;
      last = found.notices.join("; ");
    } catch (error) {
      last = error instanceof Error ? error.message : error;
    }
    if (context.nowMs() > endMs) {
      throw new Fault(`not ready after ${seconds} s: ${String(last)}`, { code: "cli/timeout", kind: "unavailable" });
    }
    await new Promise((resolve) => setTimeout(resolve, waitStepMs));
  }
}

function show(context: Context, found: Status): string {
  switch (context.flags.output) {
    case "json":
      return `${harmlessJson(JSON.stringify(found, undefined, 2))}\n`;
    case "jsonl":
      return `${harmlessJson(JSON.stringify(found))}\n`;
    case "yaml":
      return harmlessLines(stringify(found));
    case "name":
      return `${found.state}\n`;
    case "csv":
      throw new Fault("status has no csv form", {
        code: "cli/usage",
        kind: "usage",
        hint: "use -o json, yaml or table",
      });
    case "table":
    case "wide":
    case undefined:
      return block(context, found);
    default:
      return unreachable(context.flags.output);
  }
}

function block(context: Context, found: Status): string {
  const { paint } = context;
  const word = (state: string): string =>
    state === "ok" || state === "connected" ? paint.good(state) : paint.odd(state);
  const nowMs = context.nowMs();
  const parts = found.parts.map((part) => [
    part.name,
    word(part.state),
    part.residentBytes > 0 ? bytes(part.residentBytes) : "-",
    part.version || "-",
    part.because,
  ]);
  const usage = found.store.tables
    .filter((row) => row.rows > 0 || context.flags.output === "wide")
    .map((row) => [
      row.table,
      row.rows.toLocaleString("en"),
      bytes(row.bytes),
      row.oldest === undefined ? "-" : age(Date.parse(row.oldest), nowMs),
      row.days === 0 ? "for ever" : `${row.days}d`,
    ]);
  const options = { width: context.width, header: true };
  return [
    `${paint.bold("garrison")} ${found.version}  ${word(found.state)}\n\n`,
    table(
      [
        { title: "part" },
        { title: "state" },
        { title: "memory", align: "right" },
        { title: "version" },
        { title: "because" },
      ],
      parts,
      options,
    ),
    "\n",
    table(
      nodeColumns,
      found.nodes.map((node) => nodeCells(node, word, nowMs)),
      options,
    ),
    "\n",
    table(
      [
        { title: "table" },
        { title: "rows", align: "right" },
        { title: "size", align: "right" },
        { title: "oldest", align: "right" },
        { title: "kept", align: "right" },
      ],
      usage,
      options,
    ),
    `\nstore ${found.store.engine}, ${bytes(found.store.diskFreeBytes)} of ${bytes(found.store.diskTotalBytes)} free\n`,
    `ingest ${found.ingest.rows.toLocaleString("en")} rows in ${found.ingest.blocks} blocks, ${found.ingest.duplicates} duplicates, ${sum(found.ingest.refusedByCode)} refused, ${found.ingest.spoolBlocks} waiting\n`,
    ...found.notices.map((notice) => `${paint.odd("note")} ${harmless(notice)}\n`),
  ].join("");
}

const nodeColumns = [
  { title: "cluster" },
  { title: "node" },
  { title: "state" },
  { title: "sees by" },
  { title: "events", align: "right" },
  { title: "dropped", align: "right" },
  { title: "lag", align: "right" },
  { title: "memory", align: "right" },
  { title: "because" },
] as const;

function nodeCells(node: Node, word: (state: string) => string, nowMs: number): readonly string[] {
  const { counters } = node;
  return [
    node.cluster,
    node.name,
    node.state === "connected" ? word(node.state) : `${word(node.state)} ${age(Date.parse(node.lastSeenAt), nowMs)}`,
    node.fidelity,
    sum(counters.eventsByType).toLocaleString("en"),
    (sum(counters.ringDropsByType) + counters.queueDrops + counters.spoolDrops).toLocaleString("en"),
    node.lagMs === 0 ? "-" : `${(node.lagMs / 1000).toFixed(1)}s`,
    bytes(counters.residentBytes),
    node.fidelityBecause,
  ];
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
