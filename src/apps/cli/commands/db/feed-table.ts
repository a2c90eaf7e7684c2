// What the db commands print: a feed a line with its count, age and what is wrong; and one line about the whole.
import type { Manifest } from "../../../../edge/advisories/manifest.ts";
import { feedAges } from "../../../../edge/advisories/freshness.ts";
import { advisoryPlace, type AdvisoryPlace } from "../../../../edge/advisories/open-configured.ts";
import { digestOf } from "../../../../edge/advisories/manifest.ts";
import { dataFolderOf, type Context } from "../../context.ts";
import { table } from "../../output/table.ts";
import { age, bytes } from "../../output/units.ts";
import type { DbPlaceFlags } from "./flags.ts";

/** A line of progress at most this often. */
const progressMs = 2000;

export function placeOf(
  context: Context,
  options: { readonly [key in keyof DbPlaceFlags]?: string | undefined },
): AdvisoryPlace {
  return advisoryPlace(dataFolderOf(context), { folder: options.db, publicKey: options.publicKey });
}

/** Says what is going on to standard error, now and then. */
export function progressOf(context: Context): (line: string) => void {
  let last = Date.now();
  return (line) => {
    if (Date.now() - last < progressMs) return;
    last = Date.now();
    context.say(line);
  };
}

export async function feedTable(
  context: Context,
  { manifest, folder, signedBy }: { readonly manifest: Manifest; readonly folder: string; readonly signedBy: string },
): Promise<void> {
  const ages = feedAges(manifest.feeds, context.nowMs());
  const bytesTotal = manifest.shards.reduce((sum, shard) => sum + shard.bytes, 0);
  if (context.flags.output === "json") {
    const whole = {
      apiVersion: "garrison/v1",
      folder,
      digest: digestOf(manifest),
      builtAt: manifest.builtAt,
      signedBy,
      shards: manifest.shards.length,
      bytes: bytesTotal,
      feeds: ages,
    };
    await context.print(`${JSON.stringify(whole, undefined, 2)}\n`);
    return;
  }
  const rows = ages.map((feed) => [
    feed.feed,
    String(feed.records),
    feed.refused === 0 ? "-" : String(feed.refused),
    ecosystemWords(feed.ecosystems),
    feed.isComprehensive ? "yes" : "no",
    feed.sourceAt === "" ? "unknown" : feed.sourceAt.slice(0, 10),
    `${age(Date.parse(feed.importedAt), context.nowMs())} ago`,
    feed.warning === "" ? "ok" : feed.warning,
  ]);
  const columns = [
    { title: "feed" },
    { title: "records", align: "right" },
    { title: "refused", align: "right" },
    { title: "ecosystems" },
    { title: "lists all" },
    { title: "source of" },
    { title: "imported" },
    { title: "state" },
  ] as const;
  await context.print(table(columns, rows, { width: context.width, header: true }));
  const records = manifest.feeds.reduce((sum, feed) => sum + feed.records, 0);
  context.say(
    `${records} records in ${manifest.shards.length} shards, ${bytes(bytesTotal)}, built ${age(Date.parse(manifest.builtAt), context.nowMs())} ago: ${folder}`,
  );
  context.say(
    signedBy === "" ? "signature: not verified (no public key is configured)" : `signature: verified, key ${signedBy}`,
  );
}

function ecosystemWords(ecosystems: readonly string[]): string {
  if (ecosystems.length === 0) return "-";
  return ecosystems.length <= 3
    ? ecosystems.join(", ")
    : `${ecosystems.slice(0, 2).join(", ")} and ${ecosystems.length - 2} more`;
}
