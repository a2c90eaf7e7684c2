// What package URL types ask for beyond the common grammar: letter case, names that mean the same, parts that must or must not be there.
// Source: the type definitions of the package URL specification (ECMA-427 and its registry of types).

export interface PurlParts {
  readonly type: string;
  /** Segments joined by "/"; "" for none. */
  readonly namespace: string;
  readonly name: string;
  readonly version: string;
  /** Keys in lower case, sorted; values decoded, never empty. */
  readonly qualifiers: Readonly<Record<string, string>>;
  readonly subpath: string;
}

interface TypeRule {
  /** Which components have no letter case: they are written in lower case. */
  readonly lower?: readonly ("namespace" | "name" | "version")[];
  readonly name?: (name: string, parts: PurlParts) => string;
  readonly namespace?: "required" | "prohibited";
  readonly version?: "required";
  /** Why these parts are no package URL of the type; "" when they are. */
  readonly problem?: (parts: PurlParts) => string;
}

const both = ["namespace", "name"] as const;

const rules: ReadonlyMap<string, TypeRule> = new Map<string, TypeRule>([
  ["alpm", { lower: both }],
  ["apk", { lower: both }],
  ["bitbucket", { lower: both }],
  ["bitnami", { lower: ["name"] }],
  ["chrome-extension", { lower: ["name"], namespace: "prohibited", problem: extensionProblem(/^[a-p]{32}$/) }],
  [
    "cocoapods",
    { problem: ({ name }) => (/[\s+]|^\./.test(name) ? "a pod's name has no space, no + and no leading dot" : "") },
  ],
  ["composer", { lower: both }],
  ["conda", { lower: ["name"] }],
  ["cpan", { namespace: "required", problem: cpanProblem }],
  ["cran", { version: "required" }],
  ["deb", { lower: both }],
  ["edge-extension", { lower: ["name"], namespace: "prohibited", problem: extensionProblem(/^[a-p]{32}$/) }],
  [
    "firefox-extension",
    {
      namespace: "prohibited",
      problem: extensionProblem(/^[^@{}]*@[^@{}]+$|^\{[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\}$/i),
    },
  ],
  ["gitee", { lower: both }],
  ["github", { lower: both }],
  ["golang", { lower: both }],
  ["hex", { lower: both }],
  ["huggingface", { lower: ["version"] }],
  [
    "julia",
    { problem: ({ qualifiers }) => (qualifiers["uuid"] === undefined ? "a Julia package needs its uuid" : "") },
  ],
  ["luarocks", { lower: both }],
  ["mlflow", { name: mlflowName }],
  ["npm", { lower: both }],
  ["oci", { lower: ["name"] }],
  ["opam", { namespace: "prohibited" }],
  ["openvsx", { lower: both, namespace: "required" }],
  ["otp", { lower: ["name"], namespace: "prohibited" }],
  ["psgallery", { lower: ["name"] }],
  ["pub", { lower: ["name"] }],
  ["pypi", { name: (name) => name.toLowerCase().replaceAll("_", "-") }],
  ["qpkg", { lower: ["namespace"] }],
  ["rpm", { lower: ["namespace"] }],
  ["smartsetup", { lower: ["name"], namespace: "prohibited" }],
  ["swift", { namespace: "required" }],
  ["vcpkg", { namespace: "prohibited" }],
  ["vscode-extension", { lower: both, namespace: "required" }],
]);

/** The parts as their type writes them. */
export function normalised(parts: PurlParts): PurlParts {
  const rule = rules.get(parts.type);
  if (rule === undefined) return parts;
  const isLower = (which: "namespace" | "name" | "version"): boolean => rule.lower?.includes(which) === true;
  return {
    ...parts,
    namespace: isLower("namespace") ? parts.namespace.toLowerCase() : parts.namespace,
    name: rule.name?.(parts.name, parts) ?? (isLower("name") ? parts.name.toLowerCase() : parts.name),
    version: isLower("version") ? parts.version.toLowerCase() : parts.version,
  };
}

/** Which rule of its type the parts break, in words; "" for none. */
export function typeProblem(parts: PurlParts): string {
  const rule = rules.get(parts.type);
  if (rule === undefined) return "";
  if (rule.namespace === "required" && parts.namespace === "") return `type ${parts.type} needs a namespace`;
  if (rule.namespace === "prohibited" && parts.namespace !== "") return `type ${parts.type} has no namespace`;
  if (rule.version === "required" && parts.version === "") return `type ${parts.type} needs a version`;
  return rule.problem?.(parts) ?? "";
}

function cpanProblem({ namespace, name }: PurlParts): string {
  if (name.includes("::")) return "a CPAN package is named by its distribution, not by a module";
  return namespace === namespace.toUpperCase() ? "" : "a CPAN author is written in upper case";
}

/** A browser's extension: its identifier as the browser gives it, its version of one to four numbers. */
function extensionProblem(identifier: RegExp): (parts: PurlParts) => string {
  return ({ name, version }) => {
    if (!identifier.test(name)) return "an extension is named by its identifier, not by its title";
    return /^$|^\d+(?:\.\d+){0,3}$/.test(version) ? "" : "an extension's version is one to four numbers";
  };
}

/** Names in Azure Databricks have no letter case, those in Azure ML have. */
function mlflowName(name: string, { qualifiers }: PurlParts): string {
  return (qualifiers["repository_url"] ?? "").includes("azuredatabricks") ? name.toLowerCase() : name;
}
