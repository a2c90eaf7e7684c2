// The one versioned resource store: every change is a new generation, a deletion too; history is kept, restore makes a new generation.
// Writes are serialised (advisory lock or SQLite's writer lock), so generations have no holes and `ifGeneration` cannot be raced.
import { sql, type Transaction } from "kysely";
import { Fault } from "../../../base/fault.ts";
import { diffValues } from "../../../core/state/diff.ts";
import type { ApplyOptions, ApplyOutcome, Resources } from "../../../core/state/ports.ts";
import type { Resource, ResourceKey } from "../../../model/resource.ts";
import type { ResourceKind } from "../../../model/resource-kinds.ts";
import { checkManifest } from "./check-manifest.ts";
import { resourceStatuses } from "./resource-status.ts";
import { stateLimits, type StateContext, type StateTables } from "./schema.ts";

/** A constant of our own for PostgreSQL's advisory lock on resource writes. */
const resourceLock = 0x6761_7202;

interface Row {
  kind: string;
  scope: string;
  name: string;
  generation: number;
  spec: string;
  author: string;
  time_ms: number;
  deleted: number;
}

function resourceOf(row: Row): Resource {
  return {
    apiVersion: "garrison/v1",
    kind: row.kind,
    scope: row.scope,
    name: row.name,
    spec: JSON.parse(row.spec) as Record<string, unknown>,
    generation: row.generation,
    author: row.author,
    time: new Date(row.time_ms).toISOString(),
    deleted: row.deleted !== 0,
  };
}

type Writer = Transaction<StateTables>;

async function headOf(
  reader: StateContext["database"],
  { kind, scope, name }: ResourceKey,
): Promise<Resource | undefined> {
  const row = await reader
    .selectFrom("resources")
    .selectAll()
    .where("kind", "=", kind)
    .where("scope", "=", scope)
    .where("name", "=", name)
    .orderBy("generation", "desc")
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? undefined : resourceOf(row);
}

async function writeGeneration(writer: Writer, resource: Resource): Promise<void> {
  const { kind, scope, name, generation } = resource;
  const deleted = resource.deleted ? 1 : 0;
  await writer
    .insertInto("resources")
    .values({
      kind,
      scope,
      name,
      generation,
      spec: JSON.stringify(resource.spec),
      author: resource.author,
      time_ms: Date.parse(resource.time),
      deleted,
    })
    .execute();
  await writer
    .insertInto("resource_heads")
    .values({ kind, scope, name, generation, deleted })
    .onConflict((conflict) => conflict.columns(["kind", "scope", "name"]).doUpdateSet({ generation, deleted }))
    .execute();
  await writer
    .deleteFrom("resources")
    .where("kind", "=", kind)
    .where("scope", "=", scope)
    .where("name", "=", name)
    .where("generation", "<=", generation - stateLimits.generationsPerResourceMax)
    .execute();
}

async function refuseBeyondLimit(writer: Writer, kind: string): Promise<void> {
  const { count } = await writer
    .selectFrom("resource_heads")
    .select((builder) => builder.fn.countAll<number>().as("count"))
    .where("kind", "=", kind)
    .where("deleted", "=", 0)
    .executeTakeFirstOrThrow();
  if (count < stateLimits.resourcesPerKindMax) return;
  throw new Fault(`there are ${count} resources of kind ${kind} already`, {
    code: "state/resources-limit",
    kind: "limited",
    hint: "delete resources that are not used any more",
  });
}

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

/** The resources over `kinds`. Changes are told to listeners after their commit, in commit order (of this process). */
export function resources(context: StateContext, kinds: Readonly<Record<string, ResourceKind>>): Resources {
  const { database, kind: engine, nowMs } = context;
  const listeners = new Set<(resource: Resource) => void>();
  let queue: Promise<unknown> = Promise.resolve();

  /** One write after the other: what `work` returns is announced before the next one starts. */
  function exclusively<T extends { readonly resource: Resource; readonly announce: boolean } | undefined>(
    work: (writer: Writer) => Promise<T>,
  ): Promise<T> {
    const next = queue.then(async () => {
      const result = await database.transaction().execute(async (writer) => {
        if (engine === "postgresql") await sql`select pg_advisory_xact_lock(${sql.lit(resourceLock)})`.execute(writer);
        return await work(writer);
      });
      if (result?.announce === true) for (const listener of listeners) listener(result.resource);
      return result;
    });
    // The chain only orders: a refused write is its caller's, not the next one's.
    queue = next.catch(() => undefined);
    return next;
  }

  async function apply(given: Parameters<Resources["apply"]>[0], options: ApplyOptions): Promise<ApplyOutcome> {
    const manifest = checkManifest(given, kinds);
    const { outcome, resource, changes } = await exclusively(async (writer) => {
      const head = await headOf(writer, manifest);
      refuseOtherGeneration(options, manifest, head);
      const before = head === undefined || head.deleted ? undefined : head;
      const changes = diffValues("spec", before?.spec, manifest.spec);
      if (before !== undefined && changes.length === 0) {
        return { outcome: "unchanged" as const, resource: before, changes, announce: false };
      }
      const resource: Resource = {
        ...manifest,
        generation: (head?.generation ?? 0) + 1,
        author: options.author,
        time: new Date(nowMs()).toISOString(),
        deleted: false,
      };
      const outcome = before === undefined ? ("created" as const) : ("changed" as const);
      if (outcome === "created") await refuseBeyondLimit(writer, manifest.kind);
      if (!options.dryRun) await writeGeneration(writer, resource);
      return { outcome, resource, changes, announce: !options.dryRun };
    });
    return { outcome, resource, changes };
  }

  async function newest(kind: string | undefined, scopes: readonly string[] | undefined): Promise<readonly Resource[]> {
    let query = database
      .selectFrom("resource_heads as head")
      .innerJoin("resources as resource", (join) =>
        join
          .onRef("head.kind", "=", "resource.kind")
          .onRef("head.scope", "=", "resource.scope")
          .onRef("head.name", "=", "resource.name")
          .onRef("head.generation", "=", "resource.generation"),
      )
      .selectAll("resource")
      .where("head.deleted", "=", 0)
      .orderBy("head.kind")
      .orderBy("head.scope")
      .orderBy("head.name");
    if (kind !== undefined) query = query.where("head.kind", "=", kind);
    if (scopes !== undefined) query = query.where("head.scope", "in", scopes);
    return (await query.execute()).map(resourceOf);
  }

  async function get({ kind, scope, name }: ResourceKey, generation?: number): Promise<Resource | undefined> {
    if (generation === undefined) {
      const head = await headOf(database, { kind, scope, name });
      return head?.deleted === true ? undefined : head;
    }
    const row = await database
      .selectFrom("resources")
      .selectAll()
      .where("kind", "=", kind)
      .where("scope", "=", scope)
      .where("name", "=", name)
      .where("generation", "=", generation)
      .executeTakeFirst();
    return row === undefined ? undefined : resourceOf(row);
  }

  return {
    apply,
    get,
    list: (kind) => newest(kind, undefined),
    async forAgent(cluster, node) {
      const all = await newest(undefined, ["global", `cluster/${cluster}`, `node/${cluster}/${node}`]);
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
    async history({ kind, scope, name }) {
      const rows = await database
        .selectFrom("resources")
        .selectAll()
        .where("kind", "=", kind)
        .where("scope", "=", scope)
        .where("name", "=", name)
        .orderBy("generation", "desc")
        .execute();
      return rows.map(resourceOf);
    },
    async restore(key, generation, author) {
      const old = await get(key, generation);
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
