// What `garrison image scan` does: analyse, look up, lay decisions over, filter, print, gate.
import { Fault } from "../../../../base/fault.ts";
import { nearest } from "../../../../base/nearest.ts";
import { gatesOf, gateVerdict, unratedWords } from "../../../../core/vuln/report/gate.ts";
import {
  gapSentence,
  gapWords,
  oneLine,
  type DatabaseUsed,
  type MatchSeverity,
  type ScanReport,
} from "../../../../core/vuln/report/scan-report.ts";
import { matchAnalysis } from "../../../../core/vuln/match/match-analysis.ts";
import { exceptionEnd, type NamedException } from "../../../../core/vuln/vex/exceptions.ts";
import { suppress } from "../../../../core/vuln/vex/apply.ts";
import { suppressSecrets } from "../../../../core/vuln/vex/secrets.ts";
import type { AnalysisGap, ImageAnalysis } from "../../../../model/image-analysis.ts";
import { matchSeverities, type VulnerabilityMatch } from "../../../../model/vulnerability-match.ts";
import { ask, dataFolderOf, type Context } from "../../context.ts";
import { version } from "../../version.ts";
import { loadExceptions, loadVex } from "./load-decisions.ts";
import { analysisOf } from "./open-analysis.ts";
import { createdAtOf, outputFilesOf, usage, writeWhole } from "./output-files.ts";
import { reportText } from "./report-text.ts";
import { scanFormats, type ScanFlags, type ScanFormat } from "./scan.ts";

const gateCode = 3;
const partialCode = 7;
const gapsSaid = 10;
const unusedSaid = 10;

export async function runScan(
  context: Context,
  input: { readonly args: readonly string[]; readonly options: ScanFlags },
): Promise<number> {
  const { options } = input;
  // Everything that can be wrong with the flags is told before minutes of work.
  const files = outputFilesOf(options.outputFile, scanFormats);
  const gates = gatesOf(options.failOn ?? []);
  // A gate for secrets that nobody looks for would always let pass.
  const secrets = options.secrets === true || gates.includes("secret") || gates.includes("any");
  const severities = severitiesOf(options.severity);
  const createdAt = createdAtOf(context, options.createdAt);
  const documents = await loadVex(context, options.vex ?? []);
  const exceptions = await loadExceptions(context, options.exceptions ?? []);
  using lookup = await openLookup(context, options);

  const analysis = await analysisOf(context, { ...input, options: { ...options, secrets } });
  if (options.upload === true) await upload(context, analysis);
  const found = lookup.find(analysis);
  const image = imageOf(analysis);
  const decided = suppress(found.matches, { documents, exceptions, image, nowMs: context.nowMs() });
  const kept = decided.filter((match) => isShown(match, severities, options.onlyFixed === true));
  const report: ScanReport = {
    analysis,
    matches: kept,
    secrets: suppressSecrets(analysis.secrets, { exceptions, image, nowMs: context.nowMs() }),
    gaps: [...analysis.gaps, ...found.gaps, ...demoGap(lookup.used)],
    database: lookup.used,
    decidedByDistribution: found.decidedByDistribution,
    filteredOut: decided.length - kept.length,
    scannedAt: createdAt ?? "",
    toolVersion: version,
  };
  sayUnused(context, exceptions, { matches: decided, secrets: report.secrets });
  const format = scanFormats.find((one) => one === (options.output ?? context.flags.output)) ?? "table";
  const text = (one: ScanFormat): string => reportText(context, report, { format: one, flags: options, createdAt });
  for (const file of files) await writeWhole(file.path, text(file.format));
  await context.print(text(format));
  if (format !== "table") sayGaps(context, report);
  const stopped = gateVerdict(report, gates);
  for (const words of stopped) context.say(`gate: ${words}`);
  const unrated = unratedWords(report, gates);
  if (unrated !== undefined) context.say(`gate: ${unrated}`);
  if (stopped.length > 0) return gateCode;
  if (options.failOnGaps !== true || report.gaps.length === 0) return 0;
  const [first, ...others] = report.gaps.map((gap) => oneLine(gapSentence(gap)));
  context.say(
    `gate: ${report.gaps.length} at --fail-on-gaps: ${first}${others.length === 0 ? "" : `; and ${others.length} more`}`,
  );
  return partialCode;
}

interface Lookup extends Disposable {
  readonly used: DatabaseUsed | undefined;
  find(analysis: ImageAnalysis): {
    readonly matches: readonly VulnerabilityMatch[];
    readonly gaps: readonly AnalysisGap[];
    readonly decidedByDistribution: number;
  };
}

