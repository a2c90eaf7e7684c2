// A package URL's parts as a package's fields: epoch, architecture, source package and module out of the qualifiers that the field's tools use for them.
import { SoftwarePackage } from "../../../model/software-package.ts";
import type { PurlParts } from "../purl.ts";

export type PackageNames = Pick<
  SoftwarePackage,
  "type" | "namespace" | "name" | "version" | "architecture" | "source" | "module" | "qualifiers"
>;

const taken: ReadonlySet<string> = new Set(["arch", "epoch", "upstream", "rpmmod", "modularitylabel"]);

/** What purlOf would print again. */
export function packageOfPurl(parts: PurlParts): PackageNames {
  const { qualifiers } = parts;
  const version = withEpoch(parts);
  const { namespace, name } = parts.type === "golang" ? modulePath(parts) : parts;
  const source = sourceOf(parts.type, qualifiers["upstream"] ?? "", { name, version });
  const others = Object.entries(qualifiers).filter(([key]) => !taken.has(key));
  return {
    type: parts.type,
    namespace,
    name,
    version,
    architecture: qualifiers["arch"] ?? "",
    ...(source === undefined ? {} : { source }),
    module: moduleOf(qualifiers["rpmmod"] ?? qualifiers["modularitylabel"] ?? ""),
    qualifiers: Object.fromEntries(others),
  };
}

/** Syft ends a Go module's name after the third part and writes the rest as the subpath: "#v3", "#service/s3". Advisories speak of the whole path. */
function modulePath({ namespace, name, subpath }: PurlParts): Pick<PurlParts, "namespace" | "name"> {
  if (subpath === "") return { namespace, name };
  const whole = `${namespace === "" ? "" : `${namespace}/`}${name}/${subpath}`;
  const slash = whole.lastIndexOf("/");
  return { namespace: whole.slice(0, slash), name: whole.slice(slash + 1) };
}

/** A component's own name says how it is written where the package URL had to lose the letter case: "github.com/BurntSushi/toml". */
export function withCaseOf(names: PackageNames, group: string, name: string): PackageNames {
  const whole = names.namespace === "" ? names.name : `${names.namespace}/${names.name}`;
  for (const written of [name, group === "" ? "" : `${group}/${name}`]) {
    if (written === whole || written.length !== whole.length || written.toLowerCase() !== whole.toLowerCase()) continue;
    const cut = names.namespace.length;
    return { ...names, namespace: written.slice(0, cut), name: written.slice(cut === 0 ? 0 : cut + 1) };
  }
  return names;
}

function withEpoch({ type, version, qualifiers }: PurlParts): string {
  const epoch = qualifiers["epoch"] ?? "";
  const isOf = (type === "rpm" || type === "deb") && /^\d{1,10}$/.test(epoch) && !/^0+$/.test(epoch);
  return isOf && version !== "" && !/^\d+:/.test(version) ? `${epoch}:${version}` : version;
}

/** "glibc", "glibc@2.36-9", "glibc-2.17-325.el7_9.src.rpm"; a comma separates several, of which the first counts. */
export function sourceOf(
  type: string,
  upstream: string,
  own: { readonly name: string; readonly version: string },
): SoftwarePackage["source"] {
  const first = upstream.split(",", 1)[0]?.trim() ?? "";
  if (first === "") return undefined;
  const rpm = type === "rpm" ? /^(.+)-([^-]+-[^-]+)\.(?:no)?src\.rpm$/.exec(first) : null;
  if (rpm !== null) return { name: rpm[1] ?? "", version: withOwnEpoch(rpm[2] ?? "", own.version) };
  const at = first.indexOf("@", 1);
  const name = at < 0 ? first : first.slice(0, at);
  const version = at < 0 ? own.version : first.slice(at + 1);
  return name === own.name && version === own.version ? undefined : { name, version };
}

/** A file name has no epoch: that of the package built from it is the source's too when version and release are the same. */
function withOwnEpoch(version: string, own: string): string {
  return /^\d+:/.test(own) && own.slice(own.indexOf(":") + 1) === version ? own : version;
}

/** "nodejs:18:8060020220803:ad008a3a" -> "nodejs:18". */
function moduleOf(label: string): string {
  return label.split(":", 2).join(":");
}
