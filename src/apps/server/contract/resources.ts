// The versioned resources: one set of operations for every kind.
import { z } from "zod";
import { Resource, ResourceManifest, ResourceName, ResourceScope, ResourceStatus } from "../../../model/resource.ts";
import type { Endpoint } from "./endpoint.ts";

const Kind = z.object({ kind: z.string() });
/** The scope travels as a query parameter because it holds slashes. */
const ScopeQuery = z.object({ scope: ResourceScope.default("global") });
const Named = z.object({ kind: z.string(), name: ResourceName });

export const Change = z.object({
  path: z.string(),
  before: z.unknown(),
  after: z.unknown(),
});

export const ResourceWithStatus = Resource.extend({
  /** Per node that received it: what the agent made of it. */
  status: z.array(ResourceStatus.extend({ cluster: z.string(), node: z.string() })),
});

export const resources = {
  listKinds: {
    method: "GET",
    path: "/api/v1/kinds",
    summary: "Kinds with their JSON Schemas",
    role: "viewer",
    response: z.object({
      kinds: z.array(
        z.object({
          kind: z.string(),
          summary: z.string(),
          distribution: z.string(),
          schema: z.record(z.string(), z.unknown()),
        }),
      ),
    }),
  },
  listResources: {
    method: "GET",
    path: "/api/v1/resources/:kind",
    summary: "Resources of a kind in every scope",
    role: "viewer",
    params: Kind,
    response: z.object({ resources: z.array(ResourceWithStatus) }),
  },
  getResource: {
    method: "GET",
    path: "/api/v1/resources/:kind/:name",
    summary: "One resource, or an older generation of it",
    role: "viewer",
    params: Named,
    query: ScopeQuery.extend({ generation: z.coerce.number().int().min(1).optional() }),
    response: ResourceWithStatus,
  },
  applyResource: {
    method: "PUT",
    path: "/api/v1/resources/:kind/:name",
    summary:
      "Create or change; with dryRun only the diff. `ifGeneration` guards against lost updates (0 = must not exist)",
    role: "operator",
    params: Named,
    query: z.object({
      dryRun: z.enum(["true", "false"]).default("false"),
      ifGeneration: z.coerce.number().int().min(0).optional(),
    }),
    body: ResourceManifest,
    response: z.object({
      outcome: z.enum(["created", "changed", "unchanged"]),
      resource: Resource,
      changes: z.array(Change),
    }),
  },
  deleteResource: {
    method: "DELETE",
    path: "/api/v1/resources/:kind/:name",
    summary: "Delete; history is kept",
    role: "operator",
    params: Named,
    query: ScopeQuery,
    response: z.object({ resource: Resource }),
  },
  resourceHistory: {
    method: "GET",
    path: "/api/v1/resources/:kind/:name/history",
    summary: "All generations, newest first",
    role: "viewer",
    params: Named,
    query: ScopeQuery,
    response: z.object({ generations: z.array(Resource) }),
  },
  restoreResource: {
    method: "POST",
    path: "/api/v1/resources/:kind/:name/restore",
    summary: "Make an older generation the newest one",
    role: "operator",
    params: Named,
    query: ScopeQuery.extend({ generation: z.coerce.number().int().min(1) }),
    response: z.object({ resource: Resource, changes: z.array(Change) }),
  },
} as const satisfies Record<string, Endpoint>;
