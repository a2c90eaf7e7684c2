// Cataloguers of programming languages' packages, one line a unit.
import type { Cataloger } from "../cataloger.ts";
import { javaArchive } from "./java/archive.ts";
import { javaBuildFiles } from "./java/build-files.ts";
import { npmBunLock } from "./npm/bun-lock.ts";
import { npmPackageJson } from "./npm/package-json.ts";
import { npmPackageLock } from "./npm/package-lock.ts";
import { npmPnpmLock } from "./npm/pnpm-lock.ts";
import { npmYarnLock } from "./npm/yarn-lock.ts";
import { pythonConda } from "./python/conda.ts";
import { pythonLocks } from "./python/locks.ts";
import { pythonMetadata } from "./python/metadata.ts";
import { pythonRequirements } from "./python/requirements.ts";

export const languageCatalogers: readonly Cataloger[] = [
  npmPackageJson,
  npmPackageLock,
  npmYarnLock,
  npmPnpmLock,
  npmBunLock,
  pythonMetadata,
  pythonRequirements,
  pythonLocks,
  pythonConda,
  javaArchive,
  javaBuildFiles,
];
