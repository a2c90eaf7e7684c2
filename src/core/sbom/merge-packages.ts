// One row per package: the same package URL with the same owner, seen in several places, is one package with all its evidence. Sorted, so that an analysis is the same however it came about.
import { packageScopes, type Evidence, type SoftwarePackage } from "../../model/software-package.ts";
import { purlOf } from "./purl.ts";

const evidenceMax = 200;
const listMax = 100;

/** `from[i]` is where `packages[i]` came from: indexes into what was given. */
export interface Merged {
  readonly packages: SoftwarePackage[];
  readonly from: readonly (readonly number[])[];
}

export function mergePackages(given: readonly SoftwarePackage[]): Merged {
  const groups = new Map<string, number[]>();
  for (const [index, subject] of given.entries()) {
    const key = keyOf(subject);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [index]);
    else group.push(index);
  }
  const merged = [...groups.entries()].map(([key, from]) => ({
    key,
    from,
    subject: mergeGroup(from.map((index) => given[index]!)),
  }));
  merged.sort((left, right) => (left.key < right.key ? -1 : 1));
  return { packages: merged.map((one) => one.subject), from: merged.map((one) => one.from) };
}

/** Packages that differ in any of this are judged differently. */
function keyOf(subject: SoftwarePackage): string {
  const source = subject.source === undefined ? "" : `${subject.source.name}@${subject.source.version}`;
  return `${safePurl(subject)}\n${subject.ownedBy}\n${source}\n${subject.module}`;
}

/** A package that no package URL can name (an unknown type's rules) is still a package. */
function safePurl(subject: SoftwarePackage): string {
  try {
    return purlOf(subject);
  } catch {
    return `pkg:${subject.type}/${subject.namespace}/${subject.name}@${subject.version}`;
  }
}

function mergeGroup(group: readonly SoftwarePackage[]): SoftwarePackage {
  const best = group.toSorted(
    (left, right) => packageScopes.indexOf(left.scope) - packageScopes.indexOf(right.scope),
  )[0]!;
  if (group.length === 1 && best.evidence.length <= 1) return best;
  return {
    ...best,
    licenses: union(group.map((one) => one.licenses)),
    cpes: union(group.map((one) => one.cpes)),
    evidence: evidenceOf(group),
  };
}

function union(lists: readonly (readonly string[])[]): string[] {
  return [...new Set(lists.flat())].slice(0, listMax);
}

function evidenceOf(group: readonly SoftwarePackage[]): Evidence[] {
  const all = new Map<string, Evidence>();
  for (const subject of group)
    for (const one of subject.evidence) all.set(`${one.path}\n${one.layer}\n${one.line}\n${one.kind}`, one);
  const sorted = [...all.entries()].sort(([left], [right]) => (left < right ? -1 : 1));
  return sorted.slice(0, evidenceMax).map(([, evidence]) => evidence);
}
