// The system call actions of Falco's event-generator, re-created as small scripts of our own, each under its upstream name: what it does, where it
// runs, and a harmless twin that does the same sort of thing and must raise nothing. Scripts are for busybox's shell; `perl` is the system's.

export interface Action {
  /** The upstream action. */
  readonly name: string;
  /** plain: capabilities as runtimes give them. privileged: all. host: a process of this machine in a folder of its own. */
  readonly where: "plain" | "privileged" | "host";
  readonly script: string;
  readonly twin: string;
  readonly environment?: readonly string[];
  readonly user?: { readonly uid: number; readonly gid: number };
  /** The container's first process; else a shell that runs the script. */
  readonly isEntrypoint?: true;
}

/** A Perl program in the shell's quotes; must hold no single quote. */
function perl(program: string): string {
  return `/usr/bin/perl -e '${program}'`;
}

/** Programs of these names stand in the image: scripts that run their arguments as a child. */
export const runners = [
  "mysqld",
  "postgres",
  "nginx",
  "httpd",
  "sshd",
  "java",
  "npm",
  "web-app",
  "worker",
  "runner",
] as const;

/** Programs of these names stand in the image and do nothing. */
export const idlers = [
  "nmap",
  "dig",
  "tcpdump",
  "kubectl",
  "crictl",
  "debugfs",
  "apt-get",
  "apk",
  "yum",
  "rsync",
  "scp",
  "curl",
  "sudo",
  "xmrig",
  "shred",
  "useradd",
  "report",
  "backup",
] as const;

/** Perl under other names: programs that talk and read by themselves. */
export const perls = ["apache2", "sha1sum", "ssh", "pkexec"] as const;

/** Perl scripts that talk: "talk ADDRESS PORT" listens, connects to itself and ends; "send ADDRESS PORT" sends a datagram over a connected socket. */
export const talkers: Readonly<Record<string, string>> = {
  talk:
    "use Socket; my ($a, $p) = @ARGV; socket(L, PF_INET, SOCK_STREAM, 6); setsockopt(L, SOL_SOCKET, SO_REUSEADDR, 1); bind(L, sockaddr_in($p, inet_aton($a))) or die $!; listen(L, 4); " +
    "if (!fork) { close L; socket(S, PF_INET, SOCK_STREAM, 6); connect(S, sockaddr_in($p, inet_aton($a))) or die $!; sleep 1; exit } accept(C, L); close C; wait;",
  send: 'use Socket; my ($a, $p) = @ARGV; socket(S, PF_INET, SOCK_DGRAM, 17); connect(S, sockaddr_in($p, inet_aton($a))); send(S, "x", 0);',
};

/** Addresses that the container's own loopback gets: nothing leaves it. */
const ownAddress = (address: string): string => `/bin/ip addr add ${address}/32 dev lo; /bin/ip link set lo up`;

/** One program given on the command line that listens, and connects to itself. */
const talkBy = (program: string, address: string, port: number): string =>
  `${program} -e 'use Socket; socket(L, PF_INET, SOCK_STREAM, 6); bind(L, sockaddr_in(${port}, inet_aton("${address}"))); listen(L, 4); if (!fork) { socket(S, PF_INET, SOCK_STREAM, 6); connect(S, sockaddr_in(${port}, inet_aton("${address}"))); sleep 1; exit } accept(C, L); close C; wait'`;

const talk = (address: string, port: number): string => `/usr/local/bin/talk ${address} ${port}`;

/** x86_64 numbers of calls that Perl has no word for. */
const call = {
  memfd_create: 319,
  unshare: 272,
  ptrace: 101,
  userfaultfd: 323,
  finit_module: 313,
  init_module: 175,
} as const;

