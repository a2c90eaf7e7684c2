// Our own form (the RuntimePolicy resource's spec) to the one model. The schema has checked types; what a schema cannot know is checked here.
import { toFault } from "../../../base/fault.ts";
import type { RuntimePolicy } from "../../../model/runtime-policy.ts";
import { parseSelector } from "../../policy/selector/parse-selector.ts";
import type { NetworkRule, PathSubject, RuntimeRule, RuntimeTarget } from "../model.ts";
import { capabilityOf, directoryOf, networkOf, pathOf, patternOf, type Made } from "../rules-of.ts";
import { child, refuse, rulePlace, type At } from "./at.ts";

type Given<Key extends "exec" | "files" | "network" | "capabilities" | "calls"> = RuntimePolicy[Key][number];

/** Undefined, told: the selector is wrong, so the policy selects nobody. `at` is the spec. */
export function ownTarget(spec: RuntimePolicy, at: At): RuntimeTarget | undefined {
  const { selector, ...rest } = spec.target;
  try {
    return { ...rest, selector: selector.trim() === "" ? undefined : parseSelector(selector) };
  } catch (thrown) {
    const fault = toFault(thrown);
    if (fault.kind === "internal") throw thrown;
    refuse(child(child(at, "target"), "selector"), "bad-selector", fault.message, fault.hint ?? "");
    return undefined;
  }
}

/** The rules in the order of the text; a wrong one is told and left out. */
export function ownRules(spec: RuntimePolicy, at: At): readonly RuntimeRule[] {
  const rules: RuntimeRule[] = [];
  const each = <Rule>(
    key: string,
    list: readonly Rule[],
    make: (rule: Rule, at: At) => readonly RuntimeRule[],
  ): void => {
    const holder = child(at, key);
    for (const [index, rule] of list.entries()) rules.push(...make(rule, child(holder, index)));
  };
  each("exec", spec.exec, execRules);
  each("files", spec.files, fileRules);
  each("network", spec.network, networkRules);
  each("capabilities", spec.capabilities, capabilityRules);
  each("calls", spec.calls, (rule, place) => [{ ...shared(rule, place), kind: "call", call: rule.call }]);
  const classes = { exec: "exec", files: "file", network: "network" } as const;
  for (const key of ["exec", "files", "network"] as const) {
    const place = child(child(at, "only"), key);
    if (spec.only[key])
      rules.push({ kind: "only", of: classes[key], action: "Block", fromSource: [], place: rulePlace(place) });
  }
  return rules;
}

function shared(rule: Pick<Given<"calls">, "action" | "fromSource">, at: At) {
  return { action: rule.action, fromSource: rule.fromSource, place: rulePlace(at) };
}

function subjectOf(rule: Given<"exec">, at: At): PathSubject | undefined {
  const { path, directory, pattern, recursive } = rule;
  if (path !== undefined) return taken(pathOf(path), child(at, "path"));
  if (directory !== undefined) return taken(directoryOf(directory, recursive), child(at, "directory"));
  return taken(patternOf(pattern ?? ""), child(at, "pattern"));
}

export function taken<Value>(made: Made<Value>, at: At): Value | undefined {
  if ("value" in made) return made.value;
  refuse(at, "bad-rule", made.because);
  return undefined;
}

function execRules(rule: Given<"exec">, at: At): readonly RuntimeRule[] {
  const subject = subjectOf(rule, at);
  return subject === undefined ? [] : [{ ...shared(rule, at), kind: "exec", subject, isOwnerExempt: rule.ownerOnly }];
}

function fileRules(rule: Given<"files">, at: At): readonly RuntimeRule[] {
  const subject = subjectOf(rule, at);
  if (subject === undefined) return [];
  const { readOnly: isWriteOnly, ownerOnly: isOwnerExempt } = rule;
  return [{ ...shared(rule, at), kind: "file", subject, isWriteOnly, isOwnerExempt }];
}

function networkRules(rule: Given<"network">, at: At): readonly RuntimeRule[] {
  const { operation, protocol, port } = rule;
  if (operation === "socket" || !["any", "tcp", "udp"].includes(protocol)) {
    if (rule.address !== "" || port !== 0) {
      refuse(
        at,
        "bad-rule",
        `a socket of kind ${protocol} has no address and no port yet`,
        "leave address and port out",
      );
      return [];
    }
    if (protocol === "any") {
      refuse(child(at, "protocol"), "bad-rule", "which sockets? name tcp, udp, icmp, raw, packet, netlink or unix");
      return [];
    }
    return [{ ...shared(rule, at), kind: "socket", socket: protocol }];
  }
  const network = taken(networkOf(rule.address), child(at, "address"));
  if (network === undefined) return [];
  const made: NetworkRule = {
    ...shared(rule, at),
    kind: "network",
    operation,
    protocol: protocol === "tcp" || protocol === "udp" ? protocol : "",
    ...network,
    port,
  };
  return [made];
}

function capabilityRules(rule: Given<"capabilities">, at: At): readonly RuntimeRule[] {
  const capability = taken(capabilityOf(rule.capability), child(at, "capability"));
  return capability === undefined ? [] : [{ ...shared(rule, at), kind: "capability", capability }];
}
