// A package of an image as what is matched: without where it was found, so that the same package of the same system is one in all images.
import { createHash } from "node:crypto";
import type { PackageSubject } from "../../../core/state/image-ports.ts";
import type { ImageAnalysis } from "../../../model/image-analysis.ts";

/** Key order of JSON is that of the schema's parse, so equal packages have equal text. */
export function subjectsOf(
  analysis: ImageAnalysis,
): readonly { readonly key: string; readonly subject: PackageSubject }[] {
  const operatingSystem = analysis.operatingSystem;
  return analysis.packages.map((each) => {
    const subject: PackageSubject = { package: { ...each, evidence: [], licenses: [] }, operatingSystem };
    const key = createHash("sha256").update(JSON.stringify(subject)).digest("base64url");
    return { key, subject };
  });
}
