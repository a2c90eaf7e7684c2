// All ways in which servers read one path. They differ in what they decode, whether "\" is a slash, ";" begins parameters, "//" is one slash and ".." goes up; a client that
// knows how the application reads must not choose its policy by a spelling that we read otherwise.
import { normalPath } from "../http/normal-path.ts";

const slashes = /%(?!2f|5c)([0-9a-f]{2})/gi;
const everything = /%([0-9a-f]{2})/gi;

/** A longer path that is not written plainly is not read: it may be anywhere. */
export const readCharactersMax = 512;

/** Each reading once, at most 81; the normal one first. All begin with "/". Undefined: it may be read as any path. */
export function pathReadings(path: string): readonly string[] | undefined {
  const normal = normalPath(path);
  if (normal === path) return [normal];
  if (path.length > readCharactersMax) return undefined;
  let readings: readonly string[] = [path.startsWith("/") ? path : `/${path}`];
  readings = withMade(readings, (each) => [decoded(each, slashes), decoded(each, everything)]);
  // A proxy behind us may decode before the application does.
  readings = withMade(readings, (each) => [decoded(each, everything)]);
  readings = withMade(readings, (each) => [each.replaceAll("\\", "/")]);
  readings = withMade(readings, (each) => [each.replaceAll(/;[^/]*/g, "")]);
  readings = withMade(readings, (each) => [each.replaceAll(/\/{2,}/g, "/")]);
  readings = withMade(readings, (each) => [withoutDots(each)]);
  return [...new Set([normal, ...readings])];
}

function withMade(readings: readonly string[], make: (each: string) => readonly string[]): readonly string[] {
  return [...new Set(readings.flatMap((each) => [each, ...make(each)]))];
}

function decoded(text: string, pattern: RegExp): string {
  if (!text.includes("%")) return text;
  return text.replaceAll(pattern, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}

/** Dot segments gone, "%2e" for a dot too. */
function withoutDots(path: string): string {
  if (!path.includes(".") && !/%2e/i.test(path)) return path;
  const kept: string[] = [];
  const segments = path.split("/").slice(1);
  for (const [at, segment] of segments.entries()) {
    const plain = segment.replaceAll(/%2e/gi, ".");
    const isLast = at === segments.length - 1;
    if (plain === "..") kept.pop();
    else if (plain !== ".") kept.push(segment);
    if (isLast && (plain === "." || plain === "..")) kept.push("");
  }
  return `/${kept.join("/")}`;
}
