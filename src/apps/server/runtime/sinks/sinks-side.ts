// All outputs of the server: what runs is what the Sink resources say. A sink that was changed is ended before its successor begins.
import path from "node:path";
import { Fault, toFault } from "../../../../base/fault.ts";
import type { Clock } from "../../../../base/clock.ts";
import type { Logger } from "../../../../base/logger.ts";
import type { StateStore } from "../../../../core/state/ports.ts";
import { openSink } from "../../../../edge/sinks/open-sink.ts";
import type { SinkConnection } from "../../../../edge/sinks/sink.ts";
import { checkOutputPath, type SinkSurroundings } from "../../../../edge/sinks/surroundings.ts";
import type { Queries } from "../../../../edge/store/queries/queries.ts";
import type { Resource, ResourceManifest } from "../../../../model/resource.ts";
import { Sink, type SinkTarget } from "../../../../model/sink.ts";
import type { SinkDeadLetter, SinkStatus, SinkTest } from "../../contract/sinks.ts";
import { startReconciler } from "../../reconcile.ts";
import { replay, shownLetter, type Replayed } from "./letters.ts";
import { sinksLimits } from "./limits.ts";
import { testEvent } from "./outgoing.ts";
import { type RunnerView, startRunner, type SinkRunner } from "./runner.ts";
import { noticeOf, statusOf } from "./sink-status.ts";

export interface SinkKey {
  readonly scope: string;
  readonly name: string;
}

export interface SinksSide extends AsyncDisposable {
  /** Before it is kept. Throws a Fault for a file outside the folder of the sinks. */
  check(manifest: ResourceManifest): void;
  list(): Promise<readonly SinkStatus[]>;
  /** Of those that are switched on. */
  views(): readonly (RunnerView & { readonly sink: string })[];
  /** One line for each that does not deliver, and what could not be started. */
  notices(): readonly string[];
  test(key: SinkKey): Promise<SinkTest>;
  letters(
    key: SinkKey,
    page: { readonly after: number; readonly limit: number },
  ): Promise<{ readonly letters: SinkDeadLetter[]; readonly total: number; readonly next?: number }>;
  replay(key: SinkKey, ids: readonly number[] | undefined): Promise<Replayed>;
  discard(
    key: SinkKey,
    ids: readonly number[] | undefined,
  ): Promise<{ readonly discarded: number; readonly left: number }>;
}

export interface SinksParts {
  readonly state: StateStore;
  readonly queries: Pick<Queries, "securityAfter">;
  readonly surroundings: SinkSurroundings;
  readonly cluster: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly pollMs?: number | undefined;
}

/** What runs for one resource. */
export interface Running {
  readonly resource: Resource;
  readonly spec: Sink;
  /** Undefined while it is switched off. */
  readonly runner: SinkRunner | undefined;
}

export function idOf({ scope, name }: SinkKey): string {
  return `${scope}/${name}`;
}

/** Begins at once. */
export function openSinks(parts: SinksParts): SinksSide {
  const { state, logger } = parts;
  const { filesFolder } = parts.surroundings;
  const keeper = keeperOf(parts);
  const { running } = keeper;
  const reconciler = startReconciler({
    name: "sinks",
    everyMs: sinksLimits.reconcileMs,
    run: (signal) => keeper.reconcile(signal),
    logger,
  });
  const stopListening = state.resources.onChange(({ kind }) => kind === "Sink" && reconciler.wake());
  return {
    check: ({ kind, spec }) => {
      const sink = kind === "Sink" ? Sink.safeParse(spec).data : undefined;
      if (sink?.to.type === "file") checkOutputPath(sink.to.path, parts.surroundings);
    },
    list: async () =>
      await Promise.all(
        [...running]
          .toSorted(([left], [right]) => (left < right ? -1 : 1))
          .map(async ([id, each]) =>
            statusOf(each, { deadLetters: await state.sinks.countDeadLetters(id), filesFolder }),
          ),
      ),
    views: () =>
      [...running].flatMap(([sink, { runner }]) => (runner === undefined ? [] : [{ sink, ...runner.view() }])),
    notices: () => [...keeper.notices(), ...[...running.values()].flatMap(noticeOf)],
    async test(key) {
      const { id, spec } = await find(state, key);
      const outcome = await tryOnce(parts, key, spec);
      if (outcome.ok) running.get(id)?.runner?.mended();
      return outcome;
    },
    ...letterDesk(parts, running),
    async [Symbol.asyncDispose]() {
      stopListening();
      await reconciler[Symbol.asyncDispose]();
      await Promise.all([...running.values()].map(async ({ runner }) => await runner?.[Symbol.asyncDispose]()));
    },
  };
}

