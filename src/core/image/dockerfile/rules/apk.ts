// apk add: versions and the cache.
import { defineRules } from "../rule.ts";
import { hasFlag, packagesAfter } from "../shell/arguments.ts";
import { hasCacheMount, isUnknown, named } from "./installing.ts";

const valued = new Set([
  "t",
  "virtual",
  "X",
  "repository",
  "p",
  "root",
  "keys-dir",
  "repositories-file",
  "arch",
  "cache-dir",
  "cache-max-age",
  "wait",
  "timeout",
  "progress-fd",
]);

export const apkRules = defineRules(
  {
    id: "dockerfile/apk-unpinned",
    hadolint: "DL3018",
    severity: "warning",
    title: "apk add without versions",
    fix: "Write package=version, or package~version.",
    onCommand: {
      names: ["apk"],
      check(command, tell, { run }) {
        const packages = packagesAfter(command, ["add"], valued) ?? [];
        const loose = packages.filter(
          (word) => !/[=~<>@]/.test(word.text) && !word.text.endsWith(".apk") && !isUnknown(word),
        );
        if (loose.length > 0) tell.command(run, command, `no version is said of ${named(loose)}`);
      },
    },
  },
  {
    id: "dockerfile/apk-cache",
    hadolint: "DL3019",
    severity: "info",
    title: "apk add without --no-cache",
    fix: "Add --no-cache.",
    references: ["DKL-DI-0004"],
    onCommand: {
      names: ["apk"],
      check(command, tell, { run }) {
        if (packagesAfter(command, ["add"], valued) === undefined || hasFlag(command, "no-cache")) return;
        if (!hasCacheMount(run, "/var/cache/apk", "/etc/apk/cache"))
          tell.command(run, command, "the index stays in the image");
      },
    },
  },
);
