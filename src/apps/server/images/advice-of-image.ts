// Advice on one image, with who accepted what; its base, and what another one would remove as far as that was analysed here.
import { adviseImage } from "../../../core/image/advise-image.ts";
import type { BaseKnowledge } from "../../../core/image/advice.ts";
import { proposeBases } from "../../../core/image/base/propose.ts";
import { recogniseBase } from "../../../core/image/base/recognise.ts";
import { matchSubject } from "../../../core/vuln/match/match-subject.ts";
import { exceptionFor, readyExceptions } from "../../../core/vuln/vex/exceptions.ts";
import type { images } from "../contract/images.ts";
import type { ResponseOf } from "../contract/endpoint.ts";
import type { ImageAnalysis } from "../../../model/image-analysis.ts";
import type { VulnerabilityMatch } from "../../../model/vulnerability-match.ts";
import type { ImageDesk, OpenedImage } from "./desk.ts";
import { imageOf, type NamedException } from "./judge.ts";
import { shortName } from "./list-images.ts";
import { canonicalName } from "./surroundings.ts";

type One = ResponseOf<typeof images.getImage>;

export interface AdviceSurroundings {
  readonly exceptions: readonly NamedException[];
  readonly base: BaseKnowledge;
  readonly nowMs: number;
}

export function adviceOf(opened: OpenedImage, { exceptions, base, nowMs }: AdviceSurroundings): One["advice"] {
  const instances = opened.running.flatMap((each) => each.instances);
  const ready = readyExceptions(exceptions, imageOf({ ...opened, instances }), nowMs);
  return adviseImage(opened.analysis, { nowMs, base }).map((finding) => {
    const paths = finding.subject.startsWith("/") ? [finding.subject] : [];
    const accepted = exceptionFor({ names: [finding.rule, finding.hadolint], paths, package: undefined }, ready);
    if (accepted === undefined) return { ...finding };
    const { name, spec } = accepted;
    return { ...finding, accepted: { name, owner: spec.owner, expiresAt: spec.expires } };
  });
}

/** Secrets with the exception that holds for each: they stay. */
export function secretsOf(
  opened: OpenedImage,
  { exceptions, nowMs }: Omit<AdviceSurroundings, "base">,
): One["secrets"] {
  const instances = opened.running.flatMap((each) => each.instances);
  const ready = readyExceptions(exceptions, imageOf({ ...opened, instances }), nowMs);
  return opened.analysis.secrets.map((secret) => {
    const names = [`secret/${secret.rule}`];
    const accepted = exceptionFor({ names, paths: [secret.path], package: undefined }, ready);
    if (accepted === undefined) return secret;
    return {
      ...secret,
      accepted: { name: accepted.name, owner: accepted.spec.owner, expiresAt: accepted.spec.expires },
    };
  });
}

export function baseOf(desk: ImageDesk, { analysis }: Pick<OpenedImage, "analysis">): BaseKnowledge {
  const known = [...desk.index.all()].map(({ digest, references, diffIds }) => ({
    image: shortName(references[0] ?? digest),
    digest,
    diffIds,
  }));
  const base = recogniseBase(analysis, { known });
  // What the analysis itself says of its layers, when the base is known by name alone.
  const own = analysis.layers.findIndex(({ isBase }) => !isBase);
  return base.layers === 0 && own > 0 ? { ...base, layers: own } : base;
}

/** Only images that were analysed here are counted: the proposals say of the others that nobody did. */
export async function proposalsFor(
  desk: ImageDesk,
  opened: OpenedImage,
  base: BaseKnowledge,
): Promise<One["base"]["proposals"]> {
  const { database } = desk.advisories;
  const nowMs = desk.nowMs();
  const named = proposeBases(opened.analysis, { base, nowMs });
  const analyses = new Map<string, ImageAnalysis>();
  for (const { image } of named) {
    const record = desk.index.find(canonicalName(image));
    const analysis = record === undefined ? undefined : await desk.analysis(record.digest);
    if (analysis !== undefined) analyses.set(image, analysis);
  }
  const counted =
    analyses.size === 0 || database === undefined
      ? named
      : proposeBases(opened.analysis, {
          base,
          nowMs,
          matches: opened.matches,
          analysisOf: (image) => analyses.get(image),
          matchPackage: (subject, { operatingSystem }): readonly VulnerabilityMatch[] =>
            matchSubject({ package: subject, operatingSystem }, database, { nowMs }).matches,
        });
  return counted.map(({ removes, packagesRemoved, mindful, ...rest }) => ({
    ...rest,
    mindful: [...mindful],
    ...(removes === undefined ? {} : { removes }),
    ...(packagesRemoved === undefined ? {} : { packagesRemoved }),
  }));
}
