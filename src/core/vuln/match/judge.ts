// One record against one package: whether it holds, and in words why or why not. The matcher takes what holds, `explain` shows the rest as well.
import type { SoftwarePackage } from "../../../model/software-package.ts";
import type { AdvisoryKey, AdvisoryRecord } from "../advisory.ts";
import { isAffected } from "../versions/compare.ts";

/**
 * affected: it holds. not-affected: the feed says that the package is not. outside: the version is in no range. other-module, other-architecture, other-target: it
 * speaks of another build. not-comparable: nobody can say.
 */
export type Outcome =
  | "affected"
  | "not-affected"
  | "outside"
  | "other-module"
  | "other-architecture"
  | "other-target"
  | "not-comparable";

export interface Judgement {
  readonly record: AdvisoryRecord;
  readonly key: AdvisoryKey;
  readonly outcome: Outcome;
  /** "2.36-9 < 2.36-9+deb12u4 (dpkg order)". */
  readonly comparison: string;
  /** End of the range that held: the first version that is fixed; "" when none is named. */
  readonly fixed: string;
}

const anyArchitecture = new Set(["", "noarch", "all", "any", "src"]);

const modularRelease = /\.module(?:\+|_|\.)?el\d/;

/** rpm modules: an advisory of a stream speaks of that stream's builds only; one without a stream of builds without one. "" when it fits. */
function moduleProblem(record: AdvisoryRecord, subject: SoftwarePackage): string {
  if (subject.type !== "rpm") return "";
  const isModular = subject.module !== "" || modularRelease.test(subject.version);
  if (record.module !== "") {
    if (!isModular) return `module ${record.module}; the package is of none`;
    // Its build is modular, its stream was not recorded: it may be this one.
    if (subject.module === "") return "";
    const isSame = subject.module === record.module || subject.module.startsWith(`${record.module}:`);
    return isSame ? "" : `module ${record.module}; the package is of ${subject.module}`;
  }
  const bound = record.ranges.find((range) => range.fixed !== "")?.fixed;
  if (bound === undefined) return "";
  if (modularRelease.test(bound) === isModular) return "";
  return isModular
    ? `${bound} is of no module; the package is of one`
    : `${bound} is of a module; the package is of none`;
}

function architectureProblem(record: AdvisoryRecord, subject: SoftwarePackage): string {
  if (record.architectures.length === 0 || anyArchitecture.has(subject.architecture)) return "";
  if (record.architectures.includes(subject.architecture)) return "";
  return `for ${record.architectures.join(", ")}; the package is for ${subject.architecture}`;
}

/** Builds with a numbering of their own: Ubuntu's and Oracle's FIPS builds, Oracle's Ksplice ones. Their versions say nothing about others. */
const apartBuilds = [/fips/i, /\.ksplice/i];

function buildProblem(record: AdvisoryRecord, key: AdvisoryKey): string {
  if (record.scheme !== "deb" && record.scheme !== "rpm") return "";
  const bounds = record.ranges.map(({ fixed, lastAffected }) => fixed + lastAffected).join(" ");
  for (const build of apartBuilds) {
    const isApart = build.test(record.pocket) || build.test(bounds);
    if (isApart !== build.test(key.version) && (isApart || bounds.trim() !== ""))
      return isApart
        ? `for builds apart (${record.pocket || bounds})`
        : "for ordinary builds; the package is one apart";
  }
  return "";
}

const targetSoftwareAt = 10;

/** Software a CPE runs in ("wordpress", "node.js"): the binary's own CPE must not say another. */
function targetProblem(record: AdvisoryRecord, subject: SoftwarePackage): string {
  if (record.cpeTarget === "" || record.cpeTarget === "*") return "";
  const targets = subject.cpes.map((cpe) => cpe.split(/(?<!\\):/)[targetSoftwareAt] ?? "*");
  if (targets.includes(record.cpeTarget)) return "";
  return `only with ${record.cpeTarget}`;
}

const epochPattern = /^\d+:/;

/** The key's version as it can be held against the record: with the record's epoch where nobody told the package's. */
export function versionFor({ ranges }: AdvisoryRecord, { version, isEpochUnknown }: AdvisoryKey): string {
  if (isEpochUnknown !== true) return version;
  const plain = version.replace(epochPattern, "");
  for (const { fixed, lastAffected, introduced } of ranges) {
    const epoch = epochPattern.exec(fixed || lastAffected || introduced)?.[0];
    if (epoch !== undefined) return epoch + plain;
  }
  return plain;
}

/** Never throws. */
export function judge(record: AdvisoryRecord, key: AdvisoryKey, subject: SoftwarePackage): Judgement {
  const refuse = (outcome: Outcome, comparison: string): Judgement => ({ record, key, outcome, comparison, fixed: "" });
  const module = moduleProblem(record, subject);
  if (module !== "") return refuse("other-module", module);
  const architecture = architectureProblem(record, subject);
  if (architecture !== "") return refuse("other-architecture", architecture);
  const target = targetProblem(record, subject) || buildProblem(record, key);
  if (target !== "") return refuse("other-target", target);
  const verdict = isAffected(record, versionFor(record, key));
  if (verdict === undefined)
    return refuse("not-comparable", `${key.version} has no order against the record's versions`);
  if (!verdict.affected)
    return {
      record,
      key,
      outcome: "outside",
      get comparison() {
        return verdict.comparison;
      },
      fixed: "",
    };
  const { comparison, fixed } = verdict;
  const outcome = record.status === "not-affected" ? "not-affected" : "affected";
  return { record, key, outcome, comparison, fixed };
}
