// Priorities of Falco and of syslog, and the severities of the product: one table both ways.
import type { Priority } from "./contract.ts";
import type { Severity } from "./words.ts";

const severityOf: Readonly<Record<Priority, Severity>> = {
  emergency: "critical",
  alert: "critical",
  critical: "critical",
  error: "high",
  warning: "medium",
  notice: "low",
  informational: "info",
  debug: "info",
};

export function severityOfPriority(priority: Priority): Severity {
  return severityOf[priority];
}

const priorityOf: Readonly<Record<Severity, Priority>> = {
  critical: "critical",
  high: "error",
  medium: "warning",
  low: "notice",
  info: "informational",
};

export function priorityOfSeverity(severity: Severity): Priority {
  return priorityOf[severity];
}

/** ATT&CK techniques among tags, in their usual writing. */
export function techniquesOf(tags: readonly string[]): readonly string[] {
  return [
    ...new Set(tags.flatMap((tag) => /^(?:attack\.)?(t\d{4}(?:\.\d{3})?)$/i.exec(tag)?.[1]?.toUpperCase() ?? [])),
  ];
}
