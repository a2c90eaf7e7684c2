// A container reaches for its host: files, sockets, namespaces, kernel. Each of these is rare in honest workloads and a step out of the container in others.
import { type BuiltinRule, connectionOutput, fileOutput, processOutput, root } from "./rule-item.ts";

const escape = ["host-access", "container", "T1611"];

/** By where it lies on the host, whatever the mount is called in the container. */
const liesIn = (...folders: readonly string[]): string =>
  onHost(folders.map((folder) => `garrison.host_path startswith "${folder}"`).join(" or "));
// Nearly no file is the host's: one look tells that.
const onHost = (condition: string): string => `(garrison.host_path exists and (${condition}))`;

const sensitive = [
  "/etc/shadow",
  "/etc/sudoers",
  `${root}/.`,
  "/etc/cron",
  "/etc/systemd/",
  "/etc/passwd",
  "/etc/ld.so.preload",
  "/etc/ssh/ssh_host_",
  "/var/spool/cron/",
];

const files: readonly BuiltinRule[] = [
  {
    rule: "Container talks to the container runtime",
    desc: "Whoever speaks to the runtime's socket can start a container with the host's rights. Look at which volume brings the socket in, and whether this workload builds or runs containers.",
    condition:
      'evt.type = connect and garrison_container and not garrison_runtime and (fd.name endswith "/docker.sock" or fd.name endswith "/containerd.sock" or fd.name endswith "/crio.sock" or fd.name endswith "/cri-dockerd.sock" or fd.name endswith "/podman.sock")',
    output: `A container talks to the runtime of its host (socket ${connectionOutput})`,
    priority: "CRITICAL",
    tags: [...escape, "T1610"],
  },
  {
    rule: "Container opens the container runtime's files",
    desc: "Images, layers and secrets of all containers of the node lie there. Look at the hostPath volume that shows them.",
    condition:
      'garrison_open and garrison_container and not garrison_runtime and (fd.name contains "/var/lib/docker/" or fd.name contains "/var/lib/containerd/" or fd.name contains "/var/lib/containers/storage/" or fd.name contains "/run/containerd/io.containerd" or ' +
      `${liesIn("/var/lib/docker/", "/var/lib/containerd/", "/var/lib/containers/storage/", "/run/containerd/")})`,
    output: `A container opens files of the container runtime (${fileOutput})`,
    priority: "ERROR",
    tags: escape,
  },
  {
    rule: "Container opens files of the kubelet",
    desc: "They hold the node's credentials and the secrets of every pod on it. Look at the volume, and replace the node's certificate if this was not meant.",
    condition:
      'garrison_open and garrison_container and not garrison_runtime and (fd.name contains "/var/lib/kubelet/pki" or fd.name endswith "/var/lib/kubelet/kubeconfig" or fd.name endswith "/var/lib/kubelet/config.yaml" or fd.name contains "/var/lib/kubelet/pods/" or ' +
      `${liesIn("/var/lib/kubelet/pki", "/var/lib/kubelet/pods/")} or garrison.host_path in (/var/lib/kubelet/kubeconfig, /var/lib/kubelet/config.yaml))`,
    output: `A container opens files of the kubelet (${fileOutput})`,
    priority: "CRITICAL",
    tags: [...escape, "T1552.001"],
  },
  {
    rule: "Container reads the control plane's files",
    desc: "Certificates and kubeconfigs there give every right in the cluster. Look at the hostPath volume, and renew what was read.",
    condition:
      'garrison_read and garrison_container and not garrison_runtime and (fd.name contains "/etc/kubernetes/pki/" or fd.name glob "*/etc/kubernetes/*.conf" or fd.name contains "/etc/rancher/k3s/" or fd.name contains "/var/lib/rancher/k3s/server/tls/" or ' +
      `${liesIn("/etc/kubernetes/pki/", "/etc/rancher/k3s/", "/var/lib/rancher/k3s/server/tls/")} or garrison.host_path glob "/etc/kubernetes/*.conf") ` +
      "and not proc.name in (kube-apiserver, kube-controller, kube-controller-manager, kube-scheduler, etcd, k3s, k3s-server)",
    output: `A container reads files of the control plane (${fileOutput})`,
    priority: "CRITICAL",
    tags: [...escape, "T1552.001"],
  },
  {
    rule: "Container writes a static pod manifest",
    desc: "The kubelet starts whatever stands in that folder, with any right, and no admission control sees it. Look at the file and remove it.",
    condition: `garrison_write and garrison_container and (fd.name contains "/etc/kubernetes/manifests/" or ${liesIn("/etc/kubernetes/manifests/")})`,
    output: `A container writes a static pod manifest (${fileOutput})`,
    priority: "CRITICAL",
    tags: [...escape, "T1610", "T1543.005"],
  },
  {
    rule: "Container opens sensitive files of a mounted host",
    desc: "Accounts, keys and start-up files of the node, through a mount of its root. Look at the hostPath volume: a narrower one is nearly always enough.",
    condition: `garrison_open and garrison_container and not garrison_runtime and (${liesIn(...sensitive)} or ${onHost('garrison.host_path contains "/.ssh/"')} or (fd.name startswith "/host/" or fd.name startswith "/hostfs/" or fd.name startswith "/rootfs/" or fd.name startswith "/host-root/" or fd.name startswith "/mnt/host/") and (fd.name contains "/etc/shadow" or fd.name contains "/etc/sudoers" or fd.name contains "${root}/." or fd.name contains "/.ssh/" or fd.name contains "/etc/cron" or fd.name contains "/etc/systemd/" or fd.name contains "/etc/passwd" or fd.name contains "/etc/ld.so.preload"))`,
    output: `A container opens sensitive files of its host (${fileOutput})`,
    priority: "CRITICAL",
    tags: [...escape, "T1003.008"],
  },
  {
    rule: "Container reaches the host's files through /proc",
    desc: "/proc/PID/root of a process of the host is the host's root. Look at hostPID and the capabilities of the pod.",
    condition: `garrison_open and garrison_container and fd.nameraw glob "/proc/*${root}/*" and not fd.nameraw startswith "/proc/self/" and not fd.nameraw startswith "/proc/thread-self/"`,
    output: `A container goes through /proc to another root (${fileOutput})`,
    priority: "ERROR",
    tags: escape,
  },
  {
    rule: "Container opens a disk or memory of the host",
    desc: "Past every permission of the file system. Look at privileged and at the devices that the pod is given.",
    condition:
      'garrison_open and garrison_container and not garrison_runtime and (fd.name startswith "/dev/sd" or fd.name startswith "/dev/nvme" or fd.name startswith "/dev/vd" or fd.name startswith "/dev/xvd" or fd.name startswith "/dev/dm-" or fd.name startswith "/dev/mapper/" or fd.name in (/dev/mem, /dev/kmem, /dev/port, /proc/kcore))',
    output: `A container opens a device of its host (${fileOutput})`,
    priority: "CRITICAL",
    tags: [...escape, "T1006"],
  },
];

