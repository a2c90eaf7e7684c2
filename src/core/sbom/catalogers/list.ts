// Every cataloguer, one line a unit. The pass dispatches files by their `wants`; the order here decides nothing.
import type { Cataloger } from "../cataloger.ts";
import { apkCataloger } from "./apk/apk.ts";
import { classifiedCataloger } from "./binary/classified.ts";
import { executableCataloger } from "./binary/executables.ts";
import { chiselCataloger } from "./dpkg/chisel.ts";
import { dpkgCataloger } from "./dpkg/dpkg.ts";
import { embeddedCataloger } from "./embedded/embedded.ts";
import { languageCatalogers } from "./languages.ts";
import { operatingSystemCataloger } from "./os/release.ts";
import { pacmanCataloger } from "./pacman/pacman.ts";
import { portageCataloger } from "./portage/portage.ts";
import { rpmCataloger } from "./rpm/rpm.ts";

export const catalogers: readonly Cataloger[] = [
  operatingSystemCataloger,
  dpkgCataloger,
  chiselCataloger,
  apkCataloger,
  rpmCataloger,
  executableCataloger,
  pacmanCataloger,
  portageCataloger,
  classifiedCataloger,
  embeddedCataloger,
  ...languageCatalogers,
];
