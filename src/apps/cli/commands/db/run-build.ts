// What `garrison db build` does: sources, progress, the result in a table, what was refused and left out by name.
import { demoFeed } from "../../../../core/vuln/match/feed-gaps.ts";
import { Fault } from "../../../../base/fault.ts";
import {
  buildDatabase,
  type BuildResult,
  type BuildSource,
} from "../../../../edge/advisories/assemble/build-database.ts";
import { readSigningKey } from "../../../../edge/advisories/signing.ts";
import type { Context } from "../../context.ts";
import type { DbBuildFlags } from "./build.ts";
import { feedTable, placeOf, progressOf } from "./feed-table.ts";

/** 7 when a feed was kept, is incomplete, or a document could not be read. */
export async function runBuild(context: Context, { options }: { readonly options: DbBuildFlags }): Promise<number> {
  const sources = sourcesOf(options);
  const mirrors = options.debianMirror ?? [];
  if (mirrors.length > 0 !== (options.release !== undefined))
    throw usage(
      "--debian-mirror and --release belong together",
      "for example --debian-mirror /srv/debian-security --release bookworm",
    );
  if (sources.length === 0 && mirrors.length === 0)
    throw usage("no source is named", "name feeds with --from, or a mirror with --debian-mirror");
  const place = placeOf(context, { ...options, db: options.into ?? options.db });
  const say = progressOf(context);
  const result = await buildDatabase({
    sources,
    into: place.folder,
    nowMs: context.nowMs(),
    gate: { shrinkMax: shrinkOf(options.shrinkMax) },
    // The demo's few records leave as soon as real ones come.
    drop: [...(options.drop ?? []), demoFeed],
    ...(options.signingKey === undefined ? {} : { signingKey: readSigningKey(options.signingKey) }),
    signal: context.signal,
    onProgress: ({ document, documents, records }) => say(`${documents} documents, ${records} records: ${document}`),
    ...(mirrors.length === 0 ? {} : { extra: await mirrorReader(context, mirrors, options.release ?? "", say) }),
  });
  await report(context, result, place.folder);
  const isPartial = result.problems.length > 0 || result.manifest.feeds.some(({ problem }) => problem !== "");
  return isPartial ? 7 : 0;
}

async function mirrorReader(
  context: Context,
  mirrors: readonly string[],
  release: string,
  say: (line: string) => void,
): Promise<NonNullable<Parameters<typeof buildDatabase>[0]["extra"]>> {
  const { readDebianMirror } = await import("../../../../edge/advisories/debian-mirror/read-mirror.ts");
  return async (sink) => {
    const { notes } = await readDebianMirror({
      mirrors,
      release,
      sink,
      fetch: context.fetch,
      signal: context.signal,
      onProgress: say,
    });
    for (const note of notes) context.say(note);
  };
}

function sourcesOf({ from = [], feed = [] }: DbBuildFlags): readonly BuildSource[] {
  const named = feed.map((pair) => {
    const [importer, ...rest] = pair.split("=");
    if (rest.length === 0 || importer === undefined)
      throw usage(`--feed ${pair} is none`, "write IMPORTER=PATH, for example osv=go.jsonl");
    return { path: rest.join("="), importer };
  });
  return [...from.map((path) => ({ path })), ...named];
}

function shrinkOf(text: string): number {
  const percent = Number(text);
  if (text !== "" && percent >= 0 && percent <= 100) return percent / 100;
  throw usage(`--shrink-max ${text} is none`, "it takes a number from 0 to 100");
}

async function report(context: Context, result: BuildResult, folder: string): Promise<void> {
  for (const problem of result.problems) context.say(`not read: ${problem}`);
  if (result.unrecognisedCount > 0) {
    const names = result.unrecognised.slice(0, 5).join(", ");
    context.say(
      `${result.unrecognisedCount} documents are no advisories and were passed over: ${names}${result.unrecognisedCount > 5 ? ", ..." : ""}`,
    );
  }
  for (const feed of result.manifest.feeds) {
    for (const reason of feed.refusedBecause.slice(0, 3)) context.say(`refused in ${feed.feed}: ${reason}`);
    const leftOut = Object.entries(feed.leftOut).map(([why, count]) => `${count} ${why}`);
    if (leftOut.length > 0) context.say(`left out of ${feed.feed}: ${leftOut.join(", ")}`);
  }
  await feedTable(context, { manifest: result.manifest, folder, signedBy: "" });
}

function usage(message: string, hint: string): Fault {
  return new Fault(message, { code: "cli/usage", kind: "usage", hint });
}
