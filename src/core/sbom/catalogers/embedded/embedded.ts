// SBOM documents that an image carries: what its builder says is in it. Bitnami's list of components is read alike.
// A document's rows of a distribution's packages are left out where the package database is there too: the database knows better.
import { Fault } from "../../../../base/fault.ts";
import type { AnalysisGap } from "../../../../model/image-analysis.ts";
import type { SoftwarePackage } from "../../../../model/software-package.ts";
import {
  defineCataloger,
  type CatalogedFile,
  type CatalogFile,
  type CatalogTools,
  type CombineContext,
  type Combined,
} from "../../cataloger.ts";
import { readSbom } from "../../formats/read-sbom.ts";
import { isPlainName, isPlainVersion } from "../distribution.ts";

interface EmbeddedPart {
  readonly packages: readonly SoftwarePackage[];
  readonly gaps: readonly AnalysisGap[];
}

const components = ".bitnami_components.json";
const distributionTypes = new Set(["deb", "apk", "rpm", "alpm", "ebuild"]);

const databases = [
  "var/lib/dpkg/status",
  "var/lib/dpkg/status.d",
  "lib/apk/db/installed",
  "usr/lib/apk/db/installed",
  ...["var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm"].flatMap((folder) =>
    ["rpmdb.sqlite", "Packages.db", "Packages"].map((name) => `${folder}/${name}`),
  ),
  "var/lib/rpmmanifest/container-manifest-2",
  "var/lib/pacman/local",
];

/** { "redis": { "version": "7.2.4-0", "arch": "amd64", "distro": "debian-12" } } */
export function readBitnamiComponents(text: string): SoftwarePackage[] {
  const packages: SoftwarePackage[] = [];
  for (const [name, value] of entriesOf(parse(text)).slice(0, 1000)) {
    const fields = new Map(entriesOf(value));
    const text = (field: string): string => {
      const found = fields.get(field);
      return typeof found === "string" && isPlainName(found) ? found : "";
    };
    if (!isPlainName(name) || !isPlainVersion(text("version"))) continue;
    packages.push({
      type: "bitnami",
      namespace: "",
      name,
      version: text("version"),
      architecture: text("arch").slice(0, 64),
      module: "",
      licenses: [],
      cpes: [],
      qualifiers: text("distro") === "" ? {} : { distro: text("distro") },
      scope: "installed",
      ownedBy: "",
      cataloger: "sbom/embedded",
      evidence: [],
    });
  }
  return packages;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Fault("The list of components is no JSON", { code: "sbom/bad-data", kind: "usage", cause: error });
  }
}

function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
}

function readFile(file: CatalogFile, tools: CatalogTools): EmbeddedPart | undefined {
  if (file.path.endsWith(components)) return { packages: readBitnamiComponents(file.text()), gaps: [] };
  try {
    const { packages, gaps } = readSbom(file.bytes, tools, { reference: `/${file.path}` });
    return {
      packages: packages.map((one) => ({ ...one, cataloger: "sbom/embedded", ownedBy: "", evidence: [] })),
      gaps,
    };
  } catch (error) {
    // Other files have such names too.
    if (error instanceof Fault && error.code === "sbom/unknown-format") return undefined;
    throw error;
  }
}

function combine(files: readonly CatalogedFile<EmbeddedPart>[], context: CombineContext): Combined {
  const hasDatabase = databases.some((path) => context.has(path));
  const packages = files.flatMap(({ path, layer, part }) =>
    part.packages
      .filter(({ type }) => !hasDatabase || !distributionTypes.has(type))
      .map((one): SoftwarePackage => ({ ...one, evidence: [{ path: `/${path}`, layer, line: 0, kind: "sbom" }] })),
  );
  const gaps = files.flatMap(({ layer, part }) => part.gaps.map((gap) => ({ ...gap, layer })));
  return { packages, gaps };
}

export const embeddedCataloger = defineCataloger<EmbeddedPart>({
  id: "sbom/embedded",
  version: 1,
  wants: {
    names: [components, "sbom.json", "bom.json", "sbom.xml", "bom.xml"],
    suffixes: [
      ".spdx",
      ".spdx.json",
      ".cdx.json",
      ".cdx.xml",
      ".cyclonedx.json",
      ".cyclonedx.xml",
      ".sbom.json",
      ".bom.json",
      ".syft.json",
    ],
    bytesMax: 16 * 1024 * 1024,
  },
  read: readFile,
  combine,
});
