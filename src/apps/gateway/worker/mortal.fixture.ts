// A worker's thread that dies when it is told of a workload in the namespace "dies".
import { parentPort } from "node:worker_threads";
import "./thread.ts";
import type { ToWorker } from "./messages.ts";

parentPort?.on("message", (message: ToWorker) => {
  if (message.type === "workload" && message.workload?.namespace === "dies") throw new Error("told to die");
});
