// A path as servers behind the gateway will understand it, for choosing a policy: the same place has one name, however a client writes it.
import { wafPolicyLimits } from "./limits.ts";

/** Percent signs decoded once, backslashes as slashes, empty and dot segments gone, path parameters cut. Begins with "/". */
export function normalPath(path: string): string {
  const decoded = path
    .slice(0, wafPolicyLimits.pathCharactersMax)
    .replaceAll(/%([0-9a-fA-F]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
  const kept: string[] = [];
  const segments = decoded.replaceAll("\\", "/").split("/");
  for (const raw of segments) {
    const end = raw.indexOf(";");
    const segment = end < 0 ? raw : raw.slice(0, end);
    if (segment === "" || segment === ".") continue;
    if (segment === "..") kept.pop();
    else kept.push(segment);
  }
  const isFolder = kept.length > 0 && /(?:^|[\\/])\.{0,2}$/.test(decoded);
  return `/${kept.join("/")}${isFolder ? "/" : ""}`;
}
