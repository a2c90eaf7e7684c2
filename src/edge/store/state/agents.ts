// Agents by (cluster, node): certificates given out, revocation, the newest report. Serials of expired certificates are forgotten.
import { Fault } from "../../../base/fault.ts";
import type { AgentRecord, Agents } from "../../../core/state/ports.ts";
import { AgentReport } from "../../../model/agent-protocol.ts";
import { stateLimits, type StateContext } from "./schema.ts";

interface Row {
  cluster: string;
  node: string;
  serial: string;
  expires_at_ms: number;
  revoked: number;
  last_seen_at_ms: number;
  report: string | null;
}

function agentOf(row: Row): AgentRecord {
  // A report that an older program wrote and that no longer fits is "no report yet", until the agent sends the next one.
  const report = row.report === null ? undefined : AgentReport.safeParse(JSON.parse(row.report)).data;
  return {
    cluster: row.cluster,
    node: row.node,
    serial: row.serial,
    expiresAtMs: row.expires_at_ms,
    revoked: row.revoked !== 0,
    lastSeenAtMs: row.last_seen_at_ms,
    report,
  };
}

async function recordIssued(
  { database, nowMs }: StateContext,
  { cluster, node, serial, expiresAtMs }: Parameters<Agents["issued"]>[0],
): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    await transaction.deleteFrom("certificates").where("expires_at_ms", "<=", nowMs()).execute();
    const { count } = await transaction
      .selectFrom("agents")
      .select((builder) => builder.fn.countAll<number>().as("count"))
      .executeTakeFirstOrThrow();
    if (count >= stateLimits.agentsMax) {
      throw new Fault(`there are ${count} agents already`, {
        code: "state/agents-limit",
        kind: "limited",
        hint: "revoke agents of nodes that are gone",
      });
    }
    await transaction
      .insertInto("certificates")
      .values({ serial, cluster, node, expires_at_ms: expiresAtMs, revoked: 0 })
      .execute();
    const values = { serial, expires_at_ms: expiresAtMs, revoked: 0, last_seen_at_ms: nowMs() };
    await transaction
      .insertInto("agents")
      .values({ cluster, node, ...values, report: null })
      .onConflict((conflict) => conflict.columns(["cluster", "node"]).doUpdateSet(values))
      .execute();
  });
}

export function agents(context: StateContext): Agents {
  const { database } = context;
  return {
    issued: (agent) => recordIssued(context, agent),
    async isRevoked(serial) {
      const row = await database
        .selectFrom("certificates")
        .select("revoked")
        .where("serial", "=", serial)
        .executeTakeFirst();
      // A serial that was never given out (or is long expired) is not one of ours any more.
      return row === undefined || row.revoked !== 0;
    },
    async revoke(cluster, node) {
      return await database.transaction().execute(async (transaction) => {
        await transaction
          .updateTable("certificates")
          .set({ revoked: 1 })
          .where("cluster", "=", cluster)
          .where("node", "=", node)
          .execute();
        const { numUpdatedRows } = await transaction
          .updateTable("agents")
          .set({ revoked: 1 })
          .where("cluster", "=", cluster)
          .where("node", "=", node)
          .executeTakeFirst();
        return numUpdatedRows === 1n;
      });
    },
    async seen(cluster, node, report, now) {
      const text = report === undefined ? undefined : JSON.stringify(report);
      const keep = text !== undefined && Buffer.byteLength(text) <= stateLimits.reportBytesMax;
      await database
        .updateTable("agents")
        .set({ last_seen_at_ms: now, ...(keep ? { report: text } : {}) })
        .where("cluster", "=", cluster)
        .where("node", "=", node)
        .execute();
      if (text !== undefined && !keep) {
        throw new Fault(`the report of ${cluster}/${node} is larger than ${stateLimits.reportBytesMax} bytes`, {
          code: "state/report-too-large",
          kind: "too-large",
        });
      }
    },
    async get(cluster, node) {
      const row = await database
        .selectFrom("agents")
        .selectAll()
        .where("cluster", "=", cluster)
        .where("node", "=", node)
        .executeTakeFirst();
      return row === undefined ? undefined : agentOf(row);
    },
    async list() {
      const rows = await database.selectFrom("agents").selectAll().orderBy("cluster").orderBy("node").execute();
      return rows.map(agentOf);
    },
  };
}
