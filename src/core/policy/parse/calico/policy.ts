// NetworkPolicy, GlobalNetworkPolicy and their staged twins of projectcalico.org/v3 (and as stored: crd.projectcalico.org/v1).
import { stagedActions, type Direction, type EndpointKind, type Policy, type StagedAction } from "../../model.ts";
import { and, allNode, eq, noneNode } from "../../selector/build.ts";
import { selectorOf } from "../../selector/canonical.ts";
import { parseNetworkPolicy } from "../kubernetes.ts";
import { namespaceKey } from "../label-selector.ts";
import { specOf, type KindParser, type ObjectHead, type Output } from "../object.ts";
import { child, choice, flag, items, note, real, refuse, text, type Fields } from "../reader.ts";
import { calicoRules } from "./rule.ts";
import { blank, namespaceSelector, plainSelector, serviceAccountSelector } from "./selectors.ts";

const defaultTier = "default";
const label = "[a-z0-9](?:[-a-z0-9]*[a-z0-9])?";
const globalName = new RegExp(`^(?:${label}\\.)?${label}$`);
const namespacedName = new RegExp(`^(?:(?:${label}\\.)?${label}|(?:knp|ossg)\\.default\\.${label}(?:\\.${label})*)$`);

const specFields = [
  "tier",
  "order",
  "selector",
  "types",
  "ingress",
  "egress",
  "serviceAccountSelector",
  "performanceHints",
];
const globalFields = [...specFields, "namespaceSelector", "doNotTrack", "preDNAT", "applyOnForward"];

export const calicoNetworkPolicy = parserOf(true, false);
export const globalNetworkPolicy = parserOf(false, false);
export const stagedNetworkPolicy = parserOf(true, true);
export const stagedGlobalNetworkPolicy = parserOf(false, true);

/** A NetworkPolicy of Kubernetes in the envelope of a staged one. */
export const stagedKubernetesNetworkPolicy: KindParser = {
  dialect: "calico",
  isNamespaced: true,
  isPolicy: true,
  parse(head) {
    const spec = specOf(head, ["stagedAction", "podSelector", "ingress", "egress", "policyTypes"]);
    if (spec === undefined) return {};
    const staged = stagedActionOf(spec);
    if (staged === "Delete") return { policies: [deletion(head, defaultTier)] };
    return parseNetworkPolicy(head, { dialect: "calico", staged }, ["stagedAction"]);
  },
};

function parserOf(isNamespaced: boolean, isStaged: boolean): KindParser {
  return { dialect: "calico", isNamespaced, isPolicy: true, parse: (head) => parsePolicy(head, isStaged) };
}

function parsePolicy(head: ObjectHead, isStaged: boolean): Output {
  const isGlobal = head.namespace === "";
  const known = isGlobal ? globalFields : specFields;
  const spec = specOf(head, isStaged ? ["stagedAction", ...known] : known);
  if (spec === undefined) return {};
  checkName(head, isGlobal);
  const staged = isStaged ? stagedActionOf(spec) : undefined;
  const tier = blank(spec.get("tier"))
    ? defaultTier
    : (text(spec.get("tier"), "the name of a tier", { max: 63 }) ?? "");
  if (staged === "Delete") {
    checkDeletion(spec);
    return { policies: [deletion(head, tier)] };
  }
  const order = real(spec.get("order")) ?? Infinity;
  checkHints(spec);
  const host = hostOptions(spec);
  const directions = directionsOf(spec, host.preDnat);
  const rules = (direction: Direction) => calicoRules(spec.get(direction), { direction, namespace: head.namespace });
  const all = { ingress: rules("ingress"), egress: rules("egress") };
  const policy: Policy = {
    id: head.id,
    dialect: "calico",
    kind: head.kind,
    namespace: head.namespace,
    name: head.name,
    tier,
    order,
    ...(staged === undefined ? {} : { staged }),
    selector: selectorOf(subjectOf(spec, head.namespace)),
    kinds: kindsOf(isGlobal, host),
    directions,
    ingress: directions.includes("ingress") ? all.ingress : [],
    egress: directions.includes("egress") ? all.egress : [],
    endsTier: !host.doNotTrack && !host.preDnat,
    ...host,
    place: head.place,
  };
  return { policies: [policy] };
}

function stagedActionOf(spec: Fields): StagedAction {
  return choice(spec.get("stagedAction"), stagedActions) ?? "Set";
}

