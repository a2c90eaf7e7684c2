// The list of images: what is analysed, and what runs without having been. Riskiest first, and what nobody looked at is told beside it.
import { formatInstant } from "../../../base/instant.ts";
import { familiarReference, parseReference } from "../../../core/image/reference.ts";
import type { ImageRecord } from "../../../core/state/image-ports.ts";
import { images } from "../contract/images.ts";
import type { ImageRow, RiskCounts } from "../contract/image-shapes.ts";
import type { ResponseOf } from "../contract/endpoint.ts";
import type { Call } from "../http/calls.ts";
import { databaseStateOf } from "./database-state.ts";
import { type ImageDesk, runningOf } from "./desk.ts";
import { emptyRisk } from "./judge.ts";
import type { RiskOfImage } from "./risk-of-image.ts";
import type { ScanJobs } from "./scan-jobs.ts";
import type { RunningImage, Surroundings } from "./surroundings.ts";

export interface ListParts {
  readonly desk: ImageDesk;
  readonly riskOf: RiskOfImage;
  readonly jobs: Pick<ScanJobs, "stateOf">;
}

type Query = Call<typeof images.listImages>["query"];

export async function listImages(parts: ListParts, query: Query): Promise<ResponseOf<typeof images.listImages>> {
  const { desk } = parts;
  await desk.ready;
  const around = await desk.surroundings();
  const analysed = await Promise.all([...desk.index.all()].map((record) => rowOf(parts, record, around)));
  const unknown = around.running.filter(({ digest, name }) => desk.index.ofRunning({ digest, name }) === undefined);
  const rows = [...analysed, ...mergeUnknown(unknown, parts)];
  const shown = rows.filter((row) => isAsked(row, query)).sort(byRisk);
  return {
    rows: shown.slice(query.offset, query.offset + query.limit),
    total: shown.length,
    totals: {
      images: rows.length,
      analysed: analysed.length,
      running: rows.filter(({ running }) => running.containers > 0).length,
      runningNotAnalysed: rows.filter((row) => row.running.containers > 0 && row.state !== "analysed").length,
      risk: sumRisk(desk, analysed),
    },
    database: databaseStateOf(desk),
    runningBecause: [...around.runningBecause],
  };
}

export function shortName(reference: string): string {
  try {
    return familiarReference(parseReference(reference));
  } catch {
    // An archive's file, a folder: its own name is what people know it by.
    return reference;
  }
}

function spreadOf(running: readonly RunningImage[]): Pick<ImageRow, "running" | "exposed"> {
  const instances = running.flatMap((each) => each.instances);
  const workloads = new Set(
    instances.map(({ cluster, namespace, workload }) => JSON.stringify([cluster, namespace, workload])),
  );
  return {
    running: {
      containers: instances.reduce((sum, { containers }) => sum + containers, 0),
      workloads: workloads.size,
      namespaces: [...new Set(instances.map(({ namespace }) => namespace))].toSorted(),
    },
    exposed: instances.some(({ exposed }) => exposed === "exposed"),
  };
}

export async function rowOf(
  { desk, riskOf }: Pick<ListParts, "desk" | "riskOf">,
  record: ImageRecord,
  around: Surroundings,
): Promise<ImageRow> {
  const { risk, gaps, topRisk } = await riskOf(record, around);
  const [reference = record.digest, ...others] = record.references;
  const { database } = desk.advisories;
  return {
    digest: record.digest,
    reference: shortName(reference),
    referencesMore: others.length,
    state: "analysed",
    because: risk === undefined ? (database === undefined ? desk.advisories.because : "not matched yet") : "",
    operatingSystem: record.operatingSystem,
    packages: record.subjects.length,
    layers: record.layers,
    sizeBytes: record.sizeBytes,
    ...(risk === undefined ? {} : { risk }),
    ...(record.secrets === undefined ? {} : { secrets: record.secrets }),
    gaps,
    topRisk,
    ...spreadOf(runningOf(record, around, desk.index)),
    createdAt: record.createdAt,
    analysedAt: formatInstant(record.analysedAtMs),
  };
}

/** Running images that are not analysed: one row a digest, or a name where there is none. */
function mergeUnknown(unknown: readonly RunningImage[], { jobs }: ListParts): readonly ImageRow[] {
  return unknown.map((image) => {
    const { state, because } = jobs.stateOf(image);
    return {
      digest: image.digest || image.name,
      reference: shortName(image.name),
      referencesMore: 0,
      state,
      because,
      operatingSystem: "",
      packages: 0,
      layers: 0,
      sizeBytes: 0,
      gaps: 0,
      topRisk: 0,
      ...spreadOf([image]),
      createdAt: "",
    };
  });
}

function isAsked(row: ImageRow, query: Query): boolean {
  const { severities } = row.risk ?? emptyRisk();
  if (query.state !== undefined && row.state !== query.state) return false;
  if (query.running && row.running.containers === 0) return false;
  if (query.severity !== undefined && severities[query.severity] === 0) return false;
  if (query.fixable && (row.risk?.fixable ?? 0) === 0) return false;
  if (query.knownExploited && (row.risk?.knownExploited ?? 0) === 0) return false;
  const text =
    `${row.reference} ${row.digest} ${row.operatingSystem} ${row.running.namespaces.join(" ")}`.toLowerCase();
  return query.q
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

function byRisk(left: ImageRow, right: ImageRow): number {
  return (
    right.topRisk - left.topRisk ||
    right.running.containers - left.running.containers ||
    (left.reference < right.reference ? -1 : left.reference > right.reference ? 1 : 0)
  );
}

/** Over all analysed images; a vulnerability in several images is one of `vulnerabilities`, and a finding in each. */
function sumRisk(desk: ImageDesk, rows: readonly ImageRow[]): RiskCounts {
  const sum = emptyRisk();
  let loaded: number | undefined;
  for (const { risk } of rows) {
    if (risk === undefined) continue;
    for (const severity of Object.keys(sum.severities) as (keyof RiskCounts["severities"])[])
      sum.severities[severity] += risk.severities[severity];
    for (const part of ["fixable", "knownExploited", "upstreamOnly", "suppressed"] as const) sum[part] += risk[part];
    if (risk.loaded !== undefined) loaded = (loaded ?? 0) + risk.loaded;
  }
  const distinct = new Set<string>();
  for (const subject of desk.index.subjects())
    for (const { vulnerability } of desk.results.get(subject)?.matches ?? []) distinct.add(vulnerability);
  sum.vulnerabilities = distinct.size;
  return loaded === undefined ? sum : { ...sum, loaded };
}
