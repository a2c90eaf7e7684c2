// Selectors of Calico objects: parsed where they stand, put together with namespace and service account as the field does it.
import { Fault } from "../../../../base/fault.ts";
import { and, eq, has, isIn, not } from "../../selector/build.ts";
import { selectorOf } from "../../selector/canonical.ts";
import { parseSelectorNode, type SelectorOptions } from "../../selector/parse-selector.ts";
import type { Selector, SelectorNode } from "../../selector/selector.ts";
import { namespaceKey, namespaceLabelPrefix, serviceAccountKey, serviceAccountLabelPrefix } from "../label-selector.ts";
import { fields, items, refuse, text, type At } from "../reader.ts";
import { objectName } from "../words.ts";

/** Text at the cursor as a tree; refused with the column when it is wrong. Missing: undefined. */
export function selectorAt(at: At | undefined, options: SelectorOptions = {}): SelectorNode | undefined {
  const written = text(at, "a selector", { max: 1_000_000 });
  if (at === undefined || written === undefined) return undefined;
  try {
    return parseSelectorNode(written, options);
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    const code = thrown.code.replace(/^policy\//, "");
    return refuse(at, { code, message: thrown.message, ...(thrown.hint === undefined ? {} : { hint: thrown.hint }) });
  }
}

/** A selector in which `global()` has no place. */
export function plainSelector(at: At | undefined, options: SelectorOptions = {}): SelectorNode | undefined {
  if (typeof at?.value === "string" && /global\s*\(/.test(at.value)) {
    return refuse(at, {
      code: "bad-selector",
      message: "global() may stand only alone in the namespaceSelector of a rule's source or destination",
    });
  }
  return selectorAt(at, options);
}

const inNamespace = has(namespaceKey);

/** `all()`: everything that has a namespace. */
export function namespaceSelector(at: At | undefined): SelectorNode | undefined {
  return blank(at) ? undefined : plainSelector(at, { prefix: namespaceLabelPrefix, all: inNamespace });
}

export function serviceAccountSelector(at: At | undefined): SelectorNode | undefined {
  return blank(at) ? undefined : plainSelector(at, { prefix: serviceAccountLabelPrefix, all: has(serviceAccountKey) });
}

/** The namespaceSelector of a rule, where `global()` alone means things without a namespace. */
function ruleNamespaceSelector(at: At | undefined): SelectorNode | undefined {
  if (typeof at?.value === "string" && /^\s*global\s*\(\s*\)\s*$/.test(at.value)) return not(inNamespace);
  return namespaceSelector(at);
}

/** Missing and empty texts say nothing, where an empty selector would select everything. */
export function blank(at: At | undefined): boolean {
  return at === undefined || at.value === "";
}

export interface RuleSelectors {
  readonly selector?: Selector;
  readonly notSelector?: Selector;
}

/**
 * Selector, namespaceSelector and serviceAccounts of a rule's end as one. In a policy of a namespace the end is confined to it as soon as one
 * of them or notSelector is given, unless namespaceSelector says otherwise; notSelector itself is never confined.
 */
export function ruleSelectors(end: { get(name: string): At | undefined }, namespace: string): RuleSelectors {
  const namespaces = ruleNamespaceSelector(end.get("namespaceSelector"));
  const own = blank(end.get("selector")) ? undefined : plainSelector(end.get("selector"));
  const accounts = serviceAccounts(end.get("serviceAccounts"));
  const negative = blank(end.get("notSelector")) ? undefined : plainSelector(end.get("notSelector"));
  const isAny = [namespaces, own, accounts, negative].some((each) => each !== undefined);
  const place = namespaces ?? (namespace === "" ? undefined : eq(namespaceKey, namespace));
  const given = [own, accounts, isAny ? place : undefined].filter((each) => each !== undefined);
  return {
    ...(given.length === 0 ? {} : { selector: selectorOf(and(...given)) }),
    ...(negative === undefined ? {} : { notSelector: selectorOf(negative) }),
  };
}

/** Names are alternatives, and go together with the selector of the accounts' labels. */
function serviceAccounts(at: At | undefined): SelectorNode | undefined {
  if (at === undefined) return undefined;
  const match = fields(at, ["names", "selector"]);
  if (match === undefined) return undefined;
  const names = items(match.get("names"), 1000).flatMap((item) => objectName(item) ?? []);
  const labels = serviceAccountSelector(match.get("selector"));
  const nodes = [names.length === 0 ? undefined : isIn(serviceAccountKey, names), labels];
  const given = nodes.filter((node) => node !== undefined);
  return given.length === 0 ? undefined : and(...given);
}
