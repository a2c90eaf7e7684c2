// The way in: a RuntimePolicy resource, or files with KubeArmorPolicies, TracingPolicies and RuntimePolicies, to the one model. Never throws for bad input.
// A wrong rule is refused by itself; but a policy that would block what a refused rule allows, or that nothing is left of, is refused as a whole.
import { parseInstantMs } from "../../../base/instant.ts";
import { Resource } from "../../../model/resource.ts";
import { RuntimePolicy } from "../../../model/runtime-policy.ts";
import type { ReadYaml } from "../../policy/parse/manifest.ts";
import { and, has, isIn, isNotIn, not, allNode } from "../../policy/selector/build.ts";
import { selectorOf } from "../../policy/selector/canonical.ts";
import type { SelectorNode } from "../../policy/selector/selector.ts";
import { runtimeLimits } from "../limits.ts";
import { startOfPattern } from "../rules-of.ts";
import type { ParsedRuntimePolicy, RuntimeProblem, RuntimeRule, RuntimeTarget } from "../model.ts";
import {
  child,
  isAbsent,
  items,
  keysAt,
  onlyFields,
  refuse,
  textAt,
  textsAt,
  warn,
  type At,
  type Path,
  type Sink,
} from "./at.ts";
import { kubeArmorRules } from "./kubearmor.ts";
import { ownRules, ownTarget } from "./own.ts";
import { meant, refuseSpec } from "./spec-problems.ts";
import { tetragonRules } from "./tetragon.ts";

export interface ParsedRuntime {
  /** Undefined: refused, and the problems say why. */
  readonly policy: ParsedRuntimePolicy | undefined;
  readonly problems: readonly RuntimeProblem[];
}

export const foreignKinds = ["KubeArmorPolicy", "TracingPolicy", "TracingPolicyNamespaced"] as const;

/** The spec of a RuntimePolicy resource as it came. */
export function parseRuntimeSpec(name: string, spec: unknown): ParsedRuntime {
  return parseOwn(name, spec, { file: "", lineOf: () => 0, problems: [] }, ["spec"]);
}

/** All policies of a file's text; each document by itself. */
export function parseRuntimeText(file: string, text: string, readYaml: ReadYaml): readonly ParsedRuntime[] {
  return readYaml(text)
    .slice(0, runtimeLimits.policiesMax)
    .flatMap((read): readonly ParsedRuntime[] => {
      const problems: RuntimeProblem[] = read.errors.map(({ line, code, message }) => ({
        severity: "error",
        code: `runtime-policy/${code}`,
        message,
        hint: "",
        where: `${file}:${line}`,
        path: "",
      }));
      if (problems.length > 0) return [{ policy: undefined, problems }];
      if (read.value === undefined || read.value === null) return [];
      return [parseDocument(read.value, { file, lineOf: (path) => read.lineOf(path), problems })];
    });
}

/** As written, and as `garrison get` prints it. */
const documentFields = [...Object.keys(Resource.shape), "status"];

function parseDocument(value: unknown, sink: Sink): ParsedRuntime {
  const at: At = { value, path: [], sink };
  const kind = textAt(child(at, "kind"));
  if (kind !== "RuntimePolicy") return parseForeign(at, "dry-run");
  onlyFields(at, documentFields);
  return parseOwn(textAt(child(at, "name")), child(at, "spec").value, sink, ["spec"]);
}

function parseOwn(name: string, spec: unknown, sink: Sink, path: Path): ParsedRuntime {
  const read = RuntimePolicy.safeParse(spec);
  const at: At = { value: spec, path, sink };
  if (!read.success) {
    refuseSpec(at, read.error);
    return { policy: undefined, problems: sink.problems };
  }
  const { mode, severity, tags, message, pin: isPinned, manifest } = read.data;
  const hold = holdOf(read.data);
  if (isPinned && hold !== undefined)
    warn(child(at, "pin"), "hold-not-pinned", "a freeze or isolation ends with the agent", "leave pin out");
  if (manifest !== undefined) {
    const inner = parseForeign({ value: manifest, path: [...path, "manifest"], sink }, mode);
    if (inner.policy === undefined) return inner;
    return { ...inner, policy: { ...inner.policy, name, isPinned, hold } };
  }
  const target = ownTarget(read.data, at);
  const rules = ownRules(read.data, at);
  if (target === undefined || isRefused(sink, rules)) return { policy: undefined, problems: sink.problems };
  return {
    policy: { name, dialect: "garrison", target, mode, rules, severity, tags, message, isPinned, hold },
    problems: sink.problems,
  };
}

function holdOf({ hold }: RuntimePolicy): ParsedRuntimePolicy["hold"] {
  return hold === undefined
    ? undefined
    : { action: hold.action, untilMs: parseInstantMs(hold.until) ?? 0, reason: hold.reason };
}

