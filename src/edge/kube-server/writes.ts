// Create, update, patch and delete: what a request's body does to the store, with the API's rules of identity, status and conflict.
import { parse as parseYaml } from "yaml";
import { isRecord, mergePatch, parseObject, type KubeObject, type ObjectMeta } from "./object.ts";
import type { ResourceRequest } from "./request.ts";
import { resourceTypes } from "./resource-types.ts";
import { badRequest, conflict, invalid, notFound, StatusError, success, type StatusBody } from "./status.ts";
import type { KubeStore, StoredObject } from "./store.ts";

export interface Body {
  readonly text: string;
  readonly contentType: string;
}

export interface WriteAnswer {
  readonly code: number;
  readonly json: string;
}

const namespaceType = resourceTypes.find((type) => type.kind === "Namespace");

/** Does what a writing verb asks. Throws StatusErrors. */
export function write(store: KubeStore, request: ResourceRequest, body: Body): WriteAnswer {
  if ((request.query.get("dryRun") ?? "") !== "") throw badRequest("the embedded server has no dry run");
  switch (request.verb) {
    case "create":
      return { code: 201, json: create(store, request, jsonOf(body)).json() };
    case "update":
      return { code: 200, json: update(store, request, jsonOf(body)).json() };
    case "patch":
      return patch(store, request, body);
    case "delete":
      return { code: 200, json: JSON.stringify(remove(store, request, body)) };
    default:
      throw new StatusError(405, "MethodNotAllowed", `the embedded server does not do ${request.verb}`);
  }
}

function jsonOf({ text, contentType }: Body): unknown {
  if (!/^application\/json\b/.test(contentType))
    throw new StatusError(
      415,
      "UnsupportedMediaType",
      `the body of the request was in an unknown format: ${contentType}`,
    );
  try {
    return JSON.parse(text);
  } catch {
    throw badRequest("the body is no JSON");
  }
}

function create(store: KubeStore, request: ResourceRequest, body: unknown): StoredObject {
  const { type, namespace } = request;
  if (request.name !== "") throw new StatusError(405, "MethodNotAllowed", "create goes to the collection");
  const object = parseObject(type, body);
  delete object.metadata.uid;
  delete object.metadata.creationTimestamp;
  delete object.metadata.deletionTimestamp;
  if (object.metadata.resourceVersion !== undefined && object.metadata.resourceVersion !== "")
    throw badRequest("resourceVersion should not be set on objects to be created");
  if (type.isNamespaced) {
    if (namespace === "") throw badRequest("an empty namespace may not be set during creation");
    const given = object.metadata.namespace ?? namespace;
    if (given !== namespace)
      throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
    if (namespaceType !== undefined && store.get(namespaceType, "", namespace) === undefined)
      throw notFound(namespaceType, namespace);
    object.metadata.namespace = namespace;
  } else delete object.metadata.namespace;
  return store.create(type, type.kind === "Namespace" ? { status: { phase: "Active" }, ...object } : object);
}

function update(store: KubeStore, request: ResourceRequest, body: unknown): StoredObject {
  const { type, name } = request;
  if (name === "") throw new StatusError(405, "MethodNotAllowed", "update needs a name");
  const object = parseObject(type, body);
  if ((object.metadata.name ?? name) !== name)
    throw badRequest(
      `the name of the object (${object.metadata.name ?? ""}) does not match the name on the URL (${name})`,
    );
  return replace(store, request, object);
}

/** The main resource keeps the status that is there, the status sub-resource changes nothing else. */
function replace(store: KubeStore, request: ResourceRequest, object: KubeObject): StoredObject {
  const { type, namespace, name, subresource } = request;
  const before = store.get(type, namespace, name);
  if (before === undefined) throw notFound(type, name);
  const metadata: ObjectMeta = { ...object.metadata, name };
  if (namespace === "") delete metadata.namespace;
  else metadata.namespace = namespace;
  const { uid, resourceVersion } = metadata;
  if (subresource === "status") {
    const kept: ObjectMeta = { ...before.object.metadata };
    if (uid !== undefined) kept.uid = uid;
    kept.resourceVersion = resourceVersion ?? "";
    return store.update(type, { ...before.object, metadata: kept, status: object["status"] });
  }
  const next: KubeObject = { ...object, metadata };
  if (!type.hasStatus) return store.update(type, next);
  delete next["status"];
  const { status } = before.object;
  return store.update(type, status === undefined ? next : { ...next, status });
}

