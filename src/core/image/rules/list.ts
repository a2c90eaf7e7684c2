// The image rules, in the order in which they are listed. A new one is a file and one line here.
import type { ImageRule } from "../image-rule.ts";
import { ageRules } from "./age.ts";
import { historyRules } from "./history.ts";
import { secretImageRules } from "./secrets.ts";
import { settingRules } from "./settings.ts";
import { surfaceRules } from "./surface.ts";
import { userImageRules } from "./user.ts";

export const imageRules: readonly ImageRule[] = [
  ...userImageRules,
  ...secretImageRules,
  ...settingRules,
  ...surfaceRules,
  ...ageRules,
  ...historyRules,
];
