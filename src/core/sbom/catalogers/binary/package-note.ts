// systemd's ELF note: builds of distributions write into each program which package it is part of. Found in copies of a program that no package database owns.
import type { CatalogTools } from "../../cataloger.ts";
import { isPlainName } from "../distribution.ts";
import { orElse, type Executable, type Section } from "./executable.ts";

export interface PackageNote {
  /** "rpm", "deb", "apk", ... as a package URL's type. */
  readonly type: string;
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly os: string;
  readonly osVersion: string;
  readonly cpe: string;
  readonly license: string;
}

/** Types that a package URL knows; a builder's own words are "generic". */
const packageTypes = new Set(["deb", "rpm", "apk", "alpm", "ebuild", "conda", "bitnami"]);

const noteType = 0xcafe1a7e;
const jsonBytesMax = 65_536;

/** The note of the program; undefined when there is none, or it is not readable: it is only a hint. */
export function readPackageNote(executable: Executable, tools: CatalogTools): PackageNote | undefined {
  const section = executable.sections.find(({ name }) => name === ".note.package");
  if (section === undefined) return undefined;
  const json = orElse(() => noteText(executable, section, tools), "");
  return json === "" ? undefined : readNoteJson(json);
}

function noteText({ reader }: Executable, section: Section, tools: CatalogTools): string {
  const end = section.offset + section.size;
  for (let at = section.offset; at + 12 <= end;) {
    const nameBytes = reader.u32(at);
    const textBytes = reader.u32(at + 4);
    const textAt = at + 12 + Math.ceil(nameBytes / 4) * 4;
    if (reader.u32(at + 8) === noteType && textBytes <= jsonBytesMax) {
      return tools.utf8(reader.slice(textAt, textBytes)).replace(/\0.*$/s, "");
    }
    at = textAt + Math.ceil(textBytes / 4) * 4;
  }
  return "";
}

export function readNoteJson(json: string): PackageNote | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  const fields = typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  const text = (name: string): string => {
    const field = fields[name];
    return typeof field === "string" && isPlainName(field) ? field : "";
  };
  if (text("name") === "" || text("version") === "") return undefined;
  const type = text("type").toLowerCase();
  return {
    type: packageTypes.has(type) ? type : "generic",
    name: text("name"),
    version: text("version"),
    architecture: text("architecture").slice(0, 64),
    os: text("os").toLowerCase(),
    osVersion: text("osVersion"),
    cpe: text("cpe"),
    license: text("license"),
  };
}
