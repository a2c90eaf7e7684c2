// What `garrison vuln where` does: the database's word, package by package; then the server's, image by image. What could not be asked is said.
import { Fault, toFault } from "../../../../base/fault.ts";
import type { AdvisoryDatabase, AdvisoryRecord } from "../../../../core/vuln/advisory.ts";
import { openConfiguredDatabase } from "../../../../edge/advisories/open-configured.ts";
import type { Api } from "../../../server/contract/api.ts";
import type { ResponseOf } from "../../../server/contract/endpoint.ts";
import { ask, type Context } from "../../context.ts";
import { table } from "../../output/table.ts";
import { placeOf } from "../db/feed-table.ts";
import type { VulnWhereFlags } from "./where.ts";

const packagesShownMax = 200;

type ServerAnswer = ResponseOf<Api["imageVulnerability"]>;

/** 5 when neither the database nor the server knows it; 7 when one of them could not be asked. */
export async function runWhere(
  context: Context,
  { args, options }: { readonly args: readonly string[]; readonly options: VulnWhereFlags },
): Promise<number> {
  const id = args[0] ?? "";
  using database = openConfiguredDatabase(placeOf(context, options), (line) => context.say(`warning: ${line}`));
  const { facts, packages, omitted } = packagesOf(database, id);
  const server = options.offline === true ? undefined : await askServer(context, id);
  const isKnown = facts !== undefined || packages.length > 0;
  if (context.flags.output === "json") {
    const whole = {
      apiVersion: "garrison/v1",
      id,
      facts,
      packages,
      packagesOmitted: omitted,
      images: server?.answer?.places,
      serverBecause: server?.because ?? "not asked",
    };
    await context.print(`${JSON.stringify(whole, undefined, 2)}\n`);
  } else {
    if (facts !== undefined) for (const line of factLines(facts)) context.say(line);
    await context.print(packageTable(context, packages));
    if (omitted > 0) context.say(`and ${omitted} more packages`);
    await printServer(context, server);
  }
  if (!isKnown)
    context.say(`${id} is not in the database: its feeds are ${database.feeds.map(({ feed }) => feed).join(", ")}`);
  if (server?.because !== undefined && server.because !== "") return 7;
  return isKnown || (server?.answer?.places.length ?? 0) > 0 ? 0 : 5;
}

interface KnownPackage {
  readonly ecosystem: string;
  readonly name: string;
  readonly record: string;
  readonly feed: string;
  readonly status: string;
  readonly fixed: readonly string[];
  readonly severity: string;
}

function packagesOf(
  database: AdvisoryDatabase,
  id: string,
): {
  readonly facts: ReturnType<AdvisoryDatabase["vulnerability"]>;
  readonly packages: readonly KnownPackage[];
  readonly omitted: number;
} {
  const facts = database.vulnerability(id);
  const names = new Set([id, ...(facts === undefined ? [] : [facts.id])]);
  const keys = new Map(
    [...names].flatMap((name) => database.affectedBy(name)).map((key) => [`${key.ecosystem}\n${key.name}`, key]),
  );
  const isAbout = (record: AdvisoryRecord): boolean =>
    [record.id, ...record.aliases, ...record.upstream].some((name) => names.has(name));
  const shown = [...keys.values()].slice(0, packagesShownMax);
  const packages = shown.flatMap((key) =>
    database
      .find(key.ecosystem, key.name)
      .filter(isAbout)
      .map((record) => ({
        ...key,
        record: record.id,
        feed: record.feed,
        status: record.status,
        fixed: [...new Set(record.ranges.map(({ fixed }) => fixed).filter((fixed) => fixed !== ""))],
        severity: record.severity,
      })),
  );
  return { facts, packages, omitted: keys.size - shown.length };
}

function factLines(facts: NonNullable<ReturnType<AdvisoryDatabase["vulnerability"]>>): readonly string[] {
  const lines = [facts.title === "" ? facts.id : `${facts.id}: ${facts.title}`];
  if (facts.knownExploited !== undefined)
    lines.push(
      `known to be exploited since ${facts.knownExploited.addedAt}${facts.knownExploited.ransomware ? ", by ransomware" : ""}`,
    );
  if (facts.epss !== undefined)
    lines.push(
      `EPSS ${(facts.epss.score * 100).toFixed(2)} % in 30 days, percentile ${Math.round(facts.epss.percentile * 100)} (${facts.epss.date})`,
    );
  return lines;
}

function packageTable(context: Context, packages: readonly KnownPackage[]): string {
  const rows = packages.map((one) => [
    one.ecosystem,
    one.name,
    one.status,
    one.fixed.length === 0 ? "-" : one.fixed.join(", "),
    one.severity,
    one.record,
    one.feed,
  ]);
  const titles = ["ecosystem", "package", "status", "fixed in", "severity", "record", "feed"].map((title) => ({
    title,
  }));
  return packages.length === 0 ? "" : table(titles, rows, { width: context.width, header: true });
}

interface Asked {
  readonly answer: ServerAnswer | undefined;
  /** "" or why the server could not be asked. */
  readonly because: string;
}

/** No server on this machine is the ordinary case of a command line: said, no failure. */
async function askServer(context: Context, id: string): Promise<Asked> {
  try {
    return { answer: await ask(context, "imageVulnerability", { query: { id } }), because: "" };
  } catch (thrown) {
    const fault = toFault(thrown);
    if (fault.kind === "not-found") {
      context.say("images: the server knows no image with it");
      return { answer: undefined, because: "" };
    }
    const isAway = thrown instanceof Fault && fault.code === "cli/no-server";
    context.say(
      isAway
        ? "images: no server was asked, this is the database alone"
        : `images: the server could not be asked: ${fault.message}`,
    );
    return { answer: undefined, because: isAway ? "" : fault.message };
  }
}

async function printServer(context: Context, server: Asked | undefined): Promise<void> {
  const answer = server?.answer;
  if (answer === undefined) return;
  if (answer.places.length === 0)
    return context.say(answer.because === "" ? "no image of the server has it" : answer.because);
  const rows = answer.places.map(({ reference, digest, match, instances }) => [
    reference === "" ? digest : reference,
    `${match.packageName} ${match.version}`,
    match.status,
    match.fix.versions.length === 0 ? match.fix.state : match.fix.versions.join(", "),
    String(instances.length),
  ]);
  const titles = ["image", "package", "status", "fixed in", "running"].map((title) => ({ title }));
  await context.print(table(titles, rows, { width: context.width, header: true }));
  if (answer.placesOmitted > 0) context.say(`and ${answer.placesOmitted} more places`);
}
