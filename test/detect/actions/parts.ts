// What the scripts of the actions are made of: programs under the names that rules know, and pieces of shell and Perl.

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
export function perl(program: string): string {
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

/** Home of the container's superuser. */
export const root = "/root";

/** Addresses that the container's own loopback gets: nothing leaves it. */
export const ownAddress = (address: string): string => `/bin/ip addr add ${address}/32 dev lo; /bin/ip link set lo up`;

/** One program given on the command line that listens, and connects to itself. */
export const talkBy = (program: string, address: string, port: number): string =>
  `${program} -e 'use Socket; socket(L, PF_INET, SOCK_STREAM, 6); bind(L, sockaddr_in(${port}, inet_aton("${address}"))); listen(L, 4); if (!fork) { socket(S, PF_INET, SOCK_STREAM, 6); connect(S, sockaddr_in(${port}, inet_aton("${address}"))); sleep 1; exit } accept(C, L); close C; wait'`;

export const talk = (address: string, port: number): string => `/usr/local/bin/talk ${address} ${port}`;

/** x86_64 numbers of calls that Perl has no word for. */
export const call = {
  memfd_create: 319,
  unshare: 272,
  ptrace: 101,
  userfaultfd: 323,
  finit_module: 313,
  init_module: 175,
} as const;
