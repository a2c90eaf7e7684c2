// Advice on one image: opened where it is, looked through, its base recognised, other bases counted with the advisory database. Loaded only when an image is named.
import { existsSync } from "node:fs";
import path from "node:path";
import { Fault } from "../../../../base/fault.ts";
import type { ImageAnalysis } from "../../../../model/image-analysis.ts";
import { adviseImage } from "../../../../core/image/advise-image.ts";
import { proposeBases, type ProposeOptions } from "../../../../core/image/base/propose.ts";
import { recogniseBase } from "../../../../core/image/base/recognise.ts";
import type { LintOptions } from "../../../../core/image/dockerfile/options.ts";
import type { AdvisedTarget } from "../../../../core/image/report/advice-report.ts";
import { matchAnalysis } from "../../../../core/vuln/match/match-analysis.ts";
import { matchSubject } from "../../../../core/vuln/match/match-subject.ts";
import type { OpenDatabase } from "../../../../edge/advisories/open-database.ts";
import { dataFolderOf, type Context } from "../../context.ts";
import { inputFacts } from "../../input-file.ts";
import type { AdviseFlags } from "./advise.ts";
import type { ImageFlags } from "./image-flags.ts";
import { analysisOf } from "./open-analysis.ts";

const gapsSaid = 20;

export async function adviseOneImage(
  context: Context,
  input: { readonly args: readonly string[]; readonly options: AdviseFlags },
  { ignored = [], override = {} }: LintOptions,
): Promise<AdvisedTarget> {
  const analysis = await analysisOf(context, input);
  sayGaps(context, analysis);
  const others = await compared(context, input.options);
  const nowMs = context.nowMs();
  const known = [...others].map(([image, other]) => ({
    image,
    digest: other.digest,
    diffIds: other.layers.map(({ diffId }) => diffId),
  }));
  const base = recogniseBase(analysis, { known });
  const findings = adviseImage(analysis, { nowMs, ignored, override, base });
  using database = await openIfThere(context, input.options);
  const options: ProposeOptions = {
    base,
    nowMs,
    candidates: [...others.keys()],
    analysisOf: (image) => others.get(image),
    ...(database === undefined ? {} : counting(analysis, database, nowMs)),
  };
  return { name: analysis.reference, kind: "image", findings, base, proposals: proposeBases(analysis, options) };
}

function sayGaps(context: Context, { gaps }: ImageAnalysis): void {
  for (const { kind, because, count } of gaps.slice(0, gapsSaid)) {
    context.say(`gap: ${kind}: ${because}${count > 1 ? ` (${count})` : ""}`);
  }
  if (gaps.length > gapsSaid) context.say(`gap: ${gaps.length - gapsSaid} more`);
}

/** The images of --compare, by name. */
async function compared(context: Context, options: AdviseFlags): Promise<ReadonlyMap<string, ImageAnalysis>> {
  const others = new Map<string, ImageAnalysis>();
  for (const pair of options.compare ?? []) {
    const sign = pair.indexOf("=");
    const [name, file] = [pair.slice(0, Math.max(0, sign)), pair.slice(sign + 1)];
    if (name === "" || file === "") {
      throw new Fault(`--compare ${pair} is none`, {
        code: "cli/usage",
        kind: "usage",
        hint: "write NAME=PATH: debian:13-slim=slim.tar",
      });
    }
    const { platform, cache } = options;
    const common: ImageFlags = {
      ...(platform === undefined ? {} : { platform }),
      ...(cache === undefined ? {} : { cache }),
    };
    others.set(name, await analysisOf(context, { args: [], options: { ...common, ...(await placeFlags(file)) } }));
  }
  return others;
}

async function placeFlags(file: string): Promise<ImageFlags> {
  if (!inputFacts(file).isDirectory()) return { archive: file };
  return existsSync(path.join(file, "oci-layout")) ? { oci: file } : { root: file };
}

/** Advice needs no database: without one nothing is counted, and each proposal says so. One that was named must be there. */
async function openIfThere(context: Context, { db, dbKey }: AdviseFlags): Promise<OpenDatabase | undefined> {
  if (db === false) return undefined;
  const { advisoryPlace, openConfiguredDatabase } = await import("../../../../edge/advisories/open-configured.ts");
  const place = advisoryPlace(dataFolderOf(context), { folder: db, publicKey: dbKey });
  if (db === undefined && !existsSync(place.folder)) return undefined;
  return openConfiguredDatabase(place, (line) => context.say(line));
}

function counting(
  analysis: ImageAnalysis,
  database: OpenDatabase,
  nowMs: number,
): Pick<ProposeOptions, "matches" | "matchPackage"> {
  return {
    matches: matchAnalysis(analysis, database, { nowMs }).matches,
    matchPackage: (subject, { operatingSystem }) =>
      matchSubject({ package: subject, operatingSystem }, database).matches,
  };
}
