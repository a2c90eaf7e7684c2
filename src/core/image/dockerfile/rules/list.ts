// The Dockerfile rules, in the order in which they are listed. A new one is a file and one line here.
import type { Rule } from "../rule.ts";
import { apkRules } from "./apk.ts";
import { aptRules } from "./apt.ts";
import { archiveRules } from "./archives.ts";
import { cacheMountRules } from "./cache-mounts.ts";
import { copyPathRules } from "./copy-paths.ts";
import { directoryRules } from "./directories.ts";
import { downloadRules } from "./downloads.ts";
import { environmentRules } from "./environment.ts";
import { fromImageRules } from "./from-image.ts";
import { labelRules } from "./labels.ts";
import { languagePinRules } from "./language-pins.ts";
import { multiStageRules } from "./multi-stage.ts";
import { nodeManagerRules } from "./node-managers.ts";
import { onceRules } from "./once.ts";
import { permissionRules } from "./permissions.ts";
import { pipRules } from "./pip.ts";
import { portRules } from "./ports.ts";
import { rpmManagerRules } from "./rpm-managers.ts";
import { secretRules } from "./secrets.ts";
import { shellUseRules } from "./shell-use.ts";
import { stageNameRules } from "./stage-names.ts";
import { structureRules } from "./structure.ts";
import { userRules } from "./users.ts";

export const dockerfileRules: readonly Rule[] = [
  ...structureRules,
  ...fromImageRules,
  ...stageNameRules,
  ...userRules,
  ...secretRules,
  ...environmentRules,
  ...downloadRules,
  ...permissionRules,
  ...portRules,
  ...multiStageRules,
  ...copyPathRules,
  ...archiveRules,
  ...directoryRules,
  ...onceRules,
  ...shellUseRules,
  ...aptRules,
  ...apkRules,
  ...rpmManagerRules,
  ...pipRules,
  ...nodeManagerRules,
  ...languagePinRules,
  ...cacheMountRules,
  ...labelRules,
];