export const actions: readonly Action[] = [
  {
    name: "AddingSshKeysToAuthorizedKeys",
    where: "plain",
    script: "/bin/echo ssh-ed25519 AAAA someone | /bin/tee -a /root/.ssh/authorized_keys >/dev/null",
    twin: "/bin/echo a line | /bin/tee -a /tmp/notes >/dev/null",
  },
  {
    name: "ChangeNamespacePrivilegesViaUnshare",
    where: "plain",
    script: perl(`syscall(${call.unshare}, 0x10000000)`),
    twin: perl(`syscall(39)`),
  },
  {
    name: "ClearLogActivities",
    where: "plain",
    script: "/usr/local/bin/runner /bin/cp /dev/null /var/log/syslog",
    twin: "/bin/cat /var/log/syslog >/dev/null",
  },
  {
    name: "ContactCloudMetadataServiceFromContainer",
    where: "privileged",
    script: `${ownAddress("169.254.169.254")}; ${talk("169.254.169.254", 80)}`,
    twin: `${ownAddress("10.9.8.7")}; ${talk("10.9.8.7", 80)}`,
  },
  {
    name: "ContainerDriftDetectedChmod",
    where: "plain",
    script: "/bin/echo x >/tmp/tool; /bin/chmod 755 /tmp/tool",
    twin: "/bin/echo x >/tmp/data; /bin/chmod 644 /tmp/data",
  },
  {
    name: "ContainerDriftDetectedOpenCreate",
    where: "plain",
    script: perl(`use Fcntl; sysopen(F, "/tmp/tool", O_CREAT|O_WRONLY, 0755); close F`),
    twin: perl(`use Fcntl; sysopen(F, "/tmp/data", O_CREAT|O_WRONLY, 0644); close F`),
  },
  {
    name: "CreateFilesBelowDev",
    where: "plain",
    script: perl(`use Fcntl; sysopen(F, "/dev/store", O_CREAT|O_WRONLY, 0600); close F`),
    twin: perl(`use Fcntl; sysopen(F, "/dev/null", O_WRONLY); close F`),
  },
  {
    name: "CreateHardlinkOverSensitiveFiles",
    where: "plain",
    script: "/bin/ln /etc/shadow /etc/copy",
    twin: "/bin/ln /etc/motd /tmp/motd 2>/dev/null; /bin/true",
  },
  {
    name: "CreateSymlinkOverSensitiveFiles",
    where: "plain",
    script: "/bin/ln -s /etc/shadow /tmp/link",
    twin: "/bin/ln -s /etc/motd /tmp/link",
  },
  {
    name: "CreateHiddenFileOrDirectory",
    where: "plain",
    script: "/bin/mkdir /tmp/.cache-of-nobody",
    twin: "/bin/mkdir /tmp/cache",
  },
  {
    name: "DbProgramSpawnedProcess",
    where: "plain",
    script: "/usr/local/bin/mysqld /bin/ls /",
    twin: "/usr/local/bin/worker /bin/ls /",
  },
  {
    name: "DebugfsLaunchedInPrivilegedContainer",
    where: "privileged",
    script: "/usr/local/bin/debugfs /dev/null",
    twin: "/usr/local/bin/report /dev/null",
  },
  {
    name: "DecodingPayloadInContainer",
    where: "plain",
    script: "/bin/echo aGVsbG8= | /bin/base64 -d >/dev/null",
    twin: "/bin/echo hello | /bin/md5sum >/dev/null",
  },
  {
    name: "DeleteOrRenameShellHistory",
    where: "plain",
    script: "/bin/rm /root/.bash_history",
    twin: "/bin/echo x >/tmp/history.txt; /bin/rm /tmp/history.txt",
  },
  {
    name: "DetectCryptoMinersUsingTheStratumProtocol",
    where: "plain",
    script: "/usr/local/bin/worker /bin/echo -o stratum+tcp://pool.example:3333",
    twin: "/usr/local/bin/worker /bin/echo -o https://pool.example:443",
  },
  {
    name: "DetectOutboundConnectionsToCommonMinerPoolPorts",
    where: "privileged",
    script: `${ownAddress("203.0.113.7")}; ${talk("203.0.113.7", 14444)}`,
    twin: `${ownAddress("10.9.8.7")}; ${talk("10.9.8.7", 8443)}`,
  },
  {
    name: "DetectReleaseAgentFileContainerEscapes",
    where: "privileged",
    script: "/bin/mkdir -p /tmp/group; : >/tmp/group/release_agent",
    twin: "/bin/mkdir -p /tmp/group; : >/tmp/group/notes",
  },
  {
    name: "DirectoryTraversalMonitoredFileRead",
    where: "plain",
    script: perl(`open(F, "<", "/var/../etc/../etc/../etc/shadow")`),
    twin: perl(`open(F, "<", "/etc/motd")`),
  },
  {
    name: "DisallowedSshConnectionNonStandardPort",
    where: "privileged",
    script: `${ownAddress("203.0.113.7")}; ${talkBy("/usr/local/bin/ssh", "203.0.113.7", 443)}`,
    twin: `${ownAddress("10.9.8.7")}; ${talk("10.9.8.7", 2222)}`,
  },
  {
    name: "DropAndExecuteNewBinaryInContainer",
    where: "plain",
    script: "/bin/cp /bin/busybox /tmp/busybox; /tmp/busybox true",
    twin: "/bin/busybox true",
  },
  {
    name: "ExecutionFromDevShm",
    where: "plain",
    script: "/bin/cp /bin/busybox /dev/shm/busybox; /dev/shm/busybox true",
    twin: "/bin/echo x >/dev/shm/data; /bin/cat /dev/shm/data >/dev/null",
  },
  {
    name: "ExfiltratingArtifactsViaKubernetesControlPlane",
    where: "plain",
    isEntrypoint: true,
    script: "/bin/tar -cf /dev/null /home/app",
    twin: "/bin/cat /etc/motd",
  },
  {
    name: "FilelessExecutionViaMemfdCreate",
    where: "plain",
    script: perl(
      `my $n = "x"; my $d = syscall(${call.memfd_create}, $n, 0); open(B, "<", "/bin/busybox"); open(M, ">&=", $d); binmode M; binmode B; local $/; print M <B>; $| = 1; select M; $| = 1; exec {"/proc/self/fd/$d"} "true"`,
    ),
    twin: perl(`exec {"/bin/busybox"} "true"`),
  },
  {
    name: "FindAwsCredentials",
    where: "plain",
    script:
      "/bin/grep -r aws_access_key_id /root /home 2>/dev/null; /bin/find /root -iname .aws/credentials; /bin/true",
    twin: "/bin/grep -r hello /home 2>/dev/null; /bin/true",
  },
  {
    name: "InterpretedProcsInboundNetworkActivity",
    where: "privileged",
    script: `${ownAddress("203.0.113.7")}; ${perl(
      `use Socket; socket(L, PF_INET, SOCK_STREAM, 6); bind(L, sockaddr_in(8099, inet_aton("203.0.113.7"))); listen(L, 4); if (!fork) { exec "/bin/nc", "-w", "1", "203.0.113.7", "8099" } accept(C, L); close C; wait`,
    )}`,
    twin: perl(`print "nothing"`),
  },
  {
    name: "InterpretedProcsOutboundNetworkActivity",
    where: "privileged",
    script: `${ownAddress("203.0.113.7")}; ${talkBy("/usr/bin/perl", "203.0.113.7", 8443)}`,
    twin: perl(`print "nothing"`),
  },
  {
    name: "JavaProcessClassFileDownload",
    where: "plain",
    script: "/usr/local/bin/java /bin/ls /tmp",
    twin: "/usr/local/bin/java /bin/ls /",
  },
  {
    name: "KubernetesClientToolLaunchedInContainer",
    where: "plain",
    script: "/usr/local/bin/kubectl get pods",
    twin: "/usr/local/bin/report get pods",
  },
  {
    name: "LaunchIngressRemoteFileCopyToolsInContainer",
    where: "plain",
    script: "/bin/wget -T 1 -O /tmp/file http://127.0.0.1:9/file; /bin/true",
    twin: "/bin/cp /etc/motd /tmp/file",
  },
  {
    name: "LaunchPackageManagementProcessInContainer",
    where: "plain",
    script: "/usr/local/bin/apt-get install tool",
    twin: "/usr/local/bin/report install tool",
  },
  {
    name: "LaunchRemoteFileCopyToolsInContainer",
    where: "plain",
    script: "/usr/local/bin/rsync /etc/motd elsewhere:",
    twin: "/usr/local/bin/backup /etc/motd /tmp",
  },
  {
    name: "LaunchSuspiciousNetworkToolInContainer",
    where: "plain",
    script: "/usr/local/bin/nmap 127.0.0.1",
    twin: "/usr/local/bin/report 127.0.0.1",
  },
  {
    name: "LaunchSuspiciousNetworkToolOnHost",
    where: "host",
    script: "$HERE/nmap 127.0.0.1",
    twin: "$HERE/report 127.0.0.1",
  },
  {
    name: "LinuxKernelModuleInjection",
    where: "privileged",
    script: perl(`open(F, "<", "/etc/motd"); my $e = ""; syscall(${call.finit_module}, fileno(F), $e, 0)`),
    twin: perl(`open(F, "<", "/etc/motd"); syscall(39)`),
  },
  {
    name: "MkdirBinaryDirs",
    where: "plain",
    script: "/bin/mkdir /usr/bin/tools",
    twin: "/bin/mkdir /tmp/tools",
  },
  {
    name: "ModifyBinaryDirs",
    where: "plain",
    script: "/bin/mv /bin/uudecode /bin/uudecode2",
    twin: "/bin/echo x >/tmp/a; /bin/mv /tmp/a /tmp/b",
  },
  {
    name: "ModifyContainerEntrypoint",
    where: "plain",
    script: perl(`use Fcntl; open(P, "<", "/proc/self/exe"); sysopen(F, "/proc/self/fd/" . fileno(P), O_WRONLY)`),
    twin: perl(`open(P, "<", "/proc/self/status")`),
  },
  {
    name: "ModifyShellConfigurationFile",
    where: "plain",
    script: "/bin/echo alias | /bin/tee -a /root/.bashrc >/dev/null",
    twin: "/bin/echo alias | /bin/tee -a /tmp/notes >/dev/null",
  },
  {
    name: "MountLaunchedInPrivilegedContainer",
    where: "privileged",
    script: "/bin/mount -t tmpfs none /host",
    twin: "/bin/df / >/dev/null",
  },
  {
    name: "NetcatRemoteCodeExecutionInContainer",
    where: "plain",
    script: "/bin/nc -e /bin/sh 127.0.0.1 9; /bin/true",
    twin: "/usr/local/bin/report -e /bin/sh; /bin/true",
  },
  {
    name: "NonSudoSetuid",
    where: "host",
    script: `/usr/bin/setpriv --reuid=4242 --clear-groups --inh-caps=+setuid --ambient-caps=+setuid /usr/bin/perl -e 'syscall(105, 0)'`,
    twin: `/usr/bin/perl -e 'syscall(39)'`,
  },
  {
    name: "PacketSocketCreatedInContainer",
    where: "plain",
    script: perl(`socket(S, 17, 3, 768)`),
    twin: perl(`use Socket; socket(S, PF_INET, SOCK_STREAM, 6)`),
  },
  {
    name: "PolkitLocalPrivilegeEscalationVulnerability",
    where: "plain",
    script: perl(`exec {"/usr/local/bin/pkexec"} ""`),
    twin: "/usr/local/bin/report --version",
  },
  {
    name: "PotentialLocalPrivilegeEscalationViaEnvironmentVariablesMisuse",
    where: "plain",
    script: "GLIBC_TUNABLES=glibc.malloc.mxfast=1 /usr/local/bin/report",
    twin: "COLOUR=blue /usr/local/bin/report",
  },
  {
    name: "ProgramRunWithDisallowedHttpProxyEnv",
    where: "plain",
    script: "HTTP_PROXY=http://127.0.0.1:9 /usr/local/bin/java /bin/true",
    twin: "COLOUR=blue /usr/local/bin/java /bin/true",
  },
  {
    name: "PtraceAntiDebugAttempt",
    where: "plain",
    script: perl(`syscall(${call.ptrace}, 0, 0, 0, 0)`),
    twin: perl(`syscall(39)`),
  },
  {
    name: "PtraceAttachedToProcess",
    where: "privileged",
    script: perl(
      `my $p = fork; if (!$p) { sleep 5; exit } select(undef, undef, undef, 0.1); syscall(${call.ptrace}, 16, $p, 0, 0); kill 9, $p; wait`,
    ),
    twin: perl(`my $p = fork; if (!$p) { exit } wait`),
  },
  {
    name: "ReadEnvironmentVariableFromProcFiles",
    where: "plain",
    script: "/bin/cat /proc/1/environ >/dev/null",
    twin: "/bin/cat /proc/1/status >/dev/null",
  },
  {
    name: "ReadSensitiveFileTrustedAfterStartup",
    where: "plain",
    script: `/usr/local/bin/apache2 -e 'sleep 6; open(F, "<", "/etc/shadow")'`,
    twin: `/usr/local/bin/apache2 -e 'open(F, "<", "/etc/motd")'`,
  },
  {
    name: "ReadSensitiveFileUntrusted",
    where: "plain",
    script: "/bin/cat /etc/shadow >/dev/null",
    twin: "/bin/cat /etc/motd >/dev/null",
  },
  {
    name: "ReadShellConfigurationFile",
    where: "plain",
    script: "/bin/cat /root/.bashrc >/dev/null",
    twin: "/bin/cat /etc/motd >/dev/null",
  },
  {
    name: "ReadSshInformation",
    where: "plain",
    script: "/bin/cat /root/.ssh/authorized_keys >/dev/null",
    twin: "/bin/cat /etc/motd >/dev/null",
  },
  {
    name: "RedirectStdoutStdinToNetworkConnectionInContainer",
    where: "plain",
    script: perl(
      `use Socket; use POSIX (); socket(L, PF_INET, SOCK_STREAM, 6); bind(L, sockaddr_in(8077, inet_aton("127.0.0.1"))); listen(L, 2); socket(S, PF_INET, SOCK_STREAM, 6); connect(S, sockaddr_in(8077, inet_aton("127.0.0.1"))); POSIX::dup2(fileno(S), 0); POSIX::dup2(fileno(S), 1)`,
    ),
    twin: perl(`use POSIX (); POSIX::dup2(2, 1)`),
  },
  {
    name: "RemoveBulkDataFromDisk",
    where: "plain",
    script: "/usr/local/bin/shred -u /tmp/none",
    twin: "/bin/rm -f /tmp/none",
  },
  {
    name: "RunShellUntrusted",
    where: "plain",
    script: "/usr/local/bin/httpd /bin/sh -c 'true; true'",
    twin: "/usr/local/bin/worker /bin/sh -c 'true; true'",
  },
  {
    name: "ScheduleCronJobs",
    where: "plain",
    script: "/bin/echo '* * * * * root true' | /bin/tee /etc/cron.d/job >/dev/null",
    twin: "/bin/echo '* * * * * root true' | /bin/tee /tmp/job >/dev/null",
  },
  {
    name: "SearchPrivateKeysOrPasswords",
    where: "plain",
    script: "/bin/find /root -name id_rsa",
    twin: "/bin/find /home/app -name notes.txt",
  },
  {
    name: "SetSetuidOrSetgidBit",
    where: "plain",
    script: "/bin/echo x >/tmp/tool; /bin/chmod u+s /tmp/tool",
    twin: "/bin/echo x >/tmp/data; /bin/chmod 600 /tmp/data",
  },
  {
    name: "SudoPotentialPrivilegeEscalation",
    where: "plain",
    script: "/usr/local/bin/sudo -s 'text\\'",
    twin: "/usr/local/bin/report -s text",
  },
  {
    name: "SystemProcsNetworkActivity",
    where: "privileged",
    script: `${ownAddress("10.9.8.7")}; ${talkBy("/usr/local/bin/sha1sum", "10.9.8.7", 4040)}`,
    twin: `/usr/local/bin/sha1sum -e 'print "x"'`,
  },
  {
    name: "SystemUserInteractive",
    where: "plain",
    script: `/usr/local/bin/sshd ${perl(`$) = "2 2"; $( = 2; $< = 2; $> = 2; exec "/bin/ls", "/"`)}`,
    twin: `/usr/local/bin/worker ${perl(`exec "/bin/ls", "/"`)}`,
  },
  {
    name: "UnexpectedK8sNodeportConnection",
    where: "privileged",
    script: `${ownAddress("10.9.8.7")}; ${talk("10.9.8.7", 30333)}`,
    twin: `${ownAddress("10.9.8.7")}; ${talk("10.9.8.7", 8443)}`,
  },
  {
    name: "UnexpectedUdpTraffic",
    where: "privileged",
    script: `${ownAddress("10.9.8.7")}; /usr/local/bin/send 10.9.8.7 4242`,
    twin: `${ownAddress("10.9.8.7")}; /usr/local/bin/send 10.9.8.7 53`,
  },
  {
    name: "UnprivilegedDelegationOfPageFaultsHandlingToAUserspaceProcess",
    where: "plain",
    user: { uid: 1000, gid: 1000 },
    // UFFD_USER_MODE_ONLY: what an unprivileged process may ask for.
    script: perl(`syscall(${call.userfaultfd}, 1)`),
    twin: perl(`syscall(39)`),
  },
  {
    name: "UpdatePackageRepository",
    where: "plain",
    script: "/bin/mkdir -p /etc/apt/sources.list.d; /bin/echo deb | /bin/tee /etc/apt/sources.list.d/x.list >/dev/null",
    twin: "/bin/echo deb | /bin/tee /tmp/x.list >/dev/null",
  },
  {
    name: "UserMgmtBinaries",
    where: "host",
    script: "$HERE/useradd someone",
    twin: "$HERE/report someone",
  },
  {
    name: "WriteBelowBinaryDir",
    where: "plain",
    script: "/bin/echo x | /bin/tee /bin/tool >/dev/null",
    twin: "/bin/echo x | /bin/tee /tmp/tool >/dev/null",
  },
  {
    name: "WriteBelowEtc",
    where: "plain",
    script: "/bin/echo x | /bin/tee /etc/tool.conf >/dev/null",
    twin: "/bin/echo x | /bin/tee /tmp/tool.conf >/dev/null",
  },
  {
    name: "WriteBelowRpmDatabase",
    where: "plain",
    script: "/bin/mkdir -p /var/lib/rpm; /bin/echo x | /bin/tee /var/lib/rpm/Packages >/dev/null",
    twin: "/bin/mkdir -p /var/lib/app; /bin/echo x | /bin/tee /var/lib/app/Packages >/dev/null",
  },
  {
    name: "WriteBelowRoot",
    where: "plain",
    script: "/bin/echo x | /bin/tee /root/tool >/dev/null",
    twin: "/bin/echo x | /bin/tee /tmp/tool >/dev/null",
  },
  {
    name: "WriteBelowMonitoredDir",
    where: "plain",
    script: "/bin/mkdir -p /boot; /bin/echo x | /bin/tee /boot/vmlinuz >/dev/null",
    twin: "/bin/echo x | /bin/tee /tmp/vmlinuz >/dev/null",
  },
];

