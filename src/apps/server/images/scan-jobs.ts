// Scans that the server makes itself: one at a time, in a worker of its own with bounded memory and time, from listed registries only. What is refused or fails says why.
import { randomUUID } from "node:crypto";
import type { Clock } from "../../../base/clock.ts";
import { Fault, toFault } from "../../../base/fault.ts";
import { formatInstant } from "../../../base/instant.ts";
import type { Logger } from "../../../base/logger.ts";
import { formatReference, isDigest, parseReference } from "../../../core/image/reference.ts";
import type { ImageAnalysis } from "../../../model/image-analysis.ts";
import type { images } from "../contract/images.ts";
import type { ImageRow } from "../contract/image-shapes.ts";
import type { ResponseOf } from "../contract/endpoint.ts";
import { deskLimits } from "./limits.ts";
import { type Scan, scanApart, type ScanOrder } from "./scan-apart.ts";
import type { RunningImage } from "./surroundings.ts";

type Job = ResponseOf<typeof images.scanImage>["job"];

export interface ScanJobs extends AsyncDisposable {
  /** Throws Fault "images/registry-not-listed", "images/queue-full", or that the reference is none. */
  ask(reference: string, platform: string, author: string): Job;
  list(): readonly Job[];
  readonly registries: readonly string[];
  readonly waitingMax: number;
  /** Of a running image that is not analysed. */
  stateOf(image: RunningImage): Pick<ImageRow, "state" | "because">;
  /** Asks for running images of listed registries that were not tried yet. */
  askForRunning(running: readonly RunningImage[]): void;
}

interface ScanConfig {
  readonly registries: readonly string[];
  readonly scanRunning: boolean;
  readonly pullSecrets: string;
  readonly registryCa: string;
  readonly tokenRealms: readonly string[];
}

export interface ScanJobsParts {
  readonly config: ScanConfig;
  readonly cacheFolder: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The analysis is kept by this. */
  readonly keep: (analysis: ImageAnalysis, author: string) => Promise<{ readonly digest: string }>;
  /** In the place of the worker: for tests. */
  readonly scan?: Scan;
}

/** Author of scans that nobody asked for. */
const itself = "garrison";

export function createScanJobs(parts: ScanJobsParts): ScanJobs {
  return new Jobs(parts);
}

class Jobs implements ScanJobs {
  readonly waitingMax = deskLimits.jobsWaitingMax;
  readonly registries: readonly string[];
  readonly #parts: ScanJobsParts;
  /** Newest first. */
  readonly #jobs: Job[] = [];
  readonly #platforms = new Map<string, string>();
  readonly #stopping = new AbortController();
  #work: Promise<void> | undefined;

  constructor(parts: ScanJobsParts) {
    this.#parts = parts;
    this.registries = parts.config.registries;
  }

