// Vulnerabilities over all images: where each is, where it runs, whether it is in use and reached from outside, whether a fix is there.
import { Fault } from "../../../base/fault.ts";
import type { images, VulnerabilityRow } from "../contract/images.ts";
import type { ImageInstance } from "../contract/image-shapes.ts";
import { imageLimits } from "../contract/images.ts";
import type { ResponseOf } from "../contract/endpoint.ts";
import type { Call } from "../http/calls.ts";
import { databaseStateOf } from "./database-state.ts";
import { type ImageDesk, type OpenedImage, runningOf } from "./desk.ts";
import { shortName } from "./list-images.ts";
import type { ShortMatch } from "./results.ts";
import type { Surroundings } from "./surroundings.ts";

type Query = Call<typeof images.listVulnerabilities>["query"];

interface Gathered {
  readonly digests: Set<string>;
  readonly packages: Set<string>;
  fixable: boolean;
  isAffected: boolean;
  risk: number;
  names: readonly string[];
}

export async function listVulnerabilities(
  desk: ImageDesk,
  query: Query,
): Promise<ResponseOf<typeof images.listVulnerabilities>> {
  await desk.ready;
  const around = await desk.surroundings();
  const spread = spreadOfImages(desk, around);
  const gathered = gather(desk);
  const rows = [...gathered].map(([id, found]) => rowOf(desk, { id, found, spread }));
  const shown = rows.filter((row) => isAsked(row, query, gathered.get(row.id)?.names ?? [])).sort(byRisk);
  const page = shown.slice(query.offset, query.offset + query.limit);
  return {
    rows: await Promise.all(page.map((row) => withUse(desk, row, gathered.get(row.id)))),
    total: shown.length,
    database: databaseStateOf(desk),
  };
}

function gather(desk: ImageDesk): ReadonlyMap<string, Gathered> {
  const gathered = new Map<string, Gathered>();
  for (const subject of desk.index.subjects())
    for (const match of desk.results.get(subject)?.matches ?? []) {
      const found = gathered.get(match.vulnerability) ?? nothingYet(match);
      gathered.set(match.vulnerability, found);
      for (const digest of desk.index.holding(subject)) found.digests.add(digest);
      found.packages.add(match.packageName);
      found.fixable ||= match.fixable;
      found.isAffected ||= match.status !== "upstream-only";
      found.risk = Math.max(found.risk, match.risk);
    }
  return gathered;
}

function nothingYet({ names }: ShortMatch): Gathered {
  return { digests: new Set(), packages: new Set(), fixable: false, isAffected: false, risk: 0, names };
}

interface Spread {
  readonly containers: number;
  readonly workloads: readonly string[];
  readonly exposed: readonly string[];
}

function spreadOfImages(desk: ImageDesk, around: Surroundings): ReadonlyMap<string, Spread> {
  const instances = new Map<string, ImageInstance[]>();
  for (const image of around.running) {
    const digest = desk.index.ofRunning(image)?.digest;
    if (digest === undefined) continue;
    instances.set(digest, [...(instances.get(digest) ?? []), ...image.instances]);
  }
  const key = ({ cluster, namespace, workload }: ImageInstance) => JSON.stringify([cluster, namespace, workload]);
  return new Map(
    [...instances].map(([digest, all]) => [
      digest,
      {
        containers: all.reduce((sum, each) => sum + each.containers, 0),
        workloads: [...new Set(all.map(key))],
        exposed: [...new Set(all.filter(({ exposed }) => exposed === "exposed").map(key))],
      },
    ]),
  );
}

const packagesShown = 3;

function rowOf(
  desk: ImageDesk,
  {
    id,
    found,
    spread,
  }: { readonly id: string; readonly found: Gathered; readonly spread: ReadonlyMap<string, Spread> },
): VulnerabilityRow {
  const words = desk.results.words(id);
  const spreads = [...found.digests].flatMap((digest) => spread.get(digest) ?? []);
  const packages = [...found.packages].toSorted();
  return {
    id,
    title: words?.title ?? "",
    severity: words?.severity ?? "unknown",
    severityFrom: words?.severityFrom ?? "",
    cvssScore: words?.cvssScore ?? 0,
    knownExploited: words?.knownExploited ?? false,
    ...(words?.epssScore === undefined ? {} : { epssScore: words.epssScore }),
    ...(words?.epssPercentile === undefined ? {} : { epssPercentile: words.epssPercentile }),
    images: found.digests.size,
    runningContainers: spreads.reduce((sum, { containers }) => sum + containers, 0),
    workloads: new Set(spreads.flatMap(({ workloads }) => workloads)).size,
    exposedWorkloads: new Set(spreads.flatMap(({ exposed }) => exposed)).size,
    fixable: found.fixable,
    loaded: "unknown",
    upstreamOnly: !found.isAffected,
    packages: packages.slice(0, packagesShown),
    packagesMore: Math.max(0, packages.length - packagesShown),
    suppressed: 0,
    risk: found.risk,
  };
}

