// What is got ready before it is used: programs and hidden places where everybody may write, interpreters that talk, a program's own file reached through /proc.
import { type BuiltinRule, connectionOutput, fileOutput } from "./rule-item.ts";

const interpreters = "(perl, perl5, python, python2, python3, ruby, php, node, lua)";
const oneLine =
  '(proc.args startswith "-e" or proc.args startswith "-c" or proc.args startswith "-r" or proc.args startswith "-E" or proc.args startswith "--eval")';

export const preparationRules: readonly BuiltinRule[] = [
  {
    rule: "File is made executable where all may write",
    desc: "A file below /tmp, /var/tmp or /dev/shm of a container becomes a program. Images bring their programs; what is made later was brought by somebody.",
    condition:
      'garrison_container and not garrison_runtime and not garrison_packaging and evt.rawres >= 0 and ((evt.type in (chmod, fchmod, fchmodat) and (evt.arg.mode contains "S_IXUSR" or evt.arg.mode contains "S_IXGRP" or evt.arg.mode contains "S_IXOTH") and (fd.name startswith "/tmp/" or fd.name startswith "/var/tmp/" or fd.name startswith "/dev/shm/")) or (evt.type in (open, openat, openat2, creat) and evt.is_open_exec=true and (fd.name startswith "/tmp/" or fd.name startswith "/var/tmp/" or fd.name startswith "/dev/shm/")))',
    output: `A file is made executable in a folder for everybody (${fileOutput})`,
    priority: "NOTICE",
    tags: ["T1222.002"],
  },
  {
    rule: "Hidden file or folder is made where all may write",
    desc: "A name that begins with a dot below /tmp, /var/tmp or /dev/shm of a container: out of sight of a plain ls. Some build tools do it; say so in an exception.",
    condition:
      'garrison_container and not garrison_runtime and not garrison_packaging and evt.rawres >= 0 and ((evt.type in (mkdir, mkdirat) and (evt.arg.path startswith "/tmp/." or evt.arg.path startswith "/var/tmp/." or evt.arg.path startswith "/dev/shm/.")) or (garrison_write and evt.arg.flags contains O_CREAT and (fd.name startswith "/tmp/." or fd.name startswith "/var/tmp/." or fd.name startswith "/dev/shm/.")))',
    output: `A hidden file or folder is made in a folder for everybody (path=%evt.arg.path ${fileOutput})`,
    priority: "NOTICE",
    tags: ["T1564.001"],
  },
  {
    rule: "One-line program of an interpreter uses the network",
    desc: "An interpreter was given its program on the command line, and it connects or listens. So reverse shells and loaders begin; few services do.",
    condition: `garrison_container and not garrison_runtime and proc.name in ${interpreters} and ${oneLine} and evt.type in (connect, accept, accept4) and (fd.typechar = 4 or fd.typechar = 6) and fd.net != "127.0.0.0/8" and (evt.rawres >= 0 or evt.res = EINPROGRESS)`,
    output: `A program from a command line uses the network (${connectionOutput})`,
    priority: "WARNING",
    tags: ["T1059"],
  },
  {
    rule: "Program's own file is opened for writing through /proc",
    desc: "Whoever writes to /proc/PID/exe overwrites a running program: so a container overwrote the runtime that had entered it (CVE-2019-5736).",
    condition:
      'garrison_container and not garrison_runtime and evt.type in (open, openat, openat2) and evt.is_open_write=true and fd.typechar = "f" and (fd.nameraw glob "/proc/*/exe" or (fd.nameraw glob "/proc/*/fd/*" and not fd.name startswith "/dev/" and not fd.name startswith "/tmp/" and not fd.name startswith "/var/"))',
    output: `A program's own file is opened for writing (${fileOutput})`,
    priority: "CRITICAL",
    tags: ["T1611", "T1554"],
  },
];
