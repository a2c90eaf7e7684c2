// What images are asked of telemetry: which files their containers use, and which workloads are spoken to from outside the cluster.
import { answerBecause, asText, type ImageUse, type ImageUseRequest, type Reached } from "./images-nouns.ts";
import { resolveWindow } from "../../../core/filter/window.ts";
import { because, run, wholeBuckets } from "./ask.ts";
import { queryLimits } from "./limits.ts";
import type { WindowRequest } from "./queries.ts";
import type { QueryParts } from "./scan.ts";
import { createBindings, within, withinRaw } from "./sql.ts";

/** Files that live processes of images had mapped or open within the window. Images by digest, or by name where the runtime said no digest. */
export async function imageUse(parts: QueryParts, query: ImageUseRequest): Promise<ImageUse> {
  const window = resolveWindow({}, query, parts.clock.nowMs());
  const bindings = createBindings();
  const where = `${withinRaw(bindings, window.sinceMs, window.untilMs)} AND action = 'mapped' AND containerId != ''`;
  const limits = { rowsMax: queryLimits.imageFilesMax + 1 };
  const [files, seen] = await Promise.all([
    run(
      parts,
      `SELECT imageDigest AS digest, image AS name, path AS file, toInt64(uniqExact(containerId)) AS containers,
any(executable) AS usedBy, any(namespace) AS space, any(workload) AS owner
FROM file_events WHERE ${where} GROUP BY digest, name, file LIMIT ${queryLimits.imageFilesMax + 1}`,
      bindings,
      limits,
    ),
    run(
      parts,
      `SELECT imageDigest AS digest, image AS name, toInt64(uniqExact(containerId)) AS containers,
toUnixTimestamp64Milli(min(time)) AS firstMs, toUnixTimestamp64Milli(max(time)) AS lastMs
FROM file_events WHERE ${where} GROUP BY digest, name LIMIT ${queryLimits.imageFilesMax + 1}`,
      bindings,
      limits,
    ),
  ]);
  return {
    files: files.rows.slice(0, queryLimits.imageFilesMax).map((row) => ({
      digest: asText(row["digest"]),
      name: asText(row["name"]),
      path: asText(row["file"]),
      containers: Number(row["containers"]),
      usedBy: asText(row["usedBy"]),
      namespace: asText(row["space"]),
      workload: asText(row["owner"]),
    })),
    seen: seen.rows.map((row) => ({
      digest: asText(row["digest"]),
      name: asText(row["name"]),
      containers: Number(row["containers"]),
      firstMs: Number(row["firstMs"]),
      lastMs: Number(row["lastMs"]),
    })),
    partialBecause: answerBecause(files.rows.length > queryLimits.imageFilesMax, because(files, seen)),
  };
}

/** Workloads that accepted connections from outside their cluster within the window, by the flows that were seen. */
export async function reachedWorkloads(parts: QueryParts, query: WindowRequest): Promise<Reached> {
  const nowMs = parts.clock.nowMs();
  const window = wholeBuckets(resolveWindow({}, query, nowMs), 3_600_000, nowMs);
  const bindings = createBindings();
  const result = await run(
    parts,
    `SELECT cluster AS inCluster, destinationNamespace AS space, destinationWorkload AS owner, toString(destinationKind) AS kind,
toInt64(countIf(sourceKind = 'External' AND verdict != 'deny')) AS fromOutside
FROM edges_1h WHERE ${within(bindings, window.sinceMs, window.untilMs)} AND destinationWorkload != '' AND destinationKind != 'External'
GROUP BY inCluster, space, owner, kind LIMIT ${queryLimits.reachedMax + 1}`,
    bindings,
    { rowsMax: queryLimits.reachedMax + 1 },
  );
  return {
    workloads: result.rows.slice(0, queryLimits.reachedMax).map((row) => ({
      cluster: asText(row["inCluster"]),
      namespace: asText(row["space"]),
      workload: asText(row["owner"]),
      kind: asText(row["kind"]),
      fromOutside: Number(row["fromOutside"]) > 0,
    })),
    partialBecause: answerBecause(result.rows.length > queryLimits.reachedMax, because(result)),
  };
}
