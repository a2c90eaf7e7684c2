// What `garrison db update` and `garrison db import` do: trust, fetch, swap, say what changed.
import { Fault } from "../../../../base/fault.ts";
import { importBundle } from "../../../../edge/advisories/bundle.ts";
import { updateDatabase, type UpdateOptions, type UpdateResult } from "../../../../edge/advisories/update.ts";
import type { Context } from "../../context.ts";
import { inputFacts } from "../../input-file.ts";
import { bytes } from "../../output/units.ts";
import { feedTable, placeOf, progressOf } from "./feed-table.ts";
import type { DbGateFlags, DbPlaceFlags } from "./flags.ts";
import type { DbImportFlags } from "./import.ts";
import type { DbUpdateFlags } from "./update.ts";

export async function runUpdate(context: Context, { options }: { readonly options: DbUpdateFlags }): Promise<void> {
  const shared = sharedOptions(context, options);
  await report(context, shared, await updateDatabase({ ...shared, from: options.from, fetch: context.fetch }));
}

export async function runImport(
  context: Context,
  { args, options }: { readonly args: readonly string[]; readonly options: DbImportFlags },
): Promise<void> {
  const from = args[0] ?? "";
  const found = inputFacts(from, { hint: "name a bundle of `garrison db export`, or a folder with a database" });
  const shared = sharedOptions(context, options);
  const result = found.isDirectory()
    ? await updateDatabase({ ...shared, from, fetch: context.fetch })
    : await importBundle(from, shared);
  await report(context, shared, result);
}

type Shared = Omit<UpdateOptions, "from" | "fetch">;

function sharedOptions(context: Context, options: DbPlaceFlags & DbGateFlags): Shared {
  const place = placeOf(context, options);
  const say = progressOf(context);
  const percent = Number(options.shrinkMax ?? "20");
  if (!(percent >= 0 && percent <= 100))
    throw new Fault(`--shrink-max ${options.shrinkMax ?? ""} is none`, {
      code: "cli/usage",
      kind: "usage",
      hint: "it takes a number from 0 to 100",
    });
  if (place.publicKeys.length === 0)
    context.say("warning: no public key is configured: the database is taken unsigned");
  return {
    into: place.folder,
    publicKeys: place.publicKeys,
    signal: context.signal,
    gate: { shrinkMax: percent / 100 },
    force: options.force === true ? "yes" : "no",
    onProgress: (now) =>
      say(`${now.shards} of ${now.shardsTotal} shards, ${bytes(now.bytes)} of ${bytes(now.bytesTotal)}`),
  };
}

async function report(context: Context, { into }: Shared, result: UpdateResult): Promise<void> {
  context.say(
    result.isChanged ? `changed: ${result.shardsFetched} shards, ${bytes(result.bytesFetched)}` : "nothing new",
  );
  await feedTable(context, { manifest: result.manifest, folder: into, signedBy: result.signedBy });
}
