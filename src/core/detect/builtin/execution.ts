// What runs that should not: shells for somebody far away, programs that no image brought, miners, tools of attackers.
import { type BuiltinRule, connectionOutput, fileOutput, processOutput } from "./rule-item.ts";

const shells: readonly BuiltinRule[] = [
  {
    rule: "Standard input or output becomes a network connection",
    desc: "A program whose keyboard or screen is a socket obeys whoever is at the other end. Look at the address, and at what the process executes next.",
    condition:
      "evt.type in (dup, dup2, dup3) and garrison_container and evt.rawres in (0, 1, 2) and fd.type in (ipv4, ipv6) and not proc.name in (inetd, xinetd, sshd, sshd-session, ucspi-tcp, tcpserver)",
    output: `Standard input or output becomes a connection (${connectionOutput})`,
    priority: "ERROR",
    tags: ["reverse-shell", "container", "T1059"],
  },
  {
    rule: "Command line of a reverse shell",
    desc: "The words are those of the usual one-line reverse shells. Look at the address in it, and isolate the workload.",
    condition:
      'garrison_exec and ((garrison_shell and (proc.args contains "/dev/tcp/" or proc.args contains "/dev/udp/")) or (garrison_shell and proc.args contains "mkfifo" and (proc.args contains "nc " or proc.args contains "telnet" or proc.args contains "openssl s_client")) or (proc.name startswith "python" and proc.args contains "socket" and (proc.args contains "pty.spawn" or proc.args contains "dup2" or proc.args contains "subprocess")) or (proc.name = perl and proc.args contains "Socket" and proc.args contains "exec") or (proc.name = ruby and proc.args contains "TCPSocket" and proc.args contains "exec") or (proc.name startswith "php" and proc.args contains "fsockopen" and proc.args contains "exec"))',
    output: `The command line of a reverse shell (${processOutput})`,
    priority: "CRITICAL",
    tags: ["reverse-shell", "T1059.004"],
  },
  {
    rule: "Netcat hands a connection to a program",
    desc: "netcat -e or -c, or socat EXEC, gives whoever connects a program to type into.",
    condition:
      'garrison_exec and ((proc.name in (garrison_netcats) and (proc.args startswith "-e" or proc.args contains " -e " or proc.args contains " -c " or proc.args contains "--exec" or proc.args contains "--sh-exec")) or (proc.name = socat and (proc.args icontains "exec:" or proc.args icontains "system:")))',
    output: `A connection is handed to a program (${processOutput})`,
    priority: "CRITICAL",
    tags: ["reverse-shell", "T1059"],
  },
  {
    rule: "Shell started by a server program",
    desc: "A web server, database or application server that runs a shell is what a remote code execution looks like. Look at the request at that moment.",
    condition:
      'garrison_exec and garrison_container and garrison_shell and proc.pname in (garrison_servers) and not proc.args contains "pg_isready" and not proc.args contains "redis-cli ping"',
    output: `A server program starts a shell (${processOutput})`,
    priority: "WARNING",
    tags: ["container", "T1190", "T1505.003"],
  },
  {
    rule: "Shell with a terminal in a container",
    desc: "Somebody works in the container by hand. Compare with the audit log: who ran kubectl exec at that time?",
    condition: "garrison_exec and garrison_container and garrison_shell and proc.tty != 0",
    output: `A shell with a terminal in a container (${processOutput})`,
    priority: "NOTICE",
    tags: ["container", "T1609", "T1059.004"],
  },
  {
    rule: "Script is fetched and run at once",
    desc: "What was fetched has never been on a disk to be looked at. Look at the address.",
    condition:
      'garrison_exec and garrison_shell and (proc.args contains "curl " or proc.args contains "wget ") and (proc.args contains "| sh" or proc.args contains "|sh" or proc.args contains "| bash" or proc.args contains "|bash" or proc.args contains "| python" or proc.args contains "|python")',
    output: `A script is fetched and run at once (${processOutput})`,
    priority: "ERROR",
    tags: ["T1105", "T1059.004"],
  },
  {
    rule: "Encoded script is decoded and run",
    desc: "base64 between a word and a shell hides what is run from whoever reads the command line.",
    condition:
      'garrison_exec and garrison_shell and (proc.args contains "base64 -d" or proc.args contains "base64 --decode" or proc.args contains "xxd -r" or proc.args contains "openssl enc -d") and (proc.args contains "| sh" or proc.args contains "|sh" or proc.args contains "| bash" or proc.args contains "|bash" or proc.args contains "eval ")',
    output: `An encoded script is decoded and run (${processOutput})`,
    priority: "ERROR",
    tags: ["T1140", "T1027", "T1059.004"],
  },
];

