// META-INF/MANIFEST.MF: its main section and what its fields and the archive's file name say of group, name and version when Maven's own files are not there.
import { groupsByArtifact } from "./known-groups.ts";

export type Manifest = ReadonlyMap<string, string>;

const linesMax = 100_000;

/** Main section first; fields of later sections only where the main one has none. Names in lower case. */
export function readManifest(text: string): Manifest {
  const fields = new Map<string, string>();
  let last = "";
  let isMain = true;
  for (const line of text.split(/\r\n|\n|\r/, linesMax)) {
    if (line.trim() === "") {
      isMain &&= fields.size === 0;
      last = "";
    } else if (line.startsWith(" ")) {
      const value = fields.get(last);
      if (value !== undefined && value.length < 65_536) fields.set(last, value + line.slice(1).trimEnd());
    } else {
      const colon = line.indexOf(":");
      last = line.slice(0, Math.max(colon, 0)).trim().toLowerCase();
      if (last === "" || fields.has(last) || (!isMain && last === "name")) last = "";
      else fields.set(last, line.slice(colon + 1).trim());
    }
  }
  return fields;
}

export interface FileName {
  readonly name: string;
  readonly version: string;
}

/** The file's name without folders and ending. */
export function stemOf(path: string): string {
  const base = path.slice(path.lastIndexOf("/") + 1);
  const dot = base.lastIndexOf(".");
  return dot > 0 ? base.slice(0, dot) : base;
}

/** "log4j-core-2.14.1.jar" is log4j-core, 2.14.1: the version begins at the first group after "-" that looks like one. */
export function readArchiveName(path: string): FileName {
  const stem = stemOf(path);
  // "log4j-1.2-api.jar" is no log4j of version 1.2.
  if (groupsByArtifact.has(stem)) return { name: stem, version: "" };
  const found = splitStem(stem);
  // "spring3-core-3.x.jar" names a line of versions.
  return /^[\d.]+\.x$/.test(found.version) ? { name: found.name, version: "" } : found;
}

function splitStem(stem: string): FileName {
  const known = longestKnown(stem);
  if (known !== undefined) return known;
  // OSGi's own way, "org.eclipse.osgi_3.16.0.v2020-0759".
  const underscore = stem.lastIndexOf("_");
  if (underscore > 0 && /^\d+\.\d+\.\d+(?:[.-]|$)/.test(stem.slice(underscore + 1))) {
    return { name: stem.slice(0, underscore), version: stem.slice(underscore + 1) };
  }
  for (const separator of ["-", "_", "."]) {
    for (let at = stem.indexOf(separator, 1); at > 0; at = stem.indexOf(separator, at + 1)) {
      const rest = stem.slice(at + 1);
      if (/^(?:\d|[vV]\d|build\d|[rR][cC]?\d+(?![A-Za-z]))/.test(rest) && !isPartOfName(separator, rest)) {
        return { name: stem.slice(0, at), version: rest.replace(/^[vV](?=\d)/, "") };
      }
    }
  }
  return { name: stem, version: "" };
}

/** "log4j-1.2-api-2.14.1": names with a version inside them are known ones. */
function longestKnown(stem: string): FileName | undefined {
  for (let at = stem.lastIndexOf("-"); at > 0; at = stem.lastIndexOf("-", at - 1)) {
    const rest = stem.slice(at + 1);
    if (/^\d/.test(rest) && groupsByArtifact.has(stem.slice(0, at))) return { name: stem.slice(0, at), version: rest };
  }
  return undefined;
}

/** "servlet.3.api" and "x_64" go on as names: after "." and "_" only what is a version to its end counts. */
function isPartOfName(separator: string, rest: string): boolean {
  return separator !== "-" && !/^[vV]?\d+(?:[._-]\d+)+(?:[._-][A-Za-z0-9]+)*$/.test(rest);
}

const versionFields = ["implementation-version", "specification-version", "plugin-version", "bundle-version"];
const nameFields = ["short-name", "extension-name", "bundle-name", "implementation-title"];

/** The version that the file's name or the manifest says, "" when neither does. */
export function versionOf(manifest: Manifest, fileName: FileName): string {
  if (fileName.version !== "") return fileName.version;
  for (const field of versionFields) {
    const value = manifest.get(field) ?? "";
    // "1.2.3 (build 7)": the first word. Values never filled in say nothing.
    if (value !== "" && !value.includes("${")) return value.split(/\s/)[0] ?? "";
  }
  return "";
}

export function nameOf(manifest: Manifest, fileName: FileName): string {
  if (fileName.name !== "") return fileName.name;
  for (const field of nameFields) {
    const value = manifest.get(field) ?? "";
    if (value !== "" && !value.includes("${")) return value;
  }
  return "";
}

// Extension-Name of old jars is a package's name; vendors' fields are only taken when they look like one.
const groupFields = [
  "group-id",
  "bundle-symbolicname",
  "extension-name",
  "implementation-vendor-id",
  "specification-vendor",
  "implementation-vendor",
  "implementation-title",
  "bundle-activator",
  "automatic-module-name",
  "main-class",
];
const classFields = new Set(["bundle-activator", "main-class"]);
const packageName =
  /^(?:com|org|net|io|be|de|edu|gov|uk|fr|ch|nl|eu|dev|cn|ru|jakarta|javax|info|me|us|br|jp|it|au|ca|at|se|no|pl|tech|app|ai|cloud)(?:\.[A-Za-z_][\w-]*)+$/;

/** The group id as far as it can be told: by the artifact's name for well-known ones, else by fields that hold a package's name. "" when nothing does. */
export function groupOf(manifest: Manifest, artifact: string): string {
  const known = groupsByArtifact.get(artifact);
  if (known !== undefined) return known;
  for (const field of groupFields) {
    const value = (manifest.get(field) ?? "").split(/[;#\s]/)[0] ?? "";
    if (!packageName.test(value)) continue;
    if (classFields.has(field)) return value.split(".").slice(0, -1).join(".");
    return field === "group-id" ? value : withoutArtifact(value, artifact);
  }
  // "com.acme.tool-1.2.jar": the file is named after the package.
  return packageName.test(artifact) ? artifact.slice(0, artifact.lastIndexOf(".")) : "";
}

/** "org.acme.tools.tool-core" of artifact tool-core is group org.acme.tools; of "com.google.guava" of guava two segments are not cut. */
function withoutArtifact(value: string, artifact: string): string {
  if (value === artifact) return value.slice(0, value.lastIndexOf("."));
  if (!value.endsWith(`.${artifact}`)) return value;
  const group = value.slice(0, -artifact.length - 1);
  return group.split(".").length >= 2 ? group : value;
}
