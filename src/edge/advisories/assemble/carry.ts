// A feed that is kept: its records and what is known of their vulnerabilities are taken over from the database before.
import type { AdvisoryRecord } from "../../../core/vuln/advisory.ts";
import { factRanks } from "../importers/importer.ts";
import type { OpenDatabase } from "../open-database.ts";
import type { Collected } from "./collect.ts";

/** Reads every record shard of `old` once. */
export function carryFeeds(old: OpenDatabase, feeds: ReadonlySet<string>, collected: Collected): void {
  const told = new Set<string>();
  for (const record of old.everyRecord()) {
    if (!feeds.has(record.feed)) continue;
    collected.carry(record);
    for (const id of idsOf(record)) {
      if (told.has(id)) continue;
      told.add(id);
      const facts = old.plainFacts(id);
      if (facts !== undefined) collected.sink.facts(facts, factRanks.carried);
    }
  }
}

function idsOf({ id, aliases, upstream }: AdvisoryRecord): readonly string[] {
  return [id, ...aliases, ...upstream];
}
