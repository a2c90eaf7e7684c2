// One request of the embedded API server, from headers to answer: who, what, may they, do it. Refusals are Status bodies.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Logger } from "../../base/logger.ts";
import type { Access, ServerUser } from "./access.ts";
import { createDiscovery, type Discovery } from "./discovery.ts";
import type { Lists } from "./lists.ts";
import { objectLimits } from "./object.ts";
import { numberOf, parseRequest, type ResourceRequest } from "./request.ts";
import type { ResourceType } from "./resource-types.ts";
import { fieldMatcher, labelMatcher, type Matcher } from "./selectors.ts";
import { badRequest, notFound, StatusError } from "./status.ts";
import type { KubeStore } from "./store.ts";
import { watchLimits, type Watches } from "./watches.ts";
import { write } from "./writes.ts";

export interface HandlerParts {
  readonly types: readonly ResourceType[];
  readonly store: KubeStore;
  readonly access: Access;
  readonly lists: Lists;
  readonly watches: Watches;
  readonly gitVersion: string;
  readonly logger: Logger;
}

const healthPaths: ReadonlySet<string> = new Set(["/readyz", "/healthz", "/livez"]);
const pathUnknown = "the server could not find the requested resource";
const writingVerbs: ReadonlySet<string> = new Set(["create", "update", "patch", "delete", "deletecollection"]);

export function createHandler(
  parts: HandlerParts,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const discovery = createDiscovery(parts.types, parts.gitVersion);

  return async (request, response) => {
    try {
      await answer({ parts, discovery }, request, response);
    } catch (error) {
      if (response.headersSent) response.destroy();
      else if (error instanceof StatusError) sendJson(response, error.body.code, JSON.stringify(error.body));
      else {
        parts.logger.error({ error: String(error) }, "the embedded API server failed at a request");
        const { body } = new StatusError(500, "InternalError", "Internal error occurred");
        sendJson(response, 500, JSON.stringify(body));
      }
    }
  };
}

interface Ready {
  readonly parts: HandlerParts;
  readonly discovery: Discovery;
}

async function answer({ parts, discovery }: Ready, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", "https://localhost");
  const user = parts.access.userOf({
    authorization: request.headers.authorization,
    impersonate: request.headers["impersonate-user"] as string | undefined,
  });
  const path = url.pathname.length > 1 ? url.pathname.replace(/\/$/, "") : url.pathname;
  if (healthPaths.has(path)) return sendText(response, "ok");
  const accept = request.headers.accept ?? "";
  const isAggregated = accept.includes("g=apidiscovery.k8s.io") && accept.includes("v=v2;");
  const document = discovery.document(path, isAggregated || /g=apidiscovery\.k8s\.io;v=v2(?:[;,]|$)/.test(accept));
  if (document !== undefined) return sendDiscovery(response, { user, path, document });
  const asked = parseRequest(request.method ?? "GET", url, parts.types);
  if (asked === undefined) throw new StatusError(404, "NotFound", pathUnknown, {});
  parts.access.check(user, attemptOf(asked));
  if (writingVerbs.has(asked.verb)) {
    const body = {
      text: await readBody(request),
      contentType: request.headers["content-type"] ?? "application/json",
    };
    const { code, json } = write(parts.store, asked, body);
    return sendJson(response, code, json);
  }
  read(parts, asked, user, response);
}

function sendDiscovery(
  response: ServerResponse,
  { user, path, document }: { user: ServerUser; path: string; document: unknown },
): void {
  // As on a real server the version is public; what there is, is for who has an account.
  if (path !== "/version" && user.name === "system:anonymous")
    throw new StatusError(403, "Forbidden", `forbidden: User "${user.name}" cannot get path "${path}"`, {});
  const isList = (document as { kind?: string }).kind === "APIGroupDiscoveryList";
  const type = isList ? "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList" : "application/json";
  sendJson(response, 200, JSON.stringify(document), type);
}

function read(parts: HandlerParts, asked: ResourceRequest, user: ServerUser, response: ServerResponse): void {
  const { type, namespace, name, query, verb } = asked;
  if (verb === "get") {
    const stored = parts.store.get(type, namespace, name);
    if (stored === undefined) throw notFound(type, name);
    return sendJson(response, 200, stored.json());
  }
  const matchers = matchersOf(asked);
  if (verb === "list") {
    const limit = numberOf(query, "limit", 0);
    const continueToken = query.get("continue") ?? "";
    return sendJson(response, 200, parts.lists.page({ type, namespace, matchers, limit, continueToken }));
  }
  const resourceVersion = query.get("resourceVersion") ?? "";
  if (!/^\d{0,15}$/.test(resourceVersion))
    throw badRequest(`invalid resource version "${resourceVersion.slice(0, 64)}"`);
  const seconds = numberOf(query, "timeoutSeconds", watchLimits.timeoutMsDefault / 1000);
  parts.watches.start(
    {
      type,
      namespace,
      matchers,
      resourceVersion,
      sendsInitialEvents: query.get("sendInitialEvents") === "true",
      allowsBookmarks: ["true", "1"].includes(query.get("allowWatchBookmarks") ?? ""),
      timeoutMs: Math.min(seconds * 1000, watchLimits.timeoutMsMax),
      isAllowed: () => parts.access.allows(user, attemptOf(asked)),
    },
    response,
  );
}

function attemptOf({ verb, type, subresource, name, namespace }: ResourceRequest) {
  const resource = subresource === "" ? type.resource : `${type.resource}/${subresource}`;
  return { verb, group: type.group, resource, name, namespace };
}

/** A named object in a list or watch is a field selector in disguise. */
function matchersOf({ type, name, query }: ResourceRequest): readonly Matcher[] {
  const found = [labelMatcher(query.get("labelSelector") ?? ""), fieldMatcher(type, query.get("fieldSelector") ?? "")];
  if (name !== "") found.push((object) => object.metadata.name === name);
  return found.filter((matcher) => matcher !== undefined);
}

/** A body that is too large is read on to nowhere, so that the refusal reaches who is still sending. */
async function readBody(request: IncomingMessage): Promise<string> {
  return await new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= objectLimits.bytesMax) chunks.push(chunk);
      else {
        chunks = [];
        reject(new StatusError(413, "RequestEntityTooLarge", `limit is ${objectLimits.bytesMax} bytes`));
      }
    });
    request.once("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
    request.once("close", () => reject(badRequest("the request ended before its body")));
  });
}

function sendJson(response: ServerResponse, code: number, json: string, contentType = "application/json"): void {
  const bytes = Buffer.from(json);
  response.writeHead(code, {
    "content-type": contentType,
    "content-length": bytes.length,
    "cache-control": "no-cache, private",
  });
  response.end(bytes);
}

function sendText(response: ServerResponse, text: string): void {
  response.writeHead(200, { "content-type": "text/plain; charset=utf-8" });
  response.end(text);
}
