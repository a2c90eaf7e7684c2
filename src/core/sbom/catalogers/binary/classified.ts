// Programs and libraries that no package manager put there, known by their bytes; and Java homes by their release file. What a distribution's package owns is that package's: joined afterwards.
import type { SoftwarePackage } from "../../../../model/software-package.ts";
import {
  defineCataloger,
  type CatalogedFile,
  type CatalogFile,
  type CatalogTools,
  type Combined,
} from "../../cataloger.ts";
import { classifiedNames, classifiedPattern, classifiers, classify, needlesOf, type Classified } from "./classify.ts";
import { readJvmRelease, type JvmRelease } from "./jvm-release.ts";

interface ClassifiedPart {
  readonly found: readonly Classified[];
  readonly jvm?: JvmRelease;
}

const byId = new Map(classifiers.map((classifier) => [classifier.id, classifier]));
const launcher = /^(.*)bin\/(?:java|jdb)$/;

function readFile(file: CatalogFile, tools: CatalogTools): ClassifiedPart | undefined {
  if (file.path === "release" || file.path.endsWith("/release")) {
    const jvm = file.bytes.length > 65_536 ? undefined : readJvmRelease(file.text());
    return jvm === undefined ? undefined : { found: [], jvm };
  }
  const found = classify(file, tools);
  return found.length === 0 ? undefined : { found };
}

/** CPE 2.3 of an application; of "1.8.0_352-b08" the update has a place of its own. */
export function cpeOf(product: string, version: string): string {
  const java = /^(\d[\d.]{0,20})_(\d{1,5})(?:-.*)?$/.exec(version);
  const [name, update] = java === null ? [version, "*"] : [java[1] ?? "", `update${java[2] ?? ""}`];
  const escaped = name.replace(/[^A-Za-z0-9._-]/g, String.raw`\$&`);
  return `cpe:2.3:a:${product}:${escaped}:${update}:*:*:*:*:*:*`;
}

interface Row {
  readonly type?: string;
  readonly namespace?: string;
  readonly package: string;
  readonly cpes: readonly string[];
}

function packageOf(row: Row, version: string, { path, layer }: CatalogedFile<ClassifiedPart>): SoftwarePackage {
  return {
    type: row.type ?? "generic",
    namespace: row.namespace ?? "",
    name: row.package,
    version: row.type === "golang" ? `v${version}` : version,
    architecture: "",
    module: "",
    licenses: [],
    cpes: row.cpes.map((product) => cpeOf(product, version)),
    qualifiers: {},
    scope: "installed",
    ownedBy: "",
    cataloger: "binary/classifier",
    evidence: [{ path: `/${path}`, layer, line: 0, kind: "binary" }],
  };
}

function combine(files: readonly CatalogedFile<ClassifiedPart>[]): Combined {
  const packages: SoftwarePackage[] = [];
  const homes = new Set(
    files.filter(({ part }) => part.jvm !== undefined).map(({ path }) => path.slice(0, -"release".length)),
  );
  for (const file of files) {
    const { jvm, found } = file.part;
    if (jvm !== undefined) packages.push(packageOf(jvm, jvm.version, file));
    // The launcher of a home with a release file says the same, less exactly.
    const home = launcher.exec(file.path)?.[1];
    if (home !== undefined && (homes.has(home) || homes.has(home.replace(/jre\/$/, "")))) continue;
    for (const { classifier, version } of found) {
      const row = byId.get(classifier);
      if (row !== undefined) packages.push(packageOf(row, version, file));
    }
  }
  return { packages };
}

export const classifiedCataloger = defineCataloger<ClassifiedPart>({
  id: "binary/classifier",
  version: 1,
  wants: {
    names: [...classifiedNames, "release"],
    pattern: classifiedPattern,
    bytesMax: 64 * 1024 * 1024,
    overIsSilent: true,
    large: {
      headBytes: 4096,
      tailBytes: 4096,
      needles: needlesOf,
      beforeBytes: 2048,
      afterBytes: 2048,
      windowsMax: 64,
    },
  },
  read: readFile,
  combine,
});
