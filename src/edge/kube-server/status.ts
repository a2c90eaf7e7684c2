// Refusals in the API's own shape (meta/v1 Status), with the wording that clients and people know from a real server.
import type { ResourceType } from "./resource-types.ts";
import { qualifiedName } from "./resource-types.ts";

export interface StatusCause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

export interface StatusBody {
  readonly kind: "Status";
  readonly apiVersion: "v1";
  readonly metadata: Record<string, never>;
  readonly status: "Failure" | "Success";
  readonly message?: string;
  readonly reason?: string;
  readonly details?: {
    readonly name?: string;
    readonly group?: string;
    readonly kind?: string;
    readonly uid?: string;
    readonly causes?: readonly StatusCause[];
  };
  readonly code: number;
}

/** What a handler throws: becomes the answer's status code and body. */
export class StatusError extends Error {
  readonly body: StatusBody;
  constructor(code: number, reason: string, message: string, details?: StatusBody["details"]) {
    super(message);
    this.body = {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message,
      reason,
      ...(details === undefined ? {} : { details }),
      code,
    };
  }
}

function detailsOf(type: ResourceType, name: string): NonNullable<StatusBody["details"]> {
  return { name, ...(type.group === "" ? {} : { group: type.group }), kind: type.resource };
}

export function notFound(type: ResourceType, name: string): StatusError {
  return new StatusError(404, "NotFound", `${qualifiedName(type)} "${name}" not found`, detailsOf(type, name));
}

export function alreadyExists(type: ResourceType, name: string): StatusError {
  return new StatusError(
    409,
    "AlreadyExists",
    `${qualifiedName(type)} "${name}" already exists`,
    detailsOf(type, name),
  );
}

export function conflict(type: ResourceType, name: string, because: string): StatusError {
  const message = `Operation cannot be fulfilled on ${qualifiedName(type)} "${name}": ${because}`;
  return new StatusError(409, "Conflict", message, detailsOf(type, name));
}

export const modifiedSince =
  "the object has been modified; please apply your changes to the latest version and try again";

export function badRequest(message: string): StatusError {
  return new StatusError(400, "BadRequest", message);
}

export function invalid(type: ResourceType, name: string, causes: readonly StatusCause[]): StatusError {
  const list = causes.map((cause) => `${cause.field}: ${cause.message}`).join(", ");
  const text = causes.length === 1 ? list : `[${list}]`;
  const details = { name, ...(type.group === "" ? {} : { group: type.group }), kind: type.kind, causes };
  return new StatusError(422, "Invalid", `${type.kind} "${name}" is invalid: ${text}`, details);
}

export function expired(message: string): StatusError {
  return new StatusError(410, "Expired", message);
}

export function success(details: NonNullable<StatusBody["details"]>): StatusBody {
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details, code: 200 };
}

export interface Attempt {
  readonly user: string;
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly name: string;
  /** "" for the whole cluster. */
  readonly namespace: string;
}

export function forbidden(attempt: Attempt): StatusError {
  const { user, verb, group, resource, name, namespace } = attempt;
  const [base = "", subresource] = resource.split("/");
  const what = group === "" ? base : `${base}.${group}`;
  const which = name === "" ? "" : ` "${name}"`;
  const where = namespace === "" ? "at the cluster scope" : `in the namespace "${namespace}"`;
  const whole = subresource === undefined ? base : resource;
  const message = `${what}${which} is forbidden: User "${user}" cannot ${verb} resource "${whole}" in API group "${group}" ${where}`;
  const details = { ...(name === "" ? {} : { name }), ...(group === "" ? {} : { group }), kind: base };
  return new StatusError(403, "Forbidden", message, details);
}

export const unauthorized = new StatusError(401, "Unauthorized", "Unauthorized");
