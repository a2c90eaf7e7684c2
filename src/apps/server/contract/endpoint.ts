// The shape of one API operation as data. Routes, validation, OpenAPI and the typed clients of CLI and UI all come from it.
import type { z } from "zod";

export const roles = ["viewer", "operator", "admin"] as const;
export type Role = (typeof roles)[number];

export interface Endpoint {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Path with `:name` parameters, e.g. "/api/v1/resources/:kind". */
  readonly path: string;
  readonly summary: string;
  /** Least role that may call it; "open" needs no credential, "session" any credential. */
  readonly role: Role | "open" | "session";
  readonly params?: z.ZodObject;
  /** Query parameters arrive as text: use z.coerce for numbers. */
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly response: z.ZodType;
  /** A server-sent event stream of `response` items instead of one JSON answer; resumes by Last-Event-ID. */
  readonly stream?: true;
  /** Status of the answer when not 200. */
  readonly status?: 201 | 202 | 204;
}

type Parsed<S> = S extends z.ZodType ? z.infer<S> : undefined;
type Given<S> = S extends z.ZodType ? z.input<S> : undefined;

export type ParamsOf<E extends Endpoint> = Given<E["params"]>;
export type QueryOf<E extends Endpoint> = Given<E["query"]>;
export type BodyOf<E extends Endpoint> = Given<E["body"]>;
export type ResponseOf<E extends Endpoint> = Parsed<E["response"]>;
