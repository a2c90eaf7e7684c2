// A package of an image as what is matched: without where it was found, so that the same package of the same system is one in all images.
import { createHash } from "node:crypto";
import { setImmediate as breathe } from "node:timers/promises";
import type { PackageSubject } from "../../../core/state/image-ports.ts";
import type { ImageAnalysis } from "../../../model/image-analysis.ts";

export interface KeyedSubject {
  readonly key: string;
  readonly subject: PackageSubject;
}

const packagesAtOnce = 500;

/** Key order of JSON is that of the schema's parse, so equal packages have equal text. Breathes: others are served meanwhile. */
export async function subjectsOf(analysis: ImageAnalysis): Promise<readonly KeyedSubject[]> {
  const { operatingSystem } = analysis;
  const subjects: KeyedSubject[] = [];
  for (const [at, each] of analysis.packages.entries()) {
    if (at % packagesAtOnce === packagesAtOnce - 1) await breathe();
    const subject: PackageSubject = { package: { ...each, evidence: [], licenses: [] }, operatingSystem };
    subjects.push({ key: createHash("sha256").update(JSON.stringify(subject)).digest("base64url"), subject });
  }
  return subjects;
}
