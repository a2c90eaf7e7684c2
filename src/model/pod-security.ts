// What a pod's object declares about the rights of its containers: the fields of securityContext and what stands around them. Absent: not set.
import { z } from "zod";
import { podSecurityLevels } from "./runtime-words.ts";

/** "" when not set; else Unconfined, RuntimeDefault or Localhost, and the profile's name of Localhost. */
export const DeclaredProfile = z.object({ type: z.string().default(""), profile: z.string().default("") });
export type DeclaredProfile = z.infer<typeof DeclaredProfile>;

const SeLinux = z.object({
  user: z.string().default(""),
  role: z.string().default(""),
  type: z.string().default(""),
  level: z.string().default(""),
});

/** Of both levels; a container's word goes before its pod's. */
const bothLevels = {
  runAsUser: z.int().optional(),
  runAsGroup: z.int().optional(),
  runAsNonRoot: z.boolean().optional(),
  seccomp: DeclaredProfile.default({ type: "", profile: "" }),
  appArmor: DeclaredProfile.default({ type: "", profile: "" }),
  seLinux: SeLinux.optional(),
  /** Windows: the container is a process of the host. */
  hostProcess: z.boolean().default(false),
};

export const ContainerSecurity = z.object({
  ...bothLevels,
  privileged: z.boolean().default(false),
  allowPrivilegeEscalation: z.boolean().optional(),
  readOnlyRootFilesystem: z.boolean().default(false),
  /** As written: with or without "CAP_", "ALL". */
  capabilitiesAdded: z.array(z.string()).default([]),
  capabilitiesDropped: z.array(z.string()).default([]),
  /** "", Default or Unmasked. */
  procMount: z.string().default(""),
  hostPorts: z.array(z.int()).default([]),
  /** Hosts that probes and life-cycle hooks name. */
  probeHosts: z.array(z.string()).default([]),
  mounts: z
    .array(
      z.object({
        path: z.string(),
        volume: z.string(),
        isReadOnly: z.boolean().default(false),
        /** "", None, HostToContainer or Bidirectional. */
        propagation: z.string().default(""),
      }),
    )
    .default([]),
});
export type ContainerSecurity = z.infer<typeof ContainerSecurity>;

export const PodSecurity = z.object({
  ...bothLevels,
  hostPid: z.boolean().default(false),
  hostIpc: z.boolean().default(false),
  /** false: in a user namespace of its own. */
  hostUsers: z.boolean().optional(),
  sharesProcesses: z.boolean().default(false),
  fsGroup: z.int().optional(),
  supplementalGroups: z.array(z.int()).default([]),
  sysctls: z.array(z.object({ name: z.string(), value: z.string() })).default([]),
  /** Volumes by name and the kind of their source as Kubernetes writes it ("hostPath", "emptyDir"); of hostPath also the path. */
  volumes: z.array(z.object({ name: z.string(), type: z.string(), hostPath: z.string().default("") })).default([]),
});
export type PodSecurity = z.infer<typeof PodSecurity>;

/** Pod Security Standards, weakest first. "unknown": something that decides was not known. */
export { podSecurityLevels };
export type PodSecurityLevel = (typeof podSecurityLevels)[number];
