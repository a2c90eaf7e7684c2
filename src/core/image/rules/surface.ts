// What an intruder finds in the image: shells, package managers, tools, setuid files, files that anybody may write.
import type { ImageFacts } from "../../../model/image-analysis.ts";
import { defineImageRules, type ImageView, type Told } from "../image-rule.ts";

type Facts = NonNullable<ImageFacts["tools"]>;

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function namesOf(facts: Facts): string {
  const names = [...new Set(facts.map(({ path }) => baseName(path)))];
  return `${names.slice(0, 6).join(", ")}${names.length > 6 ? ` and ${names.length - 6} more` : ""}`;
}

/** One line for a list of files: the first is the subject. */
function together(facts: Facts | undefined, message: (names: string) => string): readonly Told[] {
  const [first] = facts ?? [];
  if (facts === undefined || first === undefined) return [];
  return [{ message: message(namesOf(facts)), subject: first.path, layer: first.layer }];
}

const compilers = new Set("gcc g++ cc c++ clang cpp make cmake ld as go rustc javac".split(" "));
const debuggers = new Set(
  "gdb strace ltrace perf tcpdump nmap nc ncat netcat nc.openbsd nc.traditional socat telnet".split(" "),
);
const downloaders = new Set("curl wget ftp tftp rsync scp sftp git svn hg".split(" "));
const privileges = new Set(["sudo", "su", "doas"]);

function toolsOf({ facts }: ImageView, names: ReadonlySet<string>): Facts | undefined {
  return facts.tools?.filter(({ path }) => names.has(baseName(path)));
}

/** Of distributions' own packages: everybody has them, and they are told together. */
const usualSetuid = new Set(
  "su mount umount passwd chsh chfn chage expiry gpasswd newgrp wall write ssh-agent unix_chkpwd pam_timestamp_check bsd-write dotlockfile mlocate crontab newuidmap newgidmap fusermount fusermount3 pkexec sg ping ping6 at utempter bbsuid".split(
    " ",
  ),
);

function modeText(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, "0");
}

export const surfaceRules = defineImageRules(
  {
    id: "image/ssh-server",
    hadolint: "",
    severity: "error",
    title: "an SSH server",
    fix: "Take it out: kubectl exec does the same, with names and an audit.",
    references: ["CIS Docker 5.7"],
    check: (view) =>
      together(toolsOf(view, new Set(["sshd"])), () => "sshd is a way into the container that nobody watches"),
  },
  {
    id: "image/sudo",
    hadolint: "DL3004",
    severity: "warning",
    title: "sudo or doas",
    fix: "Take it out: a container has one user.",
    references: ["DKL-DI-0001"],
    check(view) {
      return together(toolsOf(view, new Set(["sudo", "doas"])), (names) => `whoever gets in gets root by ${names}`);
    },
  },
  {
    id: "image/setuid",
    hadolint: "",
    severity: "warning",
    title: "setuid and setgid files",
    fix: "Take the bits away (chmod a-s) in the same layer, or set allowPrivilegeEscalation to false.",
    references: ["CIS Docker 4.8", "CIS-DI-0008"],
    *check({ facts }) {
      const all = facts.setuid ?? [];
      for (const { path, layer, mode, uid } of all) {
        if (usualSetuid.has(baseName(path))) continue;
        const who = (mode & 0o4000) === 0 ? "its group" : uid === 0 ? "root" : `user ${uid}`;
        yield { message: `${path} (${modeText(mode)}) runs as ${who}`, subject: path, layer };
      }
      const usual = all.filter(({ path }) => usualSetuid.has(baseName(path)));
      for (const told of together(usual, (names) => `files of the distribution that run as their owner: ${names}`))
        yield { ...told, severity: "info" };
    },
  },
  {
    id: "image/world-writable",
    hadolint: "",
    severity: "warning",
    title: "files that everybody may write",
    fix: "Give them to the user who needs them.",
    references: [],
    *check({ facts }) {
      for (const { path, layer } of facts.worldWritable ?? [])
        yield { message: `any process can change ${path}`, subject: path, layer };
    },
  },
  {
    id: "image/compiler",
    hadolint: "",
    severity: "warning",
    title: "compilers and build tools",
    fix: "Build in a stage of its own and copy what was built.",
    references: ["CIS Docker 4.3", "CIS-DI-0003"],
    check: (view) =>
      together(toolsOf(view, compilers), (names) => `tools for building, which serve whoever breaks in too: ${names}`),
  },
  {
    id: "image/debugger",
    hadolint: "",
    severity: "info",
    title: "debuggers and network tools",
    fix: "Take them out; kubectl debug brings them when they are needed.",
    references: ["CIS Docker 4.3", "CIS-DI-0003"],
    check: (view) => together(toolsOf(view, debuggers), (names) => `tools that serve whoever breaks in: ${names}`),
  },
  {
    id: "image/downloader",
    hadolint: "",
    severity: "info",
    title: "download tools",
    fix: "Fetch in a stage of its own.",
    references: ["CIS Docker 4.3", "CIS-DI-0003"],
    check: (view) =>
      together(toolsOf(view, downloaders), (names) => `tools that fetch what an intruder wants next: ${names}`),
  },
  {
    id: "image/package-manager",
    hadolint: "",
    severity: "info",
    title: "a package manager",
    fix: "Take a base without one: distroless, chiselled, scratch.",
    references: ["CIS Docker 4.3"],
    check: ({ facts }) =>
      together(
        facts.packageManagers,
        (names) => `package managers, which install what an intruder wants next: ${names}`,
      ),
  },
  {
    id: "image/shell",
    hadolint: "",
    severity: "info",
    title: "a shell",
    fix: "Take a base without one, when neither entrypoint nor probes need it.",
    references: [],
    check: ({ facts }) =>
      together(
        facts.shells?.filter(({ path }) => !privileges.has(baseName(path))),
        (names) => `shells, which run an intruder's commands: ${names}`,
      ),
  },
);
