// Rows of the resource tables: reading the newest, one or all generations, and writing one more.
import type { Transaction } from "kysely";
import { Fault } from "../../../base/fault.ts";
import type { Resource, ResourceKey } from "../../../model/resource.ts";
import { stateLimits, type Database, type StateTables } from "./schema.ts";

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

export function resourceOf(row: Row): Resource {
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

export type Writer = Transaction<StateTables>;

/** The newest generation, a deletion included. */
export async function headOf(reader: Database, { kind, scope, name }: ResourceKey): Promise<Resource | undefined> {
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

/** Writes a generation, makes it the head, and lets the oldest beyond the limit go. */
export async function writeGeneration(writer: Writer, resource: Resource): Promise<void> {
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

/** Throws `state/resources-limit`. */
export async function refuseBeyondLimit(writer: Writer, kind: string): Promise<void> {
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

/** The newest generation unless it is a deletion, or the asked one whatever it is. */
export async function getResource(
  database: Database,
  { kind, scope, name }: ResourceKey,
  generation?: number,
): Promise<Resource | undefined> {
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

/** The newest generations that are no deletions, by kind and scopes (all when absent), in order of their keys. */
export async function newest(
  database: Database,
  { kind, scopes }: { readonly kind?: string; readonly scopes?: readonly string[] },
): Promise<readonly Resource[]> {
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

/** All generations, newest first. */
export async function historyOf(database: Database, { kind, scope, name }: ResourceKey): Promise<readonly Resource[]> {
  const rows = await database
    .selectFrom("resources")
    .selectAll()
    .where("kind", "=", kind)
    .where("scope", "=", scope)
    .where("name", "=", name)
    .orderBy("generation", "desc")
    .execute();
  return rows.map(resourceOf);
}

/** Older generations and deleted resources of a kind, newest first; deletions themselves are left out. */
export async function pastOf(database: Database, kind: string, limit: number): Promise<readonly Resource[]> {
  const rows = await database
    .selectFrom("resources as resource")
    .innerJoin("resource_heads as head", (join) =>
      join
        .onRef("head.kind", "=", "resource.kind")
        .onRef("head.scope", "=", "resource.scope")
        .onRef("head.name", "=", "resource.name"),
    )
    .selectAll("resource")
    .where("resource.kind", "=", kind)
    .where("resource.deleted", "=", 0)
    .where((builder) =>
      builder.or([
        builder("head.deleted", "=", 1),
        builder("head.generation", ">", builder.ref("resource.generation")),
      ]),
    )
    .orderBy("resource.time_ms", "desc")
    .orderBy("resource.scope")
    .orderBy("resource.name")
    .orderBy("resource.generation", "desc")
    .limit(limit)
    .execute();
  return rows.map(resourceOf);
}
