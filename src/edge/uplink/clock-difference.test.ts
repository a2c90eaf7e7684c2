import { equal } from "node:assert/strict";
import { test } from "node:test";
import { createClockDifference } from "./clock-difference.ts";

const hour = 3_600_000;
const noon = Date.parse("2026-01-01T12:00:00Z");
const header = (ms: number) => new Date(ms).toUTCString();

const cases: [string, unknown[][], number][] = [
  ["nothing measured", [], 0],
  ["no header", [[undefined, noon, noon]], 0],
  ["no date", [["yesterday", noon, noon]], 0],
  ["the same clock, whatever the part of the second", [[header(noon), noon + 990, noon + 999]], 0],
  ["an hour ahead", [[header(noon), noon + hour + 400, noon + hour + 600]], hour],
  ["an hour behind", [[header(noon), noon - hour + 500, noon - hour + 500]], -hour],
  [
    "the quickest answer counts",
    [
      [header(noon), noon + hour, noon + hour + 5000],
      [header(noon), noon + hour + 500, noon + hour + 500],
    ],
    hour,
  ],
  [
    "a clock that was set is measured anew",
    [
      [header(noon), noon + hour + 500, noon + hour + 500],
      [header(noon), noon + 500, noon + 600],
    ],
    0,
  ],
];

for (const [name, samples, expected] of cases) {
  test(`clock: ${name}`, () => {
    const difference = createClockDifference();
    for (const [date, sentMs, receivedMs] of samples) difference.sample(date, Number(sentMs), Number(receivedMs));
    equal(difference.aheadMs, expected);
  });
}
