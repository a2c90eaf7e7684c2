// Hiding and destroying: logs, histories, times of files, the tools that look; and ways into the kernel that a filter of system calls does not see.
import { type BuiltinRule, fileOutput, processOutput } from "./rule-item.ts";

export const evasionRules: readonly BuiltinRule[] = [
  {
    rule: "Log is emptied",
    desc: "Somebody who is no log program cut a log to nothing. What stood in it may still be in the store of logs.",
    condition:
      'garrison_write and evt.arg.flags contains "O_TRUNC" and fd.name startswith "/var/log/" and not proc.name in (garrison_log_programs) and not garrison_packaging',
    output: `A log is emptied (${fileOutput})`,
    priority: "WARNING",
    tags: ["T1070.002"],
  },
  {
    rule: "Log is deleted",
    desc: "A file below /var/log is removed by a program that keeps no logs.",
    condition:
      'evt.type in (unlink, unlinkat) and evt.rawres >= 0 and evt.arg.path startswith "/var/log/" and not proc.name in (garrison_log_programs) and not garrison_packaging',
    output: `A log is deleted (path=%fd.name ${processOutput})`,
    priority: "WARNING",
    tags: ["T1070.002"],
  },
  {
    rule: "History of a shell is removed",
    desc: "What was typed is to be forgotten. Look at what the process and its parents ran before.",
    condition:
      '(evt.type in (unlink, unlinkat) and (evt.arg.path endswith "/.bash_history" or evt.arg.path endswith "/.zsh_history" or evt.arg.path endswith "/.ash_history")) or (garrison_write and evt.arg.flags contains "O_TRUNC" and (fd.name endswith "/.bash_history" or fd.name endswith "/.zsh_history") and not garrison_shell) or (garrison_exec and garrison_shell and (proc.args contains "history -c" or proc.args contains "HISTFILE=/dev/null" or proc.args contains "unset HISTFILE"))',
    output: `The history of a shell is removed (path=%fd.name ${processOutput})`,
    priority: "WARNING",
    tags: ["T1070.003"],
  },
  {
    rule: "Files are destroyed",
    desc: "Overwritten, or a whole tree at the top of the file system is deleted.",
    condition:
      'garrison_exec and (proc.name in (shred, wipe, srm) or (proc.name = rm and (proc.args contains "--no-preserve-root" or proc.args endswith "-rf /" or proc.args endswith "-rf /*" or proc.args endswith "-rf /var" or proc.args endswith "-rf /etc")) or (proc.name = mkfs or proc.name startswith "mkfs.") or (proc.name = dd and proc.args contains "of=/dev/"))',
    output: `Files are destroyed (${processOutput})`,
    priority: "ERROR",
    tags: ["T1485", "T1561"],
  },
  {
    rule: "Guard of the system is switched off",
    desc: "A sensor, a firewall or a mandatory access control is stopped. Ask who, then start it again.",
    condition:
      'garrison_exec and ((proc.name in (systemctl, service, rc-service) and proc.args contains "stop" and (proc.args contains "falco" or proc.args contains "garrison" or proc.args contains "tetragon" or proc.args contains "auditd" or proc.args contains "apparmor" or proc.args contains "firewalld" or proc.args contains "ufw" or proc.args contains "rsyslog")) or (proc.name = setenforce and proc.args startswith 0) or (proc.name in (aa-teardown, aa-disable)) or (proc.name in (iptables, ip6tables) and (proc.args startswith "-F" or proc.args contains " -F" or proc.args contains "--flush")) or (proc.name = nft and proc.args contains "flush ruleset") or (proc.name = ufw and proc.args contains "disable") or (proc.name = auditctl and (proc.args contains "-e 0" or proc.args contains "-D")) or (proc.name in (pkill, killall) and (proc.args contains "falco" or proc.args contains "garrison" or proc.args contains "auditd")))',
    output: `A guard of the system is switched off (${processOutput})`,
    priority: "CRITICAL",
    tags: ["T1562.001", "T1562.004"],
  },
  {
    rule: "Container makes an io_uring",
    desc: "Through it files are opened and connections made without a system call that seccomp or other sensors see (ours does). Few programs need it; RuntimeDefault forbids it.",
    condition: "evt.type = io_uring_setup and garrison_container and evt.rawres >= 0",
    output: `A container makes an io_uring (${processOutput})`,
    priority: "NOTICE",
    tags: ["container", "T1562"],
  },
  {
    rule: "Time of a file is set back",
    desc: "touch with a time or another file's time makes a new file look old.",
    condition:
      'garrison_exec and garrison_container and proc.name = touch and (proc.args startswith "-t" or proc.args contains " -t " or proc.args startswith "-r " or proc.args contains " -r " or proc.args contains "--reference" or proc.args startswith "-d " or proc.args contains "--date")',
    output: `The time of a file is set back (${processOutput})`,
    priority: "NOTICE",
    tags: ["container", "T1070.006"],
  },
  {
    rule: "File is made unchangeable",
    desc: "chattr +i keeps even root from removing it until it is taken back.",
    condition: 'garrison_exec and proc.name = chattr and (proc.args contains "+i" or proc.args contains "+a")',
    output: `A file is made unchangeable (${processOutput})`,
    priority: "WARNING",
    tags: ["T1222.002"],
  },
  {
    rule: "Faults of memory are handled by the program itself in a container",
    desc: "userfaultfd holds the kernel still at a place of one's choice: useful for exploits, and for few other things.",
    condition: "evt.type = userfaultfd and garrison_container and user.uid > 0 and evt.rawres >= 0",
    output: `A container uses userfaultfd (${processOutput})`,
    priority: "NOTICE",
    tags: ["container", "T1068"],
  },
];
