// A request's path and query as what is asked of which resource. Promise: what is not understood is refused here.
import type { ResourceType } from "./resource-types.ts";
import { apiVersionOf } from "./resource-types.ts";
import { badRequest, StatusError } from "./status.ts";

export interface ResourceRequest {
  readonly type: ResourceType;
  /** "" for cluster-scoped resources and lists over all namespaces. */
  readonly namespace: string;
  /** "" for the collection. */
  readonly name: string;
  readonly subresource: string;
  readonly verb: string;
  readonly query: URLSearchParams;
}

const pathPattern =
  /^\/(?:api|apis\/([a-z0-9.-]+))\/(v[0-9a-z]+)(?:\/namespaces\/([^/]+))?\/([a-z]+)(?:\/([^/]+))?(?:\/([a-z]+))?$/;
const namespacesPattern = /^\/api\/v1\/namespaces(?:\/([^/]+))?(?:\/(status))?$/;

/** undefined when the path names no resource that is known (404). */
export function parseRequest(method: string, url: URL, types: readonly ResourceType[]): ResourceRequest | undefined {
  const place = placeOf(url.pathname);
  if (place === undefined) return undefined;
  const type = types.find((one) => apiVersionOf(one) === place.apiVersion && one.resource === place.resource);
  if (type === undefined || (!type.isNamespaced && place.namespace !== "")) return undefined;
  const { namespace, name, subresource } = place;
  if (subresource !== "" && !(subresource === "status" && type.hasStatus)) return undefined;
  if (type.isNamespaced && name !== "" && namespace === "") return undefined;
  const isWatch = ["true", "1"].includes(url.searchParams.get("watch") ?? "");
  return { type, namespace, name, subresource, verb: verbOf(method, name, isWatch), query: url.searchParams };
}

interface Place {
  readonly apiVersion: string;
  readonly namespace: string;
  readonly resource: string;
  readonly name: string;
  readonly subresource: string;
}

function placeOf(pathname: string): Place | undefined {
  const own = namespacesPattern.exec(pathname);
  if (own !== null) {
    const [, name = "", subresource = ""] = own;
    return { apiVersion: "v1", namespace: "", resource: "namespaces", name: decoded(name), subresource };
  }
  const match = pathPattern.exec(pathname);
  if (match === null) return undefined;
  const [, group = "", version = "", namespace = "", resource = "", name = "", subresource = ""] = match;
  const apiVersion = group === "" ? version : `${group}/${version}`;
  return { apiVersion, namespace: decoded(namespace), resource, name: decoded(name), subresource };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw badRequest("the path is not percent-encoded");
  }
}

function verbOf(method: string, name: string, isWatch: boolean): string {
  switch (method) {
    case "GET":
    case "HEAD":
      return isWatch ? "watch" : name === "" ? "list" : "get";
    case "POST":
      return "create";
    case "PUT":
      return "update";
    case "PATCH":
      return "patch";
    case "DELETE":
      return name === "" ? "deletecollection" : "delete";
    default:
      throw new StatusError(405, "MethodNotAllowed", `the server does not allow this method on the requested resource`);
  }
}

/** A whole number of the query within its bounds; throws 400. */
export function numberOf(query: URLSearchParams, name: string, otherwise: number): number {
  const text = query.get(name) ?? "";
  if (text === "") return otherwise;
  if (!/^\d{1,15}$/.test(text)) throw badRequest(`${name}: must be a whole number`);
  return Number(text);
}
