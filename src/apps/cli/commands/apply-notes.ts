// What somebody who applies a resource should know at once: that it is a dry run, that it has no rule, or how a document that is none becomes one.
import { isForeignRuntimeKind } from "../../../core/runtime-policy/resource-of.ts";
import type { ResourceManifest } from "../../../model/resource.ts";

type Json = Readonly<Record<string, unknown>>;

function jsonOf(value: unknown): Json {
  return typeof value === "object" && value !== null ? (value as Json) : {};
}

const ruleKinds = ["exec", "files", "network", "capabilities", "calls"] as const;

/** "" when there is nothing to say. */
export function applyNote({ kind, name, spec }: ResourceManifest): string {
  if (kind !== "RuntimePolicy") return "";
  const { mode = "dry-run", manifest, hold, only, ...rest } = jsonOf(spec);
  const isForeign = manifest !== undefined && isForeignRuntimeKind(String(jsonOf(manifest)["kind"]));
  if (isForeign && mode === "dry-run")
    return `${name} is a dry run now, the kernel only says what it would stop: to enforce it, take \`garrison get RuntimePolicy ${name} -o yaml\`, put mode: enforce into spec, and apply that`;
  const hasRule = ruleKinds.some((each) => Array.isArray(rest[each]) && rest[each].length > 0);
  const isOnly = Object.values(jsonOf(only)).includes(true);
  if (manifest === undefined && hold === undefined && !hasRule && !isOnly)
    return `${name} has no rule and does nothing: give it one of ${ruleKinds.join(", ")}`;
  return "";
}

/** Why a document that is no resource may have been meant as one; "" when nothing is known of it. */
export function meantWords(value: unknown): string {
  const [first] = Array.isArray(value) ? (value as readonly unknown[]) : [];
  if (!["rule", "macro", "list", "required_engine_version"].some((key) => Object.hasOwn(jsonOf(first), key))) return "";
  return "this is a list of Falco rules, no resource: wrap it as `kind: DetectionRules`, `name: NAME`, `spec: { format: falco, text: | ... }` with the list as the text, or put the file into the agent's folder for rules";
}
