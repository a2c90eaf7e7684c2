// Scans that the server makes itself: one at a time, in a worker of its own with bounded memory and time, from listed registries only. What is refused or fails says why.
import { randomUUID } from "node:crypto";
import { Worker } from "node:worker_threads";
import type { Clock } from "../../../base/clock.ts";
import { Fault, toFault } from "../../../base/fault.ts";
import { formatInstant } from "../../../base/instant.ts";
import type { Logger } from "../../../base/logger.ts";
import { formatReference, parseReference } from "../../../core/image/reference.ts";
import type { ImageAnalysis } from "../../../model/image-analysis.ts";
import type { images, ImageRow } from "../contract/images.ts";
import type { ResponseOf } from "../contract/endpoint.ts";
import { deskLimits } from "./limits.ts";
import type { RunningImage } from "./surroundings.ts";

type Job = ResponseOf<typeof images.scanImage>["job"];

/** Plain data: it crosses to another thread. */
export interface ScanOrder {
  readonly reference: string;
  readonly platform: string;
  readonly registries: readonly string[];
  readonly pullSecrets: string;
  readonly registryCa: string;
  readonly cacheFolder: string;
}

export type ScanMessage =
  | { readonly type: "progress"; readonly layersDone: number; readonly layers: number; readonly bytes: number }
  | { readonly type: "done"; readonly analysis: ImageAnalysis }
  | { readonly type: "failed"; readonly message: string; readonly hint: string };

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

export interface ScanJobsParts {
  readonly config: {
    readonly registries: readonly string[];
    readonly scanRunning: boolean;
    readonly pullSecrets: string;
    readonly registryCa: string;
  };
  readonly cacheFolder: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The analysis is kept by this. */
  readonly keep: (analysis: ImageAnalysis, author: string) => Promise<{ readonly digest: string }>;
  /** In the place of the worker: for tests. */
  readonly scan?: (
    order: ScanOrder,
    onProgress: (progress: Progress) => void,
    signal: AbortSignal,
  ) => Promise<ImageAnalysis>;
}

type Progress = Omit<Extract<ScanMessage, { type: "progress" }>, "type">;

/** Author of scans that nobody asked for. */
const itself = "garrison";

