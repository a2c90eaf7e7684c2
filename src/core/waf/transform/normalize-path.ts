// normalizePath, normalizePathWin: empty segments and "." gone, ".." takes the segment before it (above the root it is dropped). A slash at the
// end stays, and only that one: "/a/.." is "".
import { byteMask } from "./bytes.ts";
import type { Transformation } from "./transformation.ts";

export const normalizePath: Transformation = {
  name: "normalizepath",
  apply: (value) => (mayChange.test(value) ? normalize(value) : value),
  trigger: byteMask("/."),
  growthMax: 1,
};

/** The other spelling of the same. */
export const normalisePath: Transformation = { ...normalizePath, name: "normalisepath" };

export const normalizePathWin: Transformation = {
  name: "normalizepathwin",
  apply: (value) => normalizePath.apply(value.includes("\\") ? value.replaceAll("\\", "/") : value),
  trigger: byteMask("/.\\"),
  growthMax: 1,
};

export const normalisePathWin: Transformation = { ...normalizePathWin, name: "normalisepathwin" };

const mayChange = /\/\/|(?:^|\/)\.{1,2}(?:\/|$)/;

function normalize(value: string): string {
  const isRooted = value.startsWith("/");
  const kept: string[] = [];
  let ups = 0;
  const segments = value.split("/");
  for (const segment of segments) {
    if (segment === "" || segment === ".") continue;
    if (segment !== "..") kept.push(segment);
    else if (kept.length > ups) kept.pop();
    else if (!isRooted) {
      kept.push("..");
      ups += 1;
    }
  }
  const path = (isRooted && kept.length > 0 ? "/" : "") + kept.join("/");
  if (segments.at(-1) !== "" || (path === "" && !isRooted)) return path;
  return `${path}/`;
}