/** Of a page's rows: whether it is in use, and where somebody accepted it, from the images that run. */
async function withUse(desk: ImageDesk, row: VulnerabilityRow, found: Gathered | undefined): Promise<VulnerabilityRow> {
  const around = await desk.surroundings();
  const accepted = (await desk.exceptions.all()).length > 0;
  let loaded: VulnerabilityRow["loaded"] = "unknown";
  let suppressed = 0;
  let risk = row.risk;
  for (const digest of found?.digests ?? []) {
    const record = desk.index.find(digest);
    if (record === undefined || (!accepted && runningOf(record, around, desk.index).length === 0)) continue;
    const opened = await desk.open(digest);
    for (const match of opened?.matches ?? []) {
      if (match.vulnerability !== row.id) continue;
      if (match.suppressed !== undefined) {
        suppressed += 1;
        continue;
      }
      risk = Math.max(risk, match.risk);
      if (match.loaded?.state === "loaded") loaded = "loaded";
      else if (match.loaded?.state === "not-seen" && loaded === "unknown") loaded = "not-seen";
    }
  }
  return { ...row, loaded, suppressed, risk };
}

function isAsked(row: VulnerabilityRow, query: Query, names: readonly string[]): boolean {
  if (query.severity !== undefined && row.severity !== query.severity) return false;
  if (query.running && row.runningContainers === 0) return false;
  if (query.fixable && !row.fixable) return false;
  if (query.knownExploited && !row.knownExploited) return false;
  const text = [row.id, row.title, ...names, ...row.packages].join(" ").toLowerCase();
  return query.q
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

function byRisk(left: VulnerabilityRow, right: VulnerabilityRow): number {
  return (
    right.risk - left.risk ||
    right.runningContainers - left.runningContainers ||
    right.images - left.images ||
    (left.id < right.id ? 1 : left.id > right.id ? -1 : 0)
  );
}

type One = ResponseOf<typeof images.imageVulnerability>;

export async function oneVulnerability(desk: ImageDesk, asked: string): Promise<One> {
  await desk.ready;
  const around = await desk.surroundings();
  const gathered = gather(desk);
  const id = [...gathered].find(([name, { names }]) => name === asked || names.includes(asked))?.[0];
  const found = id === undefined ? undefined : gathered.get(id);
  const facts = desk.advisories.database?.vulnerability(id ?? asked);
  if (found === undefined && facts === undefined)
    throw new Fault(`${asked.slice(0, 64)} is not known here`, {
      code: "images/unknown-vulnerability",
      kind: "not-found",
      hint: desk.advisories.because || "no image has it, and the advisory database does not name it",
    });
  const row =
    id === undefined || found === undefined
      ? undefined
      : await withUse(desk, rowOf(desk, { id, found, spread: spreadOfImages(desk, around) }), found);
  const { places, omitted } = await placesOf(desk, id ?? asked, found);
  return {
    ...(row === undefined ? {} : { vulnerability: row }),
    aliases: (found?.names ?? []).filter((name) => name !== id),
    description: facts?.description ?? "",
    references: [...(facts?.references ?? [])],
    cwes: [...(facts?.cwes ?? [])],
    publishedAt: facts?.publishedAt ?? "",
    ...(facts?.knownExploited === undefined ? {} : { knownExploited: facts.knownExploited }),
    places,
    placesOmitted: omitted,
    because: found === undefined ? "the advisory database knows it; no image that was analysed has it" : "",
    database: databaseStateOf(desk),
  };
}

async function placesOf(
  desk: ImageDesk,
  id: string,
  found: Gathered | undefined,
): Promise<{ places: One["places"]; omitted: number }> {
  const places: One["places"] = [];
  let omitted = 0;
  for (const digest of found?.digests ?? []) {
    const opened = places.length < imageLimits.whereMax ? await desk.open(digest) : undefined;
    if (opened === undefined) {
      omitted += 1;
      continue;
    }
    places.push(...placesIn(opened, id));
  }
  places.sort(
    (left, right) => right.match.risk - left.match.risk || left.reference.localeCompare(right.reference, "en"),
  );
  return {
    places: places.slice(0, imageLimits.whereMax),
    omitted: omitted + Math.max(0, places.length - imageLimits.whereMax),
  };
}

function placesIn(opened: OpenedImage, id: string): One["places"] {
  const { record, running, matches, analysis } = opened;
  return matches
    .filter(({ vulnerability }) => vulnerability === id)
    .map((match) => {
      const layer = analysis.packages[match.package]?.evidence[0]?.layer ?? -1;
      const isInBase = analysis.layers[layer]?.isBase;
      return {
        digest: record.digest,
        reference: shortName(record.references[0] ?? record.digest),
        match,
        ...(isInBase === undefined ? {} : { isInBase }),
        instances: running.flatMap(({ instances }) => instances),
      };
    });
}
