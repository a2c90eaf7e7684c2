// What the door looks at from time to time: revocations, the store's epoch, agents that fell silent, its own certificate's end.
import type { Clock } from "../../../base/clock.ts";
import { toFault } from "../../../base/fault.ts";
import type { Logger } from "../../../base/logger.ts";
import type { Agents } from "../../../core/state/ports.ts";
import type { TelemetryStore } from "../../../core/store/telemetry-store.ts";
import type { AgentIdentity } from "../../../edge/trust/agent-identity.ts";
import type { Intake } from "./intake.ts";

export interface WatchOptions {
  readonly agents: Pick<Agents, "list">;
  readonly store: Pick<TelemetryStore, "health">;
  readonly intake: Intake;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly goneMs: number;
  readonly isConnected: (identity: AgentIdentity) => boolean;
  readonly cut: (identity: AgentIdentity) => void;
  readonly onEpoch: (epoch: string) => void;
  readonly renewServer: () => Promise<void>;
}

const certificateCheckMs = 3_600_000;

interface Contact extends AgentIdentity {
  atMs: number;
}

export class Watch {
  readonly #options: WatchOptions;
  /** Agents that were heard in this run and are not known to be gone. */
  readonly #contacts = new Map<string, Contact>();
  #epoch = "";
  #certificateCheckedAtMs: number;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#certificateCheckedAtMs = options.clock.nowMs();
  }

  /** The store's epoch as last seen; empty until the store has answered once. */
  get epoch(): string {
    return this.#epoch;
  }

  async start(everyMs: number): Promise<void> {
    await this.#look();
    this.#timer = setInterval(() => {
      this.#looking ??= this.#look().finally(() => {
        this.#looking = undefined;
      });
    }, everyMs);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  /** An agent was heard. */
  contact(identity: AgentIdentity): void {
    const key = `${identity.cluster}\n${identity.node}`;
    const { cluster, node } = identity;
    this.#contacts.set(key, { cluster, node, atMs: this.#options.clock.nowMs() });
  }

  async #look(): Promise<void> {
    await this.#try("the store's epoch", () => this.#lookAtEpoch());
    await this.#try("revocations", () => this.#lookAtRevocations());
    await this.#try("silent agents", () => this.#lookAtSilence());
    const nowMs = this.#options.clock.nowMs();
    if (nowMs - this.#certificateCheckedAtMs < certificateCheckMs) return;
    this.#certificateCheckedAtMs = nowMs;
    await this.#try("the server's certificate", this.#options.renewServer);
  }

  async #try(what: string, look: () => Promise<void>): Promise<void> {
    try {
      await look();
    } catch (error) {
      this.#options.logger.warn({ code: toFault(error).code }, `could not look at ${what}; trying again soon`);
    }
  }

  async #lookAtEpoch(): Promise<void> {
    const { ok, epoch } = await this.#options.store.health();
    if (!ok || epoch === "" || epoch === this.#epoch) return;
    // First forget what the old store had, then ask for it: not the other way round.
    await this.#options.intake.noteEpoch(epoch);
    this.#epoch = epoch;
    this.#options.onEpoch(epoch);
  }

  async #lookAtRevocations(): Promise<void> {
    for (const agent of await this.#options.agents.list()) if (agent.revoked) this.#options.cut(agent);
  }

  /** One gap when an agent falls silent. Its rows are not counted: it may have kept them and send them later, or count them itself. */
  async #lookAtSilence(): Promise<void> {
    const { clock, goneMs, intake, isConnected } = this.#options;
    const nowMs = clock.nowMs();
    for (const [key, contact] of this.#contacts) {
      if (isConnected(contact)) contact.atMs = nowMs;
      if (nowMs - contact.atMs < goneMs) continue;
      this.#contacts.delete(key);
      await intake.recordGap(contact, {
        time: contact.atMs,
        durationMs: nowMs - contact.atMs,
        table: "*",
        reason: "agent-down",
        rows: 0,
        counted: "no",
        detail: "the server heard nothing from the agent; what it kept may still arrive",
      });
    }
  }
}
