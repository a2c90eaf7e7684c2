// Objects as the API server holds them: any JSON with metadata. What comes from outside is checked here, once.
import { apiVersionOf, type ResourceType } from "./resource-types.ts";
import { badRequest, invalid, type StatusCause } from "./status.ts";

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

export interface ObjectMeta {
  name?: string;
  generateName?: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: readonly OwnerReference[];
  finalizers?: readonly string[];
}

export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
  [field: string]: unknown;
}

export const objectLimits = {
  /** As a real server's etcd refuses more. */
  bytesMax: 1_500_000,
  depthMax: 64,
  nameCharactersMax: 253,
} as const;

const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The body of a write as an object of this type, its own copy. Throws 400 or 422. */
export function parseObject(type: ResourceType, body: unknown): KubeObject {
  if (!isRecord(body)) throw badRequest("the body is no JSON object");
  if (depthOf(body, 0) > objectLimits.depthMax) throw badRequest("the object is nested too deeply");
  const { apiVersion, kind, metadata = {} } = body;
  if ((kind !== undefined && kind !== type.kind) || (apiVersion !== undefined && apiVersion !== apiVersionOf(type))) {
    throw badRequest(
      `the object provided is unrecognized (must be of type ${type.kind}): it is ${String(apiVersion)}, Kind=${String(kind)}`,
    );
  }
  if (!isRecord(metadata)) throw badRequest("metadata is no object");
  for (const field of ["labels", "annotations"] as const) {
    const texts = metadata[field] ?? {};
    if (!isRecord(texts) || Object.values(texts).some((value) => typeof value !== "string"))
      throw badRequest(`metadata.${field}: every value must be a string`);
  }
  return { ...body, apiVersion: apiVersionOf(type), kind: type.kind, metadata: { ...metadata } };
}

/** Throws 422 with every cause. */
export function validate(type: ResourceType, object: KubeObject): void {
  const causes: StatusCause[] = [];
  const name = object.metadata.name ?? "";
  if (name === "")
    causes.push({
      reason: "FieldValueRequired",
      message: "Required value: name or generateName is required",
      field: "metadata.name",
    });
  else if (
    type.group !== "rbac.authorization.k8s.io" &&
    (!subdomain.test(name) || name.length > objectLimits.nameCharactersMax)
  )
    causes.push({
      reason: "FieldValueInvalid",
      message: `Invalid value: "${name}": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character`,
      field: "metadata.name",
    });
  const spec = isRecord(object["spec"]) ? object["spec"] : {};
  if (type.kind === "Pod" && (!Array.isArray(spec["containers"]) || spec["containers"].length === 0))
    causes.push({ reason: "FieldValueRequired", message: "Required value", field: "spec.containers" });
  if (causes.length > 0) throw invalid(type, name, causes);
}

function depthOf(value: unknown, depth: number): number {
  if (typeof value !== "object" || value === null || depth > objectLimits.depthMax) return depth;
  let deepest = depth;
  for (const item of Object.values(value)) deepest = Math.max(deepest, depthOf(item, depth + 1));
  return deepest;
}

/** RFC 7386: null removes, objects merge, everything else replaces. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const merged: Record<string, unknown> = isRecord(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (key === "__proto__") continue;
    if (value === null) delete merged[key];
    else merged[key] = mergePatch(merged[key], value);
  }
  return merged;
}
