// OpenAPI 3.1 from the contract table: nothing is written by hand, so it cannot disagree with what is mounted.
import { z } from "zod";
import { Flow } from "../../../model/flow.ts";
import { Gap } from "../../../model/gap.ts";
import { Node } from "../../../model/node.ts";
import { ProcessEvent } from "../../../model/process-event.ts";
import { Resource } from "../../../model/resource.ts";
import { Workload } from "../../../model/workload.ts";
import { Me } from "../contract/access.ts";
import { api, type OperationName } from "../contract/api.ts";
import { Problem, Window } from "../contract/common.ts";
import type { Endpoint } from "../contract/endpoint.ts";
import { Status } from "../contract/health.ts";
import { AnyEvent } from "../contract/telemetry.ts";

type Json = Readonly<Record<string, unknown>>;

/** Nouns that get a name in the document; everything else is written where it is used. */
const named = { Flow, Gap, Node, ProcessEvent, Resource, Workload, Me, Problem, Window, Status, AnyEvent } as const;

const toComponent = (id: string): string => `#/components/schemas/${id}`;

/** Names of the answers' schemas: the noun's own, or that of the first operation that gives it. */
function answerNames(): ReadonlyMap<z.ZodType, string> {
  const names = new Map<z.ZodType, string>(Object.entries(named).map(([id, schema]) => [schema, id]));
  for (const [name, { response }] of Object.entries(api) as [OperationName, Endpoint][]) {
    if (!names.has(response)) names.set(response, answerName(name));
  }
  return names;
}

/** What a client gets: schemas of answers, with the nouns as shared components. */
function answerSchemas(names: ReadonlyMap<z.ZodType, string>): Readonly<Record<string, Json>> {
  const registry = z.registry<{ id: string }>();
  for (const [schema, id] of names) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { io: "output", unrepresentable: "any", uri: toComponent });
  return Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, withoutIdentity(schema)]));
}

function answerName(name: OperationName): string {
  return `${name[0]?.toUpperCase()}${name.slice(1)}Answer`;
}

function withoutIdentity(schema: object): Json {
  const { $schema: _schema, $id: _id, id: _own, ...rest } = schema as Record<string, unknown>;
  return rest;
}

/** What a client sends; written in place. */
function givenSchema(schema: z.ZodType): Json {
  return withoutIdentity(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }));
}

function parameters(where: "path" | "query", schema: z.ZodObject | undefined): Json[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = givenSchema(schema) as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, inner]) => ({
    name,
    in: where,
    required: where === "path" || required.includes(name),
    schema: inner,
  }));
}

const problem = { "application/problem+json": { schema: { $ref: toComponent("Problem") } } };

function operation(name: OperationName, endpoint: Endpoint, names: ReadonlyMap<z.ZodType, string>): Json {
  const answer = { schema: { $ref: toComponent(names.get(endpoint.response) ?? "") } };
  const given = [...parameters("path", endpoint.params), ...parameters("query", endpoint.query)];
  if (endpoint.stream === true) {
    given.push({ name: "Last-Event-ID", in: "header", required: false, schema: { type: "string" } });
  }
  return {
    operationId: name,
    summary: endpoint.summary,
    tags: [endpoint.path.split("/")[3] ?? endpoint.path.split("/")[1] ?? ""],
    security: endpoint.role === "open" ? [] : [{ bearer: [] }, { session: [] }],
    "x-garrison-role": endpoint.role,
    ...(given.length === 0 ? {} : { parameters: given }),
    ...(endpoint.body === undefined
      ? {}
      : { requestBody: { required: true, content: { "application/json": { schema: givenSchema(endpoint.body) } } } }),
    responses: {
      [String(endpoint.status ?? 200)]: {
        description: endpoint.stream === true ? "Events whose data is this, as JSON" : "Done",
        content: { [endpoint.stream === true ? "text/event-stream" : "application/json"]: answer },
      },
      default: { description: "Refused or failed, with the reason", content: problem },
    },
  };
}

/** The document of the whole API, as one server has it: its session cookie is named by scheme and port. */
export function openApiDocument(version: string, sessionCookieName: string): Json {
  const names = answerNames();
  const paths: Record<string, Record<string, Json>> = {};
  for (const [name, endpoint] of Object.entries(api) as [OperationName, Endpoint][]) {
    const path = endpoint.path.replace(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [endpoint.method.toLowerCase()]: operation(name, endpoint, names) };
  }
  return {
    openapi: "3.1.0",
    info: { title: "Garrison", version, license: { name: "Apache-2.0", identifier: "Apache-2.0" } },
    paths,
    components: {
      schemas: answerSchemas(names),
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer" },
        session: { type: "apiKey", in: "cookie", name: sessionCookieName },
      },
    },
  };
}
