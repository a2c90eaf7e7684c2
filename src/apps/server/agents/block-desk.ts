// Where blocks are handed in: cheap checks, then the body within a budget of memory, then the judgement, then durability, then the answer.
import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { Clock } from "../../../base/clock.ts";
import { Fault, toFault } from "../../../base/fault.ts";
import {
  blockHeaderName,
  blockLimits,
  type BlockAcknowledgement,
  type BlockHeader,
} from "../../../model/agent-protocol.ts";
import type { BlockOrigin } from "./block-origin.ts";
import { checkBody, checkHeaderLimits, parseBlockHeader, type InspectBlock } from "./check-block.ts";
import { answerJson, contentLengthOf, readBody } from "./exchange.ts";
import type { Intake } from "./intake.ts";
import { doorLimits, spoolLimits, windowLimits } from "./limits.ts";
import type { AgentPeer } from "./peers.ts";

export interface BlockDeskOptions {
  readonly intake: Intake;
  readonly inspect: InspectBlock;
  readonly clock: Clock;
  readonly agentsConnected: () => number;
}

export class BlockDesk {
  readonly #options: BlockDeskOptions;
  #bytesInMemory = 0;

  constructor(options: BlockDeskOptions) {
    this.#options = options;
  }

  /** Takes one block and answers 200 when it is durable or was so before. Throws a Fault for the answer otherwise. */
  async take(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, peer: AgentPeer): Promise<void> {
    const { intake } = this.#options;
    const text = headers[blockHeaderName];
    const header = parseBlockHeader(Array.isArray(text) ? text.join(",") : text);
    const { boot, sequence } = header;
    const origin = { cluster: peer.cluster, node: peer.node, boot, sequence };
    // Before the time range is looked at: a late repetition of something acknowledged is a duplicate, not a refusal.
    if (intake.isKnown(origin)) {
      intake.noteDuplicate();
      return this.#acknowledge(stream, { sequence, duplicate: true });
    }
    try {
      await this.#takeNew(stream, headers, { header, origin });
    } catch (error) {
      await this.#noteFuture(toFault(error), header, peer);
      throw error;
    }
  }

  async #takeNew(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    { header, origin }: { header: BlockHeader; origin: BlockOrigin },
  ): Promise<void> {
    const { intake, inspect, clock } = this.#options;
    const bytesMax = checkHeaderLimits(header, contentLengthOf(headers), clock.nowMs());
    const reserved = this.#reserve(header, bytesMax);
    try {
      const body = await readBody(stream, bytesMax);
      await checkBody(header, body, { inspect, nowMs: clock.nowMs() });
      const { table, rows, encoding, bytesInflated } = header;
      const { duplicate } = await intake.accept(origin, { table, rows, encoding, body, bytesInflated });
      this.#acknowledge(stream, { sequence: origin.sequence, duplicate });
    } finally {
      this.#bytesInMemory -= reserved;
    }
  }

  /** The agent's own gap about a block of the future would be of the future too, and refused like it: the server says it by its own clock. */
  async #noteFuture({ code }: Fault, header: BlockHeader, { cluster, node }: AgentPeer): Promise<void> {
    const nowMs = this.#options.clock.nowMs();
    const aheadMs = header.timeMaxMs - nowMs;
    if (code !== "agents/out-of-range" || aheadMs <= blockLimits.futureMsMax || header.table === "gaps") return;
    const durationMs = Math.min(blockLimits.pastMsMax, Math.max(0, header.timeMaxMs - header.timeMinMs));
    await this.#options.intake.recordGap(
      { cluster, node },
      {
        time: nowMs - durationMs,
        durationMs,
        table: header.table,
        reason: "out-of-range",
        rows: header.rows,
        counted: "exact",
        detail: `the node's clock is ${Math.round(aheadMs / 60_000)} minutes ahead of the server's`,
      },
    );
  }

  #acknowledge(stream: ServerHttp2Stream, what: { sequence: number; duplicate: boolean }): void {
    const acknowledgement: BlockAcknowledgement = { ...what, windowBytes: this.#windowBytes() };
    answerJson(stream, acknowledgement);
  }

  /** An agent's share of a quarter of what the spool still holds: shrinks as the store falls behind. */
  #windowBytes(): number {
    const free = spoolLimits.bytesMax - this.#options.intake.counters().spoolBytes;
    const share = Math.floor(free / 4 / Math.max(1, this.#options.agentsConnected()));
    return Math.max(windowLimits.bytesMin, Math.min(windowLimits.bytesMax, share));
  }

  #reserve(header: BlockHeader, bytesMax: number): number {
    const bytes = bytesMax + header.bytesInflated;
    if (this.#bytesInMemory > 0 && this.#bytesInMemory + bytes > doorLimits.bytesInMemoryMax) {
      throw new Fault("too many blocks arrive at once", {
        code: "agents/busy",
        kind: "limited",
        hint: "agents keep their rows and try again",
        retryAfterMs: 1_000,
      });
    }
    this.#bytesInMemory += bytes;
    return bytes;
  }
}
