// One image as its screen shows it: layers, packages, findings with why, secrets, advice, base, where it runs.
import { Fault } from "../../../base/fault.ts";
import { secretSkipWords } from "../../../core/vuln/report/secret-skips.ts";
import { explain } from "../../../core/vuln/explain.ts";
import { purlOf } from "../../../core/sbom/purl.ts";
import { writeCycloneDx } from "../../../core/sbom/formats/cyclonedx/write.ts";
import { writeSpdx } from "../../../core/sbom/formats/spdx/write.ts";
import { writeOpenVex } from "../../../core/vuln/vex/write-openvex.ts";
import type { ImageAnalysis } from "../../../model/image-analysis.ts";
import type { MatchExplanation } from "../../../model/match-explanation.ts";
import { imageLimits, type images } from "../contract/images.ts";
import type { ResponseOf } from "../contract/endpoint.ts";
import type { Call } from "../http/calls.ts";
import { adviceOf, baseOf, proposalsFor, secretsOf } from "./advice-of-image.ts";
import { databaseStateOf } from "./database-state.ts";
import type { ImageDesk, OpenedImage } from "./desk.ts";
import { rowOf } from "./list-images.ts";
import { programVersion } from "../version.ts";
import type { RiskOfImage } from "./risk-of-image.ts";

type One = ResponseOf<typeof images.getImage>;

function unknownImage(digest: string): Fault {
  return new Fault(`no analysis of ${digest.slice(0, 128)} is kept`, {
    code: "images/unknown-image",
    kind: "not-found",
    hint: "scan it: garrison image scan REF --upload, or let the server scan it",
  });
}

export async function openKnown(desk: ImageDesk, digest: string): Promise<OpenedImage> {
  const opened = await desk.open(digest);
  if (opened === undefined) throw unknownImage(digest);
  return opened;
}

export async function oneImage(desk: ImageDesk, riskOf: RiskOfImage, digest: string): Promise<One> {
  const opened = await openKnown(desk, digest);
  const { record, analysis, matches, loaded } = opened;
  const around = await desk.surroundings();
  const findings = countsByPackage(opened);
  const instances = opened.running.flatMap((each) => each.instances);
  const exceptions = await desk.exceptions.all();
  const base = baseOf(desk, opened);
  const layers = layersOf(analysis, findings);
  return {
    image: await rowOf({ desk, riskOf }, record, around),
    references: [...record.references],
    digests: [record.digest, ...record.otherDigests],
    ...(analysis.operatingSystem === undefined ? {} : { operatingSystem: analysis.operatingSystem }),
    ...(analysis.config === undefined ? {} : { config: analysis.config }),
    layers: layers.map((layer, index) => ({ ...layer, isBase: layer.isBase || index < base.layers })),
    packages: analysis.packages.slice(0, imageLimits.packagesMax).map((each, index) => {
      const use = loaded[index];
      return {
        ...each,
        purl: purlOf(each),
        findings: findings.get(index) ?? 0,
        ...(use === undefined ? {} : { loaded: use }),
      };
    }),
    packagesOmitted: Math.max(0, analysis.packages.length - imageLimits.packagesMax),
    matches: matches.slice(0, imageLimits.matchesMax),
    matchesOmitted: Math.max(0, matches.length - imageLimits.matchesMax),
    secrets: secretsOf(opened, { exceptions, nowMs: desk.nowMs() }),
    secretsSearched: analysis.secretsSearched,
    secretsLeftOut: secretSkipWords(analysis),
    decidedByDistribution: opened.decidedByDistribution,
    facts: analysis.facts,
    advice: adviceOf(opened, { exceptions, base, nowMs: desk.nowMs() }),
    base: { ...base, proposals: await proposalsFor(desk, opened, base) },
    gaps: [...opened.gaps],
    instances: instances.slice(0, imageLimits.instancesMax),
    instancesOmitted: Math.max(0, instances.length - imageLimits.instancesMax),
    database: databaseStateOf(desk),
  };
}

function countsByPackage({ matches }: OpenedImage): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const { package: index, suppressed } of matches)
    if (suppressed === undefined) counts.set(index, (counts.get(index) ?? 0) + 1);
  return counts;
}

function layersOf(analysis: ImageAnalysis, findings: ReadonlyMap<number, number>): One["layers"] {
  const layers = analysis.layers.map((layer) => ({ ...layer, packages: 0, findings: 0 }));
  analysis.packages.forEach((each, index) => {
    const layer = layers[each.evidence[0]?.layer ?? -1];
    if (layer === undefined) return;
    layer.packages += 1;
    layer.findings += findings.get(index) ?? 0;
  });
  return layers;
}

export async function sbomOf(
  desk: ImageDesk,
  { digest, format }: Call<typeof images.imageSbom>["query"],
): Promise<Record<string, unknown>> {
  const opened = await openKnown(desk, digest);
  const toolVersion = programVersion();
  const texts = {
    cyclonedx: () => writeCycloneDx(opened.analysis, { toolVersion }),
    spdx: () => writeSpdx(opened.analysis, { toolVersion }),
    openvex: () => writeOpenVex(opened.analysis, opened.matches, { toolVersion }),
  } as const;
  // The writers give text, the same byte for byte; the API speaks JSON.
  return JSON.parse(texts[format]()) as Record<string, unknown>;
}

export async function explainFor(desk: ImageDesk, digest: string, vulnerability: string): Promise<MatchExplanation> {
  const opened = await openKnown(desk, digest);
  const { database, because } = desk.advisories;
  if (database === undefined)
    throw new Fault(because, { code: "images/no-database", kind: "unavailable", hint: because });
  return explain(vulnerability, opened.analysis, database, { matches: opened.matches });
}
