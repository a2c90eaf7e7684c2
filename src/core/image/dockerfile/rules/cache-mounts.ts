// Package managers whose cache a BuildKit mount would keep: builds are faster, and the cache is not in the image. One row a manager.
import { defineRules, type Rule } from "../rule.ts";
import { hasArgument } from "../shell/arguments.ts";
import type { ShellCommand } from "../shell/script.ts";
import { hasCacheMount, rootHome } from "./installing.ts";

interface Row {
  readonly id: string;
  readonly hadolint: string;
  readonly tool: string;
  readonly names: readonly string[];
  /** Sub-commands that fill the cache; empty: any. */
  readonly commands: readonly string[];
  /** Parts of a mount's target, one of which will do. */
  readonly targets: readonly string[];
  readonly advised: string;
}

const rows: readonly Row[] = [
  {
    id: "npm",
    hadolint: "DL3068",
    tool: "npm",
    names: ["npm"],
    commands: ["install", "ci", "install-ci-test", "it", "i"],
    targets: [".npm"],
    advised: `${rootHome}/.npm`,
  },
  {
    id: "cargo",
    hadolint: "DL3069",
    tool: "cargo",
    names: ["cargo"],
    commands: ["build", "install", "fetch", "check", "test", "run"],
    targets: [".cargo", "cargo/registry", "cargo/git"],
    advised: "/usr/local/cargo/registry",
  },
  {
    id: "go",
    hadolint: "DL3070",
    tool: "go",
    names: ["go"],
    commands: ["build", "get", "install", "test", "mod"],
    targets: [".cache/go-build", "go/pkg/mod"],
    advised: `${rootHome}/.cache/go-build`,
  },
  {
    id: "maven",
    hadolint: "DL3071",
    tool: "Maven",
    names: ["mvn", "mvnw"],
    commands: [],
    targets: [".m2"],
    advised: `${rootHome}/.m2`,
  },
  {
    id: "gradle",
    hadolint: "DL3072",
    tool: "Gradle",
    names: ["gradle", "gradlew"],
    commands: [],
    targets: [".gradle"],
    advised: `${rootHome}/.gradle`,
  },
  {
    id: "composer",
    hadolint: "DL3073",
    tool: "Composer",
    names: ["composer"],
    commands: ["install", "update", "require", "create-project"],
    targets: ["composer"],
    advised: `${rootHome}/.composer/cache`,
  },
  {
    id: "nuget",
    hadolint: "DL3074",
    tool: "NuGet",
    names: ["dotnet", "nuget"],
    commands: ["restore", "build", "publish", "install", "test", "pack"],
    targets: [".nuget"],
    advised: `${rootHome}/.nuget/packages`,
  },
  {
    id: "pnpm",
    hadolint: "DL3075",
    tool: "pnpm",
    names: ["pnpm"],
    commands: ["install", "add", "i", "fetch"],
    targets: ["pnpm"],
    advised: `${rootHome}/.local/share/pnpm/store`,
  },
  {
    id: "mix",
    hadolint: "DL3076",
    tool: "Mix",
    names: ["mix"],
    commands: ["deps.get", "deps.compile", "compile", "local.hex", "local.rebar"],
    targets: [".hex", ".mix"],
    advised: `${rootHome}/.hex`,
  },
  {
    id: "gem",
    hadolint: "DL3077",
    tool: "gem",
    names: ["gem", "bundle"],
    commands: ["install", "update", "i"],
    targets: ["/usr/local/bundle", ".gem", ".bundle"],
    advised: "/usr/local/bundle",
  },
];

export const cacheMountRules: readonly Rule[] = defineRules(...rows.map(ruleOf));

function ruleOf({ id, hadolint, tool, names, commands, targets, advised }: Row): Rule {
  const fills = (command: ShellCommand): boolean => commands.length === 0 || hasArgument(command, ...commands);
  return {
    id: `dockerfile/cache-mount-${id}`,
    hadolint,
    severity: "info",
    title: `${tool} without a cache mount`,
    fix: `Write RUN --mount=type=cache,target=${advised} ...`,
    onCommand: {
      names,
      check(command, tell, { run }) {
        if (!fills(command) || hasCacheMount(run, ...targets)) return;
        tell.command(run, command, "everything is fetched again in each build, and the cache may stay in the layer");
      },
    },
  };
}