/** The API takes names that say their tier ("tier.name"); of names of Kubernetes' own policies only in namespaces. */
function checkName(head: ObjectHead, isGlobal: boolean): void {
  const pattern = isGlobal ? globalName : namespacedName;
  if (pattern.test(head.name)) return;
  refuse(child(head.metadata.at, "name"), {
    code: "bad-value",
    message: `${head.name} is no name of a ${head.kind}: lower-case letters, digits and '-', with at most one dot`,
  });
}

function subjectOf(spec: Fields, namespace: string) {
  const own = plainSelector(spec.get("selector"));
  const accounts = serviceAccountSelector(spec.get("serviceAccountSelector"));
  const place = namespace === "" ? namespaceSelector(spec.get("namespaceSelector")) : eq(namespaceKey, namespace);
  return and(own ?? allNode, accounts ?? allNode, place ?? allNode);
}

interface HostOptions {
  readonly doNotTrack: boolean;
  readonly preDnat: boolean;
  readonly applyOnForward: boolean;
}

function hostOptions(spec: Fields): HostOptions {
  const doNotTrack = flag(spec.get("doNotTrack")) ?? false;
  const preDnat = flag(spec.get("preDNAT")) ?? false;
  const applyOnForward = flag(spec.get("applyOnForward")) ?? false;
  const say = (name: string, message: string) => refuse(child(spec.at, name), { code: "bad-value", message });
  if (doNotTrack && preDnat) say("preDNAT", "preDNAT and doNotTrack exclude each other");
  if ((doNotTrack || preDnat) && !applyOnForward)
    say("applyOnForward", "preDNAT and doNotTrack need applyOnForward: true");
  if (preDnat && items(spec.get("egress")).length > 0) say("egress", "a preDNAT policy has no egress rules");
  return { doNotTrack, preDnat, applyOnForward };
}

/** Untracked and pre-NAT policies are of host endpoints alone. */
function kindsOf(isGlobal: boolean, { doNotTrack, preDnat }: HostOptions): readonly EndpointKind[] {
  if (!isGlobal) return ["workload"];
  return doNotTrack || preDnat ? ["hostEndpoint"] : ["workload", "hostEndpoint"];
}

/** Given types; else ingress, and egress where only egress rules, or both, are written. */
function directionsOf(spec: Fields, preDnat: boolean): readonly Direction[] {
  const at = spec.get("types");
  const given = items(at, 10).map((item) => choice(item, ["Ingress", "Egress"]));
  if (at !== undefined && new Set(given).size < given.length) {
    refuse(at, { code: "bad-value", message: "a type stands twice" });
  }
  if (at !== undefined && preDnat && given.includes("Egress")) {
    refuse(at, { code: "bad-value", message: "a preDNAT policy has no type Egress" });
  }
  const count = (direction: Direction) => items(spec.get(direction)).length;
  if (given.length === 0) {
    if (count("egress") === 0) return ["ingress"];
    return count("ingress") === 0 ? ["egress"] : ["ingress", "egress"];
  }
  const directions = (["ingress", "egress"] as const).filter((direction) =>
    given.includes(direction === "ingress" ? "Ingress" : "Egress"),
  );
  for (const direction of ["ingress", "egress"] as const) {
    if (count(direction) > 0 && !directions.includes(direction)) {
      note(child(spec.at, direction), {
        code: "rules-without-type",
        message: `${direction} rules do not count: types does not name the direction`,
      });
    }
  }
  return directions;
}

function checkHints(spec: Fields): void {
  for (const item of items(spec.get("performanceHints"), 100)) text(item, "the name of a hint", { max: 256 });
}

/** A staged deletion names a policy; it may not say anything about it. */
function checkDeletion(spec: Fields): void {
  for (const name of globalFields) {
    const at = spec.get(name);
    const isEmpty = at === undefined || at.value === "" || (Array.isArray(at.value) && at.value.length === 0);
    if (name === "tier" || isEmpty || at.value === false) continue;
    refuse(at, { code: "bad-value", message: `a staged deletion has nothing but a tier; ${name} has no place in it` });
  }
}

/** As if the policy of the same name were gone. It selects nothing itself. */
function deletion(head: ObjectHead, tier: string): Policy {
  return {
    id: head.id,
    dialect: "calico",
    kind: head.kind,
    namespace: head.namespace,
    name: head.name,
    tier,
    order: Infinity,
    staged: "Delete",
    selector: selectorOf(noneNode),
    kinds: ["workload"],
    directions: [],
    ingress: [],
    egress: [],
    endsTier: true,
    doNotTrack: false,
    preDnat: false,
    applyOnForward: false,
    place: head.place,
  };
}
