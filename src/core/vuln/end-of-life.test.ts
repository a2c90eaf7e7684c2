// End dates by system and release, on the last day and the day after.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { endOfLife } from "./end-of-life.ts";

function at(day: string, id: string, versionId: string, name = "", codename = ""): string {
  const { state, endsOn } = endOfLife({ id, versionId, codename, name, idLike: [] }, Date.parse(`${day}T12:00:00Z`));
  return `${state} ${endsOn}`.trim();
}

const cases: readonly (readonly [
  day: string,
  id: string,
  versionId: string,
  expected: string,
  name?: string,
  codename?: string,
])[] = [
  ["2024-06-30", "debian", "10", "supported 2024-06-30"],
  ["2024-07-01", "debian", "10", "ended 2024-06-30"],
  ["2026-11-26", "debian", "12", "supported 2028-06-30"],
  ["2026-11-26", "debian", "", "rolling", "", "sid"],
  ["2026-11-26", "debian", "99", "unknown"],
  ["2026-11-26", "ubuntu", "20.04", "ended 2025-05-31"],
  ["2026-11-26", "ubuntu", "24.04", "supported 2029-05-31"],
  ["2026-11-26", "alpine", "3.16.2", "ended 2024-05-23"],
  ["2026-11-26", "alpine", "3.22.0", "supported 2027-05-01"],
  ["2026-11-26", "alpine", "3.24.0_alpha20260101", "rolling"],
  ["2026-11-26", "rhel", "7.9", "ended 2024-06-30"],
  ["2026-11-26", "rhel", "9.4", "supported 2032-05-31"],
  ["2026-11-26", "centos", "8", "ended 2021-12-31", "CentOS Linux 8"],
  ["2023-01-01", "centos", "8", "supported 2024-05-31", "CentOS Stream 8"],
  ["2026-11-26", "centos", "9", "supported 2027-05-31", "CentOS Stream 9"],
  ["2026-11-26", "amzn", "2018.03", "ended 2023-12-31"],
  ["2026-11-26", "amzn", "2", "ended 2026-06-30"],
  ["2026-11-26", "amzn", "2023", "supported 2029-06-30"],
  ["2026-11-26", "sles", "15.5", "ended 2024-12-31"],
  ["2026-11-26", "opensuse-leap", "15.4", "ended 2023-12-07"],
  ["2026-11-26", "photon", "3.0", "ended 2024-03-01"],
  ["2026-11-26", "mariner", "2.0.20230407", "ended 2025-07-31"],
  ["2026-11-26", "wolfi", "20230201", "rolling"],
  ["2026-11-26", "toString", "constructor", "unknown"],
  ["2026-11-26", "debian", "constructor", "unknown"],
  ["2026-11-26", "", "", "unknown"],
];

describe("end of life", () => {
  for (const [day, id, versionId, expected, name = "", codename = ""] of cases) {
    test(`${id} ${versionId} ${name} on ${day}`, () => assert.equal(at(day, id, versionId, name, codename), expected));
  }
  test("no system is unknown, with a reason", () => {
    assert.match(endOfLife(undefined, 0).because, /not known/);
  });
});
