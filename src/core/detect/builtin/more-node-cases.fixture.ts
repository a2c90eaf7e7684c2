// The same for rules on secrets, staying and hiding.
import { calls, connectsTo, empties, opens, touches, writes } from "./acts.fixture.ts";
import { does, host, type RuleCase, runs, shellC } from "./node-cases.fixture.ts";
import { root } from "./rule-item.ts";

const credentials: readonly RuleCase[] = [
  {
    rule: "Cloud metadata service is asked from a container",
    fires: [does("curl", connectsTo("169.254.169.254", 80))],
    near: [
      does("curl", connectsTo("169.254.169.253", 80)),
      does("curl", connectsTo("169.254.169.254", 80), host),
      does("aws-node", connectsTo("169.254.169.254", 80)),
    ],
  },
  {
    rule: "Service account token is read by a tool",
    fires: [
      does("cat", opens("/run/secrets/kubernetes.io/serviceaccount/..2026_11/token")),
      does("sh", opens("/var/run/secrets/kubernetes.io/serviceaccount/token")),
    ],
    near: [
      does("app", opens("/run/secrets/kubernetes.io/serviceaccount/token")),
      does("cat", opens("/run/secrets/kubernetes.io/serviceaccount/ca.crt")),
    ],
  },
  {
    rule: "Password hashes are read",
    fires: [does("cat", opens("/etc/shadow")), does("cat", opens("/etc/shadow"), host)],
    near: [does("sshd", opens("/etc/shadow")), does("cat", opens("/etc/passwd")), does("passwd", opens("/etc/shadow"))],
  },
  {
    rule: "Credentials of a cloud or registry are read by a tool",
    fires: [does("cat", opens(`${root}/.aws/credentials`)), does("grep", opens("/home/x/.kube/config"))],
    near: [does("aws", opens(`${root}/.aws/credentials`)), does("cat", opens(`${root}/.aws/config`))],
  },
  {
    rule: "Private SSH key is read by a tool",
    fires: [does("cat", opens(`${root}/.ssh/id_ed25519`))],
    near: [
      does("cat", opens(`${root}/.ssh/id_ed25519.pub`)),
      does("ssh", opens(`${root}/.ssh/id_ed25519`)),
      does("cat", opens(`${root}/.ssh/known_hosts`)),
    ],
  },
  {
    rule: "Search for passwords and keys",
    fires: [runs("grep -ri password /app"), runs("find / -name id_rsa")],
    near: [runs("grep -ri error /app"), runs("grep -ri password /app", host)],
  },
  {
    rule: "Environment of another process is read",
    fires: [
      does("cat", opens("/proc/1/environ")),
      does("cat", opens("/proc/1/environ", { requestedPath: "environ" })),
      does("cat", opens("/proc/1/environ", { requestedPath: "/proc/self/../1/environ" })),
    ],
    near: [
      does("cat", opens("/proc/9/environ", { requestedPath: "/proc/self/environ" })),
      does("ps", opens("/proc/1/environ")),
      does("cat", opens("/proc/1/status")),
    ],
  },
  {
    rule: "Memory of another process is opened",
    fires: [does("app", opens("/proc/1/mem")), does("app", opens("/proc/1/mem", { requestedPath: "mem" }))],
    near: [
      does("app", opens("/proc/9/mem", { requestedPath: "/proc/self/mem" })),
      does("app", opens("/proc/meminfo")),
      does("gdb", opens("/proc/1/mem")),
    ],
  },
];