function patch(store: KubeStore, request: ResourceRequest, body: Body): WriteAnswer {
  const { type, namespace, name } = request;
  const mediaType = body.contentType.split(";")[0]?.trim() ?? "";
  const isApply = mediaType === "application/apply-patch+yaml";
  if (!isApply && mediaType !== "application/merge-patch+json") {
    throw new StatusError(
      415,
      "UnsupportedMediaType",
      `the embedded server takes application/merge-patch+json and application/apply-patch+yaml, not ${mediaType}`,
    );
  }
  const change = isApply ? yamlOf(body.text) : jsonOf({ text: body.text, contentType: "application/json" });
  if (!isRecord(change)) throw badRequest("the patch is no object");
  if (isApply && (request.query.get("fieldManager") ?? "") === "") {
    throw invalid(type, name, [
      { reason: "FieldValueRequired", message: "Required value: is required for apply patch", field: "fieldManager" },
    ]);
  }
  const before = store.get(type, namespace, name);
  if (before === undefined) {
    if (!isApply) throw notFound(type, name);
    const metadata = { ...(isRecord(change["metadata"]) ? change["metadata"] : {}), name };
    return { code: 201, json: create(store, { ...request, name: "" }, { ...change, metadata }).json() };
  }
  const merged = parseObject(type, mergePatch(before.object, change));
  const given = isRecord(change["metadata"]) ? change["metadata"]["resourceVersion"] : undefined;
  // Without a version in the patch it applies to whatever is there now.
  if (given === undefined) delete merged.metadata.resourceVersion;
  if (merged.metadata.name !== name) throw badRequest("metadata.name cannot be changed");
  return { code: 200, json: replace(store, request, merged).json() };
}

function yamlOf(text: string): unknown {
  try {
    return parseYaml(text, { maxAliasCount: 0 });
  } catch {
    throw badRequest("the body is no YAML");
  }
}

function remove(store: KubeStore, request: ResourceRequest, body: Body): StatusBody | KubeObject {
  const { type, namespace, name } = request;
  const before = store.get(type, namespace, name);
  if (before === undefined) throw notFound(type, name);
  checkPreconditions(request, body, before);
  const removed = store.remove(type, namespace, name);
  if (type.kind === "Namespace") removeContents(store, name);
  // Like a real server: what is only marked, and pods, come back as objects.
  if (removed !== undefined && (type.kind === "Pod" || store.get(type, namespace, name) !== undefined))
    return removed.object;
  const group = type.group === "" ? {} : { group: type.group };
  return success({ name, ...group, kind: type.resource, uid: before.object.metadata.uid ?? "" });
}

function checkPreconditions({ type, name }: ResourceRequest, body: Body, before: StoredObject): void {
  if (body.text === "") return;
  const options = jsonOf({ text: body.text, contentType: "application/json" });
  const preconditions = isRecord(options) && isRecord(options["preconditions"]) ? options["preconditions"] : {};
  const { uid, resourceVersion } = preconditions;
  const { metadata } = before.object;
  if (uid !== undefined && uid !== metadata.uid)
    throw conflict(
      type,
      name,
      `Precondition failed: UID in precondition: ${JSON.stringify(uid)}, UID in object meta: ${metadata.uid ?? ""}`,
    );
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion)
    throw conflict(
      type,
      name,
      `Precondition failed: ResourceVersion in precondition: ${JSON.stringify(resourceVersion)}, ResourceVersion in object meta: ${metadata.resourceVersion ?? ""}`,
    );
}

/** At once, where a real cluster's controller takes some seconds. */
function removeContents(store: KubeStore, namespace: string): void {
  for (const type of resourceTypes) {
    if (!type.isNamespaced) continue;
    for (const { object } of store.list(type, namespace)) store.remove(type, namespace, object.metadata.name ?? "");
  }
}