const kernel: readonly BuiltinRule[] = [
  {
    rule: "Container changes what the host runs for crashed programs",
    desc: "The program in core_pattern is run by the kernel, as root, outside every container. Put the old value back first.",
    condition: 'garrison_write and garrison_container and fd.name endswith "/sys/kernel/core_pattern"',
    output: `A container writes the host's core_pattern (${fileOutput})`,
    priority: "CRITICAL",
    tags: escape,
  },
  {
    rule: "Container sets a cgroup's release agent",
    desc: "The kernel runs the release agent as root of the host when the group is empty. Look at capabilities (SYS_ADMIN) and at mounts of cgroupfs.",
    condition: 'garrison_write and garrison_container and not garrison_runtime and fd.name endswith "/release_agent"',
    output: `A container writes a cgroup's release agent (${fileOutput})`,
    priority: "CRITICAL",
    tags: escape,
  },
  {
    rule: "Container moves a process to another control group",
    desc: "A process in a group outside its container is counted and judged as the host's from then on: rules on containers no longer see it. Look at what follows from this process on the host, and at mounts of cgroupfs.",
    condition:
      'garrison_write and garrison_container and not garrison_runtime and (fd.name endswith "/cgroup.procs" or fd.name endswith "/cgroup.threads" or (fd.name endswith "/tasks" and fd.name contains "cg"))',
    output: `A container moves a process to another control group (${fileOutput})`,
    priority: "ERROR",
    tags: escape,
  },
  {
    rule: "Container sets the kernel's uevent helper",
    desc: "The kernel runs it as root of the host at the next event of a device.",
    condition: 'garrison_write and garrison_container and fd.name endswith "/kernel/uevent_helper"',
    output: `A container writes the kernel's uevent helper (${fileOutput})`,
    priority: "CRITICAL",
    tags: escape,
  },
  {
    rule: "Container registers an interpreter with the kernel",
    desc: "binfmt_misc belongs to the host: the next program of that form is run by what was registered. Images for other processors do this once, on purpose.",
    condition: 'garrison_write and garrison_container and fd.name endswith "/binfmt_misc/register"',
    output: `A container registers an interpreter with the host's kernel (${fileOutput})`,
    priority: "ERROR",
    tags: [...escape, "T1546"],
  },
  {
    rule: "Container writes a setting of the host's kernel",
    desc: "Settings outside /proc/sys/net are the whole node's. Look at who needs them: the kubelet can set safe ones by the pod's spec.",
    condition:
      'garrison_write and garrison_container and not garrison_runtime and ((fd.name startswith "/proc/sys/" and not fd.name startswith "/proc/sys/net/" and not fd.name endswith "/core_pattern" and not fd.name endswith "/binfmt_misc/register") or fd.name = /proc/sysrq-trigger)',
    output: `A container writes a setting of the host's kernel (${fileOutput})`,
    priority: "WARNING",
    tags: escape,
  },
  {
    rule: "Container loads a kernel module",
    desc: "A module is code in the host's kernel. Find the module's file and where it came from; the node cannot be trusted any more if it loaded.",
    condition: "evt.type in (init_module, finit_module) and garrison_container",
    output: `A container loads a kernel module (module=%evt.arg.name ${processOutput})`,
    priority: "CRITICAL",
    tags: [...escape, "T1547.006"],
  },
  {
    rule: "Container loads a BPF program",
    desc: "It sees and changes what all programs of the node do. Sensors and network plugins do it; nothing else should.",
    condition: "evt.type = bpf and garrison_container and evt.arg.cmd in (BPF_PROG_LOAD, 5)",
    output: `A container loads a BPF program (${processOutput})`,
    priority: "ERROR",
    tags: [...escape, "T1014"],
  },
  {
    rule: "Container mounts a file system",
    desc: "With SYS_ADMIN a disk of the host, cgroupfs or a bind mount can be brought in. Look at what was mounted where.",
    condition: "evt.type = mount and garrison_container and not garrison_runtime and evt.rawres >= 0",
    output: `A container mounts a file system (device=%evt.arg.dev folder=%evt.arg.dir type=%evt.arg.type ${processOutput})`,
    priority: "WARNING",
    tags: escape,
  },
];