/** Where everybody may write, in nearly every image. */
const foldersForAll = ["/tmp/", "/var/tmp/", "/dev/shm/", "/run/shm/", "/dev/mqueue/"] as const;

const programs: readonly BuiltinRule[] = [
  {
    rule: "Program that has no file is run",
    desc: "It runs from memory (memfd) or from a file that was deleted: nothing is left to scan. Dump it from /proc/PID/exe while it lives.",
    condition: "garrison_exec and proc.is_exe_from_memfd = true and not garrison_runtime",
    output: `A program without a file is run (${processOutput})`,
    priority: "CRITICAL",
    tags: ["T1620", "T1027.011"],
  },
  {
    rule: "Program that is not of the image is run",
    desc: "The file came into the container after it was started (the writable layer). Look at who wrote it; build it into the image if it belongs.",
    condition: "garrison_exec and garrison_container and proc.is_exe_upper_layer = true and not garrison_packaging",
    output: `A program that is not of the image is run (${processOutput})`,
    priority: "ERROR",
    tags: ["drift", "container", "T1105"],
  },
  {
    rule: "Script that is not of the image is run",
    desc: "The interpreter is of the image, what it reads came into the container after it was started (the writable layer). Look at who wrote it; build it into the image if it belongs.",
    condition:
      "garrison_read and garrison_container and garrison.script exists and fd.is_upper_layer = true and fd.name = val(garrison.script) and not garrison_packaging",
    output: `A script that is not of the image is run (${fileOutput})`,
    priority: "ERROR",
    tags: ["drift", "container", "T1105", "T1059.004"],
  },
  {
    rule: "Program is run from a folder that all may write to",
    desc: "/tmp and /dev/shm are where what was just brought in is run from, a program or a script.",
    condition: `garrison_exec and garrison_container and (${["proc.exepath", "garrison.script"]
      .flatMap((field) => foldersForAll.map((folder) => `${field} startswith "${folder}"`))
      .join(" or ")})`,
    output: `A program is run from a folder for everybody (${processOutput})`,
    priority: "WARNING",
    tags: ["container", "T1059", "T1036.005"],
  },
  {
    rule: "Hidden program is run",
    desc: "Its file or folder begins with a dot. Look at when it was made, and by whom.",
    condition:
      'garrison_exec and garrison_container and proc.exepath contains "/." and not proc.exepath contains "/.local/" and not proc.exepath contains "/.nvm/" and not proc.exepath contains "/.cargo/" and not proc.exepath contains "/.venv/" and not proc.exepath contains "/node_modules/.bin/"',
    output: `A hidden program is run (${processOutput})`,
    priority: "WARNING",
    tags: ["container", "T1564.001"],
  },
  {
    rule: "Program disguises itself as a kernel thread",
    desc: "Kernel threads stand in brackets in lists of processes and have no file; this one has.",
    condition: 'garrison_exec and proc.exe startswith "[" and proc.exepath startswith "/"',
    output: `A program looks like a kernel thread (${processOutput})`,
    priority: "ERROR",
    tags: ["T1036.004"],
  },
  {
    rule: "Package manager is run in a container",
    desc: "Packages that are installed into a running container are in no image scan. Look at what was installed.",
    condition:
      "garrison_exec and garrison_container and (proc.name in (garrison_package_managers) or (proc.name in (garrison_language_installers) and (proc.args startswith install or proc.args startswith add))) and not proc.pname in (garrison_package_managers)",
    output: `A package manager is run in a container (${processOutput})`,
    priority: "WARNING",
    tags: ["container", "drift", "T1072"],
  },
  {
    rule: "Compiler is run in a container",
    desc: "A program that is built where it runs was seen by no scan before.",
    condition:
      "garrison_exec and garrison_container and proc.name in (garrison_compilers) and not proc.pname in (garrison_compilers)",
    output: `A compiler is run in a container (${processOutput})`,
    priority: "NOTICE",
    tags: ["container", "T1027.004"],
  },
];