function parseForeign(at: At, mode: ParsedRuntimePolicy["mode"]): ParsedRuntime {
  const { sink } = at;
  const kind = textAt(child(at, "kind"));
  if (!(foreignKinds as readonly string[]).includes(kind)) {
    refuse(
      child(at, "kind"),
      "unknown-kind",
      `the kind "${kind.slice(0, 64)}" is no runtime policy`,
      meant(kind, ["RuntimePolicy", ...foreignKinds]) || `RuntimePolicy, ${foreignKinds.join(", ")}`,
    );
    return { policy: undefined, problems: sink.problems };
  }
  onlyFields(at, ["apiVersion", "kind", "metadata", "spec", "status"]);
  const metadata = child(at, "metadata");
  const spec = child(at, "spec");
  const isArmor = kind === "KubeArmorPolicy";
  const target = isArmor
    ? armorTarget(spec, metadata)
    : tetragonTarget(spec, kind === "TracingPolicy" ? "" : textAt(child(metadata, "namespace")));
  const rules = isArmor ? kubeArmorRules(spec) : tetragonRules(spec);
  if (target === undefined || isRefused(sink, rules)) return { policy: undefined, problems: sink.problems };
  const severity = Number(child(spec, "severity").value);
  const policy: ParsedRuntimePolicy = {
    name: textAt(child(metadata, "name")),
    dialect: isArmor ? "kubearmor" : "tetragon",
    target,
    mode,
    rules,
    severity: Number.isInteger(severity) && severity >= 1 && severity <= 10 ? severity : undefined,
    tags: isArmor ? textsAt(child(spec, "tags")) : [],
    message: isArmor ? textAt(child(spec, "message")) : "",
    isPinned: false,
    hold: undefined,
  };
  return { policy, problems: sink.problems };
}

/** Whether what is left may not stand: nothing is left, or an allow-list lost an entry. */
function isRefused(sink: Sink, rules: readonly RuntimeRule[]): boolean {
  const errors = sink.problems.filter(({ severity }) => severity === "error");
  const at: At = { value: undefined, path: [], sink };
  if (rules.length > runtimeLimits.rulesMax) {
    refuse(at, "too-many-rules", `${rules.length} rules, more than rulesMax = ${runtimeLimits.rulesMax}`);
    return true;
  }
  const hidden = rules.find((rule) => rule.action === "Allow" && isBeyondKernel(rule));
  if (hidden !== undefined) {
    refuse(
      at,
      "incomplete-allow-list",
      `${hidden.place}: the kernel cannot look up this pattern, so an allow-list with it would block what it allows`,
      "allow folders, or the start of a path: /opt/app/**",
    );
    return true;
  }
  if (errors.length === 0) return false;
  const hasAllowList = rules.some(({ kind }) => kind === "only") || rules.some(({ action }) => action === "Allow");
  if (hasAllowList)
    refuse(
      at,
      "incomplete-allow-list",
      "a rule of an allow-list was refused, so the policy is: it would block more than was written",
    );
  return hasAllowList || rules.length === 0;
}

function isBeyondKernel(rule: RuntimeRule): boolean {
  if ((rule.kind !== "exec" && rule.kind !== "file") || rule.subject.kind !== "pattern") return false;
  return startOfPattern(rule.subject.pattern) === undefined;
}

const anybody: RuntimeTarget = {
  selector: undefined,
  namespace: "",
  workload: "",
  container: "",
  image: "",
  cgroup: "",
};
const containerLabel = "kubearmor.io/container.name";

function armorTarget(spec: At, metadata: At): RuntimeTarget | undefined {
  const namespace = textAt(child(metadata, "namespace"));
  const selector = child(spec, "selector");
  if (isAbsent(selector)) {
    refuse(spec, "no-selector", "there is no selector", "name the pods with selector.matchLabels");
    return undefined;
  }
  const labels = child(selector, "matchLabels");
  const container = textAt(child(labels, containerLabel)).replaceAll(/^\[|\]$/g, "");
  if (container.includes(",")) {
    refuse(child(labels, containerLabel), "not-supported", "several containers", "write one policy for each container");
    return undefined;
  }
  const node = labelNode(selector);
  return node === undefined
    ? undefined
    : { ...anybody, namespace: namespace === "" ? "default" : namespace, container, selector: selectorOf(node) };
}

function tetragonTarget(spec: At, namespace: string): RuntimeTarget | undefined {
  const container = child(spec, "containerSelector");
  if (!isAbsent(container)) {
    refuse(container, "not-supported", "a container selector", "use a RuntimePolicy with target.container");
    return undefined;
  }
  const selector = child(spec, "podSelector");
  const node = isAbsent(selector) ? allNode : labelNode(selector);
  return node === undefined ? undefined : { ...anybody, namespace, selector: selectorOf(node) };
}

/** matchLabels and matchExpressions as in Kubernetes. Undefined, told, when one of them is not understood. */
function labelNode(selector: At): SelectorNode | undefined {
  if (!onlyFields(selector, ["matchLabels", "matchExpressions"])) return undefined;
  const labels = child(selector, "matchLabels");
  const parts: SelectorNode[] = keysAt(labels)
    .filter((key) => key !== containerLabel)
    .map((key) => isIn(key, [textAt(child(labels, key))]));
  for (const item of items(child(selector, "matchExpressions"))) {
    const key = textAt(child(item, "key"));
    const operator = textAt(child(item, "operator"));
    const values = textsAt(child(item, "values"));
    if (operator === "In") parts.push(isIn(key, values));
    else if (operator === "NotIn") parts.push(isNotIn(key, values));
    else if (operator === "Exists") parts.push(has(key));
    else if (operator === "DoesNotExist") parts.push(not(has(key)));
    else {
      refuse(child(item, "operator"), "bad-operator", `"${operator.slice(0, 32)}"`, "In, NotIn, Exists, DoesNotExist");
      return undefined;
    }
  }
  return parts.length === 0 ? allNode : and(...parts);
}