/** What runs, made equal to what the resources say. */
function keeperOf(parts: SinksParts) {
  const { state, logger } = parts;
  const running = new Map<string, Running>();
  let tooMany = 0;
  return {
    running: running as ReadonlyMap<string, Running>,
    notices: () => (tooMany > 0 ? [`${tooMany} sinks do not run: there may be ${sinksLimits.sinksMax}`] : []),
    async reconcile(signal: AbortSignal): Promise<void> {
      const resources = await state.resources.list("Sink");
      const wanted = resources.slice(0, sinksLimits.sinksMax);
      tooMany = resources.length - wanted.length;
      const byId = new Map(wanted.map((resource) => [idOf(resource), resource]));
      for (const [id, { resource, runner }] of running) {
        if (byId.get(id)?.generation === resource.generation) continue;
        running.delete(id);
        await runner?.[Symbol.asyncDispose]();
      }
      const known = new Set(resources.map(idOf));
      for (const id of await state.sinks.sinks()) if (!known.has(id)) await state.sinks.forget(id);
      for (const [id, resource] of byId) {
        if (signal.aborted || running.has(id)) continue;
        const spec = Sink.parse(resource.spec);
        if (!spec.enabled) await state.sinks.forgetPosition(id);
        const runner = spec.enabled ? start(parts, { id, resource, spec, running }) : undefined;
        running.set(id, { resource, spec, runner });
        logger.info({ sink: id, enabled: spec.enabled }, "a sink is set up");
      }
    },
  };
}

/** The resource as it is now, whether or not it runs already. */
async function find({ resources }: StateStore, key: SinkKey): Promise<{ readonly id: string; readonly spec: Sink }> {
  const found = await resources.get({ kind: "Sink", ...key });
  if (found === undefined || found.deleted)
    throw new Fault(`there is no sink ${key.name} in scope ${key.scope}`, {
      code: "sinks/no-such-sink",
      kind: "not-found",
      hint: "`garrison sink list` lists them with their scopes",
    });
  return { id: idOf(key), spec: Sink.parse(found.spec) };
}

/** One event on a connection of its own; what fails is the answer. */
async function tryOnce({ surroundings, cluster, clock }: SinksParts, key: SinkKey, spec: Sink): Promise<SinkTest> {
  const startedMs = performance.now();
  const took = (): number => Math.round(performance.now() - startedMs);
  try {
    await using connection = await openSink(spec.to, surroundings);
    const { detail } = await connection.send([testEvent(key.name, { nowMs: clock.nowMs(), cluster })]);
    return { ok: true, because: detail, hint: "", tookMs: took() };
  } catch (thrown) {
    const { message, hint = "" } = toFault(thrown);
    return { ok: false, because: message, hint, tookMs: took() };
  }
}

function letterDesk(
  { state, surroundings }: SinksParts,
  running: ReadonlyMap<string, Running>,
): Pick<SinksSide, "letters" | "replay" | "discard"> {
  const replaying = new Set<string>();
  return {
    async letters(key, { after, limit }) {
      const { id } = await find(state, key);
      const letters = await state.sinks.deadLetters(id, { afterId: after, limit });
      const last = letters.length === limit ? letters.at(-1)?.id : undefined;
      const total = await state.sinks.countDeadLetters(id);
      return { letters: letters.map(shownLetter), total, ...(last === undefined ? {} : { next: last }) };
    },
    async replay(key, ids) {
      const { id, spec } = await find(state, key);
      if (replaying.has(id))
        throw new Fault(`${key.name} is being replayed already`, { code: "sinks/replaying", kind: "conflict" });
      replaying.add(id);
      try {
        await using connection = await openSink(spec.to, surroundings);
        const records = state.sinks;
        const outcome = await replay({ sink: id, records, connection, ids, steadyMs: () => performance.now() });
        if (outcome.delivered > 0 && outcome.failed === 0) running.get(id)?.runner?.mended();
        return outcome;
      } finally {
        replaying.delete(id);
      }
    },
    async discard(key, ids) {
      const { id } = await find(state, key);
      const discarded = await state.sinks.removeDeadLetters(id, ids ?? "all");
      return { discarded, left: await state.sinks.countDeadLetters(id) };
    },
  };
}

function start(
  { state, queries, surroundings, clock, pollMs }: SinksParts,
  made: {
    readonly id: string;
    readonly resource: Resource;
    readonly spec: Sink;
    readonly running: ReadonlyMap<string, Running>;
  },
): SinkRunner {
  const { id, resource, spec, running } = made;
  return startRunner({
    id,
    scope: resource.scope,
    spec,
    open: async (): Promise<SinkConnection> => {
      refuseSharedFile(id, spec.to, running);
      return await openSink(spec.to, surroundings);
    },
    read: (position, limit) => queries.securityAfter(position, limit),
    records: state.sinks,
    clock,
    chance: Math.random,
    pollMs: pollMs ?? sinksLimits.pollMs,
  });
}

/** Two that turn over one file would take each other's lines away: the first by name has it. */
function refuseSharedFile(id: string, to: SinkTarget, running: ReadonlyMap<string, Running>): void {
  if (to.type !== "file") return;
  for (const [other, { spec }] of running) {
    const isSame = spec.enabled && spec.to.type === "file" && path.normalize(spec.to.path) === path.normalize(to.path);
    if (isSame && other < id)
      throw new Fault(`the sink ${other} writes ${to.path} already`, {
        code: "sinks/shared-file",
        kind: "conflict",
        hint: "choose another file for one of them",
      });
  }
}
