// The thread that reads a folder of rules, tells the text and place of each, and ends.
import { parentPort, workerData } from "node:worker_threads";
import { readRuleTexts } from "./rule-texts.ts";

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
parentPort?.postMessage(readRuleTexts(workerData as string));
