// Ubuntu's chiselled images: no dpkg database, but a compressed manifest, one JSON object a line, of the packages that slices were cut from and of every path.
import { Fault } from "../../../../base/fault.ts";
import type { AnalysisGap } from "../../../../model/image-analysis.ts";
import type { SoftwarePackage } from "../../../../model/software-package.ts";
import { defineCataloger, type CatalogedFile, type CombineContext, type Combined } from "../../cataloger.ts";
import {
  distroQualifier,
  isPlainName,
  isPlainVersion,
  namespaceOf,
  packagesMax,
  refusedRows,
} from "../distribution.ts";

interface ChiselPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** Absolute, one a line. */
  readonly paths: string;
}

interface ChiselPart {
  readonly packages: readonly ChiselPackage[];
  readonly refused: number;
}

const manifestBytesMax = 64 * 1024 * 1024;
const zstdMagic = [0x28, 0xb5, 0x2f, 0xfd];

function parseLine(line: string): ReadonlyMap<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    return new Map(typeof value === "object" && value !== null ? Object.entries(value) : []);
  } catch (error) {
    throw new Fault("A line of the manifest is no JSON", { code: "sbom/bad-data", kind: "usage", cause: error });
  }
}

/** "package" rows, and "content" rows: which slice ("libc6_libs") has which path. */
export function readChiselManifest(text: string): ChiselPart {
  const packages: Omit<ChiselPackage, "paths">[] = [];
  const paths = new Map<string, string[]>();
  let refused = 0;
  for (const line of text.split("\n")) {
    if (line === "" || packages.length >= packagesMax) continue;
    const row = parseLine(line);
    const field = (name: string): string => {
      const value = row.get(name);
      return typeof value === "string" ? value : "";
    };
    if (field("kind") === "package") {
      const [name, version, architecture] = [field("name"), field("version"), field("arch")];
      if (isPlainName(name) && isPlainVersion(version))
        packages.push({ name, version, architecture: architecture.slice(0, 64) });
      else refused += 1;
    } else if (field("kind") === "content" && field("path").startsWith("/") && !field("path").endsWith("/")) {
      const owner = field("slice").split("_", 1)[0] ?? "";
      const known = paths.get(owner);
      if (known === undefined) paths.set(owner, [field("path")]);
      else known.push(field("path"));
    }
  }
  return { packages: packages.map((one) => ({ ...one, paths: (paths.get(one.name) ?? []).join("\n") })), refused };
}

function packageOf(one: ChiselPackage, path: string, layer: number, context: CombineContext): SoftwarePackage {
  return {
    type: "deb",
    namespace: namespaceOf(context.operatingSystem) || "ubuntu",
    name: one.name,
    version: one.version,
    architecture: one.architecture,
    module: "",
    licenses: [],
    cpes: [],
    qualifiers: distroQualifier(context.operatingSystem),
    scope: "installed",
    ownedBy: "",
    cataloger: "deb/chisel",
    evidence: [{ path: `/${path}`, layer, line: 0, kind: "database" }],
  };
}

function combine(files: readonly CatalogedFile<ChiselPart>[], context: CombineContext): Combined {
  const packages: SoftwarePackage[] = [];
  const owned: { index: number; paths: string[] }[] = [];
  const gaps: AnalysisGap[] = [];
  for (const { path, layer, part } of files) {
    const subject = `/${path}`;
    gaps.push(...refusedRows(part.refused, subject, layer, "packages without a readable name and version"));
    const because =
      "the manifest names no source packages: advisories that only name a source package cannot be matched";
    if (part.packages.length > 0) gaps.push({ kind: "not-supported", layer, subject, because, count: 1 });
    for (const one of part.packages) {
      if (one.paths !== "") owned.push({ index: packages.length, paths: one.paths.split("\n") });
      packages.push(packageOf(one, path, layer, context));
    }
  }
  return { packages, owned, gaps };
}

export const chiselCataloger = defineCataloger<ChiselPart>({
  id: "deb/chisel",
  version: 1,
  wants: { paths: ["var/lib/chisel/manifest.wall"], bytesMax: manifestBytesMax },
  read(file, tools) {
    const isZstd = zstdMagic.every((byte, at) => file.bytes[at] === byte);
    return readChiselManifest(isZstd ? tools.utf8(tools.unzstd(file.bytes, manifestBytesMax)) : file.text());
  },
  combine,
});
