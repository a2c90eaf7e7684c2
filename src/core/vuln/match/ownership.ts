// Whose word counts for a language package that a distribution's package brought: the distribution's alone where its feed lists everything, else the upstream's, said
// to be only that.
import type { OperatingSystem } from "../../../model/image-analysis.ts";
import type { SoftwarePackage } from "../../../model/software-package.ts";
import type { AdvisoryDatabase } from "../advisory.ts";
import { osEcosystems } from "./ecosystems.ts";
import { isDistributionPackage } from "./keys.ts";

export interface OwnershipVerdict {
  /** none: nobody owns it. distribution: its feed decides, and lists everything. upstream: the upstream's word is shown as such. */
  readonly decides: "none" | "distribution" | "upstream";
  /** In words, "" for none. */
  readonly because: string;
}

/** Never throws. */
export function ownershipOf(
  subject: SoftwarePackage,
  system: OperatingSystem | undefined,
  database: AdvisoryDatabase,
): OwnershipVerdict {
  if (subject.ownedBy === "" || isDistributionPackage(subject.type)) return { decides: "none", because: "" };
  const owner = `it belongs to ${subject.ownedBy}`;
  const { ecosystems, problem } = osEcosystems(system);
  const complete = ecosystems.find((ecosystem) => database.coverage(ecosystem) === "comprehensive");
  if (complete !== undefined)
    return { decides: "distribution", because: `${owner}; the feed of ${complete} lists everything and decides` };
  const partial = ecosystems.find((ecosystem) => database.coverage(ecosystem) === "partial");
  if (partial !== undefined)
    return {
      decides: "upstream",
      because: `${owner}; the feed of ${partial} does not list everything, so only the upstream says this: the fix may have been backported`,
    };
  const missing = ecosystems[0] === undefined ? problem : `there is no feed of ${ecosystems[0]}`;
  return {
    decides: "upstream",
    because: `${owner}; ${missing}, so only the upstream says this: the fix may have been backported`,
  };
}