const tools: readonly BuiltinRule[] = [
  {
    rule: "Crypto miner by its arguments",
    desc: "Pools, algorithms and miners have words of their own. Stop the workload, and look at how the program came in.",
    condition:
      'garrison_exec and (proc.args contains "stratum+tcp" or proc.args contains "stratum+ssl" or proc.args contains "stratum2+tcp" or proc.args contains "--donate-level" or proc.args contains "--algo=rx/" or proc.args contains "-a rx/0" or proc.args contains "randomx" or proc.args contains "cryptonight" or proc.name in (xmrig, minerd, cpuminer, ethminer, t-rex, nbminer, lolMiner, xmr-stak, cgminer))',
    output: `A crypto miner (${processOutput})`,
    priority: "CRITICAL",
    tags: ["miner", "T1496"],
  },
  {
    rule: "Connection to a port of mining pools",
    desc: "The port is one that pools listen on, outside the private networks. One connection proves nothing; a busy processor beside it does.",
    condition:
      "garrison_connect and garrison_container and fd.sport in (garrison_pool_ports) and not fd.snet in (garrison_private_networks)",
    output: `A container connects to a port of mining pools (${connectionOutput})`,
    priority: "WARNING",
    tags: ["miner", "container", "T1496"],
  },
  {
    rule: "Kubernetes client is run in a container",
    desc: "With the pod's service account it can do what the account may. Look at the account's rights.",
    condition:
      "garrison_exec and garrison_container and proc.name in (kubectl, oc, helm, k9s, kubeadm, crictl, ctr, nerdctl, docker)",
    output: `A client of Kubernetes or of a runtime is run in a container (${processOutput})`,
    priority: "WARNING",
    tags: ["container", "T1609", "T1613"],
  },
  {
    rule: "Network scanner is run",
    desc: "Look at the targets in the command line, and at the flows of this workload.",
    condition: "garrison_exec and proc.name in (garrison_scanners)",
    output: `A network scanner is run (${processOutput})`,
    priority: "ERROR",
    tags: ["T1046"],
  },
  {
    rule: "Tunnel is opened",
    desc: "These programs carry other connections past the firewall, inward too.",
    condition:
      'garrison_exec and (proc.name in (garrison_tunnels) or (proc.name = ssh and (proc.args contains "-R " or proc.args contains "-D ")))',
    output: `A tunnel is opened (${processOutput})`,
    priority: "ERROR",
    tags: ["T1572", "T1090"],
  },
  {
    rule: "SSH is run in a container",
    desc: "A server in a container is a second door; a client is a step to the next machine.",
    condition: "garrison_exec and garrison_container and proc.name in (sshd, dropbear, ssh, scp, sftp)",
    output: `SSH is run in a container (${processOutput})`,
    priority: "NOTICE",
    tags: ["container", "T1021.004"],
  },
  {
    rule: "Tool that probes for ways out of a container is run",
    desc: "They list capabilities, mounts, tokens and known holes: the first thing done after getting in.",
    condition: "garrison_exec and proc.name in (garrison_container_probes)",
    output: `A tool probes for ways out of the container (${processOutput})`,
    priority: "ERROR",
    tags: ["T1613", "T1082"],
  },
  {
    rule: "Packets are captured in a container",
    desc: "In the host's network namespace that is everybody's traffic.",
    condition: "garrison_exec and garrison_container and proc.name in (garrison_sniffers)",
    output: `Packets are captured in a container (${processOutput})`,
    priority: "WARNING",
    tags: ["container", "T1040"],
  },
];

export const executionRules: readonly BuiltinRule[] = [...shells, ...programs, ...tools];
