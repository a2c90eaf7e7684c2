// The OpenAPI document: every operation of the table is in it, every reference leads somewhere, and it is what the server prints.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, bearer, cookieOf, testServer } from "../../../../test/support/test-server.ts";
import { api } from "../contract/api.ts";
import type { Endpoint } from "../contract/endpoint.ts";
import { openApiDocument } from "./openapi.ts";

type Json = Record<string, unknown>;
const document = JSON.parse(JSON.stringify(openApiDocument("1.2.3", "garrison-8686"))) as {
  openapi: string;
  info: { version: string };
  paths: Record<string, Record<string, Json>>;
  components: { schemas: Record<string, Json> };
};

function references(value: unknown, found: string[] = []): string[] {
  if (typeof value !== "object" || value === null) return found;
  for (const [key, inner] of Object.entries(value)) {
    if (key === "$ref" && typeof inner === "string") found.push(inner);
    else references(inner, found);
  }
  return found;
}

test("every operation is in the document, with its role, input and answers", () => {
  assert.equal(document.openapi, "3.1.0");
  assert.equal(document.info.version, "1.2.3");
  const inDocument = Object.values(document.paths).flatMap((path) =>
    Object.values(path).map((item) => item["operationId"]),
  );
  assert.deepEqual(new Set(inDocument), new Set(Object.keys(api)));
  for (const [name, endpoint] of Object.entries(api) as [string, Endpoint][]) {
    const operation = document.paths[endpoint.path.replace(/:(\w+)/g, "{$1}")]?.[endpoint.method.toLowerCase()];
    assert.equal(operation?.["operationId"], name);
    assert.equal(operation?.["x-garrison-role"], endpoint.role);
    assert.equal(((operation?.["security"] ?? []) as unknown[]).length === 0, endpoint.role === "open");
    const responses = (operation?.["responses"] ?? {}) as Json;
    assert.deepEqual(Object.keys(responses).sort(), [String(endpoint.status ?? 200), "default"].sort());
    assert.equal("requestBody" in (operation ?? {}), endpoint.body !== undefined);
    const inPath = ((operation?.["parameters"] ?? []) as Json[]).filter((parameter) => parameter["in"] === "path");
    const wanted = [...endpoint.path.matchAll(/:(\w+)/g)].map(([, key]) => key);
    assert.deepEqual(new Set(inPath.map((parameter) => parameter["name"])), new Set(wanted), name);
  }
});

test("every reference leads to a component, and every component is a schema", () => {
  const all = references(document);
  assert.ok(all.length > 40, String(all.length));
  for (const reference of all) {
    const [, name] = /^#\/components\/schemas\/(\w+)$/.exec(reference) ?? [];
    assert.ok(name !== undefined && name in document.components.schemas, reference);
  }
  for (const [name, schema] of Object.entries(document.components.schemas)) {
    assert.match(name, /^\w+$/);
    assert.equal("$schema" in schema || "$id" in schema, false, name);
  }
  const flow = document.components.schemas["Flow"] as { properties: Record<string, Json> };
  assert.equal(flow.properties["time"]?.["format"], "date-time");
});

test("the server prints it to whoever has a credential", async () => {
  await using server = await testServer();
  const answer = await ask(server, { path: "/openapi.json", headers: bearer(server.localToken) });
  assert.equal(answer.status, 200);
  assert.deepEqual(Object.keys(answer.json["paths"] as object), Object.keys(document.paths));
});

test("the session cookie is named as this very server names it", async () => {
  await using server = await testServer();
  const answer = await ask(server, { path: "/openapi.json", headers: bearer(server.localToken) });
  const { securitySchemes } = answer.json["components"] as { securitySchemes: Record<string, Json> };
  const token = new URL((await server.oneTimeUrl()).replace("#", "?")).searchParams.get("token");
  const origin = `http://127.0.0.1:${server.port}`;
  const opened = await ask(server, { method: "POST", path: "/api/v1/session", headers: { origin }, body: { token } });
  assert.equal(opened.status, 201, opened.text);
  assert.equal(securitySchemes["session"]?.["name"], cookieOf(opened).split("=")[0]);
});
