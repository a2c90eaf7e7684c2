// A worker's answer, its refusal, its silence, its end by a signal: each settles the question once.
import assert from "node:assert/strict";
import { test } from "node:test";
import { askWorker } from "./ask-worker.ts";

function ask(code: string, signal: AbortSignal = AbortSignal.timeout(20_000)): Promise<string> {
  const heard: string[] = [];
  return askWorker<{ readonly say: string; readonly isLast: boolean }, string>({
    url: new URL(
      `data:text/javascript,${encodeURIComponent(`import { parentPort, workerData } from "node:worker_threads"; ${code}`)}`,
    ),
    data: "given",
    oldSpaceMegabytesMax: 64,
    signal,
    answerOf({ say, isLast }) {
      if (say === "no") throw new Error("refused");
      heard.push(say);
      return isLast ? { answer: heard.join(" ") } : undefined;
    },
    endedBecause: (cause) => new Error(cause instanceof Error ? `broke: ${cause.message}` : "ended"),
  });
}

test("the first answer counts, what comes before is heard; refusals and broken workers reject", async () => {
  const say = (text: string, isLast: boolean) => `parentPort.postMessage({ say: ${text}, isLast: ${isLast} });`;
  assert.equal(await ask(say('"one"', false) + say("workerData", true) + say('"late"', true)), "one given");
  await assert.rejects(ask(say('"no"', true)), /refused/);
  await assert.rejects(ask('throw new Error("bug");'), /broke: bug/);
  await assert.rejects(ask(""), /ended/);
});

test("a signal ends a worker that says nothing, and one that was over before begins none", async () => {
  await assert.rejects(ask("setInterval(() => 0, 1000);", AbortSignal.timeout(50)), /ended/);
  await assert.rejects(ask("", AbortSignal.abort()), /broke|ended/);
});
