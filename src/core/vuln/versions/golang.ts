// Go's order: semantic versions with "v" (pseudo-versions are pre-releases, "+incompatible" is metadata), and the toolchain's own "go1.21rc1", which its advisories
// write as 1.21.0-rc.1. Undefined for "(devel)" and the like.
import { compareSemver } from "./semver.ts";

const toolchain = /^(?:go)?([0-9]+)\.([0-9]+)(?:\.([0-9]+))?(?:(beta|rc)([0-9]+))?(?:-[0-9A-Za-z.-]*)?$/;

/** "go1.21rc1" as "1.21.0-rc.1"; anything else as it is. Suffixes of experiments ("go1.22.1 X:boringcrypto") and vendors ("go1.20.4-fips") do not count. */
export function goToolchainVersion(text: string): string {
  if (!text.startsWith("go") && !/^[0-9]+\.[0-9]+(?:beta|rc)[0-9]+$/.test(text)) return text;
  const space = text.indexOf(" ");
  const found = toolchain.exec(space === -1 ? text : text.slice(0, space));
  if (found === null) return text;
  const [, major, minor, patch = "0", word, number] = found;
  const release = `${major}.${minor}.${patch}`;
  return word === undefined ? release : `${release}-${word}.${number}`;
}

/** Negative, zero or positive; undefined when one is no version. */
export function compareGolang(left: string, right: string): number | undefined {
  return compareSemver(goToolchainVersion(left), goToolchainVersion(right));
}