const persistence: readonly RuleCase[] = [
  {
    rule: "Scheduled job is written",
    fires: [does("sh", writes("/etc/cron.d/x")), runs("crontab /tmp/x")],
    near: [does("sh", opens("/etc/cron.d/x")), runs("crontab -l"), does("dpkg", writes("/etc/cron.d/x"))],
  },
  {
    rule: "SSH key is added to an account",
    fires: [does("sh", writes(`${root}/.ssh/authorized_keys`))],
    near: [does("sshd", opens(`${root}/.ssh/authorized_keys`)), does("sh", writes(`${root}/.ssh/known_hosts`))],
  },
  {
    rule: "Library is put before all programs",
    fires: [
      does("sh", writes("/etc/ld.so.preload")),
      does("mv", touches("rename", "renameat2", { path: "/tmp/p", targetPath: "/etc/ld.so.preload" })),
      does("ln", touches("symlink", "symlinkat", { path: "/etc/ld.so.preload", targetPath: "/tmp/p" })),
    ],
    near: [does("ls", opens("/etc/ld.so.preload")), does("sh", writes("/etc/ld.so.conf"))],
  },
  {
    rule: "Service unit is written",
    fires: [does("sh", writes("/etc/systemd/system/x.service"))],
    near: [
      does("sh", opens("/etc/systemd/system/x.service")),
      does("systemctl", writes("/run/systemd/x")),
      does("apt-get", writes("/lib/systemd/system/x.service")),
    ],
  },
  {
    rule: "Start-up file of a shell is written",
    fires: [does("sh", writes(`${root}/.bashrc`)), does("tee", writes("/etc/profile.d/x.sh"))],
    near: [does("bash", opens(`${root}/.bashrc`)), does("useradd", writes("/home/x/.bashrc"))],
  },
  {
    rule: "Rules of logging in are written",
    fires: [does("sh", writes("/etc/sudoers.d/x")), does("sh", writes("/etc/pam.d/sshd"))],
    near: [does("sudo", opens("/etc/sudoers")), does("dpkg", writes("/etc/pam.d/sshd"))],
  },
  {
    rule: "Account files are written",
    fires: [does("sh", writes("/etc/passwd"))],
    near: [
      does("useradd", writes("/etc/passwd")),
      does("sh", opens("/etc/passwd")),
      does("runc", writes("/etc/passwd"), { isHostFile: true }),
    ],
  },
  {
    rule: "Account is made in a container",
    fires: [runs("useradd -o -u 0 x")],
    near: [runs("useradd x", host), runs("useradd x", { parent: "/usr/bin/dpkg" })],
  },
  {
    rule: "File gets its owner's rights when run",
    fires: [does("chmod", touches("chmod", "fchmodat", { path: "/tmp/sh", mode: 0o4755 }))],
    near: [
      does("chmod", touches("chmod", "fchmodat", { path: "/tmp/sh", mode: 0o755 })),
      does("chmod", touches("chmod", "fchmodat", { path: "/tmp/sh", mode: 0o4755, error: 1 })),
      does("dpkg", touches("chmod", "fchmodat", { path: "/usr/bin/su", mode: 0o4755 })),
    ],
  },
  {
    rule: "Capabilities are given to a file",
    fires: [runs("setcap cap_setuid+ep /tmp/x")],
    near: [runs("getcap /tmp/x"), runs("setcap -r /tmp/x")],
  },
  {
    rule: "Process of a container becomes root",
    fires: [
      does("app", calls("setuid", { arguments: [0] }), { uid: 1000 }),
      does("app", calls("setresuid", { arguments: [0, 0, 0] }), { uid: 1000 }),
    ],
    near: [
      does("app", calls("setuid", { arguments: [0] })),
      does("app", calls("setuid", { arguments: [0], result: -1 }), { uid: 1000 }),
      does("app", calls("setuid", { arguments: [1000] }), { uid: 1000 }),
      does("sudo", calls("setuid", { arguments: [0] }), { uid: 1000 }),
    ],
  },
  {
    rule: "Program of the system is written in a container",
    fires: [does("sh", empties("/usr/bin/ls"))],
    near: [
      does("sh", opens("/usr/bin/ls")),
      does("dpkg", empties("/usr/bin/ls")),
      does("sh", empties("/usr/bin/ls"), host),
    ],
  },
];

