// What makes a stay last: things that run again by themselves, accounts, rights on files.
import { type BuiltinRule, fileOutput, processOutput } from "./rule-item.ts";

const runsAgain: readonly BuiltinRule[] = [
  {
    rule: "Scheduled job is written",
    desc: "cron runs it again and again. Look at the line that was added.",
    condition:
      '((garrison_write and (fd.name startswith "/etc/cron" or fd.name startswith "/var/spool/cron" or fd.name startswith "/etc/anacrontab")) or (garrison_exec and proc.name = crontab and not proc.args contains "-l")) and not garrison_packaging',
    output: `A scheduled job is written (${fileOutput})`,
    priority: "WARNING",
    tags: ["persistence", "T1053.003"],
  },
  {
    rule: "SSH key is added to an account",
    desc: "Whoever holds the key may log in from now on.",
    condition: 'garrison_write and (fd.name endswith "/authorized_keys" or fd.name endswith "/authorized_keys2")',
    output: `An SSH key is added to an account (${fileOutput})`,
    priority: "ERROR",
    tags: ["persistence", "T1098.004"],
  },
  {
    rule: "Library is put before all programs",
    desc: "What stands in ld.so.preload is loaded into every program that starts. Nearly nothing honest writes it.",
    condition:
      '(garrison_write and fd.name endswith "/etc/ld.so.preload") or (evt.type in (rename, renameat, renameat2, link, linkat) and evt.arg.newpath endswith "/etc/ld.so.preload") or (evt.type in (symlink, symlinkat) and evt.arg.linkpath endswith "/etc/ld.so.preload")',
    output: `A library is put before all programs (${fileOutput})`,
    priority: "CRITICAL",
    tags: ["persistence", "T1574.006"],
  },
  {
    rule: "Service unit is written",
    desc: "systemd starts it at the next boot, or at once.",
    condition:
      'garrison_write and (fd.name startswith "/etc/systemd/system/" or fd.name startswith "/lib/systemd/system/" or fd.name startswith "/usr/lib/systemd/system/" or fd.name startswith "/etc/init.d/" or fd.name = /etc/rc.local or fd.name startswith "/run/systemd/system/") and not garrison_packaging and not proc.name startswith "systemd"',
    output: `A service is written (${fileOutput})`,
    priority: "WARNING",
    tags: ["persistence", "T1543.002"],
  },
  {
    rule: "Start-up file of a shell is written",
    desc: "It runs with the next log-in of that account.",
    condition:
      'garrison_write and (fd.name endswith "/.bashrc" or fd.name endswith "/.bash_profile" or fd.name endswith "/.bash_login" or fd.name endswith "/.profile" or fd.name endswith "/.zshrc" or fd.name endswith "/.zprofile" or fd.name = /etc/profile or fd.name startswith "/etc/profile.d/" or fd.name = /etc/bash.bashrc) and not garrison_packaging and not proc.name in (garrison_account_tools)',
    output: `The start-up file of a shell is written (${fileOutput})`,
    priority: "WARNING",
    tags: ["persistence", "T1546.004"],
  },
  {
    rule: "Rules of logging in are written",
    desc: "PAM and sudo decide who gets in and who becomes root.",
    condition:
      'garrison_write and (fd.name startswith "/etc/pam.d/" or fd.name startswith "/etc/security/" or fd.name = /etc/sudoers or fd.name startswith "/etc/sudoers.d/" or fd.name contains "/security/pam_" or fd.name = /etc/ssh/sshd_config) and not garrison_packaging',
    output: `The rules of logging in are written (${fileOutput})`,
    priority: "ERROR",
    tags: ["persistence", "T1556.003", "T1548.003"],
  },
];

const rights: readonly BuiltinRule[] = [
  {
    rule: "Account files are written",
    desc: "A new line in passwd or shadow is a new way in.",
    condition:
      "garrison_write and fd.name in (/etc/passwd, /etc/shadow, /etc/group, /etc/gshadow) and not proc.name in (garrison_account_tools) and not proc.name in (systemd-sysusers) and not garrison_packaging and not garrison_runtime",
    output: `Account files are written (${fileOutput})`,
    priority: "ERROR",
    tags: ["persistence", "T1136.001", "T1098"],
  },
  {
    rule: "Account is made in a container",
    desc: "A running container needs no new accounts: images bring theirs.",
    condition:
      "garrison_exec and garrison_container and proc.name in (useradd, adduser, usermod, newusers, chpasswd) and not garrison_packaging",
    output: `An account is made or changed in a container (${processOutput})`,
    priority: "WARNING",
    tags: ["persistence", "container", "T1136.001"],
  },
  {
    rule: "File gets its owner's rights when run",
    desc: "The setuid or setgid bit: whoever runs the file becomes its owner, often root.",
    condition:
      'evt.type in (chmod, fchmod, fchmodat, fchmodat2) and evt.rawres >= 0 and (evt.arg.mode contains "S_ISUID" or evt.arg.mode contains "S_ISGID") and not garrison_packaging and not garrison_runtime',
    output: `A file gets its owner's rights when run (mode=%evt.arg.mode ${fileOutput})`,
    priority: "ERROR",
    tags: ["T1548.001"],
  },
  {
    rule: "Capabilities are given to a file",
    desc: "setcap gives whoever runs the file rights of root.",
    condition: 'garrison_exec and proc.name = setcap and not proc.args contains "-r" and not garrison_packaging',
    output: `Capabilities are given to a file (${processOutput})`,
    priority: "ERROR",
    tags: ["T1548"],
  },
  {
    rule: "Process of a container becomes root",
    desc: "It was another user before and took root's id. sudo and su do that on purpose; an exploit does it without them.",
    condition:
      "evt.type in (setuid, setresuid, setreuid) and garrison_container and evt.rawres = 0 and evt.arg.uid = 0 and user.uid > 0 and not proc.name in (garrison_login_programs) and not garrison_runtime",
    output: `A process of a container becomes root (${processOutput})`,
    priority: "WARNING",
    tags: ["container", "T1548.001", "T1068"],
  },
  {
    rule: "Program of the system is written in a container",
    desc: "What is below /bin or /usr/bin is changed after the image was built.",
    condition:
      'garrison_write and garrison_container and (fd.name startswith "/bin/" or fd.name startswith "/sbin/" or fd.name startswith "/usr/bin/" or fd.name startswith "/usr/sbin/" or fd.name startswith "/usr/local/bin/") and not garrison_packaging and not proc.name in (garrison_language_installers) and not garrison_runtime',
    output: `A program of the system is written (${fileOutput})`,
    priority: "ERROR",
    tags: ["drift", "container", "T1554"],
  },
];

export const persistenceRules: readonly BuiltinRule[] = [...runsAgain, ...rights];
