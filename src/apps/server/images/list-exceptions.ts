// Exceptions with what each covers now, and what a new one would: tried on the findings of all images, nothing is changed.
import { exceptionEnd, exceptionState } from "../../../core/vuln/vex/exceptions.ts";
import { suppress } from "../../../core/vuln/vex/apply.ts";
import type { Exception } from "../../../model/exception.ts";
import type { VulnerabilityMatch } from "../../../model/vulnerability-match.ts";
import { imageLimits, type images } from "../contract/images.ts";
import type { ResponseOf } from "../contract/endpoint.ts";
import type { ImageDesk, OpenedImage } from "./desk.ts";
import { imageOf } from "./judge.ts";
import { shortName } from "./list-images.ts";

type Preview = ResponseOf<typeof images.previewException>;
type Listed = ResponseOf<typeof images.listExceptions>;

interface Covered {
  readonly opened: OpenedImage;
  readonly matches: readonly VulnerabilityMatch[];
}

/** Images that hold a match of this name at all. */
function* imagesWith(desk: ImageDesk, vulnerability: string): Generator<string> {
  const digests = new Set<string>();
  for (const subject of desk.index.subjects()) {
    const has = desk.results
      .get(subject)
      ?.matches.some(({ names }) => vulnerability === "*" || names.includes(vulnerability));
    if (has === true) for (const digest of desk.index.holding(subject)) digests.add(digest);
  }
  yield* digests;
}

async function coveredBy(desk: ImageDesk, spec: Exception, nowMs: number): Promise<readonly Covered[]> {
  const covered: Covered[] = [];
  // Tried as if it had just been written: one that is over covers nothing now, which its state says.
  const exceptions = [{ name: "preview", spec: { ...spec, expires: "9999-12-31" } }];
  for (const digest of imagesWith(desk, spec.vulnerability)) {
    const opened = await desk.open(digest);
    if (opened === undefined) continue;
    const image = imageOf({ ...opened, instances: opened.running.flatMap(({ instances }) => instances) });
    const bare = opened.matches.map(({ suppressed: _suppressed, ...match }) => match);
    const matches = suppress(bare, { documents: [], exceptions, image, nowMs }).filter(
      ({ suppressed }) => suppressed !== undefined,
    );
    if (matches.length > 0) covered.push({ opened, matches });
  }
  return covered;
}

export async function previewException(desk: ImageDesk, spec: Exception, nowMs: number): Promise<Preview> {
  await desk.ready;
  const covered = await coveredBy(desk, spec, nowMs);
  const rows = covered
    .flatMap(({ opened: { record }, matches }) =>
      matches.map((match) => ({ digest: record.digest, reference: shortName(record.references[0] ?? ""), match })),
    )
    .sort((left, right) => right.match.risk - left.match.risk);
  const containers = covered
    .flatMap(({ opened }) => opened.running.flatMap(({ instances }) => instances))
    .reduce((sum, { containers: count }) => sum + count, 0);
  return {
    covers: rows.length,
    images: covered.length,
    runningContainers: containers,
    rows: rows.slice(0, imageLimits.previewMax),
    omitted: Math.max(0, rows.length - imageLimits.previewMax),
    notes: notesOn(spec, { nowMs, covers: rows.length }),
  };
}

const longMs = 366 * 86_400_000;

function notesOn(spec: Exception, { nowMs, covers }: { readonly nowMs: number; readonly covers: number }): string[] {
  const leftMs = exceptionEnd(spec) - nowMs;
  const notes: string[] = [];
  if (leftMs <= 0) notes.push("it is over already: it covers nothing");
  if (leftMs > longMs) notes.push("it ends in more than a year: who will remember why?");
  if (spec.scope.any === true)
    notes.push("it holds for every image, those of tomorrow too: a repository or a package narrows it");
  if (covers === 0) notes.push("no image has such a finding now");
  return notes;
}

export async function listExceptions(desk: ImageDesk, nowMs: number): Promise<Listed> {
  await desk.ready;
  const rows: Listed["rows"] = [];
  for (const { scope, name, spec, author, changedAt } of await desk.exceptions.all()) {
    const covered = await coveredBy(desk, spec, nowMs);
    const covers = covered.reduce((sum, { matches }) => sum + matches.length, 0);
    const state = exceptionState(spec, nowMs);
    const shown = state !== "expired" && covers === 0 && isOfVulnerabilities(spec) ? "covers-nothing" : state;
    rows.push({ scope, name, spec, state: shown, covers, images: covered.length, author, changedAt });
  }
  const order = { "ends-soon": 0, "in-force": 1, "covers-nothing": 2, expired: 3 } as const;
  rows.sort(
    (left, right) => order[left.state] - order[right.state] || exceptionEnd(left.spec) - exceptionEnd(right.spec),
  );
  return { rows };
}

/** Exceptions for advice and secrets are counted on the image's own screen. */
function isOfVulnerabilities({ vulnerability }: Exception): boolean {
  return !/^(image|secret|dockerfile)\//.test(vulnerability);
}
