// Runtime policies in words: whom one holds, what it does there, how far nodes can promise it. Pure; what no node told is never a zero.
import type { Api } from "../../../../src/apps/server/contract/api.ts";
import type { ResponseOf } from "../../../../src/apps/server/contract/endpoint.ts";
import type { EnforcementStatus } from "../../../../src/model/enforcement-status.ts";
import { formatCount } from "../../kit/format.ts";
import { stateOrder, type StateCount } from "./policy-words.ts";

export type RuntimeResource = ResponseOf<Api["listResources"]>["resources"][number];
export type RuntimeNode = RuntimeResource["status"][number];
type RuntimePart = NonNullable<EnforcementStatus["runtime"]>;
type Guarantee = RuntimePart["rules"][number]["guarantee"];

export type RuntimeMode = RuntimePart["mode"];

export const modeWords: Readonly<Record<RuntimeMode, string>> = {
  off: "Off",
  "dry-run": "Dry run",
  enforce: "Enforced",
};

export const guaranteeWords: Readonly<Record<Guarantee, string>> = {
  prevent: "prevented",
  kill: "killed",
  "kill-late": "killed, after its effect",
  detect: "told only",
  allow: "allowed",
  audit: "recorded",
};

const outcomeWords: Readonly<Record<string, string>> = {
  killed: "killed",
  denied: "denied",
  "would-kill": "would be killed",
  "would-deny": "would be denied",
  audited: "recorded",
};

/** The server keeps a spec as it was written; only these parts are read here. */
interface RuntimeSpec {
  readonly mode?: RuntimeMode;
  readonly target?: Readonly<Record<string, string>>;
  readonly manifest?: { readonly kind?: string; readonly metadata?: { readonly namespace?: string } };
}

const specOf = ({ spec }: RuntimeResource): RuntimeSpec => spec;

export function runtimeMode(policy: RuntimeResource): RuntimeMode {
  return specOf(policy).mode ?? "dry-run";
}

/** "RuntimePolicy", or the form that it was written in. */
export function runtimeForm(policy: RuntimeResource): string {
  return specOf(policy).manifest?.kind ?? "RuntimePolicy";
}

export function runtimeNamespace(policy: RuntimeResource): string {
  const { target = {}, manifest } = specOf(policy);
  return target["namespace"] || manifest?.metadata?.namespace || "";
}

/** Undefined for another form: its manifest says whom it holds. */
export function runtimeTarget(policy: RuntimeResource): NonNullable<RuntimeSpec["target"]> | undefined {
  const { target, manifest } = specOf(policy);
  return manifest === undefined ? (target ?? {}) : undefined;
}

/** "shop/web", "/system.slice/shop.service", "all containers". */
export function targetText(policy: RuntimeResource): string {
  const { target = {}, manifest } = specOf(policy);
  const namespace = runtimeNamespace(policy);
  const { workload = "", selector = "", container = "", image = "", cgroup = "" } = target;
  if (cgroup !== "") return cgroup;
  const whom = workload === "" ? namespace : [namespace, workload].filter((part) => part !== "").join("/");
  const parts = [
    whom,
    selector,
    container === "" ? "" : `container ${container}`,
    image === "" ? "" : `image ${image}`,
  ];
  const text = parts.filter((part) => part !== "").join(", ");
  if (text !== "") return text;
  return manifest === undefined ? "all containers" : "as its manifest says";
}

/** "cluster/local" -> "local"; "" for every cluster. */
export function scopeCluster({ scope }: Pick<RuntimeResource, "scope">): string {
  return scope === "global" ? "" : (scope.split("/")[1] ?? "");
}

/** What a node makes of it: the kernel's state where it told one. */
export function nodeState({ state, enforcement }: RuntimeNode): StateCount["state"] {
  if (state === "refused") return "refused";
  return enforcement?.state ?? "waiting";
}

/** How many nodes are in each state, the worst first. */
export function runtimeStates({ status }: Pick<RuntimeResource, "status">): readonly StateCount[] {
  return stateOrder.flatMap((state) => {
    const nodes = status.filter((node) => nodeState(node) === state).length;
    return nodes === 0 ? [] : [{ state, nodes }];
  });
}

/** "3 killed, 12 would be denied" over all nodes since their agents started; undefined when no node told of counts. */
export function happenedText({ status }: Pick<RuntimeResource, "status">): string | undefined {
  const told = status.flatMap(({ enforcement }) => enforcement?.runtime ?? []);
  if (told.length === 0) return undefined;
  const sums = new Map<string, number>();
  for (const { countsByOutcome } of told)
    for (const [outcome, count] of Object.entries(countsByOutcome)) sums.set(outcome, (sums.get(outcome) ?? 0) + count);
  const parts = [...sums].filter(([, count]) => count > 0).map(([outcome, count]) => outcomeText(outcome, count));
  return parts.length === 0 ? "nothing happened yet" : parts.join(", ");
}

function outcomeText(outcome: string, count: number): string {
  return `${formatCount(count)} ${outcomeWords[outcome] ?? outcome}`;
}

/** Workloads in its scope on the nodes that looked; undefined when none did. */
export function inScope({ status }: Pick<RuntimeResource, "status">): number | undefined {
  const told = status.flatMap(({ enforcement }) => (enforcement?.runtime === undefined ? [] : enforcement.endpoints));
  return told.length === 0 ? undefined : told.reduce((sum, each) => sum + each, 0);
}

export function holdsRuntimeWords(policy: RuntimeResource, typed: string): boolean {
  const text = `${policy.name} ${policy.scope} ${runtimeForm(policy)} ${targetText(policy)}`.toLowerCase();
  return typed
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
