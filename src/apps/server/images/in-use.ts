// Which packages of an image live processes use: files that were seen mapped or open, by the owners that the analysis knows. What nobody looked at is unknown, never "not in use".
import { formatInstant } from "../../../base/instant.ts";
import type { LoadedEvidence } from "../../../model/vulnerability-match.ts";
import type { JudgeInput } from "./judge.ts";

/** By index of the package. */
export function inUseOf(
  input: Pick<JudgeInput, "analysis" | "instances" | "use" | "useBecause">,
): readonly LoadedEvidence[] {
  const { analysis, instances, use, useBecause } = input;
  const containers = instances.reduce((sum, each) => sum + each.containers, 0);
  const { loadable, packages } = analysis;
  if (use === undefined || loadable === undefined) {
    const because =
      loadable === undefined
        ? "the analysis has no list of files (an SBOM has none)"
        : containers === 0
          ? "no running container of it is known"
          : useBecause || "no agent looked at its processes in the last day";
    const unknown: LoadedEvidence = { state: "unknown", because, since: "", until: "", containersSeen: 0, containers };
    return packages.map(() => unknown);
  }
  const window = {
    since: formatInstant(use.firstMs),
    until: formatInstant(use.lastMs),
    containersSeen: use.containers,
    containers: Math.max(containers, use.containers),
  };
  const notSeen: LoadedEvidence = { state: "not-seen", because: "no process was seen using its files", ...window };
  const untold: LoadedEvidence = {
    ...notSeen,
    state: "unknown",
    because: "none of its files is one that a process maps",
  };
  const hasFiles = new Set(loadable.owners);
  const evidence: LoadedEvidence[] = packages.map((_, index) => (hasFiles.has(index) ? notSeen : untold));
  for (const [file, { usedBy, where }] of use.files) {
    const at = indexOfSorted(loadable.paths, file.startsWith("/") ? file : `/${file}`);
    const owner = at < 0 ? undefined : loadable.owners[at];
    if (owner === undefined || evidence[owner]?.state === "loaded") continue;
    const who = usedBy === "" ? "a process" : usedBy;
    evidence[owner] = {
      state: "loaded",
      because: `${file} is in use by ${who}${where === "" ? "" : ` in ${where}`}`,
      ...window,
    };
  }
  return evidence;
}

function indexOfSorted(sorted: readonly string[], wanted: string): number {
  let low = 0;
  let high = sorted.length - 1;
  while (low <= high) {
    const middle = Math.floor((low + high) / 2);
    const found = sorted[middle] ?? "";
    if (found === wanted) return middle;
    if (found < wanted) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}
