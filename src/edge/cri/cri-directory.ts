// The container directory over CRI: a bounded cache in front of the runtime, absent ids remembered for a while, one question per id in
// flight, and reconnection with back-off (the socket is looked for again each time, because runtimes move and restart).
import { setTimeout } from "node:timers/promises";
import type { Clock } from "../../base/clock.ts";
import { Fault, toFault } from "../../base/fault.ts";
import type { Logger } from "../../base/logger.ts";
import type { ContainerDirectory, ContainerInfo, ContainerLookup } from "../../core/process/container-directory.ts";
import { createCriClient, criLimits } from "./cri-client.ts";
import type { CriClient } from "./cri-client.ts";
import { askForContainer, containerInfoOf } from "./cri-info.ts";
import { findSockets, knownSockets } from "./cri-sockets.ts";

export const criDirectoryLimits = {
  containersMax: 4096,
  /** Absent ids remembered; a container may become known a moment after its first process. */
  absentMax: 4096,
  absentMsMax: 5000,
  /** Runtimes name a sandbox only when it runs, after its first process: an unknown id is asked again, within the hold time of events. */
  askAgainMs: [150, 450, 1000],
  /** Questions in flight; more are answered "absent, because" at once. */
  askingMax: 64,
  retryDelayMsMin: 500,
  retryDelayMsMax: 30_000,
} as const;

export interface CriDirectoryOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where the node's file system is; "" for this machine. */
  readonly root?: string;
  /** Socket paths below the root; the known ones when absent. */
  readonly sockets?: readonly string[];
  readonly deadlineMs?: number;
  /** Waits before an unknown id is asked again; a timer that does not keep the process alive when absent. */
  readonly sleep?: (ms: number) => Promise<void>;
}

export interface CriDirectory extends ContainerDirectory {
  /** Connects and fills the cache with what runs; returns how many are known. Never rejects: 0 and `reason` when there is no runtime. */
  prime(): Promise<number>;
  /** Runtime's name and version, "" until connected. */
  readonly runtime: string;
  /** Why there is no connection; "" while there is one. */
  readonly reason: string;
  readonly stats: { readonly known: number; readonly absent: number; readonly asked: number; readonly failed: number };
  close(): void;
}

export function createCriDirectory(options: CriDirectoryOptions): CriDirectory {
  return new CachedCriDirectory(options);
}

class CachedCriDirectory implements CriDirectory {
  runtime = "";
  reason = "runtime not asked yet";
  private readonly options: CriDirectoryOptions;
  private readonly known = new Map<string, ContainerInfo>();
  private readonly absent = new Map<string, { readonly reason: string; readonly untilMs: number }>();
  private readonly asking = new Map<string, Promise<ContainerLookup>>();
  private client: CriClient | undefined;
  private connecting: Promise<CriClient | undefined> | undefined;
  private retryAtMs = 0;
  private retryDelayMs: number = criDirectoryLimits.retryDelayMsMin;
  private asked = 0;
  private failed = 0;
  private isClosed = false;

  constructor(options: CriDirectoryOptions) {
    this.options = options;
  }

  get stats() {
    return { known: this.known.size, absent: this.absent.size, asked: this.asked, failed: this.failed };
  }

  lookup(containerId: string): ContainerLookup {
    const container = this.known.get(containerId);
    if (container !== undefined) return { state: "known", container };
    const absent = this.absent.get(containerId);
    if (absent !== undefined && absent.untilMs > this.options.clock.nowMs())
      return { state: "absent", reason: absent.reason };
    return { state: "not-asked" };
  }

  async resolve(containerId: string): Promise<ContainerLookup> {
    const cached = this.lookup(containerId);
    if (cached.state !== "not-asked") return cached;
    const inFlight = this.asking.get(containerId);
    if (inFlight !== undefined) return inFlight;
    if (this.asking.size >= criDirectoryLimits.askingMax)
      return { state: "absent", reason: "too many questions to the runtime" };
    const question = this.ask(containerId).finally(() => this.asking.delete(containerId));
    this.asking.set(containerId, question);
    return question;
  }

  private async ask(containerId: string): Promise<ContainerLookup> {
    const client = await this.connected();
    if (client === undefined) return { state: "absent", reason: this.reason };
    this.asked += 1;
    try {
      const container = await this.askUntilKnown(client, containerId);
      if (container === undefined) return this.rememberAbsent(containerId, "runtime does not know it");
      this.remember(container);
      return { state: "known", container };
    } catch (thrown) {
      this.lost(client, toFault(thrown));
      return this.rememberAbsent(containerId, toFault(thrown).message);
    }
  }

