// What `garrison db status` does.
import { readManifest } from "../../../../edge/advisories/manifest.ts";
import { hasShard } from "../../../../edge/advisories/receive.ts";
import { verifyManifest } from "../../../../edge/advisories/signing.ts";
import type { Context } from "../../context.ts";
import { feedTable, placeOf } from "./feed-table.ts";
import type { DbStatusFlags } from "./status.ts";

/** 7 when a feed has a problem or a shard is damaged. */
export async function runStatus(context: Context, { options }: { readonly options: DbStatusFlags }): Promise<number> {
  const place = placeOf(context, options);
  const read = readManifest(place.folder);
  const signedBy = place.publicKeys.length === 0 ? "" : verifyManifest(read, place.publicKeys);
  await feedTable(context, { manifest: read.manifest, folder: place.folder, signedBy });
  for (const feed of read.manifest.feeds) {
    for (const reason of feed.refusedBecause) context.say(`refused in ${feed.feed}: ${reason}`);
  }
  const broken = options.check === true ? read.manifest.shards.filter((entry) => !hasShard(place.folder, entry)) : [];
  for (const { kind, label, sha256 } of broken) context.say(`damaged or missing: ${kind} ${label} ${sha256}`);
  if (options.check === true && broken.length === 0)
    context.say(`all ${read.manifest.shards.length} shards are as the manifest says`);
  return broken.length > 0 || read.manifest.feeds.some(({ problem }) => problem !== "") ? 7 : 0;
}
