// One resource for ever: list, watch, go on where it broke off, list anew when the server forgot. What was known stays until a new list is
// whole. What is forbidden or absent is said, and heals by itself.
import { Fault, toFault } from "../../base/fault.ts";
import type { Clock } from "../../base/clock.ts";
import type { Backoff } from "./backoff.ts";
import { createBackoff, pause } from "./backoff.ts";
import type { KubeLimits } from "./limits.ts";
import { listAll } from "./list.ts";
import { nameOf, pathOf, type ApiVersion, type WatchedResource } from "./resources.ts";
import type { KubeTransport } from "./transport.ts";
import { asRecord, watchStream } from "./watch-stream.ts";

/** "listing": nothing is known yet, or it is listed anew. */
export type ResourceState = "listing" | "current" | "absent" | "forbidden" | "failing";

export interface ResourceReport {
  readonly state: ResourceState;
  /** "endpointslices.discovery.k8s.io". */
  readonly resource: string;
  readonly because: string;
}

/** What who keeps the objects does with them. All are called in order, never at one time. */
export interface ResourceHandlers<T> {
  /** Undefined: refused; who reads counts it. */
  read(raw: unknown): T | undefined;
  /** All there are; what is not among them is gone. */
  onList(items: readonly T[]): void;
  onPut(item: T): void;
  onRemove(uid: string): void;
  onState(report: ResourceReport): void;
  /** An event of the watch that could not be read. */
  onBroken(because: string): void;
  /** The server said something: the view is current. */
  onCurrent(): void;
}

export interface ResourceLoop<T> {
  readonly resource: WatchedResource;
  /** The version that the server has now; undefined: none. */
  version(): ApiVersion | undefined;
  /** Resolves when the server's resources were looked for again. */
  rediscovered(signal: AbortSignal): Promise<void>;
  /** The transport as it is now: it changes when credentials rotate. */
  transport(): KubeTransport;
  /** Aborts when this watch must be opened again (credentials changed, the server was gone). */
  session(): AbortSignal;
  /** Changes when it is another server that answers: versions of the old one mean nothing to it. */
  serverNumber(): number;
  readonly handlers: ResourceHandlers<T>;
  /** Lets so many lists run at a time. */
  inTurn<R>(work: () => Promise<R>): Promise<R>;
  readonly limits: KubeLimits;
  readonly clock: Clock;
  readonly random: () => number;
  readonly signal: AbortSignal;
  onReopened(): void;
}

interface Position {
  resourceVersion: string;
  path: string;
  server: number;
}

/** Runs until the signal aborts; never rejects for what a server does. */
export async function watchResource<T>(loop: ResourceLoop<T>): Promise<void> {
  const { signal, limits, random } = loop;
  const position: Position = { resourceVersion: "", path: "", server: loop.serverNumber() };
  const failing = createBackoff(limits.retryMsMin, limits.retryMsMax, random);
  const forbidden = createBackoff(limits.forbiddenMsMin, limits.forbiddenMsMax, random);
  while (!signal.aborted) {
    const version = loop.version();
    if (version === undefined) {
      sayAbsent(loop, position);
      await loop.rediscovered(signal);
      continue;
    }
    const resource = nameOf(version);
    const place = { path: pathOf(version), server: loop.serverNumber() };
    if (position.path !== place.path || position.server !== place.server)
      Object.assign(position, { ...place, resourceVersion: "" });
    const session = AbortSignal.any([signal, loop.session()]);
    try {
      if (position.resourceVersion === "") await list(loop, resource, position, session);
      forbidden.reset();
      await watch(loop, position, session, () => failing.reset());
    } catch (thrown) {
      if (signal.aborted) return;
      if (session.aborted) {
        // Opened again at once, where it was.
        loop.onReopened();
        continue;
      }
      await recover(loop, { thrown, resource, position, failing, forbidden });
    }
  }
}

function sayAbsent<T>(loop: ResourceLoop<T>, position: Position): void {
  const [first] = loop.resource.versions;
  const resource = first === undefined ? loop.resource.kind : nameOf(first);
  // It may have been there before: nobody can say what is left of it.
  if (position.path !== "") loop.handlers.onList([]);
  Object.assign(position, { path: "", resourceVersion: "" });
  loop.handlers.onState({ state: "absent", resource, because: "the API server does not have it" });
}

async function list<T>(
  loop: ResourceLoop<T>,
  resource: string,
  position: Position,
  signal: AbortSignal,
): Promise<void> {
  const { handlers, limits } = loop;
  const { items, resourceVersion } = await loop.inTurn(() => {
    handlers.onState({ state: "listing", resource, because: "" });
    const read = (raw: unknown) => handlers.read(raw);
    return listAll({ transport: loop.transport(), limits, signal, path: position.path, read });
  });
  handlers.onList(items);
  position.resourceVersion = resourceVersion;
  handlers.onState({ state: "current", resource, because: "" });
  handlers.onCurrent();
}