  private async askUntilKnown(client: CriClient, containerId: string): Promise<ContainerInfo | undefined> {
    for (const delayMs of criDirectoryLimits.askAgainMs) {
      const container = await askForContainer(client, containerId);
      if (container !== undefined) return container;
      await (this.options.sleep ?? sleepUnreferenced)(delayMs);
      if (this.client !== client) throw new Fault(this.reason, { code: "cri/unavailable", kind: "unavailable" });
    }
    return askForContainer(client, containerId);
  }

  async prime(): Promise<number> {
    const client = await this.connected();
    if (client === undefined) return 0;
    try {
      const [containers, sandboxes] = await Promise.all([client.listContainers(), client.listSandboxes()]);
      const sandboxById = new Map(sandboxes.map((sandbox) => [sandbox.id, sandbox]));
      for (const sandbox of sandboxes) this.remember(containerInfoOf({ id: sandbox.id, sandbox }));
      // The list has the image as it was asked for, often only its id: those few are asked one by one when they are needed.
      for (const container of containers) {
        if (container.imageRef.includes("@") && container.image?.image.startsWith("sha256:") === false) {
          this.remember(
            containerInfoOf({ id: container.id, container, sandbox: sandboxById.get(container.podSandboxId) }),
          );
        }
      }
    } catch (thrown) {
      this.lost(client, toFault(thrown));
    }
    return this.known.size;
  }

  /** The connection, or undefined with `reason` while there is none and it is too early to try again. */
  private connected(): Promise<CriClient | undefined> {
    if (this.client !== undefined) return Promise.resolve(this.client);
    if (this.isClosed || this.options.clock.nowMs() < this.retryAtMs) return Promise.resolve(undefined);
    this.connecting ??= this.connect().finally(() => {
      this.connecting = undefined;
    });
    return this.connecting;
  }

  private async connect(): Promise<CriClient | undefined> {
    const { sockets, reason } = await findSockets(this.options.root ?? "", this.options.sockets ?? knownSockets);
    this.reason = reason;
    for (const socket of sockets) {
      const client = createCriClient(socket, this.options.deadlineMs ?? criLimits.deadlineMs);
      try {
        const version = await client.version();
        if (this.isClosed) {
          client.close();
          return undefined;
        }
        this.runtime = `${version.runtimeName} ${version.runtimeVersion}`;
        this.reason = "";
        this.retryDelayMs = criDirectoryLimits.retryDelayMsMin;
        this.client = client;
        this.options.logger.info({ socket, runtime: this.runtime }, "container runtime connected");
        return client;
      } catch (thrown) {
        client.close();
        this.failed += 1;
        this.reason = toFault(thrown).message;
      }
    }
    this.waitLonger();
    return undefined;
  }

  /** A runtime that is away: let go of the connection and try again later. A single strange answer keeps the connection. */
  private lost(client: CriClient, fault: Fault): void {
    this.failed += 1;
    this.options.logger.warn({ code: fault.code, fault: fault.message }, "container runtime did not answer");
    if (fault.kind !== "unavailable" && fault.kind !== "forbidden") return;
    if (this.client !== client) return;
    client.close();
    this.client = undefined;
    this.reason = fault.message;
    this.waitLonger();
  }

  private waitLonger(): void {
    this.retryAtMs = this.options.clock.nowMs() + this.retryDelayMs;
    this.retryDelayMs = Math.min(this.retryDelayMs * 2, criDirectoryLimits.retryDelayMsMax);
  }

  private remember(container: ContainerInfo): void {
    this.absent.delete(container.containerId);
    put(this.known, container.containerId, container, criDirectoryLimits.containersMax);
  }

  private rememberAbsent(containerId: string, reason: string): ContainerLookup {
    const untilMs = this.options.clock.nowMs() + criDirectoryLimits.absentMsMax;
    put(this.absent, containerId, { reason, untilMs }, criDirectoryLimits.absentMax);
    return { state: "absent", reason };
  }

  close(): void {
    this.isClosed = true;
    this.client?.close();
    this.client = undefined;
    this.reason = "closed";
  }
}

async function sleepUnreferenced(ms: number): Promise<void> {
  await setTimeout(ms, undefined, { ref: false });
}

/** The oldest entry leaves a full map. */
function put<T>(map: Map<string, T>, key: string, value: T, max: number): void {
  map.delete(key);
  if (map.size >= max) {
    const oldest = map.keys().next().value;
    if (oldest !== undefined) map.delete(oldest);
  }
  map.set(key, value);
}