export function createScanJobs(parts: ScanJobsParts): ScanJobs {
  const { config, clock, logger } = parts;
  const scan = parts.scan ?? scanApart;
  const jobs: Job[] = [];
  const stopping = new AbortController();
  let running: Promise<void> | undefined;

  function refuseUnlisted(reference: string): void {
    const { registry } = parseReference(reference);
    if (config.registries.includes(registry)) return;
    throw new Fault(`the server may not pull from ${registry}`, {
      code: "images/registry-not-listed",
      kind: "forbidden",
      hint: `list it (images.registries), or scan on your machine: garrison image scan ${reference} --upload`,
    });
  }

  function ask(given: string, platform: string, author: string): Job {
    const reference = formatReference(parseReference(given));
    refuseUnlisted(reference);
    const same = jobs.find(
      (job) => job.reference === reference && (job.state === "waiting" || job.state === "running"),
    );
    if (same !== undefined) return same;
    const waiting = jobs.filter(({ state }) => state === "waiting").length;
    if (waiting >= deskLimits.jobsWaitingMax)
      throw new Fault(`${waiting} scans are waiting already`, {
        code: "images/queue-full",
        kind: "limited",
        hint: "ask again when some have ended",
        retryAfterMs: 60_000,
      });
    const job: Job = {
      id: randomUUID(),
      reference,
      state: "waiting",
      because: "",
      digest: "",
      author,
      layersDone: 0,
      layers: 0,
      bytes: 0,
      askedAt: formatInstant(clock.nowMs()),
    };
    jobs.unshift(job);
    while (jobs.length > deskLimits.jobsKept && jobs.at(-1)?.endedAt !== undefined) jobs.pop();
    platforms.set(job.id, platform);
    running ??= work().finally(() => (running = undefined));
    return job;
  }
  const platforms = new Map<string, string>();

  async function work(): Promise<void> {
    for (;;) {
      const job = jobs.findLast(({ state }) => state === "waiting");
      if (job === undefined || stopping.signal.aborted) return;
      await runOne(job);
    }
  }

  async function runOne(job: Job): Promise<void> {
    job.state = "running";
    const order: ScanOrder = {
      reference: job.reference,
      platform: platforms.get(job.id) ?? "",
      registries: config.registries,
      pullSecrets: config.pullSecrets,
      registryCa: config.registryCa,
      cacheFolder: parts.cacheFolder,
    };
    const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(deskLimits.scanMsMax)]);
    try {
      const analysis = await scan(order, (progress) => Object.assign(job, progress), signal);
      job.digest = (await parts.keep(analysis, job.author)).digest;
      job.state = "done";
    } catch (thrown) {
      const fault = toFault(thrown);
      job.state = "failed";
      job.because = [fault.message, fault.hint ?? ""].filter((part) => part !== "").join("; ");
      logger.warn({ reference: job.reference, error: fault.message }, "an image could not be scanned");
    }
    platforms.delete(job.id);
    job.endedAt = formatInstant(clock.nowMs());
  }

  function jobOf({ name, digest }: RunningImage): Job | undefined {
    return jobs.find((job) => job.reference === name || (digest !== "" && job.reference.endsWith(`@${digest}`)));
  }

  return {
    ask,
    list: () => jobs,
    registries: config.registries,
    waitingMax: deskLimits.jobsWaitingMax,
    stateOf(image) {
      const job = jobOf(image);
      if (job?.state === "failed") return { state: "failed", because: job.because };
      if (job !== undefined)
        return { state: "waiting", because: job.state === "running" ? "being scanned now" : "waits for a scan" };
      return { state: "not-analysed", because: whyNot(image.name, config) };
    },
    askForRunning(images) {
      if (!config.scanRunning) return;
      for (const image of images) {
        if (jobOf(image) !== undefined || whyNot(image.name, config) !== "") continue;
        if (jobs.filter(({ state }) => state === "waiting").length >= deskLimits.jobsWaitingMax) return;
        ask(image.name, "", itself);
      }
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running;
    },
  };
}

function whyNot(name: string, { registries }: { readonly registries: readonly string[] }): string {
  try {
    const { registry } = parseReference(name);
    if (registries.includes(registry)) return "";
    return `${registry} is not among the registries that the server may pull from: list it, or send an analysis (garrison image scan --upload)`;
  } catch {
    return "its name is no reference that a registry knows: send an analysis (garrison image scan --upload)";
  }
}

/** In a worker: a large or hostile image takes its memory and time, not the server's. */
async function scanApart(
  order: ScanOrder,
  onProgress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<ImageAnalysis> {
  const worker = new Worker(new URL("scan.worker.ts", import.meta.url), {
    workerData: order,
    resourceLimits: { maxOldGenerationSizeMb: deskLimits.scanOldSpaceMegabytesMax },
  });
  const stop = (): void => void worker.terminate();
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await new Promise<ImageAnalysis>((resolve, reject) => {
      worker.on("message", (message: ScanMessage) => {
        if (message.type === "progress") onProgress(message);
        else if (message.type === "done") resolve(message.analysis);
        else
          reject(new Fault(message.message, { code: "images/scan-failed", kind: "unavailable", hint: message.hint }));
      });
      worker.on("error", reject);
      worker.on("exit", () => {
        const why = signal.aborted ? "it took too long, or the server stops" : "its worker ended without an answer";
        reject(
          new Fault(`the scan of ${order.reference} ended: ${why}`, { code: "images/scan-ended", kind: "unavailable" }),
        );
      });
    });
  } finally {
    signal.removeEventListener("abort", stop);
    await worker.terminate();
  }
}
