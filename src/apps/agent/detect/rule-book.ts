// Which rules this node has: the built-in ones, those of its folder, those of the server's resources, in this order, compiled together. Says what became of each source.
import { builtinRuleFiles } from "../../../core/detect/builtin/builtin-rules.ts";
import { resourceFileName, resourceRuleFile } from "../../../core/detect/builtin/resource-file.ts";
import type { CompiledRules, CompileResult, RuleFile, RuleProblem, RuleState } from "../../../core/detect/contract.ts";
import { readRuleYaml } from "../../../edge/manifests/read-yaml.ts";
import { DetectionRules, detectionRulesLimits, type DetectionCounts } from "../../../model/detection-rules.ts";
import type { Resource, ResourceStatus } from "../../../model/resource.ts";
import type { FolderReading } from "./rule-folder.ts";

export const detectionKind = "DetectionRules";

type SourceName = "built-in" | "folder" | "resources";

/** One resource, and the file that it became. */
interface ResourceEntry {
  readonly resource: Resource;
  /** "" when it gave no file: then `because` says why. */
  readonly file: string;
  readonly because: string;
}

export interface RuleBook {
  readonly rules: CompiledRules;
  readonly problems: readonly RuleProblem[];
  /** Counts per source; `states` are the detector's. */
  sources(states: readonly RuleState[]): readonly (DetectionCounts & { readonly name: SourceName })[];
  statuses(states: readonly RuleState[]): readonly ResourceStatus[];
}

export interface RuleBookParts {
  readonly isBuiltin: boolean;
  readonly folder: FolderReading | undefined;
  readonly resources: readonly Resource[];
  readonly compile: (files: readonly RuleFile[]) => CompileResult;
}

/** Never throws: what is broken is a problem, or a refused resource. */
export function makeRuleBook({ isBuiltin, folder, resources, compile }: RuleBookParts): RuleBook {
  const sourceByFile = new Map<string, SourceName>();
  const files: RuleFile[] = [];
  const before: RuleProblem[] = [...(folder?.problems ?? [])];
  const add = (source: SourceName, file: RuleFile) => {
    sourceByFile.set(file.name, source);
    files.push(file);
  };
  // Those on audit, too: what changes them would else be refused for changing nothing.
  if (isBuiltin) for (const file of builtinRuleFiles) add("built-in", file);
  for (const file of folder?.files ?? []) add("folder", file);
  const entries = resources.toSorted(byWidth).map((resource) => {
    const entry = entryOf(resource);
    if ("file" in entry) return entry;
    add("resources", entry.made.file);
    before.push(...entry.made.problems);
    return { resource, file: entry.made.file.name, because: "" };
  });
  const { rules, problems } = compile(files);
  const all = [...before, ...problems];
  return {
    rules,
    problems: all,
    sources: (states) => {
      const sourceOf = (file: string) => sourceByFile.get(file) ?? "folder";
      return (["built-in", "folder", "resources"] as const).map((name) => ({
        name,
        ...countsOf(
          states.filter(({ file }) => sourceOf(file) === name),
          all.filter(({ file }) => sourceOf(file) === name),
        ),
      }));
    },
    statuses: (states) => entries.map((entry) => statusOf(entry, states, all)),
  };
}

/** Wide scopes first, so that a narrow one may override. */
function byWidth(left: Resource, right: Resource): number {
  const width = ({ scope }: Resource) => (scope === "global" ? 0 : scope.startsWith("cluster/") ? 1 : 2);
  return width(left) - width(right) || left.name.localeCompare(right.name, "en");
}

function entryOf(resource: Resource): ResourceEntry | { readonly made: ReturnType<typeof resourceRuleFile> } {
  const spec = DetectionRules.safeParse(resource.spec);
  if (!spec.success) {
    const issue = spec.error.issues[0];
    return { resource, file: "", because: `${issue?.path.join(".") ?? "spec"}: ${issue?.message ?? "wrong"}` };
  }
  if (!spec.data.enabled) return { resource, file: "", because: "" };
  return { made: resourceRuleFile(resourceFileName(resource), spec.data, readRuleYaml) };
}

/** Rules on audit events are the server's: a node neither judges them nor counts them. */
function isOfNode({ source }: RuleState): boolean {
  return source === "syscall";
}

/** Refused: items with an error, each once, however many errors it has. */
export function countsOf(states: readonly RuleState[], problems: readonly RuleProblem[]): DetectionCounts {
  const refused = new Set(
    problems.filter(({ severity }) => severity === "error").map(({ file, item, line }) => `${file}\n${item || line}`),
  );
  const own = states.filter(isOfNode);
  return {
    loaded: own.length,
    refused: refused.size,
    blind: own.filter(isBlind).length,
    disabled: own.filter(({ isEnabled }) => !isEnabled).length,
  };
}

/** Switched on, of this node, and never able to fire here. */
export function isBlind(state: RuleState): boolean {
  return isOfNode(state) && state.isEnabled && state.sight === "blind";
}

function statusOf(
  { resource, file, because }: ResourceEntry,
  states: readonly RuleState[],
  problems: readonly RuleProblem[],
): ResourceStatus {
  const { kind, scope, name, generation } = resource;
  const status = { kind, scope, name, generation };
  if (because !== "") return { ...status, state: "refused", because };
  if (file === "") return { ...status, state: "applied", because: "switched off: no rule of it is loaded" };
  const own = problems.filter((problem) => problem.file === file);
  const rules = states.filter((state) => state.file === file);
  const counts = countsOf(rules, own);
  const ofAudit = rules.length - counts.loaded;
  const errors = own.filter(({ severity }) => severity === "error");
  const isChangeOnly = rules.length === 0 && counts.refused === 0;
  const words = [
    isChangeOnly ? "no rule of its own: it changes what stands before" : `${counts.loaded} loaded`,
    ...(counts.blind > 0 ? [`${counts.blind} blind on this node`] : []),
    ...(counts.disabled > 0 ? [`${counts.disabled} switched off`] : []),
    ...(ofAudit > 0 ? [`${ofAudit} on Kubernetes audit: the server judges them`] : []),
    ...(counts.refused > 0 ? [`${counts.refused} refused`] : []),
    ...errors.slice(0, 3).map(problemText),
  ];
  const isRefused = rules.length === 0 && counts.refused > 0;
  return {
    ...status,
    state: isRefused ? "refused" : "applied",
    because: words.join("; ").slice(0, detectionRulesLimits.becauseLengthMax * 2),
  };
}

/** "rules.d/own.yaml:12: unknown field ...: did you mean ...?" */
export function problemText({ file, line, item, message, hint }: RuleProblem): string {
  const text = `${file}:${line}: ${item === "" ? "" : `${item}: `}${message}${hint === "" ? "" : ` (${hint})`}`;
  return text.slice(0, detectionRulesLimits.becauseLengthMax);
}