/** The database, opened before the image is: without one nothing is looked up, and that is told. */
async function openLookup(context: Context, options: ScanFlags): Promise<Lookup> {
  if (options.db === false) {
    const gap: AnalysisGap = {
      kind: "feed-missing",
      layer: -1,
      subject: "",
      because: "no advisory database was used (--no-db): no vulnerability was looked up",
      count: 1,
    };
    return {
      used: undefined,
      find: () => ({ matches: [], gaps: [gap], decidedByDistribution: 0 }),
      [Symbol.dispose]: () => undefined,
    };
  }
  const { advisoryPlace, openConfiguredDatabase } = await import("../../../../edge/advisories/open-configured.ts");
  const { feedAges } = await import("../../../../edge/advisories/freshness.ts");
  const place = advisoryPlace(dataFolderOf(context), { folder: options.db, publicKey: options.dbKey });
  const database = openConfiguredDatabase(place, (line) => context.say(line));
  const nowMs = context.nowMs();
  return {
    used: { digest: database.digest, builtAt: database.builtAt, feeds: feedAges(database.feeds, nowMs) },
    find: (analysis) => matchAnalysis(analysis, database, { nowMs }),
    [Symbol.dispose]: () => database[Symbol.dispose](),
  };
}

/** An exception that accepts nothing is a slip, or done with; it may be one for other images. */
function sayUnused(
  context: Context,
  exceptions: readonly NamedException[],
  { matches, secrets }: Pick<ScanReport, "matches" | "secrets">,
): void {
  const used = new Set(
    [...matches, ...secrets].flatMap(({ suppressed }) => (suppressed?.by === "exception" ? [suppressed.name] : [])),
  );
  const unused = exceptions.filter(({ name, spec }) => !used.has(name) && exceptionEnd(spec) > context.nowMs());
  for (const { name } of unused.slice(0, unusedSaid)) context.say(`exception ${name} accepts nothing here`);
  if (unused.length > unusedSaid) context.say(`and ${unused.length - unusedSaid} more exceptions`);
}

/** The demo's few records judge the demo's images; of anything else they say nothing. */
function demoGap(used: DatabaseUsed | undefined): readonly AnalysisGap[] {
  if (used === undefined || !used.feeds.some(({ feed }) => feed === "garrison-demo")) return [];
  const because = "this database has the demo's invented records: build one from real feeds (garrison db build)";
  return [{ kind: "feed-missing", layer: -1, subject: "garrison-demo", because, count: 1 }];
}

/** What statements and exceptions are held against; nobody runs it, as far as this machine knows. */
function imageOf(analysis: ImageAnalysis) {
  return {
    references: [analysis.reference],
    digests: [analysis.digest, ...analysis.otherDigests].filter((digest) => digest !== ""),
    workloads: [],
    packages: analysis.packages,
  };
}

function isShown(match: VulnerabilityMatch, severities: readonly MatchSeverity[], onlyFixed: boolean): boolean {
  return severities.includes(match.severity) && (!onlyFixed || match.fix.state === "fixed");
}

/** "critical,high" -> severities; all of them when nothing is asked. Throws a usage Fault with the nearest word. */
function severitiesOf(text: string | undefined): readonly MatchSeverity[] {
  if (text === undefined) return matchSeverities;
  return text
    .split(",")
    .map((word) => word.trim().toLowerCase())
    .map((word) => {
      const severity = matchSeverities.find((one) => one === word);
      if (severity !== undefined) return severity;
      const close = nearest(word, matchSeverities);
      throw usage(
        `--severity ${word}: no such severity${close === undefined ? "" : `, did you mean ${close}?`}`,
        `one or more of ${matchSeverities.join(",")}`,
      );
    });
}

async function upload(context: Context, analysis: ImageAnalysis): Promise<void> {
  if (analysis.digest === "")
    throw new Fault("an analysis without a digest cannot be kept", { code: "cli/no-digest", kind: "usage" });
  const { digest } = await ask(context, "submitImage", { body: analysis });
  context.say(`sent to the server: ${digest}`);
}

function sayGaps(context: Context, { gaps }: ScanReport): void {
  for (const gap of gaps.slice(0, gapsSaid)) context.say(`gap: ${oneLine(gapWords(gap))}`);
  if (gaps.length > gapsSaid) context.say(`and ${gaps.length - gapsSaid} more gaps`);
}
