// Rights of workloads: each layer declared, effective and used; what was learnt; profiles written from it. Nothing here changes anything: learning is asked for
// by a resource of kind LearningWindow, a profile is put on nodes and into manifests by whoever owns them.
import { z } from "zod";
import { WorkloadKind } from "../../../model/identity.ts";
import { podSecurityLevels } from "../../../model/pod-security.ts";
import {
  LearningConfidence,
  PodSecurityResult,
  PostureDifference,
  PostureLayer,
  profileKinds,
  profileModes,
  WrittenProfile,
} from "../../../model/posture.ts";
import { FilterText, Window } from "./common.ts";
import type { Endpoint } from "./endpoint.ts";

export const profileLimits = {
  /** Containers (names) of one workload. */
  containersMax: 64,
  /** Workloads of the list of postures; the rest is counted. */
  workloadsMax: 500,
} as const;

const WorkloadParams = z.object({ cluster: z.string(), namespace: z.string(), kind: WorkloadKind, name: z.string() });
const workloadPath = "/api/v1/workloads/:cluster/:namespace/:kind/:name";
const WindowShape = { since: z.string().max(64).optional(), until: z.string().max(64).optional() };

/** One container (name) of a workload, over its replicas. Layers are those of the newest look; replicas that differ are named. */
export const ContainerLayers = z.object({
  container: z.string(),
  image: z.string(),
  imageDigest: z.string(),
  /** With a posture within the window. */
  replicas: z.int(),
  /** Pods whose live posture is another one than the shown. */
  replicasOther: z.array(z.string()),
  pod: z.string(),
  node: z.string(),
  /** When the shown look was; absent when there was none. */
  at: z.iso.datetime().optional(),
  /** Why there is no live look, or no declaration; "" when there are both. */
  because: z.string(),
  layers: z.array(PostureLayer),
  levelDeclared: PodSecurityResult,
  levelEffective: PodSecurityResult,
  differences: z.array(PostureDifference),
  confidence: LearningConfidence,
});
export type ContainerLayers = z.infer<typeof ContainerLayers>;

const PostureRow = z.object({
  cluster: z.string(),
  namespace: z.string(),
  workload: z.string(),
  workloadKind: WorkloadKind,
  container: z.string(),
  levelDeclared: z.enum(podSecurityLevels),
  levelEffective: z.enum(podSecurityLevels),
  differences: z.array(PostureDifference),
  seccomp: z.string(),
  uid: z.int(),
  capabilities: z.array(z.string()),
  replicas: z.int(),
  at: z.iso.datetime(),
});

const LearntContainer = z.object({
  container: z.string(),
  image: z.string(),
  imageDigest: z.string(),
  architectures: z.array(z.string()),
  systemCalls: z.array(z.string()),
  systemCallsUnnamed: z.array(z.int()),
  capabilities: z.array(z.string()),
  capabilitiesInferred: z.array(z.string()),
  executables: z.array(z.string()),
  firstAt: z.iso.datetime(),
  lastAt: z.iso.datetime(),
  confidence: LearningConfidence,
});

export const profiles = {
  listPostures: {
    method: "GET",
    path: "/api/v1/postures",
    summary: "Rights of containers as they are: Pod Security level declared and live, and where the two differ",
    role: "viewer",
    query: z.object({ q: FilterText, ...WindowShape }),
    response: z.object({ rows: z.array(PostureRow), omitted: z.int(), window: Window }),
  },
  workloadPosture: {
    method: "GET",
    path: `${workloadPath}/posture`,
    summary: "A workload's rights layer by layer: declared, effective, used",
    role: "viewer",
    params: WorkloadParams,
    query: z.object(WindowShape),
    response: z.object({ containers: z.array(ContainerLayers), omitted: z.int(), window: Window }),
  },
  workloadLearnt: {
    method: "GET",
    path: `${workloadPath}/learnt`,
    summary: "What a workload was seen to use, by container and image digest, merged over replicas and restarts",
    role: "viewer",
    params: WorkloadParams,
    query: z.object(WindowShape),
    response: z.object({ containers: z.array(LearntContainer), omitted: z.int(), window: Window }),
  },
  workloadProfile: {
    method: "GET",
    path: `${workloadPath}/profiles/:profile`,
    summary: "A least-privilege profile written from what a workload was seen to do (changes nothing)",
    role: "viewer",
    params: WorkloadParams.extend({ profile: z.enum(profileKinds) }),
    query: z.object({
      ...WindowShape,
      mode: z.enum(profileModes).default("log"),
      /** Empty: the only one, or the first. */
      container: z.string().max(253).default(""),
      /** Empty: all that are learnt, merged; else one image. */
      imageDigest: z.string().max(128).default(""),
      /** Whose start needs are united with what was seen. */
      runtime: z.enum(["runc", "crun"]).default("runc"),
    }),
    response: z.object({
      container: z.string(),
      imageDigest: z.string(),
      containers: z.array(z.string()),
      profile: WrittenProfile,
      confidence: LearningConfidence,
      window: Window,
    }),
  },
} as const satisfies Record<string, Endpoint>;