const namespaces: readonly BuiltinRule[] = [
  {
    rule: "Container enters another namespace",
    desc: "setns takes a process into the namespaces of another one, often the host's. Debuggers and node agents do it; a workload does not.",
    condition: "evt.type = setns and garrison_container and not garrison_runtime and evt.rawres >= 0",
    output: `A process of a container enters another namespace (${processOutput})`,
    priority: "ERROR",
    tags: escape,
  },
  {
    rule: "nsenter is run in a container",
    desc: "With the host's pid namespace, nsenter -t 1 is a root shell on the node. Look at hostPID and privileged of the pod.",
    condition: "garrison_exec and garrison_container and proc.name = nsenter",
    output: `nsenter is run in a container (${processOutput})`,
    priority: "CRITICAL",
    tags: escape,
  },
  {
    rule: "Container makes a user namespace",
    desc: "Inside it a process has every capability, and with them the parts of the kernel that hold most of its holes. Rootless builders do it on purpose.",
    condition:
      'evt.type in (unshare, clone, clone3) and garrison_container and not garrison_runtime and evt.arg.flags contains "CLONE_NEWUSER"',
    output: `A container makes a user namespace (flags=%evt.arg.flags ${processOutput})`,
    priority: "WARNING",
    tags: [...escape, "T1068"],
  },
  {
    rule: "Container changes its root to a mounted host",
    desc: "After chroot into a mount of the host's root every program of the node is at hand.",
    condition:
      'garrison_exec and garrison_container and proc.name = chroot and (proc.args startswith "/host" or proc.args startswith "/rootfs" or proc.args startswith "/mnt" or proc.args contains "/proc/1/root")',
    output: `A container changes its root to the host's (${processOutput})`,
    priority: "CRITICAL",
    tags: escape,
  },
  {
    rule: "Container takes hold of another process",
    desc: "ptrace reads and changes a running program: passwords, code, control. Debuggers do it; look at who started this one.",
    condition:
      "evt.type = ptrace and garrison_container and evt.arg.request in (PTRACE_ATTACH, PTRACE_SEIZE, PTRACE_POKETEXT, PTRACE_POKEDATA, PTRACE_SETREGS)",
    output: `A container takes hold of another process (request=%evt.arg.request ${processOutput})`,
    priority: "WARNING",
    tags: ["container", "T1055.008"],
  },
  {
    rule: "Container writes into another process's memory",
    desc: "process_vm_writev puts bytes, often code, into a running program.",
    condition: "evt.type = process_vm_writev and garrison_container",
    output: `A container writes into another process's memory (${processOutput})`,
    priority: "ERROR",
    tags: ["container", "T1055"],
  },
  {
    rule: "Tool for a file system's raw blocks is run in a container",
    desc: "debugfs and its like read and write a disk past the kernel's permissions.",
    condition: "garrison_exec and garrison_container and proc.name in (debugfs, xfs_db, btrfs-image, kpartx, losetup)",
    output: `A container runs a tool for raw disks (${processOutput})`,
    priority: "ERROR",
    tags: [...escape, "T1006"],
  },
];

export const hostAccessRules: readonly BuiltinRule[] = [...files, ...kernel, ...namespaces];
