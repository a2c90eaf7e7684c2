// What `garrison db export` does.
import { exportBundle, exportFolder } from "../../../../edge/advisories/bundle.ts";
import type { Context } from "../../context.ts";
import { bytes } from "../../output/units.ts";
import { placeOf } from "./feed-table.ts";
import type { DbPlaceFlags } from "./flags.ts";

export async function runExport(
  context: Context,
  { args, options }: { readonly args: readonly string[]; readonly options: DbPlaceFlags },
): Promise<void> {
  const place = placeOf(context, options);
  const to = args[0] ?? "";
  if (to.endsWith(".tar")) {
    context.say(`${to}: ${bytes(await exportBundle(place.folder, to))}`);
    return;
  }
  const { shardsFetched, bytesFetched } = await exportFolder(place.folder, to);
  context.say(`${to}: ${shardsFetched} shards written, ${bytes(bytesFetched)}`);
}
