// apt-get and apt: versions, prompts, recommended packages, lists that stay in the layer.
import type { Instruction } from "../parse/model.ts";
import { defineRules } from "../rule.ts";
import { hasArgument, hasArgumentWith, hasFlag, plainArguments } from "../shell/arguments.ts";
import type { ShellCommand, ShellWord } from "../shell/script.ts";
import { hasCacheMount, isKept, isRemovalOf, isUnknown, named } from "./installing.ts";

const valued = new Set([
  "t",
  "target-release",
  "default-release",
  "o",
  "option",
  "c",
  "config-file",
  "a",
  "host-architecture",
]);

function isInstall(command: ShellCommand): boolean {
  return hasArgument(command, "install");
}

function packagesOf(command: ShellCommand): readonly ShellWord[] {
  return plainArguments(command, valued).filter(({ text }) => text !== "install");
}

function isPinned(word: ShellWord): boolean {
  const { text } = word;
  return text.includes("=") || text.includes("/") || text.endsWith(".deb") || text.endsWith("-") || isUnknown(word);
}

/** -y, --yes, --assume-yes, or quiet twice, which means it. */
function saysYes(command: ShellCommand): boolean {
  if (hasFlag(command, "y", "yes", "assume-yes")) return true;
  let quiet = 0;
  for (const { text } of command.arguments) {
    if (/^(?:-q|--quiet)=/.test(text)) quiet += Number(text.slice(text.indexOf("=") + 1)) || 0;
    else if (text === "--quiet") quiet++;
    else if (/^-[a-zA-Z]+$/.test(text)) quiet += text.split("q").length - 1;
  }
  return quiet >= 2;
}

export const aptRules = defineRules(
  {
    id: "dockerfile/apt-get-dist-upgrade",
    hadolint: "DL3005",
    severity: "warning",
    references: ["DKL-DI-0003"],
    title: "apt-get dist-upgrade",
    fix: "Take a newer base image.",
    onCommand: {
      names: ["apt-get"],
      check(command, tell, { run }) {
        if (hasArgument(command, "dist-upgrade"))
          tell.command(run, command, "it may take packages of the base image away");
      },
    },
  },
  {
    id: "dockerfile/apt-get-unpinned",
    hadolint: "DL3008",
    severity: "warning",
    title: "apt-get install without versions",
    fix: "Write package=version.",
    onCommand: {
      names: ["apt-get"],
      check(command, tell, { run }) {
        if (!isInstall(command)) return;
        const loose = packagesOf(command).filter((word) => !isPinned(word));
        if (loose.length > 0) tell.command(run, command, `no version is said of ${named(loose)}`);
      },
    },
  },
  {
    id: "dockerfile/apt-get-lists-stay",
    hadolint: "DL3009",
    severity: "info",
    references: ["DKL-DI-0005"],
    title: "apt's lists stay in the layer",
    fix: "End the same RUN with rm -rf /var/lib/apt/lists/*, or mount caches over /var/lib/apt and /var/cache/apt.",
    onStage(stage, tell, view) {
      if (!isKept(stage, view)) return;
      let keepsArchives = false;
      for (const run of stage.instructions) {
        const commands = run.script?.commands ?? [];
        keepsArchives ||= commands.some((command) => isRemovalOf(command, "/etc/apt/apt.conf.d/docker-clean"));
        const update = commands.find(
          (command) => (command.name === "apt-get" || command.name === "apt") && hasArgument(command, "update"),
        );
        if (update === undefined || cleansUp(commands) || areMounted(run, keepsArchives)) continue;
        tell.command(run, update, "the lists that it fetched stay in the image");
      }
    },
  },
  {
    id: "dockerfile/apt-get-prompts",
    hadolint: "DL3014",
    severity: "warning",
    title: "apt-get install without -y",
    fix: "Add -y.",
    onCommand: {
      names: ["apt-get"],
      check(command, tell, { run }) {
        if (isInstall(command) && !saysYes(command))
          tell.command(run, command, "it asks, and nobody answers in a build");
      },
    },
  },
  {
    id: "dockerfile/apt-get-recommends",
    hadolint: "DL3015",
    severity: "info",
    title: "apt-get install with recommended packages",
    fix: "Add --no-install-recommends.",
    onCommand: {
      names: ["apt-get"],
      check(command, tell, { run }) {
        if (!isInstall(command) || hasFlag(command, "no-install-recommends")) return;
        if (
          hasArgumentWith(command, "APT::Install-Recommends=false") ||
          hasArgumentWith(command, "APT::Install-Recommends=0")
        )
          return;
        tell.command(run, command, "it installs what packages recommend too: a larger image with more to patch");
      },
    },
  },
  {
    id: "dockerfile/apt",
    hadolint: "DL3027",
    severity: "warning",
    title: "apt instead of apt-get",
    fix: "Use apt-get or apt-cache.",
    onCommand: {
      names: ["apt"],
      check(command, tell, { run }) {
        tell.command(run, command, "apt is for people: its behaviour may change between releases");
      },
    },
  },
  {
    id: "dockerfile/update-alone",
    hadolint: "",
    severity: "warning",
    title: "apt-get update in a RUN of its own",
    fix: "Update and install in one RUN.",
    references: ["CIS Docker 4.7", "CIS-DI-0007"],
    onCommand: {
      names: ["apt-get", "apt"],
      check(command, tell, { run }) {
        if (!hasArgument(command, "update") || (run.script?.count ?? 0) !== 1) return;
        tell.command(run, command, "the cached layer keeps old lists: a later install takes old packages, or fails");
      },
    },
  },
);

function cleansUp(commands: readonly ShellCommand[]): boolean {
  return commands.some((command) => {
    if (command.name === "apt-get" && hasArgument(command, "distclean", "dist-clean")) return true;
    return isRemovalOf(command, "/var/lib/apt/lists", "/var/lib/apt/*", "/var/lib/apt");
  });
}

/** Without docker-clean apt keeps the archives too, and they need a mount as well. */
function areMounted(run: Instruction, keepsArchives: boolean): boolean {
  if (!hasCacheMount(run, "/var/lib/apt")) return false;
  return !keepsArchives || hasCacheMount(run, "/var/cache/apt");
}
