// The advisory database: how long a build of the shared feeds takes and how large it is, how many lookups a second with decode, what opening costs.
// Run: node test/bench/advisories.bench.ts. CPU seconds; figures of one run of three rounds, the middle one.
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { buildDatabase } from "../../src/edge/advisories/assemble/build-database.ts";
import { shardFile } from "../../src/edge/advisories/manifest.ts";
import { openAdvisoryDatabase } from "../../src/edge/advisories/open-database.ts";
import { sharedAdvisories } from "../support/advisories.ts";

if (!existsSync(sharedAdvisories)) {
  console.log("MISSING: shared/data/advisories");
  process.exit(0);
}

const rounds = 3;
const lookups = 200_000;
const folder = mkdtempSync(path.join(os.tmpdir(), "garrison-advisories-bench-"));
const cpuSeconds = (since: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1e6;
};
const middle = (values: readonly number[] = []): number =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;

function mix(into: string): readonly (readonly [string, string])[] {
  using database = openAdvisoryDatabase(into);
  const names = new Map<string, readonly [string, string]>();
  for (const { ecosystem, name } of database.everyRecord()) names.set(`${ecosystem}\n${name}`, [ecosystem, name]);
  // Half of what an image asks for has no advisory.
  const keys = [...names.values()].flatMap(([ecosystem, name]) => [
    [ecosystem, name] as const,
    [ecosystem, `${name}-x`] as const,
  ]);
  let state = 20_261_123;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  return Array.from({ length: lookups }, () => keys[Math.floor(next() * keys.length)] ?? ["", ""]);
}

try {
  const into = path.join(folder, "db");
  const since = process.cpuUsage();
  const { manifest } = await buildDatabase({ sources: [{ path: sharedAdvisories }], into, nowMs: Date.now() });
  const bytes = manifest.shards.reduce((sum, { sha256 }) => sum + statSync(path.join(into, shardFile(sha256))).size, 0);
  const records = manifest.feeds.reduce((sum, feed) => sum + feed.records, 0);
  console.log(
    `build: ${cpuSeconds(since).toFixed(1)} CPU s, ${records} records, ${manifest.shards.length} shards, ${(bytes / 2 ** 20).toFixed(1)} MiB, ${Math.round(process.resourceUsage().maxRSS / 1024)} MB resident at most`,
  );
  const keys = mix(into);
  const [opens, firsts, cold, rates, facts]: number[][] = [[], [], [], [], []];
  for (let round = 0; round < rounds; round += 1) {
    const start = performance.now();
    using database = openAdvisoryDatabase(into);
    opens?.push(performance.now() - start);
    const first = performance.now();
    database.find("Debian:12", "openssl");
    firsts?.push(performance.now() - first);
    const asked = process.cpuUsage();
    let found = 0;
    for (const [ecosystem, name] of keys) found += database.find(ecosystem, name).length;
    cold?.push(lookups / cpuSeconds(asked));
    const again = process.cpuUsage();
    for (const [ecosystem, name] of keys) found += database.find(ecosystem, name).length;
    rates?.push(lookups / cpuSeconds(again));
    const told = process.cpuUsage();
    for (let index = 0; index < 1000; index += 1)
      found += database.vulnerability(`CVE-2024-${1000 + index * 7}`) === undefined ? 0 : 1;
    facts?.push(1000 / cpuSeconds(told));
  }
  console.log(
    `open: ${middle(opens).toFixed(1)} ms; first lookup (its shard is read and checked): ${middle(firsts).toFixed(1)} ms`,
  );
  console.log(
    `lookups with decode, half of them misses: ${Math.round(middle(rates) / 1000)}k a CPU second (goal: 200k); in a database just opened, every shard read, ${Math.round(middle(cold) / 1000)}k`,
  );
  console.log(`facts by CVE: ${Math.round(middle(facts) / 1000)}k a CPU second`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
