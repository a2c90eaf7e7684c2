// The demo's images: analyses go to the server through its API, as the command line sends them; advisories are made where there are none; and which files are in use is told as agents tell it.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import path from "node:path";
import { Fault } from "../../base/fault.ts";
import { buildDatabase } from "../../edge/advisories/assemble/build-database.ts";
import { demoFeed } from "../../core/vuln/match/feed-gaps.ts";
import { factRanks } from "../../edge/advisories/importers/importer.ts";
import type { Row } from "../../model/table.ts";
import { call, type ClientOptions } from "../server/contract/client.ts";
import { apps } from "./world/catalog.ts";
import { demoVulnerabilities, recordsOf } from "./world/image-advisories.ts";
import { imageOf } from "./world/image-contents.ts";
import { podsOn } from "./world/processes.ts";
import type { SimNode, World } from "./world/state.ts";

function hexOf(text: string): string {
  return createHash("sha256").update(`garrison demo ${text}`).digest("hex");
}

const analyses = apps.flatMap((spec) => imageOf(spec, spec.version, hexOf) ?? []);

/** Advisories for the demo's images, unless a database is there: a person's own is never touched. True: they were made. */
export async function offerAdvisories(dataFolder: string, nowMs: number): Promise<boolean> {
  const into = path.join(dataFolder, "advisories");
  if (existsSync(into)) return false;
  await buildDatabase({
    sources: [],
    into,
    nowMs,
    gate: { recordsMin: 0 },
    async extra(sink) {
      sink.dated(demoFeed, new Date(nowMs).toISOString());
      for (const vulnerability of demoVulnerabilities) {
        for (const record of recordsOf(vulnerability)) sink.record(record);
        const { id, title, cvss, publishedAt, exploited, epss } = vulnerability;
        const facts = {
          id,
          title,
          description: "",
          references: [],
          cwes: [],
          publishedAt,
          modifiedAt: publishedAt,
          cvss,
          cvssScore: 0,
        };
        sink.facts(facts, factRanks.upstream);
        if (exploited !== undefined) sink.exploited(demoFeed, id, exploited);
        if (epss !== undefined) sink.epss(demoFeed, id, epss);
      }
    },
  });
  return true;
}

/** Sends the analyses that the server does not have. */
export async function offerImages(client: ClientOptions): Promise<void> {
  for (const analysis of analyses) {
    if (await isKnown(client, analysis.digest)) continue;
    await call(client, "submitImage", { body: analysis });
  }
}

async function isKnown(client: ClientOptions, digest: string): Promise<boolean> {
  try {
    await call(client, "getImage", { query: { digest } });
    return true;
  } catch (error) {
    if (error instanceof Fault && error.kind === "not-found") return false;
    throw error;
  }
}

/** Of the containers on a node: files of their images that their processes use now. */
export function usedFiles(world: World, node: SimNode, nowMs: number): readonly Row<"file_events">[] {
  return podsOn(world, node).flatMap((pod) => {
    const { app, main } = pod;
    const analysis = app === undefined ? undefined : imageOf(app.spec, app.spec.version, hexOf);
    if (main === undefined || app === undefined || analysis?.loadable === undefined) return [];
    const { namespace, kind, name } = app.spec;
    return analysis.loadable.paths
      .filter((each) => !/perl|bash|expat/.test(each))
      .map((each) => ({
        time: nowMs,
        action: "mapped" as const,
        path: each,
        requestedPath: "",
        targetPath: "",
        flags: 0,
        mode: 0,
        error: 0,
        upper: false,
        way: "",
        count: 1,
        processId: "",
        pid: main.key.pid,
        process: main.comm,
        executable: main.path,
        namespace,
        workload: name,
        workloadKind: kind,
        service: "",
        pod: pod.name,
        container: pod.containerName,
        containerId: pod.containerId,
        image: pod.image,
        imageDigest: pod.imageDigest,
        identityReason: "",
        fidelity: "simulated" as const,
      }));
  });
}
