// The thread that reads a folder of rules, tells the text and place of each, and ends.
import { parentPort, workerData } from "node:worker_threads";
import { readRuleTexts } from "./rule-texts.ts";

parentPort?.postMessage(readRuleTexts(workerData as string));
