// OpenVEX of a distribution: Ubuntu publishes one document a vulnerability, its products are package URLs of source packages by release.
import type { AdvisoryStatus } from "../../../core/vuln/advisory.ts";
import { parsePurl } from "../../../core/sbom/purl.ts";
import { debianEcosystem, ubuntuEcosystem, type EcosystemName } from "../ecosystems.ts";
import {
  cutTo,
  instantOf,
  isObject,
  listOf,
  nameOf,
  objectOf,
  refuse,
  textOf,
  textsOf,
  type JsonObject,
} from "../read/json-values.ts";
import { wholeJson } from "../read/lines.ts";
import { factRanks, type Importer, type ImportSink } from "./importer.ts";
import { factsWith, recordWith, until } from "./record.ts";

export const openVex: Importer = {
  name: "openvex",
  about: "OpenVEX of a distribution (JSON)",
  recognises: ({ text }) => /"@context"\s*:\s*"https?:\/\/openvex\.dev\//.test(text),
  read: async (document, sink) => {
    const whole = objectOf(await wholeJson(document.bytes));
    const at = instantOf(whole["last_updated"] ?? whole["timestamp"], sink.nowMs);
    for (const [index, statement] of listOf(whole["statements"]).entries()) {
      try {
        takeStatement(sink, objectOf(statement), at);
      } catch (thrown) {
        sink.refused("ubuntu-vex", `${document.name}[${index}]`, (thrown as Error).message);
      }
    }
  },
};

const statuses: Readonly<Record<string, AdvisoryStatus>> = {
  affected: "affected",
  fixed: "affected",
  not_affected: "not-affected",
  under_investigation: "under-investigation",
};

function takeStatement(sink: ImportSink, statement: JsonObject, at: string): void {
  const named = statement["vulnerability"];
  const vulnerability = objectOf(named);
  const id = nameOf(textOf(named) || textOf(vulnerability["name"]), "vulnerability", 128);
  const written = textOf(statement["status"]);
  const status = Object.hasOwn(statuses, written) ? statuses[written] : undefined;
  if (status === undefined) throw refuse(`its status is "${cutTo(written, 32)}", which is not known`);
  const products = listOf(statement["products"]).map((product) =>
    productOf(textOf(isObject(product) ? product["@id"] : product)),
  );
  const known = products.filter((product) => product !== undefined);
  if (known.length < products.length) sink.leftOut("ubuntu-vex", "a product that is no package of a release");
  // Binary packages are named beside their source: the source is what matchers ask for.
  const hasSources = known.some(({ isSource }) => isSource);
  const reason =
    ["justification", "impact_statement", "status_notes", "action_statement"]
      .map((key) => textOf(statement[key]))
      .find((text) => text !== "") ?? "";
  for (const product of known) {
    if (hasSources && !product.isSource) continue;
    if (written === "fixed" && product.version === "") throw refuse(`the fixed ${product.name} has no version`);
    sink.record(
      recordWith({
        id,
        feed: product.feed,
        aliases: textsOf(vulnerability["aliases"]).slice(0, 50),
        ecosystem: product.ecosystem,
        name: product.name,
        status,
        statusReason: written === "fixed" ? "" : cutTo(reason, 256),
        ranges: status === "not-affected" ? [] : until(written === "fixed" ? product.version : ""),
        pocket: product.pocket,
      }),
    );
    if (at !== "") sink.dated(product.feed, at);
  }
  const description = cutTo(textOf(vulnerability["description"]), 4096);
  if (description !== "" && known.length > 0) sink.facts(factsWith({ id, description }), factRanks.distribution);
}

interface Product extends EcosystemName {
  readonly feed: string;
  readonly name: string;
  readonly version: string;
  readonly isSource: boolean;
}

/** undefined: not a package of a release of a distribution that is known here. */
function productOf(text: string): Product | undefined {
  let purl: ReturnType<typeof parsePurl>;
  try {
    purl = parsePurl(text);
  } catch {
    return undefined;
  }
  const qualifiers = new Map(Object.entries(purl.qualifiers));
  const distro = qualifiers.get("distro") ?? qualifiers.get("distro_name") ?? "";
  if (purl.type !== "deb") return undefined;
  const ecosystem =
    purl.namespace === "ubuntu" ? ubuntuEcosystem(distro.replace(/^ubuntu[-/]/, "")) : plain(debianEcosystem(distro));
  if (ecosystem === undefined) return undefined;
  return {
    ...ecosystem,
    feed: `${purl.namespace}-vex`,
    name: purl.name,
    version: purl.version,
    isSource: qualifiers.get("arch") === "source",
  };
}

function plain(ecosystem: string | undefined): EcosystemName | undefined {
  return ecosystem === undefined ? undefined : { ecosystem, pocket: "" };
}
