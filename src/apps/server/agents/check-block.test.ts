// The door's judgement as functions: any header text gives a header or a fault, and limits are exact at their edges.
import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { test } from "node:test";
import { assert as holds, constantFrom, dictionary, jsonValue, oneof, property, string } from "fast-check";
import { Fault } from "../../../base/fault.ts";
import { blockLimits, type BlockHeader } from "../../../model/agent-protocol.ts";
import { tableNames, wireVersion } from "../../../model/table.ts";
import { checkHeaderLimits, parseBlockHeader } from "./check-block.ts";
import { doorLimits } from "./limits.ts";

const nowMs = 1_800_000_000_000;
const header: BlockHeader = {
  boot: "0".repeat(32),
  sequence: 1,
  table: "flows",
  wireVersion,
  rows: 1,
  timeMinMs: nowMs,
  timeMaxMs: nowMs,
  encoding: "zstd",
  sha256: "0".repeat(64),
  bytesInflated: 1000,
};

test("any text is a header or a fault of ours", () => {
  const names = oneof(constantFrom(...Object.keys(header), "cluster", "__proto__", "constructor"), string());
  const texts = oneof(
    string(),
    dictionary(names, jsonValue()).map((value) => JSON.stringify(value)),
  );
  holds(
    property(texts, (text) => {
      try {
        parseBlockHeader(text);
      } catch (error) {
        ok(error instanceof Fault && error.code.startsWith("agents/"), String(error));
      }
    }),
  );
  equal(parseBlockHeader(JSON.stringify(header)).boot, header.boot);
});

function codeOf(change: Partial<BlockHeader>, length: number | undefined): string {
  try {
    checkHeaderLimits({ ...header, ...change }, length, nowMs);
    return "";
  } catch (error) {
    return (error as Fault).code;
  }
}

test("limits are exact at their edges", () => {
  const { pastMsMax, futureMsMax, rowsMax, bytesMax, bytesInflatedMax, inflateRatioMax } = blockLimits;
  const free = doorLimits.inflateRatioFreeBytes;
  const cases: readonly [string, Partial<BlockHeader>, number | undefined, string][] = [
    ["oldest", { timeMinMs: nowMs - pastMsMax }, 100, ""],
    ["too old", { timeMinMs: nowMs - pastMsMax - 1 }, 100, "agents/out-of-range"],
    ["newest", { timeMaxMs: nowMs + futureMsMax }, 100, ""],
    ["too new", { timeMaxMs: nowMs + futureMsMax + 1 }, 100, "agents/out-of-range"],
    ["backwards", { timeMinMs: nowMs, timeMaxMs: nowMs - 1 }, 100, "agents/out-of-range"],
    ["an old gap", { table: "gaps", timeMinMs: nowMs - pastMsMax - 1 }, 100, ""],
    ["rows", { rows: rowsMax }, 100, ""],
    ["too many rows", { rows: rowsMax + 1 }, 100, "agents/block-too-large"],
    ["bytes", { bytesInflated: bytesInflatedMax }, bytesMax, ""],
    ["too many bytes", { bytesInflated: bytesInflatedMax }, bytesMax + 1, "agents/block-too-large"],
    ["more than it inflates to", {}, 1000 + doorLimits.compressionOverheadBytesMax + 1, "agents/block-too-large"],
    ["small blocks have no ratio", { bytesInflated: free }, 1, ""],
    ["ratio", { bytesInflated: free * 2 }, (free * 2) / inflateRatioMax + 1, ""],
    ["too much ratio", { bytesInflated: free * 2 }, (free * 2) / inflateRatioMax - 1, "agents/inflate-ratio"],
    ["no length", {}, undefined, ""],
  ];
  for (const [name, change, length, expected] of cases) equal(codeOf(change, length), expected, name);
  throws(() => checkHeaderLimits({ ...header, wireVersion: wireVersion + 1 }, 100, nowMs), {
    code: "agents/wire-version",
  });
});

test("agents write what their sensors saw and their gaps; what the server writes itself is refused", () => {
  const taken = tableNames.filter((table) => codeOf({ table }, 100) === "");
  deepEqual(taken, [
    "flows",
    "process_events",
    "file_events",
    "dns_events",
    "http_events",
    "security_events",
    "waf_events",
    "workload_usage",
    "container_postures",
    "gaps",
  ]);
  for (const table of ["inventory_events", "kubernetes_events", "audit_events", "findings"] as const) {
    equal(codeOf({ table }, 100), "agents/table-not-taken", table);
  }
});
