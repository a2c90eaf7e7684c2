// Reads a large analysis that was sent: inflating, parsing and checking it takes seconds, which the server's thread does not have.
import { parentPort, workerData } from "node:worker_threads";
import { toFault } from "../../../base/fault.ts";
import { parseAnalysis, type ReadMessage } from "./read-analysis.ts";

if (parentPort !== null) {
  const port = parentPort;
  try {
    port.postMessage({ type: "done", analysis: parseAnalysis(workerData as Uint8Array) } satisfies ReadMessage);
  } catch (thrown) {
    const { message, code, kind, hint = "", where = "" } = toFault(thrown);
    port.postMessage({ type: "failed", message, code, kind, hint, where } satisfies ReadMessage);
  }
}
