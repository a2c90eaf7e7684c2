// What a container may really do: its first process as /proc shows it, told when first seen, on change and again in long intervals.
// A part that could not be read is in `unread` with the reason, never an empty value that looks like a fact.
import { z } from "zod";
import { choice, flag, text, time, u32, word, words } from "./column.ts";
import { fidelities, originColumns, subjectColumns } from "./identity.ts";
import { podSecurityLevels } from "./pod-security.ts";
import { namespaceNames } from "./runtime-words.ts";

const IdMap = z.array(z.object({ inside: z.int(), outside: z.int(), count: z.int() }));

/** A mount that says something about rights; ordinary ones (proc, sysfs, the root's own) are only counted. */
export const PostureMount = z.object({
  path: z.string(),
  type: z.string(),
  source: z.string(),
  /** Path inside of its file system that is mounted. */
  root: z.string(),
  isReadOnly: z.boolean(),
  noSuid: z.boolean(),
  noDev: z.boolean(),
  noExec: z.boolean(),
  /** "private", "shared", "slave", "shared+slave", "unbindable". */
  propagation: z.string(),
  /** root: "/". host: a folder or file of the host's file systems. socket: a container runtime's. device: /dev/... */
  kind: z.enum(["root", "host", "socket", "kernel", "memory", "device", "other"]),
});
export type PostureMount = z.infer<typeof PostureMount>;

export { namespaceNames };

/** Of one process, as the kernel shows it now. Numbers of users are those of the host. */
export const PostureFacts = z.object({
  pid: z.int(),
  name: z.string(),
  executable: z.string(),
  uid: z.object({ real: z.int(), effective: z.int(), saved: z.int(), filesystem: z.int() }),
  gid: z.object({ real: z.int(), effective: z.int(), saved: z.int(), filesystem: z.int() }),
  groups: z.array(z.int()),
  uidMap: IdMap,
  capabilities: z.object({
    effective: z.array(z.string()),
    permitted: z.array(z.string()),
    bounding: z.array(z.string()),
    inheritable: z.array(z.string()),
    ambient: z.array(z.string()),
  }),
  noNewPrivileges: z.boolean(),
  /** 0 none, 1 strict, 2 filter. */
  seccompMode: z.int(),
  /** How many filters are loaded; absent before Linux 5.9. */
  seccompFilters: z.int().optional(),
  /** Of the kernel, in its order; empty: not known (see unread). */
  securityModules: z.array(z.string()),
  /** "profile (enforce)" or "unconfined"; "" where AppArmor is not active. */
  appArmor: z.string(),
  /** SELinux context; "" where it is not active. */
  seLinux: z.string(),
  mounts: z.array(PostureMount),
  mountsOmitted: z.int(),
  /** Of the usual ones, those under a read-only or empty mount; the others can be written or read. */
  procPathsMasked: z.array(z.string()),
  procPathsOpen: z.array(z.string()),
  /** Namespaces that are the host's (pid 1's). */
  namespacesShared: z.array(z.enum(namespaceNames)),
  namespacesOwn: z.array(z.enum(namespaceNames)),
  sysctls: z.record(z.string(), z.string()),
  /** Values as the cgroup's files say: "max" for none. */
  limits: z.object({
    memoryBytes: z.string(),
    pids: z.string(),
    cpu: z.string(),
  }),
  /** Device nodes below its /dev that are not the ordinary ones. */
  devices: z.array(z.string()),
  kernel: z.object({
    release: z.string(),
    /** "none", "integrity", "confidentiality"; "" not known. */
    lockdown: z.string(),
    ptraceScope: z.string(),
    corePattern: z.string(),
    unprivilegedBpf: z.string(),
  }),
  /** Part -> why it is not known. */
  unread: z.record(z.string(), z.string()),
});
export type PostureFacts = z.infer<typeof PostureFacts>;

export const ContainerPosture = z.object({
  time: time(),
  ...originColumns,
  /** first: newly seen. changed: it differs from the row before. again: nothing changed for a long while. */
  occasion: choice(["first", "changed", "again"]),
  /** Pod Security level of what is live; what the object declares is the server's to say. */
  level: choice(podSecurityLevels),
  pid: u32(),
  /** Effective, on the host. */
  uid: u32(),
  capabilities: words(),
  noNewPrivileges: flag(),
  /** none, strict, filter. */
  seccomp: word(),
  appArmor: word(),
  /** Of `facts`: the same text is the same posture (pid and limits of time left out). */
  digest: word(),
  /** PostureFacts as JSON. */
  facts: text(),
  ...subjectColumns,
  fidelity: choice(fidelities).default("polled"),
});
export type ContainerPosture = z.infer<typeof ContainerPosture>;
