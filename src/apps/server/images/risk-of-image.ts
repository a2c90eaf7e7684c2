// What a list says of one image: counts and gaps. Images that run, or that an exception may be about, are judged whole and remembered until something of it changes; the rest is
// added up from the short results.
import type { ImageRecord } from "../../../core/state/image-ports.ts";
import { endOfLife } from "../../../core/vuln/end-of-life.ts";
import { exceptionEnd } from "../../../core/vuln/vex/exceptions.ts";
import type { RiskCounts } from "../contract/image-shapes.ts";
import { type ImageDesk, runningOf } from "./desk.ts";
import { emptyRisk } from "./judge.ts";
import type { Surroundings } from "./surroundings.ts";

export interface ListedRisk {
  /** Undefined: not matched yet. */
  readonly risk: RiskCounts | undefined;
  readonly gaps: number;
  readonly topRisk: number;
}

export type RiskOfImage = (record: ImageRecord, around: Surroundings) => Promise<ListedRisk>;

export function createRiskOfImage(desk: ImageDesk): RiskOfImage {
  const judged = new Map<string, { readonly stamp: string; readonly listed: ListedRisk }>();

  async function isInQuestion(record: ImageRecord): Promise<boolean> {
    const accepted = new Set((await desk.exceptions.all()).map(({ spec }) => spec.vulnerability.toLowerCase()));
    if (accepted.size === 0) return false;
    if (accepted.has("*")) return true;
    for (const subject of record.subjects)
      for (const { names } of desk.results.get(subject)?.matches ?? [])
        if (names.some((name) => accepted.has(name.toLowerCase()))) return true;
    return false;
  }

  return async (record, around) => {
    const running = runningOf(record, around, desk.index);
    if (running.length === 0 && !(await isInQuestion(record))) return addUp(desk, record);
    const use = around.useOf([
      ...running.map(({ digest }) => digest),
      record.digest,
      ...record.otherDigests,
      ...record.references,
    ]);
    const stamp = JSON.stringify([
      record.analysedAtMs,
      desk.exceptions.generation,
      await inForce(desk),
      desk.advisories.database?.digest,
      isMatched(desk, record),
      running,
      use?.files.size,
    ]);
    const known = judged.get(record.digest);
    if (known?.stamp === stamp) return known.listed;
    const opened = await desk.open(record.digest);
    if (opened === undefined) return { risk: undefined, gaps: record.gaps, topRisk: 0 };
    const topRisk = opened.matches.find(({ suppressed }) => suppressed === undefined)?.risk ?? 0;
    const gaps = opened.gaps.reduce((sum, { count }) => sum + count, 0);
    const listed = { risk: isMatched(desk, record) ? opened.risk : undefined, gaps, topRisk };
    judged.set(record.digest, { stamp, listed });
    for (const digest of judged.keys()) if (desk.index.find(digest) === undefined) judged.delete(digest);
    return listed;
  };
}

/** How many exceptions count now: one that ends changes the answer without anybody's doing. */
async function inForce(desk: ImageDesk): Promise<number> {
  const nowMs = desk.nowMs();
  return (await desk.exceptions.all()).filter(({ spec }) => exceptionEnd(spec) > nowMs).length;
}

/** Every package was matched, with whatever database. An image without packages is matched once there is a database. */
function isMatched(desk: ImageDesk, record: ImageRecord): boolean {
  if (desk.advisories.database === undefined && record.subjects.length === 0) return false;
  return record.subjects.every((subject) => desk.results.get(subject) !== undefined);
}

function addUp(desk: ImageDesk, record: ImageRecord): ListedRisk {
  if (!isMatched(desk, record)) return { risk: undefined, gaps: record.gaps, topRisk: 0 };
  const risk = emptyRisk();
  const vulnerabilities = new Set<string>();
  const told = new Set<number>();
  // Past its end: a gap of today.
  let gaps = record.gaps + (endOfLife(record.system, desk.nowMs()).state === "ended" ? 1 : 0);
  let topRisk = 0;
  for (const subject of record.subjects) {
    const outcome = desk.results.get(subject);
    if (outcome === undefined) continue;
    if (!told.has(subject)) gaps += outcome.gaps;
    told.add(subject);
    for (const match of outcome.matches) {
      vulnerabilities.add(match.vulnerability);
      topRisk = Math.max(topRisk, match.risk);
      if (match.status === "upstream-only") risk.upstreamOnly += 1;
      else risk.severities[match.severity] += 1;
      if (match.fixable) risk.fixable += 1;
      if (match.knownExploited) risk.knownExploited += 1;
    }
  }
  risk.vulnerabilities = vulnerabilities.size;
  return { risk, gaps, topRisk };
}
