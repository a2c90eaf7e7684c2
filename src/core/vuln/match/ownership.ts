// Whose word counts for a package that a distribution's package brought: the distribution's alone where it built the owner and its feed lists everything, else the
// upstream's; said to be only that where the distribution may have mended it.
import type { OperatingSystem } from "../../../model/image-analysis.ts";
import type { SoftwarePackage } from "../../../model/software-package.ts";
import { readPurl } from "../../sbom/purl.ts";
import { vendorName, whoseBuild } from "../../sbom/vendor.ts";
import type { AdvisoryDatabase } from "../advisory.ts";
import { osEcosystems } from "./ecosystems.ts";
import { isDistributionPackage, sourceNames } from "./keys.ts";

export interface OwnershipVerdict {
  /**
   * none: the upstream's word counts, because nobody owns it, or somebody whom the distribution's feed does not speak of. distribution: its feed decides, and lists
   * everything. upstream: the upstream's word is shown as such.
   */
  readonly decides: "none" | "distribution" | "upstream";
  /** In words, "" when nobody owns it. */
  readonly because: string;
}

interface Owner {
  readonly type: string;
  readonly version: string;
  /** Names that a feed could speak of it by: its own and its source's. */
  readonly names: readonly string[];
}

function ownerOf(purl: string): Owner | undefined {
  try {
    const { type, name, version, qualifiers } = readPurl(purl);
    const upstream = qualifiers["upstream"] ?? "";
    // "glibc", "glibc@2.36-9"; of rpm "glibc-2.34-60.el9.src.rpm".
    const source = type === "rpm" ? upstream.replace(/-[^-]*-[^-]*\.(?:no)?src\.rpm$/, "") : upstream.split("@", 1)[0];
    const names = [name, source ?? ""].filter((each) => each !== "");
    return { type, version, names: [...new Set(names.flatMap((each) => sourceNames(each)))] };
  } catch {
    return undefined;
  }
}

function speaksOf(database: AdvisoryDatabase, ecosystem: string, names: readonly string[]): boolean {
  return names.some((name) => database.find(ecosystem, name).length > 0);
}

/** Never throws, save for a shard that cannot be read. */
export function ownershipOf(
  subject: SoftwarePackage,
  system: OperatingSystem | undefined,
  database: AdvisoryDatabase,
): OwnershipVerdict {
  if (subject.ownedBy === "" || isDistributionPackage(subject.type)) return { decides: "none", because: "" };
  const words = `it belongs to ${subject.ownedBy}`;
  const owner = ownerOf(subject.ownedBy);
  const whose =
    owner === undefined
      ? "unknown"
      : whoseBuild({ ...owner, ...(subject.vendor === undefined ? {} : { vendor: subject.vendor }) }, system?.id ?? "");
  if (whose === "other") {
    const vendor = subject.vendor === undefined ? "" : ` but of ${vendorName(subject.vendor)}`;
    return {
      decides: "none",
      because: `${words}, which is not of the distribution${vendor}: the upstream's word counts`,
    };
  }
  const { ecosystems, problem } = osEcosystems(system);
  const complete = ecosystems.filter((ecosystem) => database.coverage(ecosystem) === "comprehensive");
  if (complete.length > 0) {
    const isJudged = whose === "distribution" || owner === undefined;
    const deciding = complete.find((ecosystem) => isJudged || speaksOf(database, ecosystem, owner.names));
    return deciding === undefined
      ? {
          decides: "none",
          because: `${words}, of which the feed of ${complete[0]} knows nothing: the upstream's word counts`,
        }
      : { decides: "distribution", because: `${words}; the feed of ${deciding} lists everything and decides` };
  }
  const partial = ecosystems.find((ecosystem) => database.coverage(ecosystem) === "partial");
  const missing = ecosystems[0] === undefined ? problem : `there is no feed of ${ecosystems[0]}`;
  const why = partial === undefined ? missing : `the feed of ${partial} does not list everything`;
  return {
    decides: "upstream",
    because: `${words}; ${why}, so only the upstream says this: the fix may have been backported`,
  };
}
