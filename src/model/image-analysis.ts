// What is in an image (or a folder, or an SBOM): operating system, packages, layers, configuration, secrets, facts for advice, and every gap. No values of secrets, ever.
import { z } from "zod";
import { SoftwarePackage } from "./software-package.ts";

/** From os-release and its kin; an empty id is "not known", and a gap says why. */
export const OperatingSystem = z.object({
  /** os-release ID: "debian", "alpine", "rhel", ... */
  id: z.string().max(64),
  versionId: z.string().max(64).default(""),
  codename: z.string().max(64).default(""),
  name: z.string().max(256).default(""),
  idLike: z.array(z.string().max(64)).max(20).default([]),
});
export type OperatingSystem = z.infer<typeof OperatingSystem>;

export const gapKinds = [
  "operating-system-unknown",
  "operating-system-end-of-life",
  "database-unreadable",
  "file-unreadable",
  "file-too-large",
  "layer-unreadable",
  "limit-reached",
  "version-unknown",
  "ownership-unknown",
  "feed-missing",
  "feed-stale",
  "version-not-comparable",
  "not-supported",
] as const;

/** Something that was not looked at, or could not be judged. A result with gaps is never "clean". */
export const AnalysisGap = z.object({
  kind: z.enum(gapKinds),
  layer: z.int().min(-1).default(-1),
  /** File, package URL or feed it is about; "" for the whole image. */
  subject: z.string().max(8192).default(""),
  because: z.string().max(2048),
  /** How many of the same kind this row stands for. */
  count: z.int().min(1).default(1),
});
export type AnalysisGap = z.infer<typeof AnalysisGap>;

export const ImageLayer = z.object({
  /** Of the blob as stored ("sha256:..."), "" in a docker archive without one. */
  digest: z.string().max(256).default(""),
  /** Of the uncompressed tar. */
  diffId: z.string().max(256).default(""),
  mediaType: z.string().max(256).default(""),
  sizeBytes: z.number().min(0).default(0),
  inflatedBytes: z.number().min(0).default(0),
  files: z.int().min(0).default(0),
  /** The history's line, values that look like secrets cut out. */
  createdBy: z.string().max(8192).default(""),
  /** Of a base image that was recognised. */
  isBase: z.boolean().default(false),
});
export type ImageLayer = z.infer<typeof ImageLayer>;

export const ImageConfig = z.object({
  os: z.string().max(64).default(""),
  architecture: z.string().max(64).default(""),
  variant: z.string().max(64).default(""),
  created: z.string().max(64).default(""),
  /** As written: "", "0", "node", "1000:1000". */
  user: z.string().max(256).default(""),
  entrypoint: z.array(z.string().max(4096)).max(200).default([]),
  command: z.array(z.string().max(4096)).max(200).default([]),
  workingDirectory: z.string().max(4096).default(""),
  /** Names only. */
  environment: z.array(z.string().max(256)).max(1000).default([]),
  exposedPorts: z.array(z.string().max(64)).max(1000).default([]),
  volumes: z.array(z.string().max(4096)).max(1000).default([]),
  hasHealthcheck: z.boolean().default(false),
  stopSignal: z.string().max(64).default(""),
  labels: z.record(z.string(), z.string().max(4096)).default({}),
  /** Every line of the history, the empty layers' too; secrets cut out. */
  history: z
    .array(z.object({ created: z.string().max(64), createdBy: z.string().max(8192), isEmptyLayer: z.boolean() }))
    .max(2000)
    .default([]),
});
export type ImageConfig = z.infer<typeof ImageConfig>;

export const SecretFinding = z.object({
  /** Of core/sbom/secrets: "aws-access-key", "private-key", ... */
  rule: z.string().max(64),
  title: z.string().max(256),
  severity: z.enum(["critical", "high", "medium", "low"]),
  path: z.string().max(8192),
  layer: z.int().min(-1),
  line: z.int().min(0),
  /** The line with the value cut: first characters at most, then its length. */
  redacted: z.string().max(256),
  /** A later layer removed or replaced the file: the secret is still in the image. */
  isHidden: z.boolean(),
});
export type SecretFinding = z.infer<typeof SecretFinding>;

export const secretSkipReasons = [
  "empty",
  "too-large",
  "binary-name",
  "binary-content",
  "documentation",
  "test-material",
  "too-many-hits",
] as const;
export type SecretSkipReason = (typeof secretSkipReasons)[number];

const FileFact = z.object({ path: z.string().max(8192), layer: z.int().min(-1) });

/** What image-config rules and the base advice look at. Absent lists were not looked at (an SBOM has none). */
export const ImageFacts = z.object({
  setuid: z
    .array(FileFact.extend({ mode: z.int(), uid: z.int(), gid: z.int() }))
    .max(10_000)
    .optional(),
  shells: z.array(FileFact).max(1000).optional(),
  packageManagers: z.array(FileFact).max(1000).optional(),
  /** Compilers, debuggers, downloaders: curl, wget, gcc, ... */
  tools: z.array(FileFact).max(1000).optional(),
  worldWritable: z.array(FileFact).max(1000).optional(),
  /** From etc/passwd: names and numbers only. */
  users: z
    .array(z.object({ name: z.string().max(256), uid: z.int(), gid: z.int(), shell: z.string().max(4096) }))
    .max(1000)
    .optional(),
});
export type ImageFacts = z.infer<typeof ImageFacts>;

/** Files that a process may map or open, and who owns them: `owners[i]` is an index into `packages`. Paths sorted. What is left out is counted. */
export const LoadableFiles = z.object({
  paths: z.array(z.string().max(8192)).max(200_000),
  owners: z.array(z.int().min(0)).max(200_000),
  omitted: z.int().min(0).default(0),
});
export type LoadableFiles = z.infer<typeof LoadableFiles>;

export const analysisSources = [
  "registry",
  "oci-layout",
  "archive",
  "containerd",
  "root",
  "container",
  "sbom",
] as const;

export const ImageAnalysis = z.object({
  /** Raised when the meaning of a field changes. */
  schema: z.literal(1),
  source: z.enum(analysisSources),
  /** As the user or the cluster named it: "registry:5000/shop/web:1.2", a file, a folder. */
  reference: z.string().max(4096),
  /** Of the platform's manifest ("sha256:..."); of an SBOM or a folder: of its content as analysed. It names the analysis. */
  digest: z.string().max(256),
  /** Other digests that mean this image: index, config (image id), repository digests. */
  otherDigests: z.array(z.string().max(256)).max(100).default([]),
  operatingSystem: OperatingSystem.optional(),
  layers: z.array(ImageLayer).max(2000).default([]),
  config: ImageConfig.optional(),
  packages: z.array(SoftwarePackage).max(200_000),
  secrets: z.array(SecretFinding).max(10_000).default([]),
  /** Whether the secret search ran. */
  secretsSearched: z.boolean().default(false),
  /** What the secret search left out, of all layers: files not searched, or not to their end; findings in packages' own tests. Absent: not counted. */
  secretsSkipped: z
    .array(z.object({ reason: z.enum(secretSkipReasons), count: z.int().min(1) }))
    .max(secretSkipReasons.length)
    .optional(),
  facts: ImageFacts.default({}),
  loadable: LoadableFiles.optional(),
  gaps: z.array(AnalysisGap).max(10_000).default([]),
  /** Name and version of each cataloguer that ran, "deb/dpkg@1": a newer one means a new look. */
  catalogers: z.array(z.string().max(128)).max(500).default([]),
});
export type ImageAnalysis = z.infer<typeof ImageAnalysis>;
