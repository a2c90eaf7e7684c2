// Maven's own files: pom.properties, and pom.xml with properties and parent as far as one file says them.
import type { XmlElement } from "../parts/xml.ts";
import { childOf, childrenOf, childText, parseXml } from "../parts/xml.ts";

export interface Coordinates {
  readonly group: string;
  readonly artifact: string;
  readonly version: string;
}

/** "key=value", "key: value" and "key value" lines; comments with # or !. */
export function readPomProperties(text: string): Coordinates {
  const values = new Map<string, string>();
  for (const raw of text.split(/\r?\n/)) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#") || line.startsWith("!")) continue;
    const end = line.search(/[=:\s]/);
    if (end > 0) values.set(line.slice(0, end), line.slice(end).replace(/^\s*[=:]?\s*/, ""));
  }
  const value = (name: string): string => withoutPlaceholders(values.get(name) ?? "");
  return { group: value("groupId"), artifact: value("artifactId"), version: value("version") };
}

/** A value that was never filled in says nothing. */
function withoutPlaceholders(value: string): string {
  return value.includes("${") || value.includes("@project.") ? "" : value;
}

export interface PomDependency extends Coordinates {
  readonly scope: string;
}

export interface Pom extends Coordinates {
  readonly licenses: readonly string[];
  readonly dependencies: readonly PomDependency[];
}

/** Throws a Fault when it is no XML. Versions that another file would say are "". */
export function readPom(text: string): Pom {
  const project = parseXml(text);
  const parent = childOf(project, "parent");
  const group = childText(project, "groupId") || childText(parent, "groupId");
  const version = childText(project, "version") || childText(parent, "version");
  const artifact = childText(project, "artifactId");
  const resolve = resolverOf(project, { group, artifact, version });
  const managed = new Map<string, string>();
  const management = childOf(childOf(project, "dependencyManagement"), "dependencies");
  for (const item of childrenOf(management, "dependency")) {
    const key = `${resolve(childText(item, "groupId"))}:${resolve(childText(item, "artifactId"))}`;
    managed.set(key, resolve(childText(item, "version")));
  }
  const dependencies: PomDependency[] = [];
  for (const item of childrenOf(childOf(project, "dependencies"), "dependency")) {
    const name = { group: resolve(childText(item, "groupId")), artifact: resolve(childText(item, "artifactId")) };
    const own = resolve(childText(item, "version"));
    const told = own || (managed.get(`${name.group}:${name.artifact}`) ?? "");
    dependencies.push({ ...name, version: exactOf(told), scope: childText(item, "scope") });
  }
  const licenses = childrenOf(childOf(project, "licenses"), "license").map(
    (item) => childText(item, "name") || childText(item, "url"),
  );
  return { group: resolve(group), artifact: resolve(artifact), version: resolve(version), licenses, dependencies };
}

/** "[1.0]" is exact; other ranges name no version. */
function exactOf(version: string): string {
  const exact = /^\[([^,[\]()]+)\]$/.exec(version)?.[1];
  if (exact !== undefined) return exact.trim();
  return /[[\](),]/.test(version) || version === "LATEST" || version === "RELEASE" ? "" : version;
}

const rounds = 8;

/** Fills in ${...} from the file's own properties and project fields; "" when something is left open. */
function resolverOf(project: XmlElement, own: Coordinates): (text: string) => string {
  const values = new Map<string, string>();
  for (const item of childOf(project, "properties")?.children ?? []) values.set(item.name, item.text.trim());
  const parent = childOf(project, "parent");
  for (const prefix of ["project.", "pom.", ""]) {
    values.set(`${prefix}groupId`, own.group);
    values.set(`${prefix}artifactId`, own.artifact);
    values.set(`${prefix}version`, own.version);
  }
  for (const field of ["groupId", "artifactId", "version"])
    values.set(`project.parent.${field}`, childText(parent, field));
  return (text) => {
    let result = text;
    for (let round = 0; round < rounds && result.includes("${"); round += 1) {
      result = result.replace(/\$\{([^${}]{1,200})\}/g, (whole, name: string) => values.get(name.trim()) ?? whole);
      if (result.length > 2000) return "";
    }
    return result.includes("${") ? "" : result;
  };
}
