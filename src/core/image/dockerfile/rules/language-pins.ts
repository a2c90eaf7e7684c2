// gem, go and pecl: versions.
import { defineRules } from "../rule.ts";
import { hasFlag, plainArguments } from "../shell/arguments.ts";
import type { ShellCommand, ShellWord } from "../shell/script.ts";
import { isUnknown, named } from "./installing.ts";

const gemSwitches = new Set(
  "no-document no-ri no-rdoc force f N q quiet local l r remote b both user-install no-user-install conservative minimal-deps prerelease pre E env-shebang development dev wrappers w no-wrappers suggestions no-suggestions verbose V backtrace silent norc explain ignore-dependencies vendor clear-sources default lock debug ri rdoc".split(
    " ",
  ),
);

/** Gems named; a flag that is not known takes the next word. Words behind "--" are for the build of the gem. */
function gemsOf(command: ShellCommand): readonly ShellWord[] | undefined {
  const [sub, ...words] = command.arguments;
  if (sub?.text !== "install" && sub?.text !== "i") return undefined;
  const gems: ShellWord[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index];
    if (word === undefined || word.text === "--") break;
    if (!word.text.startsWith("-")) gems.push(word);
    else if (!word.text.includes("=") && !gemSwitches.has(word.text.replace(/^--?/, ""))) index++;
  }
  return gems;
}

const goValued = new Set(
  "o p ldflags gcflags asmflags gccgoflags tags mod modfile overlay pkgdir toolexec C buildmode compiler covermode coverpkg exec installsuffix pgo".split(
    " ",
  ),
);

/** What go fetches by name: "example.com/tool"; not folders and files. */
function modulesOf(command: ShellCommand): readonly ShellWord[] {
  const [sub, ...words] = goWords(command);
  const isRun = sub?.text === "run";
  if (!isRun && sub?.text !== "install" && sub?.text !== "get") return [];
  const named = words.filter(({ text }) => text !== "tool");
  return isRun ? named.slice(0, 1) : named;
}

/** Go's flags have one dash and a whole word. */
function goWords(command: ShellCommand): readonly ShellWord[] {
  const found: ShellWord[] = [];
  const words = command.arguments;
  for (let index = 0; index < words.length; index++) {
    const word = words[index];
    if (word === undefined) break;
    if (!word.text.startsWith("-")) found.push(word);
    else if (goValued.has(word.text.replace(/^--?/, ""))) index++;
  }
  return found;
}

function isLocalModule({ text }: ShellWord): boolean {
  return /^(?:\/|\.)/.test(text) || text.endsWith(".go") || ["std", "cmd", "all"].includes(text);
}

const stabilities = /-(?:stable|beta|alpha|devel|snapshot)$/;

function isPinnedExtension(word: ShellWord): boolean {
  const { text } = word;
  if (isUnknown(word) || /^(?:https?|ftp):\/\//.test(text) || /\.tgz$|(?:^|\/)package2?\.xml$/.test(text)) return true;
  return !stabilities.test(text) && /-(?:\d|\$)[^-/]*$/.test(text);
}

export const languagePinRules = defineRules(
  {
    id: "dockerfile/gem-unpinned",
    hadolint: "DL3028",
    severity: "warning",
    title: "gem install without versions",
    fix: "Write gem:version.",
    onCommand: {
      names: ["gem"],
      check(command, tell, { run }) {
        const gems = gemsOf(command);
        if (gems === undefined || hasFlag(command, "v", "version")) return;
        const loose = gems.filter(
          (word) => !word.text.includes(":") && !word.text.endsWith(".gem") && !isUnknown(word),
        );
        if (loose.length > 0) tell.command(run, command, `no version is said of ${named(loose)}`);
      },
    },
  },
  {
    id: "dockerfile/go-unpinned",
    hadolint: "DL3062",
    severity: "warning",
    title: "go install of a module without a version",
    fix: "Write module@version.",
    onCommand: {
      names: ["go"],
      check(command, tell, { run }) {
        const loose = modulesOf(command).filter((word) => {
          const at = word.text.lastIndexOf("@");
          return !isUnknown(word) && !isLocalModule(word) && (at < 0 || word.text.slice(at) === "@latest");
        });
        if (loose.length > 0) tell.command(run, command, `no version is said of ${named(loose)}`);
      },
    },
  },
  {
    id: "dockerfile/pecl-unpinned",
    hadolint: "DL3068",
    severity: "warning",
    title: "pecl install without versions",
    fix: "Write extension-version.",
    onCommand: {
      names: ["pecl"],
      check(command, tell, { run }) {
        const words = plainArguments(command, new Set(["D", "configureoptions", "R", "packagingroot", "installroot"]));
        if (words[0]?.text !== "install") return;
        const loose = words.slice(1).filter((word) => !isPinnedExtension(word));
        if (loose.length > 0) tell.command(run, command, `no version is said of ${named(loose)}`);
      },
    },
  },
);
