// The one distribution: each agent's own resources as a numbered snapshot, then deltas. Compares what was sent with what is wanted,
// so a change during a read or between two connections is never lost. Numbers begin at the clock: after a restart none is known, and a snapshot follows.
import type { Clock } from "../../../base/clock.ts";
import { toFault } from "../../../base/fault.ts";
import type { Logger } from "../../../base/logger.ts";
import type { Resources } from "../../../core/state/ports.ts";
import type { AgentIdentity } from "../../../edge/trust/agent-identity.ts";
import type { ControlMessage } from "../../../model/agent-protocol.ts";
import type { Resource, ResourceKey, ResourceStatus } from "../../../model/resource.ts";

export const distributionLimits = {
  /** Views kept for agents that are away, so that a short cut costs a delta and not a snapshot. */
  viewsMax: 20_000,
  resourcesPerAgentMax: 10_000,
  statusesPerReportMax: 10_000,
  retryMs: 2_000,
} as const;

type Send = (message: ControlMessage) => void;

interface View {
  readonly identity: AgentIdentity;
  number: number;
  sent: ReadonlyMap<string, Resource>;
  send: Send | undefined;
  isDirty: boolean;
  running: Promise<void> | undefined;
  needsSnapshot: boolean;
  retry: NodeJS.Timeout | undefined;
}

export interface DistributionOptions {
  readonly resources: Pick<Resources, "forAgent" | "onChange" | "recordStatus">;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class Distribution {
  readonly #options: DistributionOptions;
  readonly #views = new Map<string, View>();
  readonly #firstNumber: number;
  readonly #stopListening: () => void;

  constructor(options: DistributionOptions) {
    this.#options = options;
    this.#firstNumber = options.clock.nowMs();
    this.#stopListening = options.resources.onChange((resource) => this.#changed(resource));
  }

  /**
   * Begins to send: a snapshot, unless `number` is the newest that was sent to this agent, then only what changed since. Returns how to stop.
   * `send` is called in order and never after the returned function.
   */
  open(identity: AgentIdentity, number: number, send: Send): () => void {
    const key = `${identity.cluster}\n${identity.node}`;
    const view = this.#views.get(key) ?? newView(identity, this.#firstNumber);
    this.#views.delete(key);
    this.#views.set(key, view);
    this.#makeRoom();
    if (number !== view.number) view.needsSnapshot = true;
    view.send = send;
    this.#wake(view);
    return () => {
      if (view.send === send) view.send = undefined;
    };
  }

  /** Keeps what an agent says of its resources; of resources that are not its own it has nothing to say. */
  async report(identity: AgentIdentity, statuses: readonly ResourceStatus[]): Promise<void> {
    const own = statuses
      .slice(0, distributionLimits.statusesPerReportMax)
      .filter((status) => isFor(status.scope, identity));
    if (own.length > 0) await this.#options.resources.recordStatus(identity.cluster, identity.node, own);
  }

  stop(): void {
    this.#stopListening();
    for (const view of this.#views.values()) {
      view.send = undefined;
      clearTimeout(view.retry);
    }
  }

  #changed(resource: Resource): void {
    for (const view of this.#views.values()) if (isFor(resource.scope, view.identity)) this.#wake(view);
  }

  #wake(view: View): void {
    view.isDirty = true;
    view.running ??= this.#reconcile(view).finally(() => {
      view.running = undefined;
    });
  }

  async #reconcile(view: View): Promise<void> {
    while (view.isDirty && view.send !== undefined) {
      view.isDirty = false;
      const { send } = view;
      try {
        const wanted = await this.#wanted(view.identity);
        // The stream may have been replaced meanwhile; the newer one marked the view dirty.
        if (view.send === send) sendDifference(view, wanted, send);
      } catch (error) {
        this.#options.logger.error(
          { code: toFault(error).code, node: view.identity.node },
          "an agent's resources cannot be read; trying again",
        );
        view.retry = setTimeout(() => this.#wake(view), distributionLimits.retryMs);
        return;
      }
    }
  }

  async #wanted(identity: AgentIdentity): Promise<ReadonlyMap<string, Resource>> {
    const all = await this.#options.resources.forAgent(identity.cluster, identity.node);
    const live = all.filter((resource) => !resource.deleted && isFor(resource.scope, identity));
    if (live.length > distributionLimits.resourcesPerAgentMax) {
      this.#options.logger.error(
        { node: identity.node, resources: live.length },
        "more resources than one agent takes; the rest is not sent",
      );
    }
    return new Map(
      live.slice(0, distributionLimits.resourcesPerAgentMax).map((resource) => [keyOf(resource), resource]),
    );
  }

  #makeRoom(): void {
    for (const [key, view] of this.#views) {
      if (this.#views.size <= distributionLimits.viewsMax) return;
      if (view.send === undefined) this.#views.delete(key);
    }
  }
}

/** Whether a resource of this scope goes to this agent. */
export function isFor(scope: string, identity: AgentIdentity): boolean {
  return (
    scope === "global" ||
    scope === `cluster/${identity.cluster}` ||
    scope === `node/${identity.cluster}/${identity.node}`
  );
}

function newView(identity: AgentIdentity, number: number): View {
  const { cluster, node } = identity;
  return {
    identity: { cluster, node },
    number,
    sent: new Map(),
    send: undefined,
    isDirty: false,
    running: undefined,
    needsSnapshot: true,
    retry: undefined,
  };
}

function sendDifference(view: View, wanted: ReadonlyMap<string, Resource>, send: Send): void {
  const { sent } = view;
  if (view.needsSnapshot) {
    view.needsSnapshot = false;
    view.number += 1;
    view.sent = wanted;
    send({ type: "snapshot", number: view.number, resources: [...wanted.values()] });
    return;
  }
  const put = [...wanted].filter(([key, resource]) => sent.get(key)?.generation !== resource.generation);
  const remove = [...sent].filter(([key]) => !wanted.has(key));
  if (put.length === 0 && remove.length === 0) return;
  view.number += 1;
  view.sent = wanted;
  send({
    type: "delta",
    number: view.number,
    put: put.map(([, resource]) => resource),
    remove: remove.map(([, { kind, scope, name }]) => ({ kind, scope, name })),
  });
}

function keyOf({ kind, scope, name }: ResourceKey): string {
  return `${kind}\n${scope}\n${name}`;
}
