// The whole API: one table of operations. The server mounts it, OpenAPI is printed from it, CLI and UI call through it.
import { access } from "./access.ts";
import { baselines } from "./baselines.ts";
import type { Endpoint } from "./endpoint.ts";
import { foreign } from "./foreign.ts";
import { graph } from "./graph.ts";
import { health } from "./health.ts";
import { images } from "./images.ts";
import { inventory } from "./inventory.ts";
import { policy } from "./policy.ts";
import { profiles } from "./profiles.ts";
import { resources } from "./resources.ts";
import { runtime } from "./runtime.ts";
import { sinks } from "./sinks.ts";
import { telemetry } from "./telemetry.ts";
import { waf } from "./waf.ts";

export const api = {
  ...telemetry,
  ...graph,
  ...inventory,
  ...policy,
  ...waf,
  ...runtime,
  ...baselines,
  ...profiles,
  ...images,
  ...health,
  ...access,
  ...resources,
  ...sinks,
  ...foreign,
} as const satisfies Record<string, Endpoint>;

export type Api = typeof api;
export type OperationName = keyof Api;