const evasion: readonly RuleCase[] = [
  {
    rule: "Log is emptied",
    fires: [does("sh", empties("/var/log/auth.log"))],
    near: [
      does("sh", writes("/var/log/auth.log")),
      does("logrotate", empties("/var/log/auth.log")),
      does("sh", empties("/var/lib/x.log")),
    ],
  },
  {
    rule: "Log is deleted",
    fires: [does("rm", touches("unlink", "unlinkat", { path: "/var/log/auth.log" }))],
    near: [
      does("rm", touches("unlink", "unlinkat", { path: "/var/lib/auth.log" })),
      does("logrotate", touches("unlink", "unlinkat", { path: "/var/log/auth.log.9" })),
      does("rm", touches("unlink", "unlinkat", { path: "/var/log/auth.log", error: 2 })),
    ],
  },
  {
    rule: "History of a shell is removed",
    fires: [does("rm", touches("unlink", "unlinkat", { path: `${root}/.bash_history` })), runs(shellC("history -c"))],
    near: [
      does("rm", touches("unlink", "unlinkat", { path: `${root}/notes` })),
      does("bash", empties(`${root}/.bash_history`)),
    ],
  },
  {
    rule: "Files are destroyed",
    fires: [
      runs("shred -u x"),
      runs("rm --no-preserve-root -rf /"),
      runs("dd if=/dev/zero of=/dev/sda"),
      runs("mkfs.ext4 /dev/sda"),
    ],
    near: [runs("rm -rf /tmp/x"), runs("dd if=/dev/zero of=/tmp/x")],
  },
  {
    rule: "Guard of the system is switched off",
    fires: [runs("systemctl stop falco"), runs("setenforce 0"), runs("iptables -F"), runs("auditctl -e 0")],
    near: [runs("systemctl status falco"), runs("setenforce 1"), runs("iptables -L"), runs("systemctl stop nginx")],
  },
  {
    rule: "Container makes an io_uring",
    fires: [does("app", calls("io_uring_setup", { arguments: [8], result: 4 }))],
    near: [
      does("app", calls("io_uring_setup", { arguments: [8], result: -1 })),
      does("app", calls("io_uring_setup", { result: 4 }), host),
    ],
  },
  {
    rule: "Time of a file is set back",
    fires: [runs("touch -r /bin/ls /tmp/x"), runs("touch -t 202001010000 /tmp/x")],
    near: [runs("touch /tmp/x"), runs("touch -r /bin/ls /tmp/x", host)],
  },
  {
    rule: "File is made unchangeable",
    fires: [runs("chattr +i /etc/x")],
    near: [runs("chattr -i /etc/x"), runs("lsattr /etc/x")],
  },
  {
    rule: "Faults of memory are handled by the program itself in a container",
    fires: [does("app", calls("userfaultfd", { result: 4 }), { uid: 1000 })],
    near: [
      does("app", calls("userfaultfd", { result: 4 })),
      does("app", calls("userfaultfd", { result: -1 }), { uid: 1000 }),
    ],
  },
];

const preparation: readonly RuleCase[] = [
  {
    rule: "File is made executable where all may write",
    fires: [
      does("chmod 755 /tmp/x", touches("chmod", "fchmodat", { path: "/tmp/x", mode: 0o755 })),
      does("app", touches("create", "openat", { path: "/dev/shm/x", mode: 0o700, flags: 0o101 })),
    ],
    near: [
      does("chmod 644 /tmp/x", touches("chmod", "fchmodat", { path: "/tmp/x", mode: 0o644 })),
      does("chmod 755 /srv/x", touches("chmod", "fchmodat", { path: "/srv/x", mode: 0o755 })),
      does("dpkg", touches("chmod", "fchmodat", { path: "/tmp/x", mode: 0o755 })),
    ],
  },
  {
    rule: "Hidden file or folder is made where all may write",
    fires: [
      does("mkdir /tmp/.x", touches("mkdir", "mkdirat", { path: "/tmp/.x", mode: 0o755 })),
      does("app", touches("create", "openat", { path: "/dev/shm/.x", mode: 0o600, flags: 0o101 })),
    ],
    near: [
      does("mkdir /tmp/x", touches("mkdir", "mkdirat", { path: "/tmp/x", mode: 0o755 })),
      does("mkdir /tmp/.x", touches("mkdir", "mkdirat", { path: "/tmp/.x", mode: 0o755 }), host),
    ],
  },
  {
    rule: "One-line program of an interpreter uses the network",
    fires: [
      does({ path: "/usr/bin/python3", arguments: ["-c", "import socket"] }, connectsTo("203.0.113.9", 4444)),
      does({ path: "/usr/bin/perl", arguments: ["-e", "use Socket"] }, connectsTo("203.0.113.9", 443)),
    ],
    near: [
      does({ path: "/usr/bin/python3", arguments: ["/srv/app.py"] }, connectsTo("203.0.113.9", 443)),
      does({ path: "/usr/bin/perl", arguments: ["-e", "use Socket"] }, connectsTo("127.0.0.1", 443)),
    ],
  },
  {
    rule: "Program's own file is opened for writing through /proc",
    fires: [
      does("app", opens("/usr/bin/app", { requestedPath: "/proc/self/exe", flags: 0o1 })),
      does("app", opens("/usr/sbin/runc", { requestedPath: "/proc/self/fd/4", flags: 0o1 })),
    ],
    near: [
      does("app", opens("/usr/bin/app", { requestedPath: "/proc/self/exe" })),
      does("app", opens("/dev/null", { requestedPath: "/proc/self/fd/1", flags: 0o1 })),
    ],
  },
];

export const moreNodeCases: readonly RuleCase[] = [...credentials, ...persistence, ...evasion, ...preparation];
