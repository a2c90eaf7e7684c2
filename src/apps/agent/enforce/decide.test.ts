import assert from "node:assert/strict";
import { test } from "node:test";
import { decide, type Decision, type Situation } from "./decide.ts";

const nowMs = 1000;

interface Given {
  readonly asked?: string;
  readonly settings?: Partial<Situation["asked"]["settings"]>;
  readonly rest?: Partial<Omit<Situation, "asked">>;
}

function situation({ asked = "new", settings = {}, rest = {} }: Given): Situation {
  return {
    asked: {
      digest: asked,
      settings: { mode: "enforce", confirm: "", takeBack: "", rollbackAfterSeconds: 0, ...settings },
    },
    inForce: "old",
    confirmed: "old",
    pending: undefined,
    unaskedMs: undefined,
    takenBack: [],
    isHeldBack: false,
    refused: new Set(),
    nowMs,
    ...rest,
  };
}

const due = { digest: "new", deadlineMs: nowMs };
const waiting = { digest: "new", deadlineMs: nowMs + 1 };

const cases: readonly (readonly [string, Given, Decision])[] = [
  ["off takes all out", { settings: { mode: "off" } }, { do: "withdraw", mode: "off" }],
  ["preview touches no packet", { settings: { mode: "preview" } }, { do: "withdraw", mode: "preview" }],
  ["a change is judged", {}, { do: "change", judge: true }],
  [
    "a first change is judged too",
    { rest: { inForce: undefined, confirmed: undefined } },
    { do: "change", judge: true },
  ],
  ["a refused one waits", { rest: { refused: new Set(["new"]) } }, { do: "hold", because: "refused" }],
  [
    "a refused one that a person confirmed goes on",
    { settings: { confirm: "new" }, rest: { refused: new Set(["new"]) } },
    { do: "change", judge: false },
  ],
  [
    "another digest confirms nothing",
    { settings: { confirm: "other" }, rest: { refused: new Set(["new"]) } },
    { do: "hold", because: "refused" },
  ],
  ["what is in force stays", { asked: "old" }, { do: "keep" }],
  [
    "after a restart the confirmed set needs no judge",
    { asked: "old", rest: { inForce: undefined } },
    { do: "change", judge: false },
  ],
  ["a pending one stays until its time", { rest: { inForce: "new", pending: waiting } }, { do: "keep" }],
  ["a pending one after a restart", { rest: { inForce: undefined, pending: waiting } }, { do: "change", judge: false }],
  [
    "a pending one whose time is over",
    { rest: { inForce: "new", pending: due } },
    { do: "take-back", digest: "new", because: "nobody confirmed it in time" },
  ],
  [
    "its time is over while something else is asked and refused",
    { asked: "newer", rest: { inForce: "new", pending: due, refused: new Set(["newer"]) } },
    { do: "take-back", digest: "new", because: "nobody confirmed it in time" },
  ],
  [
    "a pending one is confirmed",
    { settings: { confirm: "new" }, rest: { inForce: "new", pending: waiting } },
    { do: "confirm" },
  ],
  [
    "confirmed at the last moment",
    { settings: { confirm: "new" }, rest: { inForce: "new", pending: due } },
    { do: "confirm" },
  ],
  ["it brings along what was taken back", { rest: { isHeldBack: true } }, { do: "hold", because: "taken-back" }],
  ["taken back earlier", { rest: { takenBack: ["new"] } }, { do: "hold", because: "taken-back" }],
  [
    "taken back earlier, confirmed now",
    { settings: { confirm: "new" }, rest: { takenBack: ["new"] } },
    { do: "change", judge: false },
  ],
  [
    "a person takes back what is in force",
    { asked: "old", settings: { takeBack: "old" } },
    { do: "take-back", digest: "old", because: "a person took it back" },
  ],
  [
    "what was taken back once is not taken back again",
    { asked: "old", settings: { takeBack: "old" }, rest: { takenBack: ["old"] } },
    { do: "hold", because: "taken-back" },
  ],
  [
    "a time limit that comes after its policies counts",
    { asked: "old", settings: { rollbackAfterSeconds: 30 }, rest: { unaskedMs: nowMs - 500 } },
    { do: "limit" },
  ],
  [
    "a time limit for what a person confirmed is none",
    { asked: "old", settings: { rollbackAfterSeconds: 30, confirm: "old" }, rest: { unaskedMs: nowMs - 500 } },
    { do: "keep" },
  ],
  [
    "a time limit that comes much later is for the next change",
    { asked: "old", settings: { rollbackAfterSeconds: 30 }, rest: { unaskedMs: nowMs - 31_000 } },
    { do: "keep" },
  ],
  ["without a time limit there is none", { asked: "old", rest: { unaskedMs: nowMs } }, { do: "keep" }],
  ["taking back another digest means nothing", { asked: "old", settings: { takeBack: "x" } }, { do: "keep" }],
];

for (const [name, given, expected] of cases) test(name, () => assert.deepEqual(decide(situation(given)), expected));