  ask(given: string, platform: string, author: string): Job {
    const reference = formatReference(parseReference(given));
    refuseUnlisted(reference, this.#parts.config);
    const same = this.#jobs.find((job) => job.reference === reference && job.endedAt === undefined);
    if (same !== undefined) return same;
    if (this.#waiting() >= deskLimits.jobsWaitingMax)
      throw new Fault(`${this.#waiting()} scans are waiting already`, {
        code: "images/queue-full",
        kind: "limited",
        hint: "ask again when some have ended",
        retryAfterMs: 60_000,
      });
    const askedAt = formatInstant(this.#parts.clock.nowMs());
    const steps = { layersDone: 0, layers: 0, bytes: 0 };
    const job: Job = {
      id: randomUUID(),
      reference,
      state: "waiting",
      because: "",
      digest: "",
      author,
      askedAt,
      ...steps,
    };
    this.#jobs.unshift(job);
    while (this.#jobs.length > deskLimits.jobsKept && this.#jobs.at(-1)?.endedAt !== undefined) this.#jobs.pop();
    this.#platforms.set(job.id, platform);
    this.#work ??= this.#runAll().finally(() => (this.#work = undefined));
    return job;
  }

  list(): readonly Job[] {
    return this.#jobs;
  }

  stateOf(image: RunningImage): Pick<ImageRow, "state" | "because"> {
    const job = this.#jobOf(image);
    if (job?.state === "failed") return { state: "failed", because: job.because };
    if (job?.state === "running") return { state: "waiting", because: "being scanned now" };
    if (job?.state === "waiting") return { state: "waiting", because: "waits for a scan" };
    // The scan found another image under the name than the one that runs.
    if (job !== undefined)
      return { state: "not-analysed", because: "its name means another image in the registry now" };
    return { state: "not-analysed", because: whyNot(image.name, this.#parts.config) };
  }

  askForRunning(running: readonly RunningImage[]): void {
    if (!this.#parts.config.scanRunning) return;
    for (const image of running) {
      if (whyNot(image.name, this.#parts.config) !== "") continue;
      if (this.#waiting() >= deskLimits.jobsWaitingMax) return;
      const byName = this.#jobs.find(({ reference }) => reference === image.name);
      const pinned = pinnedReference(image);
      if (byName === undefined) this.ask(image.name, "", itself);
      // The name was scanned, and what runs is still not known: the tag moved on.
      else if (byName.state === "done" && pinned !== "" && !this.#jobs.some(({ reference }) => reference === pinned))
        this.ask(pinned, "", itself);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#work;
  }

  #waiting(): number {
    return this.#jobs.filter(({ state }) => state === "waiting").length;
  }

  /** The pinned one says more of what runs than the name's. */
  #jobOf(image: RunningImage): Job | undefined {
    const pinned = pinnedReference(image);
    return (
      this.#jobs.find(({ reference }) => pinned !== "" && reference === pinned) ??
      this.#jobs.find(({ reference }) => reference === image.name)
    );
  }

  async #runAll(): Promise<void> {
    for (;;) {
      const job = this.#jobs.findLast(({ state }) => state === "waiting");
      if (job === undefined || this.#stopping.signal.aborted) return;
      await this.#runOne(job);
    }
  }

  async #runOne(job: Job): Promise<void> {
    const { config, cacheFolder, clock, logger, keep, scan = scanApart } = this.#parts;
    job.state = "running";
    const { registries, pullSecrets, registryCa, tokenRealms } = config;
    const order: ScanOrder = {
      registries,
      pullSecrets,
      registryCa,
      tokenRealms,
      reference: job.reference,
      platform: this.#platforms.get(job.id) ?? "",
      cacheFolder,
    };
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(deskLimits.scanMsMax)]);
    try {
      const analysis = await scan(order, (steps) => Object.assign(job, steps), signal);
      job.digest = (await keep(analysis, job.author)).digest;
      job.state = "done";
    } catch (thrown) {
      const fault = toFault(thrown);
      job.state = "failed";
      job.because = [fault.message, fault.hint ?? ""].filter((part) => part !== "").join("; ");
      logger.warn({ reference: job.reference, error: fault.message }, "an image could not be scanned");
    }
    this.#platforms.delete(job.id);
    job.endedAt = formatInstant(clock.nowMs());
  }
}

function refuseUnlisted(reference: string, { registries }: ScanConfig): void {
  const { registry } = parseReference(reference);
  if (registries.includes(registry)) return;
  throw new Fault(`the server may not pull from ${registry}`, {
    code: "images/registry-not-listed",
    kind: "forbidden",
    hint: `list it (images.registries), or scan on your machine: garrison image scan ${reference} --upload`,
  });
}

/** "registry/repository@sha256:..." of what runs; "" when the runtime says no digest, or the name is no reference. */
function pinnedReference({ name, digest }: RunningImage): string {
  if (!isDigest(digest)) return "";
  try {
    return formatReference({ ...parseReference(name), tag: "", digest });
  } catch {
    // Named by a bare digest, or by nothing a registry knows.
    return "";
  }
}

function whyNot(name: string, { registries }: ScanConfig): string {
  try {
    const { registry } = parseReference(name);
    if (registries.includes(registry)) return "";
    return `${registry} is not among the registries that the server may pull from: list it, or send an analysis (garrison image scan --upload)`;
  } catch {
    return "its name is no reference that a registry knows: send an analysis (garrison image scan --upload)";
  }
}
