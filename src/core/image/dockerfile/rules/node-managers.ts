// npm and yarn: versions, development dependencies, yarn's cache.
import { defineRules } from "../rule.ts";
import { hasArgument, hasFlag, plainArguments } from "../shell/arguments.ts";
import type { ShellWord } from "../shell/script.ts";
import { hasCacheMount, isKept, isUnknown, named } from "./installing.ts";

const valued = new Set(
  "loglevel registry cache prefix C userconfig globalconfig tag omit include workspace w install-strategy script-shell fetch-retries fetch-timeout maxsockets proxy https-proxy noproxy otp before".split(
    " ",
  ),
);

function isPinned(word: ShellWord): boolean {
  const { text } = word;
  if (isUnknown(word)) return true;
  if (/^(?:git:|git\+(?:ssh|https?|file):|github:|gitlab:|bitbucket:)/.test(text)) return text.includes("#");
  if (/\.(?:tar|tar\.gz|tgz)$/.test(text) || /^(?:\/|\.\.?(?:\/|$)|~\/|file:|https?:)/.test(text)) return true;
  return text.includes("@", 1);
}

export const nodeManagerRules = defineRules(
  {
    id: "dockerfile/npm-unpinned",
    hadolint: "DL3016",
    severity: "warning",
    title: "npm install of a package without a version",
    fix: "Write package@version.",
    onCommand: {
      names: ["npm"],
      check(command, tell, { run }) {
        const words = plainArguments(command, valued);
        if (!["install", "i", "add"].includes(words[0]?.text ?? "")) return;
        const loose = words.slice(1).filter((word) => !isPinned(word));
        if (loose.length > 0) tell.command(run, command, `no version is said of ${named(loose)}`);
      },
    },
  },
  {
    id: "dockerfile/npm-development",
    hadolint: "",
    severity: "info",
    title: "npm installs development dependencies into the final image",
    fix: "Add --omit=dev, or build in a stage before.",
    onCommand: {
      names: ["npm"],
      check(command, tell, { run, stage, view }) {
        const words = plainArguments(command, valued);
        if (!isKept(stage, view) || !["install", "ci", "i"].includes(words[0]?.text ?? "") || words.length > 1) return;
        if (
          hasFlag(command, "production", "g", "global") ||
          hasArgument(command, "--omit=dev", "--only=production", "--only=prod")
        )
          return;
        if (
          command.arguments.some(({ text }, index) => text === "dev" && command.arguments[index - 1]?.text === "--omit")
        )
          return;
        const builds = run.script?.commands.some(
          ({ name, arguments: later }) => name === "npm" && (later[0]?.text === "prune" || later[0]?.text === "run"),
        );
        if (builds !== true) tell.command(run, command, "tools for building and testing go into the image");
      },
    },
  },
  {
    id: "dockerfile/yarn-cache",
    hadolint: "DL3060",
    severity: "info",
    title: "yarn's cache stays in the layer",
    fix: "End the same RUN with yarn cache clean.",
    onStage(stage, tell, view) {
      if (!isKept(stage, view)) return;
      for (const run of stage.instructions) {
        const commands = run.script?.commands ?? [];
        const install = commands.find((command) => command.name === "yarn" && hasArgument(command, "install"));
        if (install === undefined || hasCacheMount(run, "yarn", ".cache")) continue;
        const isClean = commands.some(
          (command) => command.name === "yarn" && hasArgument(command, "cache") && hasArgument(command, "clean"),
        );
        if (!isClean) tell.command(run, install, "its cache stays in the image");
      }
    },
  },
);
