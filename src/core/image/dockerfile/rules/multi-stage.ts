// Compilers and build images in what is shipped.
import type { Stage } from "../parse/stages.ts";
import { defineRules } from "../rule.ts";
import { hasArgument, plainArguments } from "../shell/arguments.ts";
import type { ShellCommand } from "../shell/script.ts";
import { isFollowedBy } from "./installing.ts";

const buildTools = new Set(
  "build-essential build-base gcc g++ clang llvm make cmake autoconf automake golang golang-go go rustc cargo maven gradle ant default-jdk openjdk-8-jdk openjdk-11-jdk openjdk-17-jdk openjdk-21-jdk openjdk17 openjdk21 musl-dev libc6-dev libc-dev linux-headers python3-dev python-dev kernel-devel gcc-c++ Development".split(
    " ",
  ),
);
const builderImage =
  /^(?:library\/)?(?:golang|rust|gcc|maven|gradle|swift|haskell|buildpack-deps)$|(?:^|\/)dotnet\/sdk$|(?:^|\/)(?:go|rust|jdk|maven|gradle)-toolset$/;
const builds: ReadonlyMap<string, readonly string[]> = new Map([
  ["go", ["build", "install"]],
  ["cargo", ["build", "install"]],
  ["mvn", ["package", "install", "verify"]],
  ["gradle", ["build", "assemble", "bootJar"]],
  ["dotnet", ["publish", "build"]],
  ["gcc", []],
  ["make", []],
  ["swift", ["build"]],
  ["stack", ["build", "install"]],
]);

function isBuild(command: ShellCommand): boolean {
  const words = builds.get(command.name);
  return words !== undefined && (words.length === 0 || hasArgument(command, ...words));
}

function isRemoval({ name, arguments: words }: ShellCommand): boolean {
  const sub = words.map(({ text }) => text);
  if (name === "apk") return sub.includes("del");
  return (
    ["apt-get", "apt", "yum", "dnf", "microdnf"].includes(name) &&
    sub.some((one) => ["purge", "remove", "autoremove", "erase"].includes(one))
  );
}

export const multiStageRules = defineRules(
  {
    id: "dockerfile/build-tools-left",
    hadolint: "",
    severity: "info",
    title: "compilers are installed into the final stage",
    fix: "Build in a stage of its own and COPY --from it, or remove them in the same RUN.",
    onCommand: {
      names: ["apt-get", "apt", "apk", "yum", "dnf", "microdnf", "zypper"],
      check(command, tell, { run, stage, view }) {
        if (stage !== view.final || !hasArgument(command, "install", "add", "in")) return;
        const tool = plainArguments(command, new Set(["t", "virtual", "X", "o"])).find(({ text }) =>
          buildTools.has(text.split(/[=~]/)[0] ?? ""),
        );
        if (tool === undefined || isFollowedBy(run, command, isRemoval)) return;
        tell.command(
          run,
          command,
          `${tool.text} is needed to build, not to run: it is more to patch, and a tool for whoever breaks in`,
        );
      },
    },
  },
  {
    id: "dockerfile/single-stage",
    hadolint: "",
    severity: "warning",
    title: "the image that is shipped is the one that builds",
    fix: "Name this stage (AS build), begin another from a small base, and COPY --from=build what was built.",
    onFile({ final }, tell) {
      let base: Stage | undefined = final;
      while (base?.parent !== undefined) base = base.parent;
      if (final?.from === undefined || base?.image === undefined || !builderImage.test(base.image.repository)) return;
      const isBuilding = final.instructions.some(({ script }) => script?.commands.some(isBuild) === true);
      if (isBuilding) tell.instruction(final.from, `${base.image.repository} with its compilers is in every container`);
    },
  },
);
