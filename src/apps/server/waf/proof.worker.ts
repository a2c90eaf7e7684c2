// The thread that makes one proof and ends.
import { parentPort, workerData } from "node:worker_threads";
import { toFault } from "../../../base/fault.ts";
import { prove, type ProofAnswer, type ProofOrder } from "./proof.ts";

function answer(): ProofAnswer {
  try {
    return { proved: prove(workerData as ProofOrder) };
  } catch (thrown) {
    const { code, message } = toFault(thrown);
    return { code, message };
  }
}

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
parentPort?.postMessage(answer());