async function watch<T>(
  loop: ResourceLoop<T>,
  position: Position,
  signal: AbortSignal,
  isWell: () => void,
): Promise<void> {
  const { limits, handlers, random } = loop;
  const span = limits.watchSecondsMax - limits.watchSecondsMin;
  const own = new AbortController();
  const stream = watchStream({
    transport: loop.transport(),
    limits,
    signal: AbortSignal.any([signal, own.signal]),
    path: position.path,
    resourceVersion: position.resourceVersion,
    timeoutSeconds: limits.watchSecondsMin + Math.floor(random() * span),
  });
  const openedMs = loop.clock.nowMs();
  let steps = 0;
  try {
    for await (const { event, resourceVersion } of stream) {
      if (event.is !== "opened") {
        steps += 1;
        isWell();
      }
      if (event.is === "broken") handlers.onBroken(event.because);
      else if (event.is === "put" || event.is === "remove") take(handlers, event);
      if (resourceVersion !== "") position.resourceVersion = resourceVersion;
      handlers.onState({ state: "current", resource: resourceOf(loop), because: "" });
      handlers.onCurrent();
    }
  } finally {
    own.abort();
  }
  // A server that ends every watch at once is not asked as fast as it answers.
  if (steps === 0 && loop.clock.nowMs() - openedMs < limits.retryMsMin) await pause(limits.retryMsMin, signal);
  else isWell();
  loop.onReopened();
}

function resourceOf<T>(loop: ResourceLoop<T>): string {
  const version = loop.version();
  return version === undefined ? loop.resource.kind : nameOf(version);
}

function take<T>(
  handlers: ResourceHandlers<T>,
  event: { readonly is: "put" | "remove"; readonly object: unknown },
): void {
  if (event.is === "put") {
    const item = handlers.read(event.object);
    if (item !== undefined) handlers.onPut(item);
    return;
  }
  const { uid } = asRecord(asRecord(event.object)["metadata"]);
  if (typeof uid === "string" && uid !== "") handlers.onRemove(uid);
  else handlers.onBroken("a removed object has no uid");
}

interface Failure {
  readonly thrown: unknown;
  readonly resource: string;
  readonly position: Position;
  readonly failing: Backoff;
  readonly forbidden: Backoff;
}

/** Says what is wrong and waits as long as that kind of wrong needs. */
async function recover<T>(loop: ResourceLoop<T>, failure: Failure): Promise<void> {
  const { thrown, resource, position, failing, forbidden } = failure;
  const { handlers } = loop;
  const fault = faultOf(thrown);
  // New credentials are tried at once.
  const signal = AbortSignal.any([loop.signal, loop.session()]);
  loop.onReopened();
  // Without a version it was the list that failed: nothing is known until one is whole, whatever the reason.
  const isListing = position.resourceVersion === "";
  switch (fault.code) {
    case "kube/gone":
      if (isListing) break;
      position.resourceVersion = "";
      await failing.wait(signal, fault.retryAfterMs);
      return;
    case "kube/forbidden":
      handlers.onState({ state: "forbidden", resource, because: fault.message });
      await forbidden.wait(signal, fault.retryAfterMs);
      return;
    case "kube/absent":
      handlers.onState({ state: "absent", resource, because: fault.message });
      position.resourceVersion = "";
      await loop.rediscovered(signal);
      return;
    case "kube/refused":
      // A version that the server cannot use (400, 422): a new list gives a good one.
      position.resourceVersion = "";
      break;
    case "kube/silent":
      if (isListing) break;
      // Half-open: opened again where it was; only its own failure says more.
      await pause(loop.limits.retryMsMin, signal);
      return;
    default:
      break;
  }
  handlers.onState({ state: "failing", resource, because: fault.message });
  await failing.wait(signal, fault.retryAfterMs);
}

/** A connection that breaks while a body is read throws node's own errors. A bug of ours is thrown on. */
function faultOf(thrown: unknown): Fault {
  if (thrown instanceof Fault) return thrown;
  const { code } = thrown as { readonly code?: unknown };
  const isConnection =
    (typeof code === "string" && /^[A-Z][A-Z0-9_]*$/.test(code)) || (thrown as Error).name === "AbortError";
  if (!isConnection) throw thrown;
  const fault = toFault(thrown);
  return new Fault(`the connection broke: ${fault.message}`, {
    code: "kube/unreachable",
    kind: "unavailable",
    cause: thrown,
  });
}
