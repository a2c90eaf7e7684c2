// php/wordpress: WordPress plugins and themes by the header in their main file ("Plugin Name:", "Version:"); the folder's name is the plugin's.
import type { CatalogFile } from "../../cataloger.ts";
import { defineCataloger } from "../../cataloger.ts";
import type { FoundPart } from "../parts/found.ts";
import { combineFound, partOf } from "../parts/found.ts";

const id = "php/wordpress";
/** WordPress itself looks no farther. */
const headerLength = 8192;

function read(file: CatalogFile): FoundPart | undefined {
  const place = /(?:^|\/)wp-content\/(plugins|themes)\/([^/]{1,200})\/[^/]+$/.exec(file.path);
  if (place === null) return undefined;
  const isTheme = place[1] === "themes";
  if (isTheme !== file.path.endsWith("/style.css")) return undefined;
  const header = file.text().slice(0, headerLength);
  if (fieldOf(header, isTheme ? "Theme Name" : "Plugin Name") === "") return undefined;
  const version = fieldOf(header, "Version");
  const license = fieldOf(header, "License");
  return partOf({
    type: isTheme ? "wordpress-theme" : "wordpress-plugin",
    name: place[2] ?? "",
    version,
    licenses: [license],
  });
}

function fieldOf(header: string, name: string): string {
  const found = new RegExp(`^[ \\t/*#@]{0,20}${name}:[ \\t]{0,40}([^\\r\\n]{1,300})`, "im").exec(header);
  return (found?.[1] ?? "").replace(/\*\/.*|\?>.*/, "").trim();
}

export const phpWordpress = defineCataloger<FoundPart>({
  id,
  version: 1,
  wants: { suffixes: [".php"], names: ["style.css"], bytesMax: 512 * 1024, overIsSilent: true },
  read,
  combine: combineFound(id, "manifest", "installed"),
});
