// What packages of all distributions share: names that may be shown, the namespace of a package URL, its qualifier "distro", and licences within the model's limits.
import type { AnalysisGap, OperatingSystem } from "../../../model/image-analysis.ts";

/** Rows of one package database; more is a gap "limit-reached". */
export const packagesMax = 100_000;

/** Printable, no blanks, bounded: anything else in a package database is refused and counted. */
export function isPlainName(text: string): boolean {
  return text.length > 0 && text.length <= 256 && /^[\x21-\x7e]+$/.test(text);
}

/** A version as any package manager writes it. */
export function isPlainVersion(text: string): boolean {
  return isPlainName(text);
}

const namespacesById = new Map([
  ["rhel", "redhat"],
  ["opensuse-leap", "opensuse"],
  ["opensuse-tumbleweed", "opensuse"],
  ["opensuse-microos", "opensuse"],
]);

/** Of a deb, apk, rpm or alpm package URL: the vendor; "" when the system is not known. */
export function namespaceOf(operatingSystem: OperatingSystem | undefined): string {
  const id = operatingSystem?.id ?? "";
  return namespacesById.get(id) ?? id;
}

/** { distro: "debian-12" }; nothing when the system is not known. */
export function distroQualifier(operatingSystem: OperatingSystem | undefined): Record<string, string> {
  if (operatingSystem === undefined || operatingSystem.id === "") return {};
  const version = operatingSystem.versionId || operatingSystem.codename;
  return { distro: version === "" ? operatingSystem.id : `${operatingSystem.id}-${version}` };
}

/** Within the model: at most 100, none empty, none over 1,024 characters, no control characters. */
export function boundedLicenses(licenses: Iterable<string>): string[] {
  const result = new Set<string>();
  for (const license of licenses) {
    const text = license
      .replace(/\p{Cc}+/gu, " ")
      .trim()
      .slice(0, 1024);
    if (text !== "") result.add(text);
    if (result.size === 100) break;
  }
  return [...result];
}

/** One gap for all refused rows of a database; none when there were none. */
export function refusedRows(count: number, subject: string, layer: number, because: string): AnalysisGap[] {
  return count === 0 ? [] : [{ kind: "database-unreadable", layer, subject, because, count }];
}
