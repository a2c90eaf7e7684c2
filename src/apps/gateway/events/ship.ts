// Where events go: files, the server's spool, lines for a person. Each has a limit; what falls out is counted, and told to the server as a gap.
import type { Logger } from "../../../base/logger.ts";
import { gatewayLimits, type GatewayConfig } from "../config.ts";
import type { ServerLink } from "../server-link.ts";
import { openLineSink } from "./file-sink.ts";
import { identify } from "./identities.ts";
import type { EventRecord } from "./record.ts";

export interface Ship {
  take(records: readonly EventRecord[]): void;
  tick(nowMs: number): Promise<void>;
  reopen(): Promise<void>;
  readonly dropped: number;
  close(): Promise<void>;
}

export interface ShipParts {
  readonly config: Pick<GatewayConfig, "events" | "log">;
  readonly link: () => ServerLink | undefined;
  readonly notice: (line: string) => void;
  readonly logger: Logger;
}

export async function createShip({ config, link, notice }: ShipParts): Promise<Ship> {
  const told = (what: string) => ({
    onFailure: (because: string): void =>
      notice(
        because === ""
          ? `note     the file of ${what} is written again`
          : `note     the file of ${what}: ${because}; its lines are dropped and counted until it can be written`,
      ),
  });
  const events = config.events === "" ? undefined : await openLineSink(config.events, told("events"));
  const lines = config.log === "" ? undefined : await openLineSink(config.log, told("matched rules"));
  let noticesLeft: number = gatewayLimits.noticesPerSecondMax;
  let noticesOmitted = 0;

  function tell(record: EventRecord): void {
    if (record.notice === "") return;
    if (noticesLeft > 0) {
      noticesLeft -= 1;
      notice(record.notice);
    } else noticesOmitted += 1;
  }

  return {
    take(records) {
      const server = link();
      for (const record of records) {
        const row = identify(record, server?.book);
        server?.outbox.push(row);
        events?.write(JSON.stringify({ ...row, time: new Date(row.time).toISOString() }));
        for (const line of record.lines) lines?.write(line);
        tell(record);
      }
    },
    async tick(nowMs) {
      if (noticesOmitted > 0) notice(`and ${noticesOmitted} more`);
      noticesOmitted = 0;
      noticesLeft = gatewayLimits.noticesPerSecondMax;
      const outbox = link()?.outbox;
      await outbox?.flush();
      await outbox?.tellGaps(nowMs);
    },
    async reopen() {
      await Promise.all([events?.reopen(), lines?.reopen()]);
    },
    get dropped() {
      return (events?.dropped ?? 0) + (lines?.dropped ?? 0);
    },
    async close() {
      await Promise.all([events?.close(), lines?.close()]);
    },
  };
}
