// The images' side, opened: what is kept is read in the background, scans begin when somebody asks.
import path from "node:path";
import type { ServerConfig } from "../config.ts";
import { type DeskParts, openImageDesk } from "../images/desk.ts";
import { createRiskOfImage } from "../images/risk-of-image.ts";
import { createScanJobs, type ScanJobsParts } from "../images/scan-jobs.ts";
import type { ImagesSide } from "../parts.ts";

export function openImages(
  parts: Omit<DeskParts, "config"> & {
    readonly config: ServerConfig;
    readonly scan?: ScanJobsParts["scan"] | undefined;
  },
): ImagesSide {
  const { config, clock, logger, scan } = parts;
  const desk = openImageDesk(parts);
  desk.ready.catch((error: unknown) => logger.error({ error }, "kept images cannot be read"));
  const jobs = createScanJobs({
    config: config.images,
    cacheFolder: path.join(config.data, "layers"),
    clock,
    logger,
    keep: (analysis, author) => desk.submit(analysis, { author, how: "own" }),
    ...(scan === undefined ? {} : { scan }),
  });
  return {
    desk,
    jobs,
    riskOf: createRiskOfImage(desk),
    async [Symbol.asyncDispose]() {
      await jobs[Symbol.asyncDispose]();
      await desk[Symbol.asyncDispose]();
    },
  };
}
