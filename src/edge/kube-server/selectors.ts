// Label and field selectors of list and watch. Promise: a selector that is not understood is refused, never taken for "everything".
import { isRecord, type KubeObject } from "./object.ts";
import { badRequest } from "./status.ts";
import type { ResourceType } from "./resource-types.ts";

export type Matcher = (object: KubeObject) => boolean;

export const selectorLimits = { charactersMax: 8192, requirementsMax: 64 } as const;

/** Undefined for an empty selector: everything matches. Throws 400. */
export function labelMatcher(text: string): Matcher | undefined {
  if (text === "") return undefined;
  const requirements = split(text, "labelSelector").map(labelRequirement);
  return ({ metadata }) => requirements.every((matches) => matches(metadata.labels ?? {}));
}

type LabelTest = (labels: Readonly<Record<string, string>>) => boolean;

const setPattern = /^([\w./-]+)\s+(in|notin)\s+\(([^()]*)\)$/;
const equalPattern = /^([\w./-]+)\s*(==|=|!=)\s*([\w.-]*)$/;
const existsPattern = /^(!?)\s*([\w./-]+)$/;

function labelRequirement(text: string): LabelTest {
  const set = setPattern.exec(text);
  if (set !== null) {
    const key = set[1] ?? "";
    const values = new Set((set[3] ?? "").split(",").map((value) => value.trim()));
    return set[2] === "in" ? (labels) => values.has(labels[key] ?? "\0") : (labels) => !values.has(labels[key] ?? "\0");
  }
  const equal = equalPattern.exec(text);
  if (equal !== null) {
    const [, key = "", operator, value = ""] = equal;
    return operator === "!=" ? (labels) => labels[key] !== value : (labels) => labels[key] === value;
  }
  const exists = existsPattern.exec(text);
  if (exists === null) throw badRequest(`unable to parse requirement: "${text.slice(0, 200)}"`);
  const key = exists[2] ?? "";
  return exists[1] === "!" ? (labels) => !Object.hasOwn(labels, key) : (labels) => Object.hasOwn(labels, key);
}

/** Fields by which a type can be selected, beside metadata.name and metadata.namespace. */
const fieldsByKind: Readonly<Record<string, readonly string[]>> = {
  Pod: [
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "status.phase",
    "status.podIP",
  ],
  Node: ["spec.unschedulable"],
  Namespace: ["status.phase"],
  Secret: ["type"],
  Service: ["spec.clusterIP", "spec.type"],
  Event: [
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.fieldPath",
    "reason",
    "reportingComponent",
    "source",
    "type",
  ],
  Job: ["status.successful"],
};

/** Undefined for an empty selector. Throws 400, also for a field that cannot be selected by. */
export function fieldMatcher(type: ResourceType, text: string): Matcher | undefined {
  if (text === "") return undefined;
  const known = ["metadata.name", "metadata.namespace", ...(fieldsByKind[type.kind] ?? [])];
  const tests = split(text, "fieldSelector").map((part): Matcher => {
    const match = /^([\w.]+)\s*(==|=|!=)\s*(.*)$/.exec(part);
    if (match === null) throw badRequest(`invalid field selector: "${part.slice(0, 200)}"`);
    const [, field = "", operator, value = ""] = match;
    if (!known.includes(field)) throw badRequest(`field label not supported: ${field}`);
    const path = field.split(".");
    return (object) => (valueAt(object, path) === value) === (operator !== "!=");
  });
  return (object) => tests.every((matches) => matches(object));
}

function valueAt(object: KubeObject, path: readonly string[]): string {
  let value: unknown = object;
  for (const step of path) value = isRecord(value) ? value[step] : undefined;
  return ["string", "number", "boolean"].includes(typeof value) ? `${value as string | number | boolean}` : "";
}

/** Splits at commas that are not inside parentheses. */
function split(text: string, name: string): string[] {
  if (text.length > selectorLimits.charactersMax) throw badRequest(`${name} is too long`);
  const parts = text
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== "");
  if (parts.length > selectorLimits.requirementsMax) throw badRequest(`${name} has too many requirements`);
  return parts;
}
