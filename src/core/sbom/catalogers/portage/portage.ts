// Gentoo's packages: a folder for each, whose name says the version and whose CONTENTS the files.
import type { SoftwarePackage } from "../../../../model/software-package.ts";
import { defineCataloger, type CatalogedFile, type CombineContext, type Combined } from "../../cataloger.ts";
import { distroQualifier, isPlainName } from "../distribution.ts";

interface PortagePart {
  readonly category: string;
  readonly name: string;
  readonly version: string;
  /** Absolute, one a line. */
  readonly paths: string;
}

const place = /^var\/db\/pkg\/([^/]{1,128})\/([^/]{1,256})\/CONTENTS$/;
const nameVersion = /^(.{1,200}?)-(\d[\d.]{0,60}[a-z]?(?:_(?:alpha|beta|pre|rc|p)\d{0,12}){0,4}(?:-r\d{1,9})?)$/;

/** "obj /usr/bin/x md5 time", "sym /usr/lib/x -> y time", "dir /usr". Names may hold blanks. */
export function readContents(text: string): string[] {
  const paths: string[] = [];
  for (const line of text.split("\n")) {
    const path = line.startsWith("obj ")
      ? line.slice(4).replace(/ [0-9a-f]{32} \d{1,12}\r?$/, "")
      : line.startsWith("sym ")
        ? line.slice(4).split(" -> ", 1)[0]
        : undefined;
    if (path?.startsWith("/") === true) paths.push(path);
  }
  return paths;
}

function packageOf(
  { category, name, version }: PortagePart,
  path: string,
  layer: number,
  context: CombineContext,
): SoftwarePackage {
  return {
    type: "ebuild",
    namespace: category,
    name,
    version,
    architecture: "",
    module: "",
    licenses: [],
    cpes: [],
    qualifiers: distroQualifier(context.operatingSystem),
    scope: "installed",
    ownedBy: "",
    cataloger: "ebuild/portage",
    evidence: [{ path: `/${path}`, layer, line: 0, kind: "database" }],
  };
}

function combine(files: readonly CatalogedFile<PortagePart>[], context: CombineContext): Combined {
  const owned = files.map(({ part }, index) => ({
    index,
    paths: part.paths.split("\n").filter((path) => path !== ""),
  }));
  return {
    packages: files.map(({ path, layer, part }) => packageOf(part, path, layer, context)),
    owned: owned.filter(({ paths }) => paths.length > 0),
  };
}

export const portageCataloger = defineCataloger<PortagePart>({
  id: "ebuild/portage",
  version: 1,
  wants: { names: ["CONTENTS"], bytesMax: 32 * 1024 * 1024 },
  read(file) {
    const [, category = "", folder = ""] = place.exec(file.path) ?? [];
    const [, name = "", version = ""] = nameVersion.exec(folder) ?? [];
    if (!isPlainName(category) || !isPlainName(name)) return undefined;
    return { category, name, version, paths: readContents(file.text()).join("\n") };
  },
  combine,
});
