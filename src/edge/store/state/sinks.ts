// Positions and dead letters of outputs.
import type { DeadLetter, SinkRecords } from "../../../core/state/sink-ports.ts";
import { stateLimits, type StateContext } from "./schema.ts";

const rowsPerStatement = 500;

export function sinks({ database }: StateContext): SinkRecords {
  return {
    async position(sink) {
      const row = await database
        .selectFrom("sink_positions")
        .select("position")
        .where("sink", "=", sink)
        .executeTakeFirst();
      return row?.position;
    },
    async setPosition(sink, position) {
      await database
        .insertInto("sink_positions")
        .values({ sink, position })
        .onConflict((conflict) => conflict.column("sink").doUpdateSet({ position }))
        .execute();
    },
    async forgetPosition(sink) {
      await database.deleteFrom("sink_positions").where("sink", "=", sink).execute();
    },
    async sinks() {
      const positions = await database.selectFrom("sink_positions").select("sink").execute();
      const letters = await database.selectFrom("sink_dead_letters").select("sink").distinct().execute();
      return [...new Set([...positions, ...letters].map(({ sink }) => sink))];
    },
    async forget(sink) {
      await database.transaction().execute(async (transaction) => {
        await transaction.deleteFrom("sink_positions").where("sink", "=", sink).execute();
        await transaction.deleteFrom("sink_dead_letters").where("sink", "=", sink).execute();
      });
    },
    ...letterReading({ database }),
    ...letterWriting({ database }),
  };
}

type Writing = "addDeadLetters" | "failedAgain" | "removeDeadLetters";

function letterReading({
  database,
}: Pick<StateContext, "database">): Pick<SinkRecords, "deadLetters" | "countDeadLetters"> {
  return {
    async deadLetters(sink, { afterId, limit }) {
      const rows = await database
        .selectFrom("sink_dead_letters")
        .selectAll()
        .where("sink", "=", sink)
        .where("id", ">", afterId)
        .orderBy("id")
        .limit(limit)
        .execute();
      return rows.map(({ id, time_ms, event, because, attempts }): DeadLetter => ({
        id,
        sink,
        timeMs: time_ms,
        event,
        because,
        attempts,
      }));
    },
    async countDeadLetters(sink) {
      const { letters } = await database
        .selectFrom("sink_dead_letters")
        .select((builder) => builder.fn.countAll<number>().as("letters"))
        .where("sink", "=", sink)
        .executeTakeFirstOrThrow();
      return letters;
    },
  };
}

function letterWriting({ database }: Pick<StateContext, "database">): Pick<SinkRecords, Writing> {
  return {
    addDeadLetters: (sink, letters, lettersMax) =>
      database.transaction().execute(async (transaction) => {
        for (let at = 0; at < letters.length; at += rowsPerStatement) {
          const part = letters.slice(at, at + rowsPerStatement).map(({ timeMs, event, because, attempts }) => ({
            sink,
            time_ms: timeMs,
            event,
            because: because.slice(0, stateLimits.deadLetterReasonMax),
            attempts,
          }));
          await transaction.insertInto("sink_dead_letters").values(part).execute();
        }
        const kept = transaction
          .selectFrom("sink_dead_letters")
          .select("id")
          .where("sink", "=", sink)
          .orderBy("id", "desc")
          .limit(lettersMax);
        const { numDeletedRows } = await transaction
          .deleteFrom("sink_dead_letters")
          .where("sink", "=", sink)
          .where("id", "not in", kept)
          .executeTakeFirst();
        return Number(numDeletedRows);
      }),
    async failedAgain(id, because) {
      await database
        .updateTable("sink_dead_letters")
        .set((builder) => ({
          because: because.slice(0, stateLimits.deadLetterReasonMax),
          attempts: builder("attempts", "+", 1),
        }))
        .where("id", "=", id)
        .execute();
    },
    async removeDeadLetters(sink, ids) {
      if (ids === "all") {
        const all = await database.deleteFrom("sink_dead_letters").where("sink", "=", sink).executeTakeFirst();
        return Number(all.numDeletedRows);
      }
      let removed = 0;
      for (let at = 0; at < ids.length; at += rowsPerStatement) {
        const { numDeletedRows } = await database
          .deleteFrom("sink_dead_letters")
          .where("sink", "=", sink)
          .where("id", "in", ids.slice(at, at + rowsPerStatement))
          .executeTakeFirst();
        removed += Number(numDeletedRows);
      }
      return removed;
    },
  };
}
