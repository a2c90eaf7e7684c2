// Keys of a GarrisonRule: one table for the reader, for hints and for the guide (docs/guides/rules.md).
export const garrisonKeys = {
  top: ["apiVersion", "kind", "metadata", "spec"],
  metadata: ["name", "labels", "annotations"],
  spec: [
    "description",
    "severity",
    "priority",
    "source",
    "enabled",
    "tags",
    "techniques",
    "output",
    "macros",
    "lists",
    "exceptions",
    "condition",
    "sequence",
    "threshold",
    "absence",
    "baseline",
  ],
  sequence: ["by", "within", "steps"],
  step: ["name", "condition", "bind"],
  threshold: ["condition", "count", "within", "by", "fields", "distinct"],
  absence: ["after", "without", "within", "by", "fields"],
  baseline: ["condition", "by", "fields", "learn"],
} as const;

export const ruleForms = ["condition", "sequence", "threshold", "absence", "baseline"] as const;
export type RuleForm = (typeof ruleForms)[number];
