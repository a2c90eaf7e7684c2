// yum, dnf, microdnf and zypper: prompts, versions, caches.
import { defineRules, type Rule } from "../rule.ts";
import { hasArgument, hasFlag, plainArguments } from "../shell/arguments.ts";
import type { ShellCommand, ShellWord } from "../shell/script.ts";
import { hasCacheMount, isFollowedBy, isRemovalOf, isUnknown, named } from "./installing.ts";

const installs = ["install", "groupinstall", "localinstall", "reinstall"] as const;
const valued = new Set([
  "c",
  "config",
  "x",
  "exclude",
  "excludepkgs",
  "enablerepo",
  "disablerepo",
  "repo",
  "repoid",
  "repofrompath",
  "setopt",
  "installroot",
  "releasever",
  "forcearch",
  "advisory",
  "comment",
  "disableplugin",
  "enableplugin",
  "d",
  "e",
  "R",
]);
const zypperValued = new Set([
  "r",
  "repo",
  "from",
  "t",
  "type",
  "root",
  "R",
  "plus-repo",
  "p",
  "reposd-dir",
  "cache-dir",
  "name",
  "n-repo",
]);

function isInstall(command: ShellCommand): boolean {
  return hasArgument(command, ...installs);
}

function packagesOf(command: ShellCommand): readonly ShellWord[] {
  return plainArguments(command, valued).filter(
    ({ text }) => text !== "module" && !installs.some((one) => one === text),
  );
}

/** name-version, name-version-release, name-1:version, name-$VERSION, file.rpm, @group; a module has its stream behind a colon. */
function isPinned(word: ShellWord, isModule: boolean): boolean {
  const { text } = word;
  if (isUnknown(word) || text.endsWith(".rpm") || text.includes("/") || text.startsWith("@") || /[=<>]/.test(text))
    return true;
  if (isModule) return text.includes(":");
  const dash = text.lastIndexOf("-");
  return dash > 0 && /^(?:\d|\$)/.test(text.slice(dash + 1));
}

interface Manager {
  readonly names: readonly string[];
  readonly word: string;
  readonly prompts: string;
  readonly unpinned: string;
  readonly cache: string;
  readonly cacheFolders: readonly string[];
}

function managerRules({ names, word, prompts, unpinned, cache, cacheFolders }: Manager): readonly Rule[] {
  return defineRules(
    {
      id: `dockerfile/${word}-prompts`,
      hadolint: prompts,
      severity: "warning",
      title: `${word} install without -y`,
      fix: "Add -y.",
      onCommand: {
        names,
        check(command, tell, { run }) {
          if (isInstall(command) && !hasFlag(command, "y", "assumeyes")) {
            tell.command(run, command, "it asks, and nobody answers in a build");
          }
        },
      },
    },
    {
      id: `dockerfile/${word}-unpinned`,
      hadolint: unpinned,
      severity: "warning",
      title: `${word} install without versions`,
      fix: "Write package-version; of a module name:stream.",
      onCommand: {
        names,
        check(command, tell, { run }) {
          if (!isInstall(command)) return;
          const isModule = hasArgument(command, "module");
          const loose = packagesOf(command).filter((one) => !isPinned(one, isModule));
          if (loose.length > 0) tell.command(run, command, `no version is said of ${named(loose)}`);
        },
      },
    },
    {
      id: `dockerfile/${word}-cache`,
      hadolint: cache,
      severity: "warning",
      title: `${word}'s cache stays in the layer`,
      fix: `End the same RUN with ${word} clean all.`,
      onCommand: {
        names,
        check(command, tell, { run }) {
          if (!isInstall(command) || hasCacheMount(run, ...cacheFolders)) return;
          const isClean = (later: ShellCommand): boolean =>
            (later.name === command.name && hasArgument(later, "clean")) || isRemovalOf(later, ...cacheFolders);
          if (!isFollowedBy(run, command, isClean)) tell.command(run, command, "its cache stays in the image");
        },
      },
    },
  );
}

function isZypperInstall(command: ShellCommand): boolean {
  return hasArgument(command, "install", "in");
}

const zypperRules = defineRules(
  {
    id: "dockerfile/zypper-prompts",
    hadolint: "DL3034",
    severity: "warning",
    title: "zypper without -y",
    fix: "Add --non-interactive, or -y.",
    onCommand: {
      names: ["zypper"],
      check(command, tell, { run }) {
        if (!hasArgument(command, "install", "in", "remove", "rm", "source-install", "si", "patch")) return;
        if (!hasFlag(command, "n", "non-interactive", "y", "no-confirm")) {
          tell.command(run, command, "it asks, and nobody answers in a build");
        }
      },
    },
  },
  {
    id: "dockerfile/zypper-dist-upgrade",
    hadolint: "DL3035",
    severity: "warning",
    title: "zypper dist-upgrade",
    fix: "Take a newer base image.",
    onCommand: {
      names: ["zypper"],
      check(command, tell, { run }) {
        if (hasArgument(command, "dist-upgrade", "dup"))
          tell.command(run, command, "it may take packages of the base image away");
      },
    },
  },
  {
    id: "dockerfile/zypper-cache",
    hadolint: "DL3036",
    severity: "warning",
    title: "zypper's cache stays in the layer",
    fix: "End the same RUN with zypper clean.",
    onCommand: {
      names: ["zypper"],
      check(command, tell, { run }) {
        if (!isZypperInstall(command) || hasCacheMount(run, "/var/cache/zypp")) return;
        const isClean = (later: ShellCommand): boolean =>
          (later.name === "zypper" && hasArgument(later, "clean", "cc")) || isRemovalOf(later, "/var/cache/zypp");
        if (!isFollowedBy(run, command, isClean)) tell.command(run, command, "its cache stays in the image");
      },
    },
  },
  {
    id: "dockerfile/zypper-unpinned",
    hadolint: "DL3037",
    severity: "warning",
    title: "zypper install without versions",
    fix: "Write package=version.",
    onCommand: {
      names: ["zypper"],
      check(command, tell, { run }) {
        if (!isZypperInstall(command)) return;
        const words = plainArguments(command, zypperValued).filter(({ text }) => text !== "install" && text !== "in");
        const loose = words.filter(
          (word) => !/[=<>/]/.test(word.text) && !word.text.endsWith(".rpm") && !isUnknown(word),
        );
        if (loose.length > 0) tell.command(run, command, `no version is said of ${named(loose)}`);
      },
    },
  },
);

export const rpmManagerRules: readonly Rule[] = [
  ...managerRules({
    names: ["yum"],
    word: "yum",
    prompts: "DL3030",
    unpinned: "DL3033",
    cache: "DL3032",
    cacheFolders: ["/var/cache/yum", "/var/cache/dnf"],
  }),
  ...managerRules({
    names: ["dnf", "dnf5", "microdnf"],
    word: "dnf",
    prompts: "DL3038",
    unpinned: "DL3041",
    cache: "DL3040",
    cacheFolders: ["/var/cache/dnf", "/var/cache/libdnf", "/var/cache/yum"],
  }),
  ...zypperRules,
];
