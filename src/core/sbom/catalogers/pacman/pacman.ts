// Arch's packages: a folder for each, with its description and its files.
import type { SoftwarePackage } from "../../../../model/software-package.ts";
import {
  defineCataloger,
  type CatalogedFile,
  type CatalogFile,
  type CombineContext,
  type Combined,
} from "../../cataloger.ts";
import {
  boundedLicenses,
  distroQualifier,
  isPlainName,
  isPlainVersion,
  namespaceOf,
  refusedRows,
} from "../distribution.ts";

type PacmanPart =
  | {
      readonly kind: "package";
      readonly name: string;
      readonly version: string;
      readonly architecture: string;
      readonly base: string;
      readonly licenses: readonly string[];
    }
  | { readonly kind: "files"; readonly text: string }
  | { readonly kind: "refused" };

const folder = "var/lib/pacman/local/";

/** "%NAME%" lines open a field, the lines after it are its values, a blank line ends it. */
export function readFields(text: string): Map<string, string[]> {
  const fields = new Map<string, string[]>();
  let values: string[] | undefined;
  for (const line of text.split("\n")) {
    const name = /^%([A-Z0-9]{1,32})%\r?$/.exec(line)?.[1];
    if (name !== undefined) {
      values = [];
      fields.set(name, values);
    } else if (line.trim() !== "") values?.push(line.trimEnd());
  }
  return fields;
}

function readFile(file: CatalogFile): PacmanPart | undefined {
  if (!file.path.startsWith(folder)) return undefined;
  if (file.path.endsWith("/files"))
    return { kind: "files", text: (readFields(file.text()).get("FILES") ?? []).join("\n") };
  const fields = readFields(file.text());
  const [name = "", version = "", architecture = "", base = ""] = ["NAME", "VERSION", "ARCH", "BASE"].map(
    (field) => fields.get(field)?.[0] ?? "",
  );
  if (!isPlainName(name) || !isPlainVersion(version)) return { kind: "refused" };
  return {
    kind: "package",
    name,
    version,
    architecture: isPlainName(architecture) ? architecture.slice(0, 64) : "",
    base: isPlainName(base) ? base : "",
    licenses: boundedLicenses(fields.get("LICENSE") ?? []),
  };
}

function packageOf(
  part: PacmanPart & { kind: "package" },
  path: string,
  layer: number,
  context: CombineContext,
): SoftwarePackage {
  const hasBase = part.base !== "" && part.base !== part.name;
  return {
    type: "alpm",
    namespace: namespaceOf(context.operatingSystem) || "arch",
    name: part.name,
    version: part.version,
    architecture: part.architecture,
    ...(hasBase ? { source: { name: part.base, version: part.version } } : {}),
    module: "",
    licenses: [...part.licenses],
    cpes: [],
    qualifiers: distroQualifier(context.operatingSystem),
    scope: "installed",
    ownedBy: "",
    cataloger: "alpm/local",
    evidence: [{ path: `/${path}`, layer, line: 0, kind: "database" }],
  };
}

function combine(files: readonly CatalogedFile<PacmanPart>[], context: CombineContext): Combined {
  const packages: SoftwarePackage[] = [];
  const owned: { index: number; paths: string[] }[] = [];
  const lists = new Map<string, string>();
  for (const { path, part } of files) if (part.kind === "files") lists.set(path.slice(0, -"files".length), part.text);
  const refused = files.filter(({ part }) => part.kind === "refused");
  for (const { path, layer, part } of files) {
    if (part.kind !== "package") continue;
    const list = lists.get(path.slice(0, -"desc".length)) ?? "";
    const paths = list.split("\n").filter((line) => line !== "" && !line.endsWith("/"));
    if (paths.length > 0) owned.push({ index: packages.length, paths: paths.map((line) => `/${line}`) });
    packages.push(packageOf(part, path, layer, context));
  }
  const gaps = refusedRows(
    refused.length,
    `/${folder}`,
    refused[0]?.layer ?? -1,
    "packages without a readable name and version",
  );
  return { packages, owned, gaps };
}

export const pacmanCataloger = defineCataloger<PacmanPart>({
  id: "alpm/local",
  version: 1,
  wants: { names: ["desc", "files"], bytesMax: 16 * 1024 * 1024, overIsSilent: true },
  read: readFile,
  combine,
});
