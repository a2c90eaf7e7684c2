// Images: what is in them, what is wrong with it and why, where they run, what to do. Vulnerabilities across images. Advisories. Exceptions are resources of kind Exception.
import { z } from "zod";
import {
  AnalysisGap,
  ImageConfig,
  ImageFacts,
  ImageLayer,
  OperatingSystem,
  SecretFinding,
} from "../../../model/image-analysis.ts";
import { Exception } from "../../../model/exception.ts";
import { MatchExplanation } from "../../../model/match-explanation.ts";
import { SoftwarePackage } from "../../../model/software-package.ts";
import { LoadedEvidence, matchSeverities, VulnerabilityMatch } from "../../../model/vulnerability-match.ts";
import type { Endpoint } from "./endpoint.ts";
import {
  Accepted,
  Advice,
  Base,
  count,
  DatabaseState,
  ImageInstance,
  ImageRow,
  imageStates,
  RiskCounts,
} from "./image-shapes.ts";

export const imageLimits = {
  /** Of an analysis that is sent: as it comes, and inflated. */
  submitBytesMax: 32 * 1024 * 1024,
  submitInflatedBytesMax: 96 * 1024 * 1024,
  /** Rows of one answer; the rest is counted. */
  matchesMax: 20_000,
  packagesMax: 20_000,
  instancesMax: 1000,
  whereMax: 1000,
  previewMax: 200,
  jobsMax: 200,
  loadableOfPackageMax: 50,
} as const;

const Job = z.object({
  id: z.string(),
  reference: z.string(),
  state: z.enum(["waiting", "running", "done", "failed"]),
  because: z.string(),
  digest: z.string(),
  author: z.string(),
  layersDone: count,
  layers: count,
  bytes: z.number(),
  askedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().optional(),
});

const VulnerabilityRow = z.object({
  id: z.string(),
  title: z.string(),
  severity: z.enum(matchSeverities),
  severityFrom: z.string(),
  cvssScore: z.number(),
  knownExploited: z.boolean(),
  epssScore: z.number().optional(),
  epssPercentile: z.number().optional(),
  images: count,
  runningContainers: count,
  workloads: count,
  exposedWorkloads: count,
  fixable: z.boolean(),
  /** The strongest of its packages. */
  loaded: LoadedEvidence.shape.state,
  upstreamOnly: z.boolean(),
  packages: z.array(z.string()),
  packagesMore: count,
  suppressed: count,
  risk: count,
});
export type VulnerabilityRow = z.infer<typeof VulnerabilityRow>;

const Place = z.object({
  digest: z.string(),
  reference: z.string(),
  match: VulnerabilityMatch,
  /** Of the base image, as far as it is known. */
  isInBase: z.boolean().optional(),
  instances: z.array(ImageInstance),
});

const ListQuery = {
  q: z.string().max(512).default(""),
  severity: z.enum(matchSeverities).optional(),
  /** Only what runs now. */
  running: z.stringbool().default(false),
  fixable: z.stringbool().default(false),
  knownExploited: z.stringbool().default(false),
  limit: z.coerce.number().int().min(1).max(1000).default(200),
  offset: z.coerce.number().int().min(0).max(1_000_000).default(0),
};

const Digest = z.string().min(1).max(256);

