// The versioned resources: one set of handlers for every kind. The kind's own role is asked on top of the operation's.
import { z } from "zod";
import { Fault } from "../../../base/fault.ts";
import { nearest } from "../../../base/nearest.ts";
import type { ResourceChange } from "../../../core/state/ports.ts";
import { diffValues } from "../../../core/state/diff.ts";
import { resourceKinds, type ResourceKind } from "../../../model/resource-kinds.ts";
import type { Resource, ResourceKey, ResourceManifest } from "../../../model/resource.ts";
import { Retention } from "../../../model/retention.ts";
import type { resources } from "../contract/resources.ts";
import type { HandlersOf } from "../http/calls.ts";
import { refuseUnlessAllowed, type Caller } from "../http/callers.ts";
import type { ServerParts } from "../parts.ts";
import { checkPolicy, checkPolicyRemoval } from "../policy/check-policy.ts";
import { checkRetention } from "../retention.ts";
import { checkDetectionRules } from "../runtime/check-detection-rules.ts";

const kinds: Readonly<Record<string, ResourceKind>> = resourceKinds;

function kindOf(name: string): ResourceKind {
  const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
  if (kind !== undefined) return kind;
  const meant = nearest(name.slice(0, 64), Object.keys(kinds));
  throw new Fault(`there is no kind ${JSON.stringify(name.slice(0, 64))}`, {
    code: "resource/unknown-kind",
    kind: "not-found",
    hint: meant === undefined ? `known kinds: ${Object.keys(kinds).join(", ")}` : `did you mean ${meant}?`,
  });
}

function missing({ kind, scope, name }: ResourceKey): Fault {
  return new Fault(`there is no ${kind} ${name} in scope ${scope}`, {
    code: "resource/not-found",
    kind: "not-found",
    hint: `\`garrison get ${kind}\` lists them with their scopes`,
  });
}

/** Throws `server/forbidden` when the kind asks for more than the operation did. */
function mayChange(caller: Caller | undefined, kindName: string): string {
  refuseUnlessAllowed(kindOf(kindName).role, caller);
  return caller?.user ?? "";
}

/** The widest word for it in the ledger; a redaction that is turned off must be findable. */
function noteOf(resource: Resource): Record<string, unknown> {
  return resource.kind === "Visibility" && resource.spec["redact"] === false ? { redaction: "turned off" } : {};
}

function changesOf(changes: readonly ResourceChange[]): { path: string; before: unknown; after: unknown }[] {
  return changes.map(({ path, before, after }) => ({ path, before: before ?? null, after: after ?? null }));
}

const changesInLedgerMax = 50;

type MeaningParts = Pick<ServerParts, "state" | "sinks">;

/** What a kind's schema cannot know by itself. */
async function checkMeaning(
  { state: { resources: store }, sinks }: MeaningParts,
  manifest: ResourceManifest,
): Promise<void> {
  sinks.check(manifest);
  if (manifest.kind === "Policy") await checkPolicy(store, manifest);
  if (manifest.kind === "DetectionRules") checkDetectionRules(manifest);
  if (manifest.kind !== "Retention") return;
  const spec = Retention.safeParse(manifest.spec);
  // A spec that does not parse is refused by the store with its place.
  if (spec.success) checkRetention(spec.data);
}

type ChangingName = "applyResource" | "deleteResource" | "restoreResource";
type ReadingName = Exclude<keyof typeof resources, ChangingName>;

function readingHandlers({ state }: Pick<ServerParts, "state">): HandlersOf<ReadingName> {
  const store = state.resources;
  const withStatus = async (resource: Resource) => ({ ...resource, status: [...(await store.statusOf(resource))] });
  return {
    listKinds: () =>
      Promise.resolve({
        kinds: Object.entries(kinds).map(([kind, { summary, distribution, spec }]) => ({
          kind,
          summary,
          distribution,
          schema: z.toJSONSchema(spec, { io: "input", unrepresentable: "any" }) as Record<string, unknown>,
        })),
      }),
    async listResources({ params: { kind } }) {
      kindOf(kind);
      return { resources: await Promise.all((await store.list(kind)).map(withStatus)) };
    },
    async getResource({ params: { kind, name }, query: { scope, generation } }) {
      kindOf(kind);
      const found = await store.get({ kind, scope, name }, generation);
      if (found === undefined) throw missing({ kind, scope, name });
      return await withStatus(found);
    },
    async resourceHistory({ params: { kind, name }, query: { scope } }) {
      kindOf(kind);
      const generations = await store.history({ kind, scope, name });
      if (generations.length === 0) throw missing({ kind, scope, name });
      return { generations: [...generations] };
    },
  };
}

function changingHandlers(parts: MeaningParts): HandlersOf<ChangingName> {
  const store = parts.state.resources;
  return {
    async applyResource({ params, query, body, caller, record }) {
      const author = mayChange(caller, params.kind);
      if (body.kind !== params.kind || body.name !== params.name) {
        throw new Fault(`the address says ${params.kind}/${params.name}, the body ${body.kind}/${body.name}`, {
          code: "resource/mismatch",
          kind: "usage",
          where: body.kind === params.kind ? "name" : "kind",
        });
      }
      await checkMeaning(parts, body);
      const dryRun = query.dryRun === "true";
      const { outcome, resource, changes } = await store.apply(body, {
        author,
        dryRun,
        ...(query.ifGeneration === undefined ? {} : { ifGeneration: query.ifGeneration }),
      });
      if (!dryRun && outcome !== "unchanged") {
        const detail = { outcome, generation: resource.generation, changes: changes.slice(0, changesInLedgerMax) };
        const target = targetOf(resource);
        await record({ action: "resource.apply", target, outcome: "done", detail: { ...detail, ...noteOf(resource) } });
      }
      return { outcome, resource, changes: changesOf(changes) };
    },
    async deleteResource({ params: { kind, name }, query: { scope }, caller, record }) {
      const author = mayChange(caller, kind);
      const before = kind === "Policy" ? await store.get({ kind, scope, name }) : undefined;
      if (before !== undefined) await checkPolicyRemoval(store, before);
      const resource = await store.remove({ kind, scope, name }, author);
      if (resource === undefined) throw missing({ kind, scope, name });
      const detail = { generation: resource.generation };
      await record({ action: "resource.delete", target: targetOf(resource), outcome: "done", detail });
      return { resource };
    },
    async restoreResource({ params: { kind, name }, query: { scope, generation }, caller, record }) {
      const author = mayChange(caller, kind);
      const before = await store.get({ kind, scope, name });
      const old = await store.get({ kind, scope, name }, generation);
      // What could be read then may not be read now: its tier may be gone.
      if (old !== undefined && !old.deleted) await checkMeaning(parts, manifestOf(old));
      const { outcome, resource } = await store.restore({ kind, scope, name }, generation, author);
      if (outcome !== "unchanged") {
        const detail = { from: generation, generation: resource.generation, ...noteOf(resource) };
        await record({ action: "resource.restore", target: targetOf(resource), outcome: "done", detail });
      }
      return { resource, changes: changesOf(diffValues("spec", before?.spec, resource.spec)) };
    },
  };
}

function manifestOf({ apiVersion, kind, scope, name, spec }: Resource): ResourceManifest {
  return { apiVersion, kind, scope, name, spec };
}

function targetOf({ kind, scope, name }: ResourceKey): string {
  return `${kind}/${name} (${scope})`;
}

export function resourceHandlers(parts: MeaningParts): HandlersOf<keyof typeof resources> {
  return { ...readingHandlers(parts), ...changingHandlers(parts) };
}
