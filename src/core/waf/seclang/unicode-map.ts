// The file of SecUnicodeMapFile: code pages as "number (name)", each followed by "hexadecimal code point:hexadecimal byte" pairs.
import { partsOf, trimBlanks } from "./blanks.ts";

/** Code point -> byte of one code page; undefined: the file has no such page. */
export function parseUnicodeMap(text: string, codePage: string): ReadonlyMap<number, number> | undefined {
  let map: Map<number, number> | undefined;
  let isInside = false;
  for (const raw of text.split("\n")) {
    const line = trimBlanks(raw);
    if (line === "" || line.startsWith("#")) continue;
    const head = /^(\d+)(?:\s|\(|$)/.exec(line);
    if (head !== null && !line.includes(":")) {
      isInside = head[1] === codePage;
      if (isInside) map ??= new Map();
      continue;
    }
    if (!isInside || map === undefined) continue;
    for (const pair of partsOf(line)) {
      const found = /^([0-9a-fA-F]{1,6}):([0-9a-fA-F]{1,2})$/.exec(pair);
      if (found !== null) map.set(Number.parseInt(found[1] ?? "", 16), Number.parseInt(found[2] ?? "", 16));
    }
  }
  return map;
}
