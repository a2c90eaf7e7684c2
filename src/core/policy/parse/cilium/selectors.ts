// Cilium's endpoint selectors: Kubernetes label selectors whose keys say where a label comes from ("k8s:app", "reserved:host").
import { allNode, and, eq, has, isIn, isNotIn, noneNode, not } from "../../selector/build.ts";
import type { SelectorNode } from "../../selector/selector.ts";
import {
  namespaceKey,
  namespaceLabelPrefix,
  reservedPrefixes,
  selectorMembersMax,
  serviceAccountKey,
} from "../label-selector.ts";
import { child, choice, failClosed, fields, items, refuse, type At } from "../reader.ts";
import { isLabelKey, isLabelValue } from "../words.ts";

const namespaceLabel = "io.kubernetes.pod.namespace";
const namespaceLabelsPrefix = "io.cilium.k8s.namespace.labels.";
const serviceAccountLabel = "io.cilium.k8s.policy.serviceaccount";

interface Requirement {
  readonly at: At;
  readonly key: string;
  readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
  readonly values: readonly string[];
}

/**
 * A selector as a tree, confined to `namespace` ("" in policies of the cluster) unless it speaks of namespaces itself.
 * Undefined: it asks for something that is not known here; reported, and whoever asked fails closed.
 */
export function endpointSelector(at: At, namespace: string): SelectorNode | undefined {
  const selector = fields(at, ["matchLabels", "matchExpressions"], "failClosed");
  if (selector === undefined || selector.unknown.length > 0) return undefined;
  const requirements = [
    ...fromLabels(selector.get("matchLabels")),
    ...fromExpressions(selector.get("matchExpressions")),
  ];
  const nodes = requirements.map(nodeOf);
  if (!nodes.every((node) => node !== undefined)) return undefined;
  const isConfined = namespace !== "" && !requirements.some(({ key }) => isOfNamespace(key));
  return and(...nodes, isConfined ? eq(namespaceKey, namespace) : allNode);
}

function fromLabels(at: At | undefined): readonly Requirement[] {
  if (at === undefined || fields(at, [], "ignore") === undefined) return [];
  return Object.entries(at.value as Record<string, unknown>)
    .slice(0, selectorMembersMax)
    .flatMap(([key, value]) => {
      const here = child(at, key);
      if (typeof value !== "string" || !isLabelValue(value)) {
        return refuse(here, { code: "bad-value", message: `${key} needs a label value` }) ?? [];
      }
      return [{ at: here, key, operator: "In" as const, values: [value] }];
    });
}

function fromExpressions(at: At | undefined): readonly Requirement[] {
  return items(at, 256).flatMap((item) => {
    const entry = fields(item, ["key", "operator", "values"]);
    const key = entry?.get("key")?.value;
    const operator = choice(entry?.get("operator") ?? child(item, "operator"), [
      "In",
      "NotIn",
      "Exists",
      "DoesNotExist",
    ]);
    const values = items(entry?.get("values"), selectorMembersMax).map(({ value }) => value);
    if (typeof key !== "string" || operator === undefined) return [];
    if (!values.every((value) => typeof value === "string") || values.length > 0 !== operator.endsWith("In")) {
      return refuse(item, { code: "bad-selector", message: `${operator} does not go with these values` }) ?? [];
    }
    return [{ at: item, key, operator, values }];
  });
}

function isOfNamespace(key: string): boolean {
  const name = key.replace(/^(k8s|any):/, "");
  return name === namespaceLabel || name.startsWith(namespaceLabelsPrefix);
}

function nodeOf({ at, key, operator, values }: Requirement): SelectorNode | undefined {
  const name = key.replace(/^(k8s|any):/, "");
  const known = keyOf(name);
  if (known === undefined) {
    return failClosed(at, {
      code: "not-representable",
      message: `labels like ${JSON.stringify(key.slice(0, 100))} are not known here; what asks for them fails closed`,
    });
  }
  switch (operator) {
    case "In":
      return known === "none" ? noneNode : isIn(known, values);
    case "NotIn":
      return known === "none" ? allNode : isNotIn(known, values);
    case "Exists":
      return known === "none" ? noneNode : has(known);
    case "DoesNotExist":
      return known === "none" ? allNode : not(has(known));
  }
}

/** "none": a label that no pod has, for it is reserved. */
function keyOf(name: string): string | undefined {
  if (name === namespaceLabel) return namespaceKey;
  if (name === serviceAccountLabel) return serviceAccountKey;
  if (name.startsWith(namespaceLabelsPrefix)) {
    const label = name.slice(namespaceLabelsPrefix.length);
    return isLabelKey(label) ? `${namespaceLabelPrefix}${label}` : undefined;
  }
  if (!isLabelKey(name) || name.startsWith("io.cilium.")) return undefined;
  return reservedPrefixes.some((prefix) => name.startsWith(prefix)) ? "none" : name;
}
