// The one versioned resource store: every change is a new generation, a deletion too; history is kept, restore makes a new generation.
// Writes are serialised (advisory lock or SQLite's writer lock), so generations have no holes and `ifGeneration` cannot be raced.
import { sql } from "kysely";
import { Fault } from "../../../base/fault.ts";
import { diffValues } from "../../../core/state/diff.ts";
import type { ApplyOptions, ApplyOutcome, Resources } from "../../../core/state/ports.ts";
import type { Resource, ResourceKey, ResourceManifest } from "../../../model/resource.ts";
import type { ResourceKind } from "../../../model/resource-kinds.ts";
import { checkManifest } from "./check-manifest.ts";
import { resourceStatuses } from "./resource-status.ts";
import {
  getResource,
  headOf,
  historyOf,
  newest,
  pastOf,
  refuseBeyondLimit,
  writeGeneration,
  type Writer,
} from "./resource-rows.ts";
import type { StateContext } from "./schema.ts";

/** A constant of our own for PostgreSQL's advisory lock on resource writes. */
const resourceLock = 0x6761_7202;

function refuseOtherGeneration(options: ApplyOptions, key: ResourceKey, head: Resource | undefined): void {
  if (options.ifGeneration === undefined) return;
  const current = head === undefined || head.deleted ? 0 : head.generation;
  if (options.ifGeneration === current) return;
  const seen = options.ifGeneration === 0 ? "should not exist" : `was expected at generation ${options.ifGeneration}`;
  const found = current === 0 ? "does not exist" : `is at generation ${current}`;
  throw new Fault(`${key.kind} ${key.name} (${key.scope}) ${seen}, but ${found}`, {
    code: "state/generation-conflict",
    kind: "conflict",
    hint: "read it again, merge your change, and apply with the generation you read",
  });
}

interface Announced {
  readonly resource: Resource;
  /** False when nothing was changed, so that nobody is told. */
  readonly announce: boolean;
}

interface Writing {
  /** One write after the other: what `work` returns is announced before the next one starts. */
  readonly exclusively: <T extends Announced | undefined>(work: (writer: Writer) => Promise<T>) => Promise<T>;
  readonly listeners: Set<(resource: Resource) => void>;
}

function writing({ database, kind }: StateContext): Writing {
  const listeners = new Set<(resource: Resource) => void>();
  let queue: Promise<unknown> = Promise.resolve();
  return {
    listeners,
    exclusively(work) {
      const next = queue.then(async () => {
        const result = await database.transaction().execute(async (writer) => {
          if (kind === "postgresql") await sql`select pg_advisory_xact_lock(${sql.lit(resourceLock)})`.execute(writer);
          return await work(writer);
        });
        if (result?.announce === true) for (const listener of listeners) listener(result.resource);
        return result;
      });
      // The chain only orders: a refused write is its caller's, not the next one's.
      queue = next.catch(() => undefined);
      return next;
    },
  };
}

/** The change that a manifest means, judged and written inside the write's turn. */
async function applyInTurn(
  writer: Writer,
  manifest: ResourceManifest,
  options: ApplyOptions,
  nowMs: number,
): Promise<ApplyOutcome & Announced> {
  const head = await headOf(writer, manifest);
  refuseOtherGeneration(options, manifest, head);
  const before = head === undefined || head.deleted ? undefined : head;
  const changes = diffValues("spec", before?.spec, manifest.spec);
  if (before !== undefined && changes.length === 0) {
    return { outcome: "unchanged", resource: before, changes, announce: false };
  }
  const resource: Resource = {
    ...manifest,
    generation: (head?.generation ?? 0) + 1,
    author: options.author,
    time: new Date(nowMs).toISOString(),
    deleted: false,
  };
  if (before === undefined) await refuseBeyondLimit(writer, manifest.kind);
  if (!options.dryRun) await writeGeneration(writer, resource);
  return { outcome: before === undefined ? "created" : "changed", resource, changes, announce: !options.dryRun };
}

/** The resources over `kinds`. Changes are told to listeners after their commit, in commit order (of this process). */
export function resources(context: StateContext, kinds: Readonly<Record<string, ResourceKind>>): Resources {
  const { database, nowMs } = context;
  const { exclusively, listeners } = writing(context);

  async function apply(given: ResourceManifest, options: ApplyOptions): Promise<ApplyOutcome> {
    const manifest = checkManifest(given, kinds);
    const turn = await exclusively((writer) => applyInTurn(writer, manifest, options, nowMs()));
    return { outcome: turn.outcome, resource: turn.resource, changes: turn.changes };
  }

  return {
    apply,
    get: (key, generation) => getResource(database, key, generation),
    list: (kind) => newest(database, { kind }),
    past: (kind, limit) => pastOf(database, kind, limit),
    async forAgent(cluster, node) {
      const all = await newest(database, { scopes: ["global", `cluster/${cluster}`, `node/${cluster}/${node}`] });
      return all.filter((resource) => kinds[resource.kind]?.distribution === "agents");
    },
    async remove(key, author) {
      const result = await exclusively(async (writer) => {
        const head = await headOf(writer, key);
        if (head === undefined || head.deleted) return undefined;
        const time = new Date(nowMs()).toISOString();
        const resource: Resource = { ...head, generation: head.generation + 1, author, time, deleted: true };
        await writeGeneration(writer, resource);
        return { resource, announce: true };
      });
      return result?.resource;
    },
    history: (key) => historyOf(database, key),
    async restore(key, generation, author) {
      const old = await getResource(database, key, generation);
      if (old === undefined || old.deleted) {
        throw new Fault(
          old === undefined
            ? `${key.kind} ${key.name} (${key.scope}) has no generation ${generation}`
            : `generation ${generation} of ${key.kind} ${key.name} (${key.scope}) is its deletion`,
          {
            code: "state/no-such-generation",
            kind: "not-found",
            hint: "look at its history for the generations there are",
          },
        );
      }
      const { apiVersion, kind, scope, name, spec } = old;
      return await apply({ apiVersion, kind, scope, name, spec }, { author, dryRun: false });
    },
    onChange(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    ...resourceStatuses(context),
  };
}
