// What may be set for linting: by flags, by .hadolint.yaml. The file is read by hand: unknown keys are told, wrong values are faults with their place.
import { Fault } from "../../../base/fault.ts";
import { adviceSeverities, type AdviceSeverity } from "../advice.ts";

export const labelKinds = ["text", "url", "semver", "hash", "rfc3339", "spdx", "email"] as const;
export type LabelKind = (typeof labelKinds)[number];

export interface LintOptions {
  /** Ids or Hadolint's numbers. */
  readonly ignored?: readonly string[];
  /** Another severity; it also switches a rule on that is off. */
  readonly override?: Partial<Record<AdviceSeverity, readonly string[]>>;
  /** "docker.io", "*.example.com", "*"; empty: every registry will do. */
  readonly trustedRegistries?: readonly string[];
  readonly labelSchema?: Readonly<Record<string, LabelKind>>;
  /** Labels that the schema does not have are told. */
  readonly strictLabels?: boolean;
  /** Milliseconds since 1970; absent: ends of life are not looked at. */
  readonly nowMs?: number;
  /** Comments that ignore rules are not heeded. */
  readonly disableIgnorePragma?: boolean;
}

export interface LintConfiguration extends LintOptions {
  /** Undefined: the file does not say. "none": never fails. */
  readonly failureThreshold: AdviceSeverity | "none" | undefined;
  /** Keys that mean nothing here. */
  readonly unknownKeys: readonly string[];
}

const knownKeys = new Set([
  "failure-threshold",
  "format",
  "output-format",
  "ignored",
  "label-schema",
  "no-color",
  "no-fail",
  "verbose",
  "override",
  "strict-labels",
  "disable-ignore-pragma",
  "trustedRegistries",
  "trusted-registries",
]);

/** Reads a parsed .hadolint.yaml. Faults: "image/bad-lint-configuration" with the key. */
export function readLintConfiguration(value: unknown): LintConfiguration {
  const given = mapOf(value ?? {}, "the file");
  const threshold = given.get("failure-threshold");
  const isNoFail = given.get("no-fail") === true;
  return {
    ignored: namesOf(given.get("ignored"), "ignored"),
    override: overrideOf(given.get("override")),
    trustedRegistries: namesOf(given.get("trustedRegistries") ?? given.get("trusted-registries"), "trustedRegistries"),
    labelSchema: schemaOf(given.get("label-schema")),
    strictLabels: given.get("strict-labels") === true,
    disableIgnorePragma: given.get("disable-ignore-pragma") === true,
    failureThreshold: isNoFail ? "none" : threshold === undefined ? undefined : thresholdOf(threshold),
    unknownKeys: [...given.keys()].filter((key) => !knownKeys.has(key)),
  };
}

function bad(where: string, message: string, hint: string): Fault {
  return new Fault(message, { code: "image/bad-lint-configuration", kind: "usage", where, hint });
}

function mapOf(value: unknown, where: string): ReadonlyMap<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw bad(where, `${where} is not a map of names to values`, "see Hadolint's configuration file");
  }
  return new Map(Object.entries(value));
}

function namesOf(value: unknown, where: string): readonly string[] {
  if (value === undefined || value === null) return [];
  if (typeof value === "string") return [value];
  if (Array.isArray(value) && value.every((one) => typeof one === "string")) return value;
  throw bad(where, `${where} is not a list of names`, "write one name a line, each after a dash");
}

function overrideOf(value: unknown): Partial<Record<AdviceSeverity, readonly string[]>> {
  if (value === undefined || value === null) return {};
  const override: Partial<Record<AdviceSeverity, readonly string[]>> = {};
  const given = mapOf(value, "override");
  for (const severity of adviceSeverities) override[severity] = namesOf(given.get(severity), `override.${severity}`);
  return override;
}

function schemaOf(value: unknown): Readonly<Record<string, LabelKind>> {
  const schema: Record<string, LabelKind> = Object.create(null) as Record<string, LabelKind>;
  if (value === undefined || value === null) return schema;
  for (const [label, kind] of mapOf(value, "label-schema")) {
    const known = labelKinds.find((one) => one === String(kind).toLowerCase());
    if (known === undefined) {
      throw bad(
        `label-schema.${label}`,
        `the label ${label} has a kind that is not known`,
        `write one of ${labelKinds.join(", ")}`,
      );
    }
    schema[label] = known;
  }
  return schema;
}

function thresholdOf(value: unknown): AdviceSeverity | "none" {
  if (value === "none" || value === "ignore") return "none";
  const known = adviceSeverities.find((severity) => severity === value);
  if (known !== undefined) return known;
  throw bad(
    "failure-threshold",
    "the failure-threshold is not known",
    `write one of ${adviceSeverities.join(", ")}, none`,
  );
}
