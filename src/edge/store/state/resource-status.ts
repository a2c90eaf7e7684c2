// What each node made of the resources it was given. A report replaces everything the node said before.
import type { Resources } from "../../../core/state/ports.ts";
import { EnforcementStatus } from "../../../model/enforcement-status.ts";
import type { ResourceStatus } from "../../../model/resource.ts";
import type { StateContext, StateTables } from "./schema.ts";
import type { Selectable } from "kysely";

type StatusRow = Selectable<StateTables["resource_status"]>;

/** Rows per INSERT: PostgreSQL takes at most 65,535 parameters per statement, SQLite 32,766; a row has nine. */
const rowsPerInsert = 500;

export function resourceStatuses({
  database,
}: StateContext): Pick<Resources, "statusOf" | "statusesIn" | "recordStatus"> {
  return {
    async statusOf({ kind, scope, name }) {
      const rows = await database
        .selectFrom("resource_status")
        .selectAll()
        .where("kind", "=", kind)
        .where("scope", "=", scope)
        .where("name", "=", name)
        .orderBy("cluster")
        .orderBy("node")
        .execute();
      return rows.map(statusOfRow);
    },
    async statusesIn(kind, cluster) {
      const rows = await database
        .selectFrom("resource_status")
        .selectAll()
        .where("kind", "=", kind)
        .where("cluster", "=", cluster)
        .orderBy("scope")
        .orderBy("name")
        .orderBy("node")
        .execute();
      return rows.map(statusOfRow);
    },
    async recordStatus(cluster, node, statuses) {
      // The last word on one resource counts; two words on it in one report would break the primary key.
      const byKey = new Map(
        statuses.map((status) => [JSON.stringify([status.kind, status.scope, status.name]), status]),
      );
      const rows = [...byKey.values()].map(({ kind, scope, name, generation, state, because, enforcement }) => {
        const detail = enforcement === undefined ? "" : JSON.stringify(enforcement);
        return { kind, scope, name, cluster, node, generation, state, because, enforcement: detail };
      });
      await database.transaction().execute(async (writer) => {
        await writer.deleteFrom("resource_status").where("cluster", "=", cluster).where("node", "=", node).execute();
        for (let at = 0; at < rows.length; at += rowsPerInsert) {
          await writer
            .insertInto("resource_status")
            .values(rows.slice(at, at + rowsPerInsert))
            .execute();
        }
      });
    },
  };
}

function statusOfRow({ enforcement, ...row }: StatusRow): ResourceStatus & { cluster: string; node: string } {
  return { ...row, state: row.state as ResourceStatus["state"], ...enforcementOf(enforcement) };
}

/** What a newer or older program wrote and this one cannot read is left out: the state and its reason stand beside it. */
function enforcementOf(text: string): Pick<ResourceStatus, "enforcement"> {
  if (text === "") return {};
  const parsed = EnforcementStatus.safeParse(JSON.parse(text));
  return parsed.success ? { enforcement: parsed.data } : {};
}
