// One question to a worker thread with memory and time of its own: what is large or hostile must not take the server's.
import { Worker } from "node:worker_threads";

export interface WorkerQuestion<Message, Answer> {
  readonly url: URL;
  /** Crosses to the other thread. */
  readonly data: unknown;
  readonly oldSpaceMegabytesMax: number;
  /** Ends the worker: its time is over, or nobody waits any more. */
  readonly signal: AbortSignal;
  /** The answer, or undefined for a message that is none (progress). What it throws rejects the question. */
  readonly answerOf: (message: Message) => { readonly answer: Answer } | undefined;
  /** The error for a worker that ended without an answer, or broke. */
  readonly endedBecause: (cause: unknown) => Error;
}

/** Resolves with the first answer; the worker is gone then, whatever came of it. */
export async function askWorker<Message, Answer>(question: WorkerQuestion<Message, Answer>): Promise<Answer> {
  const { url, data, oldSpaceMegabytesMax, signal, answerOf, endedBecause } = question;
  if (signal.aborted) throw endedBecause(signal.reason);
  const worker = new Worker(url, {
    workerData: data,
    resourceLimits: { maxOldGenerationSizeMb: oldSpaceMegabytesMax },
  });
  const stop = (): void => void worker.terminate();
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await new Promise<Answer>((resolve, reject) => {
      worker.on("message", (message: Message) => {
        try {
          const found = answerOf(message);
          if (found !== undefined) resolve(found.answer);
        } catch (error) {
          reject(error);
        }
      });
      worker.on("error", (error) => reject(endedBecause(error)));
      worker.on("exit", () => reject(endedBecause(undefined)));
    });
  } finally {
    signal.removeEventListener("abort", stop);
    await worker.terminate();
  }
}
