// What is said of a container's rights, layer by layer: declared by its pod's object, effective in the kernel, really used. Made by core/profile; shown by CLI and console.
import { z } from "zod";
import { podSecurityLevels } from "./pod-security.ts";
import { profileKinds, profileModes } from "./runtime-words.ts";
import { severities } from "./security-event.ts";

/** From the outside of a process to the node beneath it. */
export const postureLayers = [
  "user",
  "groups",
  "user-namespace",
  "capabilities",
  "no-new-privileges",
  "seccomp",
  "apparmor",
  "selinux",
  "root-filesystem",
  "host-mounts",
  "proc-paths",
  "namespaces",
  "sysctls",
  "limits",
  "devices",
  "kernel",
] as const;
export type PostureLayerName = (typeof postureLayers)[number];

/** One of the three words of a layer. `because` not empty: it is not known, and why; then `text` and `items` say nothing. */
export const PostureValue = z.object({
  text: z.string(),
  /** Names behind the text (capabilities, system calls, mounts), whole. */
  items: z.array(z.string()),
  /** Where it is from: "pod spec", "/proc/812/status", "learnt over 26 hours". */
  source: z.string(),
  because: z.string(),
});
export type PostureValue = z.infer<typeof PostureValue>;

export const PostureLayer = z.object({
  layer: z.enum(postureLayers),
  /** For people: "Capabilities". */
  title: z.string(),
  declared: PostureValue,
  effective: PostureValue,
  used: PostureValue,
  /** differs: declared and effective are not the same. excess: effective is more than is used, or than is needed. unknown: cannot be told. */
  verdict: z.enum(["good", "excess", "differs", "unknown"]),
  /** One sentence, "" when there is nothing to say. */
  note: z.string(),
  /** What to change in the manifest, "" for nothing. */
  advice: z.string(),
});
export type PostureLayer = z.infer<typeof PostureLayer>;

/** A control of the Pod Security Standards that is not met. */
export const PodSecurityViolation = z.object({
  control: z.string(),
  /** The level that it keeps the pod out of. */
  level: z.enum(["baseline", "restricted"]),
  detail: z.string(),
});
export type PodSecurityViolation = z.infer<typeof PodSecurityViolation>;

export const PodSecurityResult = z.object({
  level: z.enum(podSecurityLevels),
  violations: z.array(PodSecurityViolation),
  /** Controls that could not be judged, and why; with one that decides, the level is "unknown". */
  unknown: z.array(z.object({ control: z.string(), because: z.string() })),
});
export type PodSecurityResult = z.infer<typeof PodSecurityResult>;

/** Declared and effective are not the same: the declaration does not protect, or nobody declared what is there. */
export const PostureDifference = z.object({
  /** Stable: "seccomp-not-loaded", "apparmor-inactive", ... */
  rule: z.string(),
  layer: z.enum(postureLayers),
  severity: z.enum(severities),
  title: z.string(),
  evidence: z.array(z.string()),
});
export type PostureDifference = z.infer<typeof PostureDifference>;

/** How much of what a workload does was learnt. */
export const LearningConfidence = z.object({
  level: z.enum(["none", "low", "medium", "high"]),
  /** Sum over replicas. */
  hours: z.number(),
  replicas: z.int(),
  /** Replicas that were watched from their first program on. */
  startsSeen: z.int(),
  executables: z.int(),
  /** Since nothing new came; absent while nothing was learnt. */
  quietSince: z.iso.datetime().optional(),
  /** Why it is not higher, one sentence each. */
  because: z.array(z.string()),
});
export type LearningConfidence = z.infer<typeof LearningConfidence>;

export { profileKinds, profileModes };
export type ProfileKind = (typeof profileKinds)[number];
export type ProfileMode = (typeof profileModes)[number];

/** Against what the runtime gives by itself. */
export const ProfileDifference = z.object({
  /** "RuntimeDefault of containerd 2.0". */
  base: z.string(),
  kept: z.array(z.string()),
  removed: z.array(z.string()),
  /** Needed and not in the base: without the profile they fail, or run because none is loaded. */
  added: z.array(z.string()),
  /** Calls that are allowed with some arguments only, one sentence each; absent where the kind knows no conditions. */
  conditions: z.array(z.string()).optional(),
});
export type ProfileDifference = z.infer<typeof ProfileDifference>;

/** Whether a profile in log mode may be enforced. */
export const ProfilePromotion = z.object({
  state: z.enum(["ready", "waiting", "not-learning"]),
  quietDays: z.number(),
  daysNeeded: z.int(),
  because: z.string(),
});
export type ProfilePromotion = z.infer<typeof ProfilePromotion>;

export const WrittenProfile = z.object({
  kind: z.enum(profileKinds),
  mode: z.enum(profileModes),
  /** "garrison-shop-web-web": of the file on the node, or of the AppArmor profile. */
  name: z.string(),
  /** The file itself: JSON of OCI seccomp, an AppArmor profile, YAML of securityContext or sysctls. */
  text: z.string(),
  /** Where the text belongs: "/var/lib/kubelet/seccomp/garrison/...". "" for what is only in the manifest. */
  path: z.string(),
  /** For the workload's manifest, as YAML to merge (`kubectl patch --patch-file`). */
  patch: z.string(),
  difference: ProfileDifference,
  /** What whoever uses it has to know: low confidence, what could not be seen. */
  warnings: z.array(z.string()),
  promotion: ProfilePromotion,
});
export type WrittenProfile = z.infer<typeof WrittenProfile>;
