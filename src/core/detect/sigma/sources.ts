// Log sources of Sigma's Linux rules in our words: which events they mean, and which fields their names are. Source: the Sigma taxonomy appendix.

export interface SigmaSource {
  /** Falco's words for "an event of this source". */
  readonly base: string;
  readonly fields: Readonly<Record<string, string>>;
  /** Where words without a field are looked for. */
  readonly keywords: string;
  readonly output: string;
}

const who =
  "user=%user.name program=%proc.exepath command=%proc.cmdline parent=%proc.pname container=%container.name image=%container.image.repository";

const processNames = {
  Image: "proc.exepath",
  CommandLine: "proc.exeline",
  ParentImage: "proc.pexepath",
  ParentCommandLine: "proc.pcmdline",
  CurrentDirectory: "proc.cwd",
  User: "user.name",
  ProcessId: "proc.pid",
  ParentProcessId: "proc.ppid",
  ProcessName: "proc.name",
} as const;

const sources: Readonly<Record<string, SigmaSource>> = {
  process_creation: {
    base: "evt.type in (execve, execveat)",
    fields: processNames,
    keywords: "proc.exeline",
    output: who,
  },
  file_event: {
    base: "((evt.type in (open, openat, openat2, creat) and evt.is_open_write = true) or evt.type in (rename, renameat, renameat2, link, linkat, symlink, symlinkat))",
    fields: { ...processNames, TargetFilename: "fd.name" },
    keywords: "fd.name",
    output: `file=%fd.name ${who}`,
  },
  network_connection: {
    base: "evt.type in (connect, sendto, accept, accept4)",
    fields: {
      ...processNames,
      DestinationIp: "fd.sip",
      DestinationPort: "fd.sport",
      DestinationHostname: "fd.sip.name",
      SourceIp: "fd.cip",
      SourcePort: "fd.cport",
      Protocol: "fd.l4proto",
      dst_ip: "fd.sip",
      dst_port: "fd.sport",
    },
    keywords: "fd.name",
    output: `connection=%fd.name ${who}`,
  },
  auditd: {
    base: "evt.num >= 0",
    fields: {
      exe: "proc.exepath",
      comm: "proc.name",
      cwd: "proc.cwd",
      CWD: "proc.cwd",
      name: "fd.name",
      syscall: "evt.type",
      SYSCALL: "evt.type",
      uid: "user.uid",
      auid: "user.loginuid",
      pid: "proc.pid",
      ppid: "proc.ppid",
      ...Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`a${index}`, `garrison.argument[${index}]`])),
    },
    keywords: "evt.args",
    output: who,
  },
};

/** Undefined: the log source is none of ours. */
export function sigmaSource(logsource: {
  readonly category: string;
  readonly service: string;
}): SigmaSource | undefined {
  const key = logsource.category === "" ? logsource.service : logsource.category;
  return Object.hasOwn(sources, key) ? sources[key] : undefined;
}

export const sigmaSourceNames = Object.keys(sources);

/** auditd's `type`: what kind of record it is says which events can be meant. */
export const auditTypes: Readonly<Record<string, string>> = {
  EXECVE: "evt.type in (execve, execveat)",
  PATH: "evt.type in (open, openat, openat2, creat, rename, renameat, renameat2, unlink, unlinkat, chmod, fchmod, fchmodat, chown, fchownat, link, linkat, symlink, symlinkat, mkdir, mkdirat)",
  SYSCALL: "evt.num >= 0",
  CWD: "evt.num >= 0",
  PROCTITLE: "evt.type in (execve, execveat)",
};
