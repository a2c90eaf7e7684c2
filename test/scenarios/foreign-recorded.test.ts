// A real API server's audit log, as it was recorded, through the audit mapping.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { mapAudit } from "../../src/core/foreign/audit.ts";
import { itemsOf, mapItems } from "../../src/core/foreign/batch.ts";
import { encodeBlock } from "../../src/edge/blocks/encode-block.ts";
import type { Row } from "../../src/model/table.ts";
import { skipUnless } from "../support/skip.ts";

const file = path.resolve(import.meta.dirname, "../../../shared/data/kubernetes-1.36/audit.jsonl.gz");

test("every recorded audit event becomes a row", (context) => {
  if (!skipUnless(context, existsSync(file), "shared data: kubernetes-1.36/audit.jsonl.gz")) return;
  const text = gunzipSync(readFileSync(file)).toString();
  const events = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { stageTimestamp: string; verb: string });
  const nowMs = Math.max(...events.map((event) => Date.parse(event.stageTimestamp)));
  const batch = mapItems(itemsOf(text), nowMs, mapAudit);
  assert.deepEqual([batch.accepted, batch.refused], [events.length, 0]);
  const rows = batch.rows.map(({ row }) => row as Row<"audit_events">);
  assert.deepEqual(
    rows.map((row) => row.verb),
    events.map((event) => event.verb),
  );
  assert.ok(rows.every((row) => row.auditId !== "" && row.stage !== "" && row.user !== ""));
  assert.ok(rows.some((row) => row.resource === "" && row.name.startsWith("/")));
  assert.ok(rows.filter((row) => row.latencyUs > 0).length > events.length / 2);
  assert.ok(rows.every((row) => !row.name.includes("?")));
  assert.ok(encodeBlock("audit_events", rows).length > 1000);
  // The same as the webhook back end sends it.
  const list = JSON.stringify({ kind: "EventList", apiVersion: "audit.k8s.io/v1", items: events });
  assert.equal(mapItems(itemsOf(list), nowMs, mapAudit).accepted, events.length);
});
