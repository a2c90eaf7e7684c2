// Which events a sink sends: those of its scope that its filter asks for, as many in a minute as it may.
import { severities, type SecurityEvent } from "../../../../model/security-event.ts";
import type { Sink, SinkFilter } from "../../../../model/sink.ts";

/** "global", "cluster/NAME" or "node/CLUSTER/NAME". */
function isOfScope({ cluster, node }: SecurityEvent, scope: string): boolean {
  const [kind, ofCluster, ofNode] = scope.split("/");
  if (kind === "global") return true;
  return cluster === ofCluster && (kind === "cluster" || node === ofNode);
}

/** `*` stands for any text, everything else for itself. */
export function matchesName(pattern: string, name: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  if (rest.length === 0) return pattern === name;
  const last = rest.pop() ?? "";
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false;
  let at = first.length;
  const end = name.length - last.length;
  for (const piece of rest) {
    const found = name.indexOf(piece, at);
    if (found === -1 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}

function isWanted(event: SecurityEvent, filter: SinkFilter): boolean {
  const isNamed = (patterns: readonly string[]): boolean =>
    patterns.some((pattern) => matchesName(pattern, event.rule));
  if (severities.indexOf(event.severity) > severities.indexOf(filter.severityMin)) return false;
  if (filter.rules.length > 0 && !isNamed(filter.rules)) return false;
  if (isNamed(filter.rulesExcept)) return false;
  if (filter.tags.length > 0 && !filter.tags.some((tag) => event.tags.includes(tag) || event.techniques.includes(tag)))
    return false;
  if (filter.namespaces.length > 0 && !filter.namespaces.includes(event.namespace)) return false;
  return !filter.namespacesExcept.includes(event.namespace);
}

export type Choice = "send" | "filtered" | "over-limit";

/** Judges events in order; remembers how many went in the current minute. */
export function createChooser(spec: Sink, scope: string): (event: SecurityEvent, nowMs: number) => Choice {
  let minute = Number.NEGATIVE_INFINITY;
  let sent = 0;
  return (event, nowMs) => {
    if (!isOfScope(event, scope) || !isWanted(event, spec.filter)) return "filtered";
    if (spec.eventsPerMinuteMax === 0) return "send";
    if (Math.abs(nowMs - minute) >= 60_000) [minute, sent] = [nowMs, 0];
    if (sent >= spec.eventsPerMinuteMax) return "over-limit";
    sent += 1;
    return "send";
  };
}
