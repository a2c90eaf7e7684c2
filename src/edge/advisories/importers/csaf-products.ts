// CSAF's product tree: branches name releases and packages, relationships put packages into releases (through a module stream, perhaps). Flattened to product id -> package.
import { parsePurl } from "../../../core/sbom/purl.ts";
import { redHat } from "../ecosystems.ts";
import { isObject, listOf, objectOf, refuse, textOf, type JsonObject } from "../read/json-values.ts";

export interface CsafProduct {
  readonly ecosystem: string;
  readonly name: string;
  /** epoch:version-release; "" when the product is the package in every version. */
  readonly version: string;
  readonly architecture: string;
  /** "nodejs:18"; "". */
  readonly module: string;
}

const limits = { products: 500_000, depth: 30 } as const;

interface Node {
  readonly name: string;
  readonly cpe: string;
  readonly purl: string;
}

/** Products that are a package of a release; others (images, whole releases, layered software without a CPE) are not in it. */
export function productsOf(tree: JsonObject): ReadonlyMap<string, CsafProduct> {
  const nodes = new Map<string, Node>();
  const add = (product: JsonObject): void => {
    const id = textOf(product["product_id"]);
    const helper = objectOf(product["product_identification_helper"]);
    const purls = listOf(helper["purls"]);
    if (nodes.size >= limits.products) throw refuse(`its product tree has more than ${limits.products} products`);
    if (id !== "")
      nodes.set(id, {
        name: textOf(product["name"]),
        cpe: textOf(helper["cpe"]),
        purl: textOf(helper["purl"]) || textOf(purls[0]),
      });
  };
  const walk = (branches: unknown, depth: number): void => {
    if (depth > limits.depth) throw refuse("its product tree is too deep");
    for (const branch of listOf(branches).filter(isObject)) {
      if (isObject(branch["product"])) add(branch["product"]);
      walk(branch["branches"], depth + 1);
    }
  };
  walk(tree["branches"], 0);
  for (const product of listOf(tree["full_product_names"]).filter(isObject)) add(product);
  const parents = new Map<string, { readonly of: string; readonly in: string }>();
  for (const relationship of listOf(tree["relationships"]).filter(isObject)) {
    const id = textOf(objectOf(relationship["full_product_name"])["product_id"]);
    if (parents.size >= limits.products) throw refuse("it has too many relationships");
    parents.set(id, {
      of: textOf(relationship["product_reference"]),
      in: textOf(relationship["relates_to_product_reference"]),
    });
  }
  const products = new Map<string, CsafProduct>();
  for (const [id, { of, in: platform }] of parents) {
    const product = productOf({ component: of, platform }, nodes, parents);
    if (product !== undefined) products.set(id, product);
  }
  return products;
}

function productOf(
  place: { readonly component: string; readonly platform: string },
  nodes: ReadonlyMap<string, Node>,
  parents: ReadonlyMap<string, { readonly of: string; readonly in: string }>,
): CsafProduct | undefined {
  let [platform, module] = [place.platform, ""];
  // A module's package is in a module that is in a release.
  for (let depth = 0; depth < 4 && !nodes.has(platform); depth += 1) {
    const parent = parents.get(platform);
    if (parent === undefined) return undefined;
    module ||= moduleOf(nodes.get(parent.of), parent.of);
    platform = parent.in;
  }
  const release = nodes.get(platform);
  const found = packageOf(place.component, nodes.get(place.component));
  if (release === undefined || found === undefined) return undefined;
  const ecosystem = ecosystemOf(release);
  return ecosystem === undefined ? undefined : { ecosystem, ...found, module: found.module || module };
}

function ecosystemOf({ name, cpe }: Node): string | undefined {
  if (cpe.includes(":redhat:")) return redHat(cpe).ecosystem;
  if (/^(?:SUSE Linux|SUSE Manager|openSUSE)/.test(name))
    return name.startsWith("openSUSE") ? name.replace(/^openSUSE /, "openSUSE:") : name.replace(/^SUSE /, "SUSE:");
  return undefined;
}

/** "nodejs:18:8080020230718:63b34585" of a module's product. */
function moduleOf(node: Node | undefined, id: string): string {
  const text = node?.name === undefined || node.name === "" ? id : node.name;
  const found = /([\w.+-]+:[\w.+-]+)(?::\d{10,}(?::[\w.+-]+)?)?$/.exec(text);
  return found?.[1] ?? "";
}

type Found = Omit<CsafProduct, "ecosystem">;

function packageOf(id: string, node: Node | undefined): Found | undefined {
  if (node !== undefined && node.purl !== "") {
    try {
      const purl = parsePurl(node.purl);
      if (purl.type === "oci" || purl.type === "docker") return undefined;
      const qualifiers = new Map(Object.entries(purl.qualifiers));
      if (purl.type === "rpm") {
        const epoch = qualifiers.get("epoch") ?? "";
        const version =
          purl.version !== "" && epoch !== "" && epoch !== "0" && !purl.version.includes(":")
            ? `${epoch}:${purl.version}`
            : purl.version;
        return {
          name: purl.name,
          version,
          architecture: qualifiers.get("arch") ?? "",
          module: streamOf(qualifiers.get("rpmmod") ?? ""),
        };
      }
    } catch {
      // The names below say the same.
    }
  }
  return byName(id);
}

function streamOf(label: string): string {
  return label.split(":").slice(0, 2).join(":");
}

/** "openssl-1:3.0.7-1.el9.x86_64", "nodejs:18/nodejs", "openssl". */
function byName(id: string): Found | undefined {
  const slash = /^([\w.+-]+:[\w.+-]+)\/([\w.+-]+)$/.exec(id);
  if (slash !== null) return { name: slash[2] ?? "", version: "", architecture: "", module: slash[1] ?? "" };
  const nevra = /^(.+?)-((?:\d+:)?[^-:]+-[^-]+)\.(noarch|src|x86_64|aarch64|ppc64le|ppc64|s390x|i[3-6]86)$/.exec(id);
  if (nevra !== null)
    return {
      name: nevra[1] ?? "",
      version: (nevra[2] ?? "").replace(/^0:/, ""),
      architecture: nevra[3] ?? "",
      module: "",
    };
  return /^[\w.+-]{1,256}$/.test(id) ? { name: id, version: "", architecture: "", module: "" } : undefined;
}
