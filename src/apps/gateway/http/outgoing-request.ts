// A request as it goes upstream: origin form, end-to-end headers, who asked, and whether it may be sent twice.
import { headerOf, type ConnectionSource, type Inspection } from "../inspect.ts";
import { endToEnd, originForm, withForwarded, without } from "./headers.ts";
import type { IncomingRequest, OutgoingRequest } from "./streams.ts";

export interface OutgoingNeeds {
  readonly request: IncomingRequest;
  readonly source: ConnectionSource;
  readonly inspection: Pick<Inspection, "readsResponses">;
  readonly parts: { readonly forwarded: "set" | "none"; readonly isTrustedProxy: (address: string) => boolean };
}

export function outgoingRequest({ request, source, parts, inspection }: OutgoingNeeds): OutgoingRequest {
  const formed = originForm(request.target, request.headers);
  // Trailers end here, so none are announced.
  let headers = without(without(endToEnd(formed.headers), "expect"), "trailer");
  // HTTP/1.0 may go without; what goes on as HTTP/1.1 may not.
  if (headerOf(headers, "host") === undefined) headers = [["Host", authorityOf(source)], ...headers];
  if (parts.forwarded === "set") headers = withForwarded(headers, source, parts.isTrustedProxy(source.clientAddress));
  if (inspection.readsResponses) headers = without(headers, "accept-encoding");
  return { method: request.method, target: formed.target, headers, size: request.size, upgrade: request.upgrade };
}

function authorityOf({ serverAddress, serverPort }: ConnectionSource): string {
  return serverAddress.includes(":") ? `[${serverAddress}]:${serverPort}` : `${serverAddress}:${serverPort}`;
}

const idempotent = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);

/** RFC 9110, 9.2.2: only what may be done twice, and only when all of it is still here. */
export function canSendAgain({ method }: Pick<IncomingRequest, "method">, isBodyHere: boolean): boolean {
  return isBodyHere && idempotent.has(method);
}
