// Kubernetes label selectors to the selector language: of pods' own labels, or of their namespaces' (as inherited "pcns." labels).
import { allNode, and, has, isIn, isNotIn, noneNode, not } from "../selector/build.ts";
import type { SelectorNode } from "../selector/selector.ts";
import { choice, fields, items, notA, refuse, warn, type At } from "./reader.ts";
import { isLabelKey, isLabelValue, labelMap } from "./words.ts";

/** Values of one requirement. */
export const selectorMembersMax = 1024;
const requirementsMax = 256;

/** Labels of these keys are given by Garrison alone; a pod that carries one is not believed. */
export const reservedPrefixes = ["pcns.", "pcsa.", "projectcalico.org/"] as const;

export const namespaceKey = "projectcalico.org/namespace";
export const namespaceLabelPrefix = "pcns.";
export const serviceAccountKey = "projectcalico.org/serviceaccount";
export const serviceAccountLabelPrefix = "pcsa.";

/** `prefix`: "" for own labels, else put before each key. Missing selector: everything. What is wrong refuses the object. */
export function labelSelector(at: At | undefined, prefix: "" | "pcns." | "pcsa."): SelectorNode {
  if (at === undefined) return allNode;
  const mapping = fields(at, selectorFields);
  if (mapping === undefined) return noneNode;
  const labels = mapping.get("matchLabels");
  const nodes = Object.entries(labelMap(labels)).map(([key, value]) =>
    labels !== undefined && isReserved(key, prefix, labels) ? noneNode : isIn(prefix + key, [value]),
  );
  for (const item of items(mapping.get("matchExpressions"), requirementsMax)) nodes.push(requirement(item, prefix));
  return and(...nodes);
}

/** The same for peers of rules: undefined when it has a field that is not known, so that the rule fails closed. */
export function peerSelector(at: At | undefined, prefix: "" | "pcns."): SelectorNode | undefined {
  if (at === undefined) return allNode;
  const mapping = fields(at, selectorFields, "failClosed");
  return mapping === undefined || mapping.unknown.length > 0 ? undefined : labelSelector(at, prefix);
}

const selectorFields = ["matchLabels", "matchExpressions"] as const;
const operators = ["In", "NotIn", "Exists", "DoesNotExist"] as const;

function requirement(at: At, prefix: string): SelectorNode {
  const mapping = fields(at, ["key", "operator", "values"]);
  const key = mapping?.get("key");
  const operator = choice(
    mapping?.get("operator") ?? { ...at, value: undefined, path: [...at.path, "operator"] },
    operators,
  );
  if (mapping === undefined || operator === undefined) return noneNode;
  if (typeof key?.value !== "string" || !isLabelKey(key.value)) {
    return notA(key ?? { ...at, value: undefined, path: [...at.path, "key"] }, "a label key") ?? noneNode;
  }
  const values = valuesOf(mapping.get("values"), operator, at);
  // No pod has an own label of a reserved key: what it carries is not believed.
  const isMissing = isReserved(key.value, prefix, key);
  switch (operator) {
    case "In":
      return isMissing ? noneNode : isIn(prefix + key.value, values);
    case "NotIn":
      return isMissing ? allNode : isNotIn(prefix + key.value, values);
    case "Exists":
      return isMissing ? noneNode : has(prefix + key.value);
    case "DoesNotExist":
      return isMissing ? allNode : not(has(prefix + key.value));
  }
}

function valuesOf(at: At | undefined, operator: (typeof operators)[number], holder: At): readonly string[] {
  const list = items(at, selectorMembersMax);
  const takesValues = operator === "In" || operator === "NotIn";
  if (takesValues !== list.length > 0 && !holder.sink.isRefused) {
    const message = takesValues ? `${operator} needs at least one value` : `${operator} takes no values`;
    refuse(at ?? holder, { code: "bad-selector", message });
  }
  const texts: string[] = [];
  for (const item of list) {
    if (typeof item.value === "string" && isLabelValue(item.value)) texts.push(item.value);
    else notA(item, "a label value");
  }
  return texts;
}

function isReserved(key: string, prefix: string, at: At): boolean {
  const found = prefix === "" ? reservedPrefixes.find((reserved) => key.startsWith(reserved)) : undefined;
  if (found === undefined) return false;
  warn(at, {
    code: "reserved-label",
    message: `labels that begin with ${found} are not taken from pods: no pod has ${key}`,
    hint: "Select by a label of another name, or by namespaceSelector.",
  });
  return true;
}
