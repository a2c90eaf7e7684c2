// A documented subset of Tetragon's TracingPolicy (cilium.io/v1alpha1): kernel functions that stand for something the guard can stop, by a table. Everything
// else is refused with its line: a policy that looks enforced and is not would be worse than none. Format: https://tetragon.io/docs/concepts/tracing-policy.
import type { RuntimeAction, RuntimeRule } from "../model.ts";
import { child, flagAt, isAbsent, items, onlyFields, refuse, shown, textAt, textsAt, warn, type At } from "./at.ts";
import { hookOf, subjectRules, tetragonCalls, type MatchArgument, type Source } from "./tetragon-hooks.ts";

const probeFields = [
  "call",
  "hook",
  "syscall",
  "message",
  "return",
  "returnArg",
  "returnArgAction",
  "args",
  "data",
  "selectors",
  "tags",
  "ignore",
];
const selectorFields = [
  "matchArgs",
  "matchBinaries",
  "matchNamespaces",
  "matchNamespaceChanges",
  "matchCapabilities",
  "matchCapabilityChanges",
  "matchPIDs",
  "matchReturnArgs",
  "matchActions",
  "matchReturnActions",
];

/** Of an action: how often and with what Tetragon reports. */
const otherReports = ["rateLimit", "rateLimitScope", "kernelStackTrace", "userStackTrace", "imaHash"];
const actionFields = ["action", "argError", "argSig", ...otherReports];
const argumentFields = ["index", "type", "maxData", "returnCopy", "sizeArgIndex", "label"];

/** `at` is the spec. */
export function tetragonRules(at: At): readonly RuntimeRule[] {
  onlyFields(at, [
    "kprobes",
    "lsmhooks",
    "tracepoints",
    "uprobes",
    "usdts",
    "podSelector",
    "containerSelector",
    "options",
    "lists",
    "enforcers",
    "loader",
    "hostSelector",
  ]);
  for (const field of ["tracepoints", "uprobes", "usdts", "enforcers", "lists", "loader", "hostSelector"]) {
    for (const each of isAbsent(child(at, field)) ? [] : [child(at, field)])
      refuse(each, "not-supported", `${field} cannot be enforced here`, "kprobes and lsmhooks of the known calls can");
  }
  if (!isAbsent(child(at, "options")))
    warn(child(at, "options"), "ignored", "options are Tetragon's own; mode says what is done");
  return [...items(child(at, "kprobes")), ...items(child(at, "lsmhooks"))].flatMap(probeRules);
}

function probeRules(at: At): readonly RuntimeRule[] {
  onlyFields(at, probeFields);
  const name = child(at, isAbsent(child(at, "call")) ? "hook" : "call");
  const hook = hookOf(textAt(name));
  if (hook === undefined) {
    refuse(
      name,
      "not-supported",
      `the call ${shown(name.value)} is not in the table`,
      `known: ${tetragonCalls.join(", ")}`,
    );
    return [];
  }
  // "resolve" and others would make another value of an argument than the table says.
  if (!items(child(at, "args")).every((item) => onlyFields(item, argumentFields))) return [];
  const selectors = items(child(at, "selectors"));
  // Without a selector the call itself is told, whatever its arguments.
  if (selectors.length === 0)
    return subjectRules(hook, { arguments: [], action: "Audit", source: { in: [], notIn: [] }, at });
  return selectors.flatMap((selector) => {
    onlyFields(selector, selectorFields);
    const action = actionOf(selector);
    const source = sourceOf(selector);
    const given = argumentsOf(selector, at);
    if (action === undefined || source === undefined || given === undefined || !isReachable(selector)) return [];
    return subjectRules(hook, { arguments: given, action, source, at: selector });
  });
}

