// A protecting baseline as what the guard takes: only these executables. What cannot be said to the kernel is widened or withheld, never narrowed: nothing that was learnt is ended.
import type { Baseline } from "../../model/baseline.ts";
import { allowListProblem, type ExecutableAllowList } from "../runtime-policy/contract.ts";

export interface AllowListAnswer {
  readonly list: ExecutableAllowList | undefined;
  /** Why there is none, or what it lets through beyond the baseline; "" when it says exactly the baseline. */
  readonly because: string;
}

/** `name`: of the Baseline. Undefined without a reason for a baseline that only monitors. */
export function allowListOf(name: string, spec: Baseline): AllowListAnswer {
  if (spec.mode !== "protecting") return { list: undefined, because: "" };
  const wide = spec.items.executables.filter((path) => path.includes("*"));
  const executables = [...new Set(spec.items.executables.filter((path) => path.startsWith("/")).map(withoutStars))];
  const everything = wide.find((path) => withoutStars(path) === "/");
  if (everything !== undefined)
    return { list: undefined, because: `${everything} changes in its first folder: every program would be allowed` };
  const { namespace, workload, image } = spec.target;
  const list: ExecutableAllowList = {
    name: `baseline ${name}`,
    namespace,
    workload,
    container: "",
    image,
    executables,
    mode: spec.dryRun ? "dry-run" : "enforce",
  };
  const problem = allowListProblem(list);
  if (problem !== "") return { list: undefined, because: problem };
  const widened = wide.length === 0 ? "" : `changing paths are allowed by their folder: ${wide.slice(0, 3).join(", ")}`;
  return { list, because: widened };
}

/** A path is cut before its first star: the kernel knows files and folders. */
function withoutStars(path: string): string {
  const star = path.split("/").indexOf("*");
  return star < 0 ? path : `${path.split("/").slice(0, star).join("/")}/`;
}
