// Lays VEX statements and exceptions over matches: nothing is taken away, a match that somebody has decided about says who and why.
import type { Suppression, VulnerabilityMatch } from "../../../model/vulnerability-match.ts";
import {
  exceptionFor,
  readyExceptions,
  suppressionBy,
  type NamedException,
  type ReadyException,
} from "./exceptions.ts";
import { namesOfPackage, type PackageNames, type SuppressionImage } from "./image-subject.ts";
import { coversPackage, isPackage, type ProductSubject } from "./product.ts";
import type { VexDocument, VexProduct, VexStatement } from "./statement.ts";

export interface SuppressOptions {
  readonly documents: readonly VexDocument[];
  readonly exceptions: readonly NamedException[];
  readonly image: SuppressionImage;
  readonly nowMs: number;
}

interface Placed {
  readonly document: VexDocument;
  readonly statement: VexStatement;
  readonly order: number;
  readonly atMs: number;
}

/**
 * The matches in their order. An exception in force comes first (the operator's word), then the newest statement about the vulnerability in this package; of two of
 * the same time the later one in the order of the documents. not_affected and fixed suppress, under_investigation is only told, affected takes an older word back.
 */
export function suppress(matches: readonly VulnerabilityMatch[], options: SuppressOptions): VulnerabilityMatch[] {
  const { documents, exceptions, image, nowMs } = options;
  const statements = statementsByName(documents, nowMs);
  const ready = readyExceptions(exceptions, image, nowMs);
  if (statements.size === 0 && ready.length === 0) return [...matches];
  const subject = subjectOf(image);
  return matches.map((match) => {
    const names = namesOf(match);
    const accepted = exceptionOf(match, names, { ready, subject });
    if (accepted !== undefined) return { ...match, suppressed: accepted };
    const newest = newestFor(names, match.package, statements, subject);
    if (newest === undefined) return match;
    const { status } = newest.statement;
    if (status === "affected") return match;
    if (status === "under_investigation")
      return match.status === "affected" ? { ...match, status: "under-investigation" } : match;
    return { ...match, suppressed: suppressionOf(newest) };
  });
}

/** Errata speak of many vulnerabilities at once: a word about one of them is no word about each. */
const erratum =
  /^(?:USN|LSN|DSA|DLA|DTSA|RH[SBE]A|AL[SBE]A|RL[SBE]A|RXSA|EL[SBE]A|CE[SBE]A|(?:open)?SUSE-|FEDORA-|GLSA|ALAS|MGASA|PHSA|OESA|ASA-|AVG-)/i;

function namesOf(match: VulnerabilityMatch): readonly string[] {
  const others = [...match.aliases, ...match.because.map(({ record }) => record)];
  return [...new Set([match.vulnerability, ...others.filter((name) => !erratum.test(name))])];
}

/** The names of each package are made once, and only of packages that something is wrong with. */
function subjectOf(image: SuppressionImage): ProductSubject {
  const names = new Map<number, PackageNames>();
  const held = new Map<VexProduct, boolean>();
  const namesOf = (index: number): PackageNames => {
    const found = image.packages[index];
    const known =
      names.get(index) ?? (found === undefined ? { purls: [], cpes: new Set<string>() } : namesOfPackage(found));
    names.set(index, known);
    return known;
  };
  return {
    image,
    namesOf,
    holds: (product) => {
      const known = held.get(product) ?? image.packages.some((_, index) => isPackage(product, namesOf(index)));
      held.set(product, known);
      return known;
    },
  };
}

function exceptionOf(
  match: VulnerabilityMatch,
  names: readonly string[],
  { ready, subject }: { readonly ready: readonly ReadyException[]; readonly subject: ProductSubject },
): Suppression | undefined {
  if (ready.length === 0) return undefined;
  const paths = subject.image.packages[match.package]?.evidence.map(({ path }) => path) ?? [];
  const deciding = ready.filter(({ spec }) => spec.status !== "under_investigation");
  const found = exceptionFor({ names, paths, package: subject.namesOf(match.package) }, deciding);
  return found === undefined ? undefined : suppressionBy(found);
}

/** A time that has not come yet counts as now: it must not win over every later word. */
function statementsByName(documents: readonly VexDocument[], nowMs: number): ReadonlyMap<string, readonly Placed[]> {
  const byName = new Map<string, Placed[]>();
  let order = 0;
  for (const document of documents)
    for (const statement of document.statements) {
      order += 1;
      for (const name of new Set(statement.names.map((one) => one.toLowerCase()))) {
        const list = byName.get(name) ?? [];
        list.push({ document, statement, order, atMs: Math.min(statement.atMs, nowMs) });
        byName.set(name, list);
      }
    }
  return byName;
}

function newestFor(
  names: readonly string[],
  index: number,
  statements: ReadonlyMap<string, readonly Placed[]>,
  subject: ProductSubject,
): Placed | undefined {
  let newest: Placed | undefined;
  for (const name of names)
    for (const placed of statements.get(name.toLowerCase()) ?? []) {
      const { statement, order, atMs } = placed;
      const isNewer = newest === undefined || atMs > newest.atMs || (atMs === newest.atMs && order > newest.order);
      if (isNewer && statement.products.some((product) => coversPackage(product, index, subject))) newest = placed;
    }
  return newest;
}

function suppressionOf({ document, statement }: Placed): Suppression {
  return {
    by: "vex",
    name: document.id,
    status: statement.status,
    justification: statement.justification,
    reason: statement.reason,
    owner: document.author,
    expiresAt: "",
  };
}