/** The same deeds by ways that hide the name or the call. */
export const variants: readonly Action[] = [
  {
    name: "ReadSensitiveFileUntrusted, by a symbolic link",
    where: "plain",
    script: "/bin/ln -s ../etc /tmp/plain; /bin/cat /tmp/plain/shadow >/dev/null",
    twin: "/bin/ln -s ../etc /tmp/plain2; /bin/cat /tmp/plain2/motd >/dev/null",
  },
  {
    name: "WriteBelowBinaryDir, by a linked folder",
    where: "plain",
    script: "/bin/ln -s /usr/bin /tmp/plain; /bin/echo x | /bin/tee /tmp/plain/tool >/dev/null",
    twin: "/bin/ln -s /var/lib /tmp/plain; /bin/echo x | /bin/tee /tmp/plain/tool >/dev/null",
  },
  {
    name: "AddingSshKeysToAuthorizedKeys, by a linked file",
    where: "plain",
    script: "/bin/ln -s /root/.ssh/authorized_keys /tmp/plain; /bin/echo key | /bin/tee -a /tmp/plain >/dev/null",
    twin: "/bin/ln -s /var/log/syslog /tmp/plain; /bin/echo key | /bin/tee -a /tmp/plain >/dev/null",
  },
  {
    name: "ClearLogActivities, by a link",
    where: "plain",
    script: "/bin/ln -s /var/log/syslog /tmp/plain; /usr/local/bin/runner /bin/cp /dev/null /tmp/plain",
    twin: "/bin/ln -s /etc/motd /tmp/plain; /bin/cat /tmp/plain >/dev/null",
  },
  {
    name: "DropAndExecuteNewBinaryInContainer, renamed over a link",
    where: "plain",
    script: "/bin/cp /bin/busybox /tmp/x; /bin/mv /tmp/x /tmp/y; /bin/ln -s /tmp/y /tmp/z; /tmp/z true; /bin/true",
    twin: "/bin/ln -s /bin/busybox /tmp/true; /tmp/true",
  },
];