export const images = {
  listImages: {
    method: "GET",
    path: "/api/v1/images",
    summary: "Images that are analysed or run: riskiest first; what nobody looked at is a row too",
    role: "viewer",
    query: z.object({ ...ListQuery, state: z.enum(imageStates).optional() }),
    response: z.object({
      rows: z.array(ImageRow),
      total: count,
      totals: z.object({
        images: count,
        analysed: count,
        running: count,
        runningNotAnalysed: count,
        risk: RiskCounts,
      }),
      database: DatabaseState,
      /** Where running images are not known: "cluster prod: no inventory"; empty when all are. */
      runningBecause: z.array(z.string()),
    }),
  },
  getImage: {
    method: "GET",
    path: "/api/v1/images/one",
    summary: "One image: layers, packages, findings with why, advice, where it runs",
    role: "viewer",
    query: z.object({ digest: Digest }),
    response: z.object({
      image: ImageRow,
      references: z.array(z.string()),
      digests: z.array(z.string()),
      operatingSystem: OperatingSystem.optional(),
      config: ImageConfig.optional(),
      layers: z.array(ImageLayer.extend({ packages: count, findings: count })),
      packages: z.array(
        SoftwarePackage.extend({ purl: z.string(), findings: count, loaded: LoadedEvidence.optional() }),
      ),
      packagesOmitted: count,
      matches: z.array(VulnerabilityMatch),
      matchesOmitted: count,
      secrets: z.array(SecretFinding.extend({ accepted: Accepted.optional() })),
      secretsSearched: z.boolean(),
      /** What the search left out, in words; "" when nothing is known to be. */
      secretsLeftOut: z.string(),
      /** Upstream's vulnerabilities of owned packages that the distribution's complete feed overrules: no rows, but not lost. */
      decidedByDistribution: count,
      facts: ImageFacts,
      advice: z.array(Advice),
      base: Base,
      gaps: z.array(AnalysisGap),
      instances: z.array(ImageInstance),
      instancesOmitted: count,
      database: DatabaseState,
    }),
  },
  imageSbom: {
    method: "GET",
    path: "/api/v1/images/sbom",
    summary: "The image's SBOM as CycloneDX 1.6 or SPDX 2.3, or its findings as OpenVEX",
    role: "viewer",
    query: z.object({ digest: Digest, format: z.enum(["cyclonedx", "spdx", "openvex"]) }),
    response: z.record(z.string(), z.unknown()),
  },
  explainMatch: {
    method: "GET",
    path: "/api/v1/images/explain",
    summary: "Why a vulnerability holds for an image, or why not",
    role: "viewer",
    query: z.object({ digest: Digest, vulnerability: z.string().min(1).max(256) }),
    response: MatchExplanation,
  },
  submitImage: {
    method: "POST",
    path: "/api/v1/images",
    summary: "Keeps an analysis (JSON of model/image-analysis.ts, may be gzip) that the command line made; matches it",
    role: "operator",
    body: z.unknown(),
    response: z.object({ digest: z.string(), risk: RiskCounts.optional(), gaps: count }),
  },
  removeImage: {
    method: "DELETE",
    path: "/api/v1/images",
    summary: "Forgets an analysis; the image stays in the list while it runs",
    role: "operator",
    query: z.object({ digest: Digest }),
    response: z.object({ removed: z.boolean() }),
  },
  scanImage: {
    method: "POST",
    path: "/api/v1/images/scan",
    summary: "The server pulls and analyses an image, from a registry of its list only",
    role: "operator",
    body: z.strictObject({ reference: z.string().min(1).max(1024), platform: z.string().max(64).default("") }),
    response: z.object({ job: Job }),
    status: 202,
  },
  listImageJobs: {
    method: "GET",
    path: "/api/v1/images/jobs",
    summary: "Scans that wait, run, or ended lately, newest first",
    role: "viewer",
    response: z.object({
      jobs: z.array(Job),
      /** Registries that the server may pull from; empty: none, so it scans nothing by itself. */
      registries: z.array(z.string()),
      waitingMax: count,
    }),
  },
  listVulnerabilities: {
    method: "GET",
    path: "/api/v1/vulnerabilities",
    summary:
      "Vulnerabilities over all images, riskiest first: where they run, whether they are in use, whether a fix is there",
    role: "viewer",
    query: z.object(ListQuery),
    response: z.object({ rows: z.array(VulnerabilityRow), total: count, database: DatabaseState }),
  },
  imageVulnerability: {
    method: "GET",
    path: "/api/v1/vulnerabilities/one",
    summary:
      "One vulnerability: what it is, in which images, where they run, whether it is in use, in which version it is fixed",
    role: "viewer",
    query: z.object({ id: z.string().min(1).max(256) }),
    response: z.object({
      vulnerability: VulnerabilityRow.optional(),
      aliases: z.array(z.string()),
      description: z.string(),
      references: z.array(z.string()),
      cwes: z.array(z.string()),
      publishedAt: z.string(),
      knownExploited: z.object({ addedAt: z.string(), dueAt: z.string(), ransomware: z.boolean() }).optional(),
      places: z.array(Place),
      placesOmitted: count,
      /** The database knows it, but no image has it; or it is not known at all: said here. "" else. */
      because: z.string(),
      database: DatabaseState,
    }),
  },
  previewException: {
    method: "POST",
    path: "/api/v1/exceptions/preview",
    summary: "What an exception would cover now (changes nothing); write it as a resource of kind Exception",
    role: "viewer",
    body: z.strictObject({ spec: Exception }),
    response: z.object({
      covers: count,
      images: count,
      runningContainers: count,
      /** Of the matches it covers, the riskiest. */
      rows: z.array(z.object({ digest: z.string(), reference: z.string(), match: VulnerabilityMatch })),
      omitted: count,
      notes: z.array(z.string()),
    }),
  },
  listExceptions: {
    method: "GET",
    path: "/api/v1/exceptions",
    summary: "Exceptions with what each covers now; expired ones too",
    role: "viewer",
    response: z.object({
      rows: z.array(
        z.object({
          scope: z.string(),
          name: z.string(),
          spec: Exception,
          state: z.enum(["in-force", "ends-soon", "expired", "covers-nothing"]),
          covers: count,
          images: count,
          author: z.string(),
          changedAt: z.iso.datetime(),
        }),
      ),
    }),
  },
  advisoryDatabase: {
    method: "GET",
    path: "/api/v1/advisories",
    summary: "The advisory database: feeds, their age, what was refused",
    role: "viewer",
    response: DatabaseState,
  },
} as const satisfies Record<string, Endpoint>;
