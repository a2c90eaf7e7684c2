// Cataloguers of programming languages' packages, one line a unit.
import type { Cataloger } from "../cataloger.ts";
import { javaArchive } from "./java/archive.ts";
import { javaBuildFiles } from "./java/build-files.ts";
import { npmBunLock } from "./npm/bun-lock.ts";
import { npmDenoLock } from "./npm/deno-lock.ts";
import { npmPackageJson } from "./npm/package-json.ts";
import { npmPackageLock } from "./npm/package-lock.ts";
import { npmPnpmLock } from "./npm/pnpm-lock.ts";
import { npmYarnLock } from "./npm/yarn-lock.ts";
import { pythonArchives } from "./python/archives.ts";
import { pythonConda } from "./python/conda.ts";
import { pythonLocks } from "./python/locks.ts";
import { pythonMetadata } from "./python/metadata.ts";
import { pythonRequirements } from "./python/requirements.ts";
import { dotnetNuget } from "./dotnet/dotnet.ts";
import { goModules } from "./go/go-mod.ts";
import { cppConan } from "./others/conan.ts";
import { erlangHex } from "./others/erlang.ts";
import { haskellLocks } from "./others/haskell.ts";
import { juliaManifest } from "./others/julia.ts";
import { dartPub } from "./others/pub.ts";
import { rPackages } from "./others/r.ts";
import { swiftLocks } from "./others/swift.ts";
import { phpComposer } from "./php/composer.ts";
import { phpWordpress } from "./php/wordpress.ts";
import { rubyGemfileLock } from "./ruby/gemfile-lock.ts";
import { rubyGemspec } from "./ruby/gemspec.ts";
import { rustCargoLock } from "./rust/cargo-lock.ts";

export const languageCatalogers: readonly Cataloger[] = [
  npmPackageJson,
  npmPackageLock,
  npmYarnLock,
  npmPnpmLock,
  npmBunLock,
  npmDenoLock,
  pythonMetadata,
  pythonRequirements,
  pythonLocks,
  pythonConda,
  pythonArchives,
  javaArchive,
  javaBuildFiles,
  rubyGemspec,
  rubyGemfileLock,
  rustCargoLock,
  phpComposer,
  phpWordpress,
  dotnetNuget,
  goModules,
  cppConan,
  dartPub,
  swiftLocks,
  erlangHex,
  haskellLocks,
  juliaManifest,
  rPackages,
];
