// The "release" file of a Java home: vendor and exact version, better than anything in the launcher.

export interface JvmRelease {
  readonly package: string;
  readonly namespace: string;
  readonly version: string;
  /** "vendor:product". */
  readonly cpes: readonly string[];
}

const textMax = 65_536;

/** By IMPLEMENTOR, lower case; all others build OpenJDK. */
const vendors: readonly (readonly [part: string, package_: string, namespace: string, cpes: readonly string[]])[] = [
  ["oracle corporation", "jdk", "oracle", ["oracle:jdk", "oracle:java_se"]],
  ["graalvm", "graalvm", "oracle", ["oracle:graalvm"]],
  ["azul", "zulu", "azul", ["azul:zulu", "oracle:openjdk"]],
];

function readFields(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.slice(0, textMax).split("\n", 500)) {
    const match = /^([A-Z_]{1,64})="?([^"\r]{0,4096})"?\s*$/.exec(line);
    if (match !== null) fields.set(match[1] ?? "", match[2] ?? "");
  }
  return fields;
}

/** undefined: another file that is also named "release". */
export function readJvmRelease(text: string): JvmRelease | undefined {
  const fields = readFields(text);
  const candidates = ["JAVA_RUNTIME_VERSION", "FULL_VERSION", "JAVA_VERSION"].map((name) => fields.get(name) ?? "");
  const plain = candidates.filter((version) => /^\d{1,3}[-.\w+~]{0,80}$/.test(version));
  const version = plain[0];
  if (version === undefined || !fields.has("JAVA_VERSION")) return undefined;
  const implementor =
    `${fields.get("IMPLEMENTOR") ?? ""} ${fields.get("GRAALVM_VERSION") === undefined ? "" : "graalvm"}`.toLowerCase();
  const [, name = "openjdk", namespace = "oracle", cpes = ["oracle:openjdk"]] =
    vendors.find(
      ([part, , , products]) =>
        implementor.includes(part) && (part !== "oracle corporation" || !isOpenBuild(fields, products)),
    ) ?? [];
  return { package: name, namespace, version, cpes };
}

/** Oracle also publishes plain OpenJDK builds; only its own product has BUILD_TYPE commercial. */
function isOpenBuild(fields: ReadonlyMap<string, string>, products: readonly string[]): boolean {
  return products.length > 0 && fields.get("BUILD_TYPE") !== "commercial";
}