/** False, told, when the selector has a condition that the kernel's key cannot hold. */
function isReachable(selector: At): boolean {
  let isGood = true;
  for (const field of [
    "matchNamespaceChanges",
    "matchCapabilities",
    "matchCapabilityChanges",
    "matchPIDs",
    "matchReturnArgs",
    "matchReturnActions",
  ]) {
    if (isAbsent(child(selector, field))) continue;
    refuse(child(selector, field), "not-supported", `${field} cannot be asked in the kernel here`);
    isGood = false;
  }
  for (const item of items(child(selector, "matchNamespaces"))) {
    const operator = textAt(child(item, "operator"));
    const values = textsAt(child(item, "values"));
    // Scopes are containers and cgroups: "not the host's namespace" holds for all of them.
    if (operator === "NotIn" && values.every((value) => value === "host_ns" || value === "1")) continue;
    refuse(
      item,
      "not-supported",
      `namespaces ${operator} ${values.join(", ").slice(0, 60)}`,
      "only NotIn host_ns: choose workloads by the target",
    );
    isGood = false;
  }
  return isGood;
}

function actionOf(selector: At): RuntimeAction | undefined {
  const list = items(child(selector, "matchActions"));
  let action: RuntimeAction = "Audit";
  for (const item of list) {
    const at = child(item, "action");
    const name = textAt(at);
    if (!onlyFields(item, actionFields)) return undefined;
    tellOfAction(item, name);
    const isKill = name === "Sigkill" || (name === "Signal" && child(item, "argSig").value === 9);
    if (isKill || name === "Override") action = "Block";
    else if (name !== "Post" && name !== "NoPost") {
      refuse(
        at,
        "not-supported",
        `the action ${shown(at.value)}`,
        "Sigkill, Override, Signal 9, Post and NoPost are known",
      );
      return undefined;
    }
  }
  return action;
}

/** What is done otherwise than Tetragon does it. */
function tellOfAction(item: At, name: string): void {
  for (const field of otherReports)
    if (!isAbsent(child(item, field)))
      warn(child(item, field), "ignored", `${field} is not looked at: it says how Tetragon tells`);
  const error = child(item, "argError");
  if (name === "Override" && !isAbsent(error) && error.value !== -1)
    warn(error, "other-error", `the call fails with EPERM (-1), not with ${shown(error.value)}`);
}

function sourceOf(selector: At): Source | undefined {
  const found: { in: string[]; notIn: string[] } = { in: [], notIn: [] };
  for (const item of items(child(selector, "matchBinaries"))) {
    onlyFields(item, ["operator", "values", "followChildren"]);
    const operator = textAt(child(item, "operator"));
    const values = textsAt(child(item, "values"));
    if (flagAt(child(item, "followChildren"), false)) {
      refuse(child(item, "followChildren"), "not-supported", "children of a program are not followed");
      return undefined;
    }
    const wrong = values.find((value) => !value.startsWith("/"));
    if (wrong !== undefined || (operator !== "In" && operator !== "NotIn")) {
      refuse(
        item,
        "not-supported",
        `binaries ${operator} ${shown(wrong ?? values)}`,
        "In and NotIn with absolute paths are known",
      );
      return undefined;
    }
    found[operator === "In" ? "in" : "notIn"].push(...values);
  }
  return found;
}

function argumentsOf(selector: At, probe: At): readonly MatchArgument[] | undefined {
  const typeByIndex = new Map(
    items(child(probe, "args")).map((at) => [Number(child(at, "index").value ?? 0), textAt(child(at, "type"))]),
  );
  const found: MatchArgument[] = [];
  for (const item of items(child(selector, "matchArgs"))) {
    if (!onlyFields(item, ["index", "args", "operator", "values"])) return undefined;
    const index = Number(child(item, "index").value ?? items(child(item, "args"))[0]?.value ?? 0);
    const operator = textAt(child(item, "operator"));
    found.push({
      index,
      operator,
      type: typeByIndex.get(index) ?? "",
      values: textsAt(child(item, "values")),
      at: item,
    });
  }
  return found;
}
