// The Visibility resources of this node as one question: what may be read and kept of a workload? Statuses say which were applied or refused.
import type { Subject } from "../../model/identity.ts";
import type { Resource, ResourceStatus } from "../../model/resource.ts";
import { resourceKinds } from "../../model/resource-kinds.ts";
import { Visibility } from "../../model/visibility.ts";

export interface Sight {
  /** Read first bytes as HTTP/1. */
  readonly http: boolean;
  /** Read first bytes as TLS. */
  readonly tls: boolean;
  readonly arguments: boolean;
  readonly redact: boolean;
}

export interface VisibilityBook {
  /** Takes the whole set of this node's resources; returns what became of each. */
  apply(resources: readonly Resource[]): readonly ResourceStatus[];
  sightOf(subject: Subject): Sight;
  /** True while no resource asks for first bytes: nothing needs to be looked up. */
  readonly isBlind: boolean;
  /** Rises with each change, so that caches know. */
  readonly generation: number;
}

export const defaultSight: Sight = { http: false, tls: false, arguments: true, redact: true };

/**
 * First bytes are read when any matching resource asks for it. Arguments and redaction follow the most specific matching resource (most literal
 * characters in its patterns); of equally specific ones the strictest.
 */
export function createVisibilityBook(node: string): VisibilityBook {
  let rules: readonly Visibility[] = [];
  let generation = 0;
  return {
    get isBlind() {
      return !rules.some((rule) => rule.http || rule.tls);
    },
    get generation() {
      return generation;
    },
    apply(resources) {
      const accepted: Visibility[] = [];
      const statuses = resources.map((resource) => {
        const because = take(resource, accepted);
        const { kind, scope, name } = resource;
        const state = because === "" ? ("applied" as const) : ("refused" as const);
        return { kind, scope, name, generation: resource.generation, state, because };
      });
      rules = accepted.filter((rule) => matches(rule.match.node, node));
      generation += 1;
      return statuses;
    },
    sightOf(subject) {
      let sight = defaultSight;
      let specificity = -1;
      for (const rule of rules) {
        if (!matches(rule.match.namespace, subject.namespace) || !matches(rule.match.workload, subject.workload))
          continue;
        const own = specificityOf(rule);
        const decides = own > specificity;
        const isEqual = own === specificity;
        sight = {
          http: sight.http || rule.http,
          tls: sight.tls || rule.tls,
          arguments: decides ? rule.arguments : isEqual ? sight.arguments && rule.arguments : sight.arguments,
          redact: decides ? rule.redact : isEqual ? sight.redact || rule.redact : sight.redact,
        };
        specificity = Math.max(specificity, own);
      }
      return sight;
    },
  };
}

/** Returns why it is refused, or "" when it is taken. */
function take(resource: Resource, accepted: Visibility[]): string {
  if (!(resource.kind in resourceKinds)) return `this agent does not know the kind ${resource.kind.slice(0, 64)}`;
  if (resource.kind !== "Visibility") return `the kind ${resource.kind} is not for agents`;
  const spec = Visibility.safeParse(resource.spec);
  if (!spec.success) {
    const issue = spec.error.issues[0];
    return `${issue?.path.join(".") ?? "spec"}: ${issue?.message ?? "wrong"}`;
  }
  accepted.push(spec.data);
  return "";
}

function specificityOf({ match }: Visibility): number {
  return [match.namespace, match.workload, match.node].join("").replaceAll("*", "").length;
}

/** '*' stands for any run of characters; "" and "*" match every name. Linear in pattern times text, no regular expression. */
export function matches(pattern: string, text: string): boolean {
  if (pattern === "" || pattern === "*") return true;
  const parts = pattern.split("*");
  if (parts.length === 1) return pattern === text;
  const first = parts[0] ?? "";
  const last = parts.at(-1) ?? "";
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > text.length - last.length) return false;
    at = found + part.length;
  }
  return true;
}
