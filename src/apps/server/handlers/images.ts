// Images, vulnerabilities and exceptions: the operations of contract/images.ts.
import { imageLimits, type images } from "../contract/images.ts";
import type { HandlersOf } from "../http/calls.ts";
import { databaseStateOf } from "../images/database-state.ts";
import { listExceptions, previewException } from "../images/list-exceptions.ts";
import { listImages } from "../images/list-images.ts";
import { listVulnerabilities, oneVulnerability } from "../images/list-vulnerabilities.ts";
import { readAnalysis } from "../images/read-analysis.ts";
import { explainFor, oneImage, sbomOf } from "../images/one-image.ts";
import type { ServerParts } from "../parts.ts";

export function imageHandlers(parts: Pick<ServerParts, "images" | "clock">): HandlersOf<keyof typeof images> {
  const { clock } = parts;
  const { desk, jobs, riskOf } = parts.images;
  return {
    listImages: async ({ query }) => {
      const answer = await listImages({ desk, jobs, riskOf }, query);
      jobs.askForRunning(
        (await desk.surroundings()).running.filter(
          ({ digest, name }) => desk.index.ofRunning({ digest, name }) === undefined,
        ),
      );
      return answer;
    },
    getImage: ({ query }) => oneImage(desk, riskOf, query.digest),
    imageSbom: ({ query }) => sbomOf(desk, query),
    explainMatch: ({ query }) => explainFor(desk, query.digest, query.vulnerability),
    submitImage: async ({ request, caller, record }) => {
      const analysis = await readAnalysis(request);
      const kept = await desk.submit(analysis, { author: caller?.user ?? "", how: "sent" });
      await record({
        action: "image.submit",
        target: kept.digest,
        outcome: "done",
        detail: { reference: analysis.reference },
      });
      const { risk, gaps } = await riskOf(kept, await desk.surroundings());
      return { digest: kept.digest, gaps, ...(risk === undefined ? {} : { risk }) };
    },
    removeImage: async ({ query, record }) => {
      const removed = await desk.remove(query.digest);
      if (removed) await record({ action: "image.remove", target: query.digest, outcome: "done" });
      return { removed };
    },
    scanImage: async ({ body, caller, record }) => {
      const job = jobs.ask(body.reference, body.platform, caller?.user ?? "");
      await record({ action: "image.scan", target: job.reference, outcome: "done" });
      return { job };
    },
    listImageJobs: async () => ({
      jobs: jobs.list().slice(0, imageLimits.jobsMax),
      registries: [...jobs.registries],
      waitingMax: jobs.waitingMax,
    }),
    listVulnerabilities: ({ query }) => listVulnerabilities(desk, query),
    imageVulnerability: ({ query }) => oneVulnerability(desk, query.id),
    previewException: ({ body }) => previewException(desk, body.spec, clock.nowMs()),
    listExceptions: () => listExceptions(desk, clock.nowMs()),
    advisoryDatabase: async () => {
      await desk.ready;
      return databaseStateOf(desk);
    },
  };
}
