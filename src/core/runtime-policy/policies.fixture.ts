// Shared by the room's tests: a reader of JSON as YAML stands in for (core has none), planes of three nodes, and rules in short.
import type { ReadYaml } from "../policy/parse/manifest.ts";
import type { GuardPlanes } from "./guard-port.ts";
import type { ParsedRuntimePolicy, RuntimeProblem, RuntimeRule } from "./model.ts";
import { parseRuntimeSpec, parseRuntimeText } from "./parse/parse-policy.ts";
import type { FoundFile } from "./compile.ts";
import type { CompileNeeds } from "./compile.ts";

/** JSON, one document a line; the line of everything in it is the document's. */
export const readJsonLines: ReadYaml = (text) =>
  text.split("\n").map((line, index) => {
    const at = index + 1;
    try {
      return { value: JSON.parse(line) as unknown, line: at, errors: [], lineOf: () => at };
    } catch {
      return {
        value: undefined,
        line: at,
        errors: [{ line: at, code: "bad-yaml", message: "broken" }],
        lineOf: () => at,
      };
    }
  });

export const lsmNode: GuardPlanes = { kill: "", killAtCall: "", killAtOpen: "", cgroup: "", lsm: "", lsmMissing: {} };
export const killNode: GuardPlanes = { ...lsmNode, lsm: "EPERM" };
export const blindNode: GuardPlanes = {
  kill: "no BTF",
  killAtCall: "no BTF",
  killAtOpen: "no BTF",
  cgroup: "no v2",
  lsm: "EPERM",
  lsmMissing: {},
};

export function own(spec: object, name = "p"): ParsedRuntimePolicy {
  const { policy, problems } = parseRuntimeSpec(name, spec);
  if (policy === undefined) throw new Error(JSON.stringify(problems));
  return policy;
}

export function parse(document: object): {
  readonly policy: ParsedRuntimePolicy | undefined;
  readonly problems: readonly RuntimeProblem[];
} {
  const [parsed] = parseRuntimeText("p.yaml", JSON.stringify(document), readJsonLines);
  if (parsed === undefined) throw new Error("nothing was parsed");
  return parsed;
}

/** Rules in short: "exec Block path /bin/x from /bin/sh". */
export function short(rule: RuntimeRule): string {
  const from = rule.fromSource.length > 0 ? ` from ${rule.fromSource.join(",")}` : "";
  return `${rule.kind} ${rule.action} ${whatOf(rule)}${from}`.trim();
}

function whatOf(rule: RuntimeRule): string {
  switch (rule.kind) {
    case "exec":
    case "file": {
      const { subject } = rule;
      const flags = [rule.kind === "file" && rule.isWriteOnly ? "write" : "", rule.isOwnerExempt ? "not-owner" : ""];
      const text = subject.kind === "pattern" ? subject.pattern : subject.path;
      const kind = subject.kind === "directory" ? (subject.isRecursive ? "below" : "in") : subject.kind;
      return [kind, text, ...flags].filter(Boolean).join(" ");
    }
    case "network":
      return `${rule.operation} ${rule.protocol || "any"} ${rule.address || "any"}/${rule.prefixBits} ${rule.port}`;
    case "socket":
      return rule.socket;
    case "capability":
      return rule.capability;
    case "call":
      return rule.call;
    case "only":
      return rule.of;
  }
}

/** Numbers in the order of asking; files of a given tree. */
export function needs(
  files: Readonly<Record<string, FoundFile>> = {},
): CompileNeeds & { readonly placeOf: (number: number) => string } {
  const numbers = new Map<string, number>();
  const places: string[] = [""];
  return {
    numberOf: (policy, rule) => {
      const key = `${policy.name} ${rule.place}`;
      const known = numbers.get(key) ?? places.push(key) - 1;
      numbers.set(key, known);
      return known;
    },
    find: (path) => files[path],
    placeOf: (number) => places[number] ?? "",
  };
}
