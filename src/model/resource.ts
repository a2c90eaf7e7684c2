// The one versioned resource: everything settable is a kind here. History, diff, restore and distribution come with it;
// a later capability adds a kind to the list in resource-kinds.ts, never a second store or channel.
import { z } from "zod";
import { EnforcementStatus } from "./enforcement-status.ts";

/** Names as in Kubernetes (RFC 1123 sub-domain), so that a resource can become a CRD without renaming. */
export const ResourceName = z
  .string()
  .min(1)
  .max(253)
  .regex(
    /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/,
    "use lower-case letters, digits, '-' and '.', starting and ending with a letter or digit",
  );

/** Where a resource applies: "global", "cluster/<name>" or "node/<cluster>/<name>". */
export const ResourceScope = z
  .string()
  .regex(
    /^(global|cluster\/[^/\s]+|node\/[^/\s]+\/[^/\s]+)$/,
    'use "global", "cluster/<cluster>" or "node/<cluster>/<node>"',
  );

export const ResourceKey = z.object({ kind: z.string(), scope: ResourceScope, name: ResourceName });
export type ResourceKey = z.infer<typeof ResourceKey>;

/** What a user writes: `garrison apply -f`. */
export const ResourceManifest = z.strictObject({
  apiVersion: z.literal("garrison/v1").default("garrison/v1"),
  kind: z.string().min(1),
  scope: ResourceScope.default("global"),
  name: ResourceName,
  spec: z.record(z.string(), z.unknown()),
});
export type ResourceManifest = z.infer<typeof ResourceManifest>;

/** What the store keeps: generation rises by one with each change of the spec, deletion included. */
export const Resource = ResourceManifest.extend({
  generation: z.int().min(1),
  author: z.string(),
  time: z.iso.datetime(),
  deleted: z.boolean().default(false),
});
export type Resource = z.infer<typeof Resource>;

/** What an agent says about one resource it was given. */
export const ResourceStatus = z.object({
  kind: z.string(),
  scope: ResourceScope,
  name: ResourceName,
  generation: z.int(),
  state: z.enum(["applied", "refused"]),
  because: z.string().default(""),
  /** Of policies, local endpoints and enforcement: what is in the kernel, with the proof. */
  enforcement: EnforcementStatus.optional(),
});
export type ResourceStatus = z.infer<typeof ResourceStatus>;
